"""The large networks written once more, in PyTorch, from their published code.

Each draws its weights as it goes, in the order in which the published code makes them, so that a
test can hand the same ones to tfisp. NCHW, in float64: rounding, which normalisation over few
places enlarges, is then all tfisp's. Import it after `pytest.importorskip("torch")`.
"""

import numpy as np
import torch
import torch.nn.functional as nn


class Weights:
    """Weights drawn at random, and kept as PyTorch has them (kernels OIHW).

    Attributes:
        kept: All that were drawn, in order, as float32 arrays.
    """

    def __init__(self, seed=0, gain=2.0):
        self.kept = []
        self._rng = np.random.default_rng(seed)
        self._gain = gain

    def draw(self, shape, deviation=0.1, mean=0.0):
        self.kept.append(self._rng.normal(mean, deviation, shape).astype(np.float32))
        return torch.from_numpy(self.kept[-1]).double()

    def kernel(self, outputs, inputs, size):
        deviation = (self._gain / (inputs * size**2)) ** 0.5
        return self.draw((outputs, inputs, size, size), deviation)

    def conv(self, x, outputs, size=3, stride=1, bias=True, reflect=False, padding=None):
        border = size // 2 if padding is None else padding
        if border:
            x = nn.pad(x, 4 * [border], "reflect" if reflect else "constant")
        kernel = self.kernel(outputs, x.shape[1], size)
        return nn.conv2d(x, kernel, self.draw(outputs) if bias else None, stride)

    def prelu(self, x):
        return nn.prelu(x, self.draw(1, 0.05, 0.25))

    def instance_norm(self, x, epsilon, shift_first):
        parts = [("shift", 0.0), ("scale", 1.0)]
        drawn = {
            name: self.draw(x.shape[1], 0.1, mean)
            for name, mean in (parts if shift_first else reversed(parts))
        }
        return nn.instance_norm(x, weight=drawn["scale"], bias=drawn["shift"], eps=epsilon)


def leaky(x):
    return nn.leaky_relu(x, 0.2)


def squash(x):
    return 0.58 * torch.tanh(x) + 0.5


# PyNET and PUNET


def eth_block(w, x, largest, width, norm):
    """Branches of TensorFlow's PyNET: convolution, shift and scale, leaky ReLU; twice."""
    out = []
    for size in range(3, largest + 1, 2):
        y = x
        for _ in range(2):
            y = w.conv(y, width, size)
            y = leaky(w.instance_norm(y, 1e-3, shift_first=True) if norm else y)
        out.append(y)
    return torch.cat(out, 1)


def doubled(w, x, width):
    """TensorFlow's transposed convolution of stride 2: odd row and column cut off at the end."""
    kernel = w.kernel(x.shape[1], width, 3)  # [in, out, 3, 3]
    return leaky(nn.conv_transpose2d(x, kernel, stride=2)[..., :-1, :-1])


