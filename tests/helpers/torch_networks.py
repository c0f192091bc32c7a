"""The frozen networks and the generators written once more, in PyTorch, from their papers' tables.

Independent of `tfisp`: NCHW, PyTorch's own layers, weights given as PyTorch has them. Import it
after `pytest.importorskip("torch")`.
"""

import numpy as np
import torch
import torch.nn.functional as nn


def nchw(images):
    """NumPy NHWC -> torch NCHW."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))


def nhwc(tensor):
    """Torch NCHW -> NumPy NHWC."""
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


def alexnet(images, weights, biases):
    """Five taps of AlexNet's features (torchvision's numbers); kernels OIHW."""
    taps = []
    x = images
    for index, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
        if index in (1, 2):
            x = nn.max_pool2d(x, kernel_size=3, stride=2)
        x = nn.relu(nn.conv2d(x, weights[index], biases[index], stride=stride, padding=padding))
        taps.append(x)
    return taps


def vgg19(images, weights, biases):
    """relu1_1 .. relu5_4 of VGG-19 from RGB 0..1; sixteen kernels OIHW for BGR input."""
    mean = torch.tensor([103.939, 116.779, 123.68], dtype=images.dtype).view(1, 3, 1, 1)
    x = images.flip(1) * 255 - mean
    taps, index = [], 0
    for block, count in enumerate([2, 2, 4, 4, 4]):
        if block:
            x = nn.max_pool2d(x, 2)
        for _ in range(count):
            x = nn.relu(nn.conv2d(x, weights[index], biases[index], padding=1))
            taps.append(x)
            index += 1
    return taps


def l2_pool(x):
    """DISTS' pooling: 3x3 Hanning window over squares, every second position, root."""
    window = torch.hann_window(5, periodic=False, dtype=x.dtype)[1:-1]
    kernel = torch.outer(window, window)
    kernel = (kernel / kernel.sum()).view(1, 1, 3, 3)
    planes = x.flatten(0, 1).unsqueeze(1)
    mean = nn.conv2d(planes**2, kernel, stride=2, padding=1).squeeze(1)
    return (mean + 1e-12).sqrt().unflatten(0, x.shape[:2])


def vgg16(images, weights, biases, pool):
    """relu1_1 .. relu5_3 of torchvision's VGG-16 from RGB 0..1; thirteen kernels OIHW."""
    mean, deviation = (
        torch.tensor(v, dtype=images.dtype).view(1, 3, 1, 1)
        for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    )
    x = (images - mean) / deviation
    taps, index = [], 0
    for block, count in enumerate([2, 2, 3, 3, 3]):
        if block:
            x = pool(x)
        for _ in range(count):
            x = nn.relu(nn.conv2d(x, weights[index], biases[index], padding=1))
            taps.append(x)
            index += 1
    return taps


def dists(images, references, weights, biases, alpha, beta):
    """DISTS from RGB 0..1 NCHW; alpha and beta `[1475]`, not yet normalised."""
    stages = [
        [x] + [vgg16(x, weights, biases, l2_pool)[i] for i in (1, 3, 6, 9, 12)]
        for x in (images, references)
    ]
    counts = [x.shape[1] for x in stages[0]]
    total = alpha.sum() + beta.sum()
    distance = 1
    for x, y, a, b in zip(*stages, alpha.split(counts), beta.split(counts), strict=True):
        mx, my = x.mean((2, 3)), y.mean((2, 3))
        vx, vy = x.var((2, 3), correction=0), y.var((2, 3), correction=0)
        covariance = ((x - mx[..., None, None]) * (y - my[..., None, None])).mean((2, 3))
        distance = distance - (a / total * (2 * mx * my + 1e-6) / (mx**2 + my**2 + 1e-6)).sum(1)
        distance = distance - (b / total * (2 * covariance + 1e-6) / (vx + vy + 1e-6)).sum(1)
    return distance


