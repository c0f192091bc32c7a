"""Networks and losses of other unpaired methods once more in PyTorch, from papers and code.

Images NCHW; weights are leaf tensors in the order and layouts of the Keras networks. Import it
after `pytest.importorskip("torch")`.
"""

import torch
import torch.nn.functional as nn

LEAK = 0.2


def kernel(leaf):
    """HWIO -> OIHW."""
    return leaf.permute(3, 2, 0, 1).contiguous()


def conv(x, weights, stride=1, padding=0):
    return nn.conv2d(x, kernel(weights[0]), weights[1], stride, padding)


def pairs(leaves):
    return list(zip(leaves[::2], leaves[1::2], strict=True))


def cells(pictures):
    """2 x 2 pixels as channels, in TensorFlow's order: place first, then colour."""
    batch, channels, height, width = pictures.shape
    x = nn.pixel_unshuffle(pictures, 2).reshape(batch, channels, 4, height // 2, width // 2)
    return x.transpose(1, 2).reshape(batch, 4 * channels, height // 2, width // 2)


def resnet(pictures, leaves, packs):
    """CycleGAN's generator: `nn.ReflectionPad2d`, `nn.InstanceNorm2d`, `nn.ConvTranspose2d`."""
    convs = pairs(leaves)
    blocks = len(convs) - 6
    x = 2 * (cells(pictures) if packs else pictures) - 1
    x = nn.relu(nn.instance_norm(conv(nn.pad(x, [3] * 4, "reflect"), convs[0])))
    for weights in convs[1:3]:
        x = nn.relu(nn.instance_norm(conv(x, weights, 2, 1)))
    for index in range(3, 3 + blocks, 2):
        y = nn.relu(nn.instance_norm(conv(nn.pad(x, [1] * 4, "reflect"), convs[index])))
        x = x + nn.instance_norm(conv(nn.pad(y, [1] * 4, "reflect"), convs[index + 1]))
    for weight, bias in convs[3 + blocks : 5 + blocks]:
        # Keras' kernel of a transposed convolution is [k, k, out, in], PyTorch's [in, out, k, k].
        y = nn.conv_transpose2d(x, weight.permute(3, 2, 0, 1), bias, 2)
        x = nn.relu(nn.instance_norm(y[:, :, : 2 * x.shape[2], : 2 * x.shape[3]]))
    return 0.5 * torch.tanh(conv(nn.pad(x, [3] * 4, "reflect"), convs[-1])) + 0.5


def dped(pictures, leaves, gains, offsets, packs):
    """DPED's generator; instance norm with its epsilon 1e-3, scale and shift."""
    convs = pairs(leaves)
    x = nn.relu(conv(cells(pictures) if packs else pictures, convs[0], 1, 4))
    for block in range(4):
        y = x
        for index in (2 * block, 2 * block + 1):
            normed = nn.instance_norm(conv(y, convs[1 + index], 1, 1), eps=1e-3)
            scale, shift = (v[index][:, None, None] for v in (gains, offsets))
            y = nn.relu(scale * normed + shift)
        x = x + y
    for weights in convs[9:11]:
        x = nn.relu(conv(x, weights, 1, 1))
    return 0.58 * torch.tanh(conv(x, convs[11], 1, 4)) + 0.5


def patch_gan(images, leaves):
    """70 x 70 PatchGAN: scores `[B, h, w]`."""
    convs = pairs(leaves)
    x = nn.leaky_relu(conv(2 * images - 1, convs[0], 2, 1), LEAK)
    for weights, stride in zip(convs[1:4], (2, 2, 1), strict=True):
        x = nn.leaky_relu(nn.instance_norm(conv(x, weights, stride, 1)), LEAK)
    return conv(x, convs[4], 1, 1)[:, 0]


def spectral(leaf, steps=20):
    """A kernel over its spectral norm, by so many steps of power iteration from ones."""
    matrix = leaf.reshape(-1, leaf.shape[-1])
    with torch.no_grad():
        v = torch.ones(matrix.shape[1], dtype=leaf.dtype)
        for _ in range(steps):
            u = nn.normalize(matrix @ v, dim=0)
            v = nn.normalize(matrix.T @ u, dim=0)
    return kernel(leaf) / (u @ matrix @ v)


def unet(images, leaves):
    """Real-ESRGAN's U-Net discriminator: scores `[B, H, W]`."""
    first, *middle, last, last_bias = leaves[:1] + leaves[2:]
    kept = [nn.leaky_relu(nn.conv2d(images, kernel(first), leaves[1], padding=1), LEAK)]
    for leaf in middle[:3]:
        kept.append(nn.leaky_relu(nn.conv2d(kept[-1], spectral(leaf), None, 2, 1), LEAK))
    x = kept.pop()
    for leaf in middle[3:6]:
        x = nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = nn.leaky_relu(nn.conv2d(x, spectral(leaf), padding=1), LEAK) + kept.pop()
    for leaf in middle[6:]:
        x = nn.leaky_relu(nn.conv2d(x, spectral(leaf), padding=1), LEAK)
    return nn.conv2d(x, kernel(last), last_bias, padding=1)[:, 0]


def mosaic(pictures):
    """Pictures through an RGGB filter, the cell's samples as channels B, G, R, G of `systems`."""
    r, g, b = pictures.unbind(1)
    sites = (b[:, 1::2, 1::2], g[:, 0::2, 1::2], r[:, 0::2, 0::2], g[:, 1::2, 0::2])
    return torch.stack(sites, 1)


def picture(packed):
    """The picture with each sample at its site, the others from the cell (greens: their mean)."""
    b, upper, r, lower = packed.unbind(1)
    full = torch.empty(len(packed), 3, 2 * b.shape[1], 2 * b.shape[2], dtype=packed.dtype)
    for i in (0, 1):
        for j in (0, 1):
            full[:, 0, i::2, j::2], full[:, 2, i::2, j::2] = r, b
            full[:, 1, i::2, j::2] = (upper + lower) / 2
    full[:, 1, 0::2, 1::2], full[:, 1, 1::2, 0::2] = upper, lower
    return full


def moments(x, y):
    """Over the batch; deviations are those of the population."""
    axes = (0, 2, 3)
    means = (x.mean(axes) - y.mean(axes)).abs().mean()
    return means + (x.std(axes, correction=0) - y.std(axes, correction=0)).abs().mean()


def planes(x):
    """Luma and the two chromas brought to 0..1, each `[B, H W]`."""
    r, g, b = x.clamp(0, 1).flatten(2).unbind(1)
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    u = -0.168736 * r - 0.331264 * g + 0.5 * b + 0.5
    v = 0.5 * r - 0.418688 * g - 0.081312 * b + 0.5
    return luma.clamp(0, 1), u.clamp(0, 1), v.clamp(0, 1)


def membership(values, bins, sigma):
    centres = torch.linspace(0, 1, bins, dtype=values.dtype)
    return torch.exp(-((values[:, :, None] - centres) ** 2) / (2 * sigma**2))


def luma_histogram(x):
    counts = membership(planes(x)[0], 64, 0.02).sum(1)
    return counts / (counts.sum(1, keepdim=True) + 1e-8)


def chroma_histogram(x):
    _, u, v = planes(x)
    counts = torch.einsum("bnk,bnl->bkl", membership(u, 32, 0.03), membership(v, 32, 0.03))
    return counts / (counts.sum((1, 2), keepdim=True) + 1e-8)


def gram(features):
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / (flat.shape[1] * flat.shape[2])


def absolute_variation(x):
    return x.diff(dim=2).abs().mean() + x.diff(dim=3).abs().mean()