def pynet(x, w, width, level=0):
    """PyNET: packed RAW -> the picture of a level."""
    n = [None] + [width * 2**k for k in range(5)]
    shown = {}

    def block(x, largest, k):
        return eth_block(w, x, largest, n[k], norm=k > 1)

    skip = {}
    for k in range(1, 5):
        skip[k] = block(x, 3, k)
        x = nn.max_pool2d(skip[k], 2)

    def finish(x, k):
        ups = [doubled(w, x, n[k - 1]) for _ in range(2)]
        shown[k] = squash(w.conv(x, 3))
        return ups

    x = block(x, 3, 5)
    x = block(x, 3, 5) + x
    x = block(x, 3, 5) + x
    a, b = finish(block(x, 3, 5), 5)

    x = block(torch.cat([skip[4], a], 1), 3, 4)
    x = block(x, 3, 4) + x
    x = block(x, 3, 4) + x
    x = block(torch.cat([block(x, 3, 4), b], 1), 3, 4)
    a, b = finish(x, 4)

    x = torch.cat([skip[3], a], 1)
    for _ in range(3):
        x = block(x, 5, 3) + x
    x = block(torch.cat([block(x, 5, 3), skip[3], b], 1), 3, 3)
    a, b = finish(x, 3)

    x = torch.cat([block(torch.cat([skip[2], a], 1), 5, 2), skip[2]], 1)
    for _ in range(3):
        x = block(x, 7, 2) + x
    x = torch.cat([block(x, 7, 2), skip[2]], 1)
    x = block(torch.cat([block(x, 5, 2), b], 1), 3, 2)
    a, b = finish(x, 2)

    x = torch.cat([block(torch.cat([skip[1], a], 1), 5, 1), skip[1]], 1)
    x = block(block(x, 7, 1), 9, 1)
    for _ in range(3):
        x = block(x, 9, 1) + x
    x = torch.cat([block(x, 7, 1), skip[1]], 1)
    x = block(torch.cat([block(x, 5, 1), b, skip[1]], 1), 3, 1)
    shown[1] = squash(w.conv(x, 3))

    shown[0] = squash(w.conv(doubled(w, x, width // 4), 3))
    return shown[level]


def punet(x, w, width):
    """PUNET: packed RAW -> RGB."""
    n = [None] + [width * 2**k for k in range(5)]

    def block(x, k):
        return eth_block(w, x, 3, n[k], norm=False)

    skip = {}
    for k in range(1, 5):
        skip[k] = block(x, k)
        x = nn.max_pool2d(skip[k], 2)
    x = block(x, 5)
    x = block(x, 5) + x
    x = block(x, 5) + x
    x = doubled(w, block(x, 5), n[4])
    x = doubled(w, block(torch.cat([skip[4], x], 1), 4), n[3])
    x = doubled(w, block(torch.cat([skip[3], x], 1), 3), n[2])
    x = block(torch.cat([block(skip[2], 2), x], 1), 2)
    x = doubled(w, x, n[1])
    x = block(torch.cat([block(skip[1], 1), x, skip[1]], 1), 1)
    return squash(w.conv(doubled(w, x, width // 4), 3))


# PyNET-CA


def attentive_block(w, x, largest, width, norm):
    """Branches with reflected borders, then weighted channels."""
    out = []
    for size in range(3, largest + 1, 2):
        y = leaky(w.conv(x, width, size, reflect=True))
        y = w.conv(y, width, size, reflect=True, bias=not norm)
        out.append(leaky(w.instance_norm(y, 1e-5, shift_first=False) if norm else y))
    x = torch.cat(out, 1)
    pooled = nn.relu(w.conv(x.mean((2, 3), keepdim=True), x.shape[1] // len(out), 1))
    return x * torch.sigmoid(w.conv(pooled, x.shape[1], 1))


def pynet_ca(x, w, width):
    """PyNET-CA: packed RAW 0..1 -> RGB 0..1."""
    n = [None] + [width * 2**k for k in range(5)]

    def block(x, largest, k, norm=True):
        return attentive_block(w, x, largest, n[k], norm)

    def up(x, k):
        x = nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        return leaky(w.conv(x, n[k], reflect=True))

    x, skip = 2 * x - 1, {}
    for k in range(1, 5):
        skip[k] = block(x, 3, k, norm=k > 1)
        x = nn.max_pool2d(skip[k], 2)
    for _ in range(4):
        x = block(x, 3, 5)

    y = x
    x = block(torch.cat([skip[4], up(y, 4)], 1), 3, 4)
    for _ in range(2):
        x = block(x, 3, 4) + x
    x = block(torch.cat([block(x, 3, 4), up(y, 4)], 1), 3, 4)

    y = x
    x = torch.cat([skip[3], up(y, 3)], 1)
    for _ in range(3):
        x = block(x, 5, 3) + x
    x = block(torch.cat([block(x, 5, 3), skip[3], up(y, 3)], 1), 3, 3)

    y = x
    x = torch.cat([block(torch.cat([skip[2], up(y, 2)], 1), 5, 2), skip[2]], 1)
    for _ in range(3):
        x = block(x, 7, 2) + x
    x = block(torch.cat([block(x, 7, 2), skip[2]], 1), 5, 2)
    x = block(torch.cat([x, up(y, 2)], 1), 3, 2)

    y = x
    x = block(torch.cat([skip[1], up(y, 1)], 1), 5, 1, norm=False)
    x = block(block(torch.cat([x, skip[1]], 1), 7, 1), 9, 1)
    for _ in range(3):
        x = block(x, 9, 1) + x
    x = block(torch.cat([block(x, 7, 1), skip[1]], 1), 5, 1)
    x = block(torch.cat([x, up(y, 1), skip[1]], 1), 3, 1, norm=False)

    x = w.conv(block(x, 9, 1, norm=False), 12, 1)
    return (torch.tanh(nn.pixel_shuffle(x, 2)) + 1) / 2


# MW-ISPNet and LiteISPNet

_HAAR = 0.5 * torch.tensor(
    [[[[1, 1], [1, 1]]], [[[1, 1], [-1, -1]]], [[[1, -1], [1, -1]]], [[[1, -1], [-1, 1]]]],
    dtype=torch.float64,
)  # fmt: skip


def dwt(x):
    """A grouped convolution: subbands of a channel side by side."""
    channels = x.shape[1]
    return nn.conv2d(x, _HAAR.repeat(channels, 1, 1, 1), stride=2, groups=channels)


def idwt(x):
    channels = x.shape[1] // 4
    return nn.conv_transpose2d(x, _HAAR.repeat(channels, 1, 1, 1), stride=2, groups=channels)


def group(x, w, depth):
    """Residual blocks with channel attention."""
    start, channels = x, x.shape[1]
    for _ in range(depth):
        y = w.conv(nn.relu(w.conv(x, channels)), channels)
        pooled = nn.relu(w.conv(y.mean((2, 3), keepdim=True), max(1, channels // 16), 1))
        x = y * torch.sigmoid(w.conv(pooled, channels, 1)) + x
    return w.conv(x, channels) + start


def mw_ispnet(x, w, width, depth):
    """MWRCAN: packed RAW -> RGB."""
    c1 = dwt(x)
    c2 = group(w.prelu(w.conv(c1, width)), w, depth)
    c3 = group(w.prelu(w.conv(dwt(c2), 2 * width)), w, depth)
    m = w.prelu(w.conv(dwt(c3), 2 * width))
    m = group(group(m, w, depth), w, depth)
    c5 = idwt(w.prelu(w.conv(m, 8 * width))) + c3
    c6 = idwt(w.prelu(w.conv(group(c5, w, depth), 4 * width))) + c2
    c7 = w.conv(group(c6, w, depth), 16) + c1
    return nn.pixel_shuffle(w.conv(idwt(c7), 12), 2)


def lite_ispnet(x, w, width, depth):
    """LiteISPNet: packed RAW -> RGB; coordinates as published for 224 x 224 of 1488 x 1984."""
    height, breadth = x.shape[2:]
    h = w.conv(x.clamp(min=0) ** (1 / 2.2), width)
    place = nn.interpolate(x, size=(224, 224), mode="bilinear", align_corners=True)
    for _ in range(4):
        place = nn.relu(w.conv(place, width, stride=2, padding=0))
    place = place.flatten(1)
    for index, outputs in enumerate((256, 2)):
        kernel = w.draw((outputs, place.shape[1]), place.shape[1] ** -0.5)
        place = nn.linear(nn.relu(place) if index else place, kernel, w.draw(outputs))
    place = (0.1 * place).clamp(-1, 1)[:, :, None, None]
    reach = {"x": 448 / 3968 * breadth / 224, "y": 448 / 2976 * height / 224}
    along = {
        axis: torch.linspace(
            -reach[axis] + reach[axis] / n, reach[axis] - reach[axis] / n, n
        ).double()
        for axis, n in (("x", breadth), ("y", height))
    }
    y, x = torch.meshgrid(along["y"], along["x"], indexing="ij")
    coordinates = torch.stack([x, y])[None] + place
    d = w.conv(torch.cat([h, coordinates], 1), width + 2)
    d1 = dwt(w.conv(group(d, w, depth), width))
    d2 = dwt(group(w.conv(d1, width), w, depth))
    d3 = dwt(group(w.conv(d2, 2 * width), w, depth))
    m = group(group(w.conv(d3, 2 * width), w, depth), w, depth)
    m = w.conv(m, 8 * width) + d3
    u = w.conv(group(idwt(m), w, depth), 4 * width) + d2
    u = w.conv(group(idwt(u), w, depth), 4 * width) + d1
    u = w.conv(group(idwt(u), w, depth), width) + h
    return w.conv(nn.pixel_shuffle(w.conv(u, 4 * width), 2), 3)


# AWNet


def squeeze_excite(x, w):
    y, channels = x.mean((2, 3), keepdim=True), x.shape[1]
    y = nn.relu(w.conv(y, channels, 1))
    y = nn.relu(w.conv(y, channels // 4, 1))
    y = torch.sigmoid(w.conv(y, channels, 1))
    return w.conv(x, channels, 1) * y


def global_context(x, w):
    batch, channels = x.shape[:2]
    # Its bias does not change a softmax: it is drawn nowhere.
    attention = w.conv(x, 1, 1, bias=False).view(batch, 1, -1, 1).softmax(2)
    context = (x.view(batch, 1, channels, -1) @ attention).view(batch, channels, 1, 1)
    y = w.conv(context, channels // 4, 1)
    scale, shift = w.draw(channels // 4, 0.1, 1.0), w.draw(channels // 4)
    y = nn.layer_norm(y, y.shape[1:], scale[:, None, None], shift[:, None, None])
    return x + w.conv(w.prelu(y), channels, 1)


def dense_block(x, w):
    y, channels = x, x.shape[1]
    for _ in range(6):
        grown = nn.relu(w.conv(y, 16))
        scale, shift = w.draw(16, 0.1, 1.0), w.draw(16)
        zeros = torch.zeros(16, dtype=x.dtype)
        # Batch normalisation with statistics 0 and 1 and no constant: as folded.
        y = torch.cat([y, nn.batch_norm(grown, zeros, zeros + 1, scale, shift, eps=0)], 1)
    return global_context(w.conv(y, channels, 1), w) + x


def awnet_dwt(x):
    """LL, HL, LH, HH of MWCNN, each of all channels."""
    a, b = x[:, :, 0::2, 0::2] / 2, x[:, :, 0::2, 1::2] / 2
    c, d = x[:, :, 1::2, 0::2] / 2, x[:, :, 1::2, 1::2] / 2
    return [a + b + c + d, b + d - a - c, c + d - a - b, a + d - b - c]


def awnet_idwt(x):
    ll, hl, lh, hh = (part / 2 for part in x.chunk(4, 1))
    batch, channels, height, width = ll.shape
    out = torch.zeros(batch, channels, 2 * height, 2 * width, dtype=x.dtype)
    out[:, :, 0::2, 0::2] = ll - hl - lh + hh
    out[:, :, 0::2, 1::2] = ll + hl - lh - hh
    out[:, :, 1::2, 0::2] = ll - hl + lh - hh
    out[:, :, 1::2, 1::2] = ll + hl + lh + hh
    return out


def pyramid_pooling(x, w):
    pooled = []
    for parts in (1, 2, 3, 6):
        y = w.conv(nn.adaptive_avg_pool2d(x, parts), x.shape[1], 1, bias=False)
        pooled.append(nn.interpolate(y, x.shape[2:], mode="bilinear", align_corners=False))
    return nn.relu(w.conv(torch.cat([*pooled, x], 1), x.shape[1], 1))


def awnet(x, w, width, blocks, demosaiced):
    """AWNet: packed RAW, or what its demosaicing script makes of it, -> RGB."""

    def conv_prelu(x, channels, stride=1):
        return w.prelu(w.conv(x, channels, stride=stride, padding=1))

    x = w.conv(x, width)
    skips, details = [], []
    for level, count in enumerate(blocks):
        skips.append(x)
        x = squeeze_excite(x, w)
        for _ in range(count):
            x = dense_block(x, w)
        if level < len(blocks) - 1:
            channels, bands = x.shape[1], awnet_dwt(x)
            stem = conv_prelu(conv_prelu(x, channels, stride=2), channels)
            x = torch.cat([stem, w.conv(bands[0], channels, 1)], 1)
            details.append(torch.cat(bands, 1))
    for skip, detail in zip(reversed(skips[:-1]), reversed(details), strict=True):
        channels = skip.shape[1]
        if demosaiced:
            x = nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = conv_prelu(conv_prelu(x, channels), channels // 2)
            detail = awnet_idwt(w.prelu(w.conv(detail, 4 * channels, 1)))
            x = torch.cat([x, w.conv(detail, channels // 2, 1)], 1)
        else:
            x = nn.pixel_shuffle(w.conv(x, 4 * channels, 1), 2)
            x = conv_prelu(conv_prelu(x, channels), channels)
            detail = awnet_idwt(w.conv(detail, 4 * channels, 1))
            x = w.conv(torch.cat([x, w.conv(detail, channels, 1)], 1), channels, 1)
        y = nn.relu(w.conv(nn.relu(w.conv(skip, channels)), channels))
        x = x + squeeze_excite(y, w)
    if demosaiced:
        return torch.sigmoid(w.conv(pyramid_pooling(x, w), 3))
    x = w.conv(nn.pixel_shuffle(x, 2), width // 4)
    x = torch.cat([pyramid_pooling(x, w), x], 1)
    x = squeeze_excite(w.conv(x, width // 2), w)
    return torch.sigmoid(w.conv(x, 3))
