"""The mobile networks written once more, in PyTorch, from what their papers and code describe.

Independent of `tfisp`: NCHW, PyTorch's own layers, weights in a dictionary of named tensors. Import
it after `pytest.importorskip("torch")`.
"""

import torch
import torch.nn.functional as nn

from tests.helpers.torch_networks import shuffled


def state_of(generator):
    """Name of each weight -> tensor as PyTorch orders it; names as in the paths of Keras."""
    state = {}
    for weight in generator.weights:
        value = torch.tensor(weight.numpy())
        if (
            value.ndim == 4
        ):  # HWIO -> OIHW, transposed ones HWOI -> IOHW, depthwise ones HWC1 -> C1HW
            depthwise = value.shape[2] > 2 and value.shape[3] == 1
            value = value.permute((2, 3, 0, 1) if depthwise else (3, 2, 0, 1))
        state[weight.path.split("/", 1)[1]] = value
    return state


def convolve(x, state, name, **settings):
    """A convolution without padding of its own."""
    return nn.conv2d(x, state[f"{name}/kernel"], state.get(f"{name}/bias"), **settings)


def same(x, state, name):
    """A convolution padded with zeros."""
    return convolve(x, state, name, padding=state[f"{name}/kernel"].shape[-1] // 2)


def prelu(x, state, name):
    """A slope per channel."""
    return nn.prelu(x, state[f"{name}/alpha"].flatten())


def squash(x):
    return 0.58 * torch.tanh(x) + 0.5


def strided_attention(x, state, name):
    """Strided convolutions, mean over the picture, two 1x1 convolutions."""
    for index in range(len([key for key in state if f"{name}/strided" in key]) // 3):
        x = convolve(x, state, f"{name}/strided{index}/conv", stride=3)
        x = prelu(x, state, f"{name}/strided{index}/slope")
    x = convolve(x.mean((2, 3), keepdim=True), state, f"{name}/hidden/conv")
    x = prelu(x, state, f"{name}/hidden/slope")
    return torch.sigmoid(convolve(x, state, f"{name}/excite"))


def micro_isp(packed, state, stages):
    """MicroISP, packed NCHW -> RGB NCHW: three colours, each through its own stages."""

    def stage(x, name):
        for index in range(7):
            x = prelu(
                same(x, state, f"{name}/convs{index}/conv"), state, f"{name}/convs{index}/slope"
            )
            if index % 3 == 0:
                kept = x
            elif index % 3 == 2:
                x = x * strided_attention(x, state, f"{name}/attention{index // 3}") + kept
        return torch.tanh(same(x, state, f"{name}/last"))

    planes = []
    for colour in ("red", "green", "blue"):
        x = packed
        for index in range(stages):
            x = stage(x, f"{colour}{index}")
        planes.append(nn.pixel_shuffle(0.58 * x + 0.5, 2))
    return torch.cat(planes, 1)


def csanet(packed, state):
    """CSANet as reconstructed; TensorFlow's padding of even sizes: below and to the right."""

    def leaky(x, name):
        return nn.leaky_relu(same(x, state, name), 0.2)

    def attention(x, name):
        u = same(leaky(x, f"{name}/widen"), state, f"{name}/mix")
        pooled = u.mean((2, 3), keepdim=True)
        channels = same(leaky(pooled, f"{name}/squeeze"), state, f"{name}/excite")
        filters = state[f"{name}/place/kernel"]
        places = nn.conv2d(u, filters, padding=4, dilation=2, groups=u.shape[1])
        gated = torch.cat([u * torch.sigmoid(channels), u * torch.sigmoid(places)], 1)
        return same(gated, state, f"{name}/narrow")

    a = leaky(packed, "entry")
    halved = convolve(nn.pad(a, (0, 1, 0, 1)), state, "halve", stride=2)
    c = leaky(nn.leaky_relu(halved, 0.2), "first")
    x = c + attention(c, "attention0")
    x = x + attention(x, "attention1")
    x = c + leaky(x, "last")
    x = nn.conv_transpose2d(x, state["double/kernel"], state["double/bias"], 2)[..., :-1, :-1]
    x = leaky(a + x, "join")
    return torch.sigmoid(same(nn.pixel_shuffle(shuffled(x), 2), state, "exit"))


def pynet_v2(packed, state):
    """PyNET-V2 Mobile, packed NCHW -> RGB NCHW."""

    def reflect(x, border):
        return nn.pad(x, 4 * (border,), mode="reflect")

    def conv(x, name, normalised=False, **settings):
        border = state[f"{name}/conv/kernel"].shape[-1] // 2
        if border and "stride" not in settings:
            x = reflect(x, border)
        x = convolve(x, state, f"{name}/conv", **settings)
        if normalised:
            weights = state[f"{name}/norm/scale"], state[f"{name}/norm/shift"]
            x = nn.instance_norm(x, weight=weights[0], bias=weights[1], eps=1e-3)
        return prelu(x, state, f"{name}/slope")

    def groups(x, name, count, depth):
        made = []
        for index, group in enumerate(x.chunk(count, 1)):
            for step in range(depth):
                number = index * depth + step
                group = group + conv(group, f"{name}/convs{number}", normalised=index % 2 == 0)
            made.append(group)
        return x + convolve(torch.cat(made, 1), state, f"{name}/mix")

    def places(x, name):
        u = conv(x, f"{name}/conv")
        kernel, bias = (state[f"{name}/place/{part}"] for part in ("kernel", "bias"))
        return u * torch.sigmoid(nn.conv2d(reflect(u, 2), kernel, bias, groups=u.shape[1]))

    def channels(x, name):
        u = conv(x, f"{name}/conv")
        return u * strided_attention(u, state, f"{name}/factor")

    def up(x, name):
        x = nn.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return conv(x, name)

    full = conv(packed, "down1")
    half = conv(full, "down2", stride=2)
    x = groups(conv(half, "down3", stride=2), "groups3", 4, 2)
    x = x + places(x, "places3")
    x = x + channels(x, "channels3")
    x = up(x, "up2") + conv(half, "skip2")
    x = groups(x + conv(x, "mix2"), "groups2", 2, 3)
    x = x + channels(x, "channels2")
    x = up(x, "up1") + conv(full, "skip1")
    x = groups(groups(x + conv(x, "mix1"), "groups10", 4, 1), "groups11", 2, 1)
    x = nn.pixel_shuffle(shuffled(conv(x, "planes")), 2)
    return squash(convolve(reflect(x, 1), state, "exit"))


def branches(x, weights, size):
    """SYENet's convolution as it is trained: all its branches, computed one by one.

    Args:
        x: NCHW.
        weights: Its kernels, biases, gains and offsets, each in order, and the joining ones.
        size: Of the whole.
    """
    shapes = {5: [5, 1, 3, (3, 1), (1, 3)], 3: [3, 1, (3, 1), (1, 3)], 1: [1]}[size]
    made = []
    for index, (kernel, bias) in enumerate(zip(weights["kernels"], weights["biases"], strict=True)):
        shape = shapes[index % len(shapes)]
        sides = (shape, shape) if isinstance(shape, int) else shape
        y = nn.conv2d(x, kernel, bias, padding=tuple(side // 2 for side in sides))
        assert kernel.shape[2:] == sides
        if index >= len(shapes):
            number = index - len(shapes)
            y = y * weights["gains"][number].view(1, -1, 1, 1)
            y = y + weights["offsets"][number].view(1, -1, 1, 1)
        made.append(y)
    return nn.conv2d(torch.cat(made, 1), weights["join_kernel"], weights["join_bias"])


def syenet(packed, state, conv):
    """SYENet, packed NCHW -> RGB NCHW; `conv(x, name)` is one of its convolutions."""

    def shift(name):
        return state[f"{name}/bias"].view(1, -1, 1, 1)

    head = conv(prelu(conv(packed, "head_first"), state, "head_slope"), "head_second")
    x = 0.1 * head * conv(packed, "head_factor") + shift("head_shift")
    x = 0.1 * conv(x, "body_first") * conv(x, "body_factor") + shift("body_shift")
    pooled = nn.adaptive_avg_pool2d(x, 1)
    hidden = prelu(conv(pooled, "squeeze"), state, "squeeze_slope")
    x = x * torch.sigmoid(conv(hidden, "excite"))
    return conv(nn.pixel_shuffle(shuffled(x), 2), "exit")


def aisp(packed, state):
    """AISP's baseline, packed NCHW -> RGB NCHW."""
    x = torch.tanh(same(packed, state, "conv1"))
    x = nn.relu(same(nn.relu(same(x, state, "conv2")), state, "conv3"))
    y = (nn.pixel_shuffle(shuffled(x), 2) + 1e-8) ** (1 / 2.2)
    y = 3 * y**2 - 2 * y**3
    x = nn.relu(same(y, state, "wide"))
    gates = [
        same(nn.relu(same(pooled, state, "squeeze")), state, "excite")
        for pooled in (nn.adaptive_avg_pool2d(x, 1), nn.adaptive_max_pool2d(x, 1))
    ]
    x = x * torch.sigmoid(gates[0] + gates[1])
    places = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    x = x * torch.sigmoid(nn.conv2d(places, state["place/kernel"], padding=3))
    return (y + torch.tanh(same(x, state, "correct"))).clamp(0, 1)