def lpips(features, reference_features, heads, plus):
    """LPIPS, or LPIPS+, from features `[B, C, h, w]`, written after E1 and E2 of the fact sheet."""

    def unit(f):
        return f / (f.pow(2).sum(1, keepdim=True).sqrt() + 1e-10)

    total = 0
    for f, r, head in zip(features, reference_features, heads, strict=True):
        distance = nn.conv2d((unit(f) - unit(r)) ** 2, head)
        if plus:
            weight = nn.interpolate(
                reference_features[2], f.shape[2:], mode="bilinear", align_corners=False
            )
            # 1 channel against 384: every channel of the weight weighs the same map
            total = total + (distance * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3))
        else:
            total = total + distance.mean((1, 2, 3))
    return total


def vision_transformer(images, arrays, blocks, heads, epsilon=1e-6):
    """Tokens of a Vision Transformer after the final norm, without the class token; timm's
    names."""
    p = {name: torch.from_numpy(array).to(images.dtype) for name, array in arrays.items()}
    patch = p["patch_embed.proj.weight"].shape[-1]
    x = nn.conv2d(images, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=patch)
    x = x.flatten(2).transpose(1, 2)
    batch, count, width = x.shape
    x = torch.cat([p["cls_token"].expand(batch, -1, -1), x], dim=1) + p["pos_embed"]

    def norm(x, name):
        return nn.layer_norm(x, (width,), p[f"{name}.weight"], p[f"{name}.bias"], epsilon)

    def linear(x, name):
        return nn.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])

    for i in range(blocks):
        qkv = linear(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv")
        qkv = qkv.reshape(batch, count + 1, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        scores = qkv[0] @ qkv[1].transpose(-2, -1) / (width // heads) ** 0.5
        mixed = (scores.softmax(dim=-1) @ qkv[2]).transpose(1, 2).reshape(batch, count + 1, width)
        x = x + linear(mixed, f"blocks.{i}.attn.proj")
        hidden = nn.gelu(linear(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1"))
        x = x + linear(hidden, f"blocks.{i}.mlp.fc2")
    return norm(x, "norm")[:, 1:]


def plain_isp(packed, state):
    """Efficient and Robust ISP as the published code has them: packed NCHW -> RGB NCHW."""
    x = torch.tanh(nn.conv2d(packed, state["conv1.weight"], state["conv1.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv2.weight"], state["conv2.bias"], padding=1))
    x = nn.relu(nn.conv2d(x, state["conv3.weight"], state["conv3.bias"], padding=1))
    return nn.pixel_shuffle(x, 2)


def srcnn(packed, state):
    """SRCNN 9-1-5 with twelve outputs: packed NCHW -> RGB NCHW."""
    x = nn.relu(nn.conv2d(packed, state["conv1.weight"], state["conv1.bias"], padding=4))
    x = nn.relu(nn.conv2d(x, state["conv2.weight"], state["conv2.bias"]))
    x = nn.conv2d(x, state["conv3.weight"], state["conv3.bias"], padding=2)
    return nn.pixel_shuffle(x, 2)


def rmfa_net(split, state):
    """RMFA-Net under the released checkpoints' names: split NCHW -> RGB NCHW."""

    def conv(x, name):
        kernel = state[f"{name}.weight"]
        return nn.conv2d(x, kernel, state.get(f"{name}.bias"), padding=kernel.shape[-1] // 2)

    def up(x):
        return nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    x = torch.tanh(conv(conv(split, "input_module.0"), "input_module.1"))
    for block in range(len({name.split(".")[1] for name in state if name.startswith("rmfa")})):
        name = f"rmfa_blocks.{block}"
        texture = [
            nn.relu(conv(x, f"{name}.texture_module.{part}.0"))
            for part in ("high_freq", "low_freq")
        ]
        x1 = nn.relu(conv(nn.avg_pool2d(x, 2), f"{name}.tone_mapping.level1.1"))
        x2 = nn.relu(conv(nn.avg_pool2d(x1, 2), f"{name}.tone_mapping.level2.1"))
        x3 = nn.relu(conv(x2, f"{name}.tone_mapping.level3.0"))
        reflectance = x - up(x1 + up(x3))
        y = nn.relu(conv(torch.cat([*texture, reflectance], 1), f"{name}.fusion.0"))
        first, second = (f"{name}.channel_attention.fc.{i}" for i in (0, 2))
        pooled = [nn.adaptive_avg_pool2d(y, 1), nn.adaptive_max_pool2d(y, 1)]
        y = y * torch.sigmoid(sum(conv(nn.relu(conv(p, first)), second) for p in pooled))
        places = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], 1)
        x = y * torch.sigmoid(conv(places, f"{name}.spatial_attention.conv")) + x
    return torch.sigmoid(conv(x, "output_module.0"))


def lan(mosaic, state):
    """LAN: mosaic NCHW -> RGB NCHW. TensorFlow's padding: what is odd goes below and to the
    right."""

    def conv(x, name, stride=1):
        kernel, size = state[f"{name}.weight"], state[f"{name}.weight"].shape[-1]
        before, after = (size - stride) // 2, (size - stride + 1) // 2
        x = nn.pad(x, (before, after, before, after))
        return nn.conv2d(x, kernel, state[f"{name}.bias"], stride)

    def leaky(x):
        return nn.leaky_relu(x, 0.2)

    def squash(x):
        return 0.58 * torch.tanh(x) + 0.5

    def attention(x, name):
        u = conv(leaky(conv(x, f"{name}.widen")), f"{name}.mix")
        pooled = u.mean((2, 3), keepdim=True)
        channels = squash(conv(leaky(conv(pooled, f"{name}.squeeze")), f"{name}.excite"))
        filters = state[f"{name}.place.weight"]
        places = squash(nn.conv2d(u, filters, padding=4, dilation=2, groups=u.shape[1]))
        return conv(torch.cat([u * channels, u * places], 1), f"{name}.narrow")

    a = leaky(conv(mosaic, "halve1", 2))
    c = leaky(conv(leaky(conv(a, "halve2", 2)), "first"))
    x = c + attention(c, "attention1")
    x = x + attention(x, "attention2")
    x = c + leaky(conv(x, "last"))
    x = nn.conv_transpose2d(x, state["double.weight"], state["double.bias"], 2)
    x = leaky(conv(torch.cat([a, x[..., :-1, :-1]], 1), "join"))
    return squash(leaky(conv(nn.pixel_shuffle(shuffled(x), 2), "exit")))


def shuffled(x):
    """Channels of a 2x2 cell as TensorFlow orders them -> as PyTorch does."""
    batch, channels, height, width = x.shape
    x = x.reshape(batch, 4, channels // 4, height, width)
    return x.transpose(1, 2).reshape(batch, channels, height, width)


TEXTURE_LAYERS = [(2, 2), (2, 1), (1, 1), (1, 1), (2, 1)]  # stride, padding
PIXEL_LAYERS = [(4, 5), (2, 2), (1, 1), (1, 1), (2, 1)]
LEAK = 0.2


def texture_critic(features, state, layers=TEXTURE_LAYERS):
    """Five convolutions and two dense layers, LeakyReLU 0.2; flattened as NHWC, as tfisp does."""
    x = features
    for i, (stride, padding) in enumerate(layers):
        x = nn.leaky_relu(nn.conv2d(x, state[f"w{i}"], state[f"b{i}"], stride, padding), LEAK)
    x = x.permute(0, 2, 3, 1).flatten(1)
    x = nn.leaky_relu(nn.linear(x, state["w5"], state["b5"]), LEAK)
    return nn.linear(x, state["w6"], state["b6"])[:, 0]


def pixel_critic(images, state):
    """The same with DPED's kernels and strides, on images brought to -1..1."""
    return texture_critic(2 * images - 1, state, PIXEL_LAYERS)


def token_critic(tokens, state):
    """Three dense layers per token, scores averaged."""
    x = nn.relu(nn.linear(tokens, state["w0"], state["b0"]))
    x = nn.relu(nn.linear(x, state["w1"], state["b1"]))
    return nn.linear(x, state["w2"], state["b2"]).mean(dim=(1, 2))
