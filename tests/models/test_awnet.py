"""AWNet: equality with PyTorch, its demosaicing, the parts of its pooling."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.network_cases import raw_input
from tfisp import models
from tfisp.errors import InputError
from tfisp.models.awnet_parts import means_of_parts
from tfisp.packing import prepare
from tfisp.sensor import SENSORS, Capture

SMALL = {"width": 8, "blocks": [1, 2, 1]}


def in_blocks(channels):
    """Published channel `4 c + s` of pixel s of channel c, at our place `s C + c`."""
    return [4 * c + s for s in range(4) for c in range(channels)]


def plain(*layers, order=slice(None)):
    """The weights of layers as Keras has them, each with the order of its output channels."""
    for layer in layers:
        yield from ((weight, order) for weight in layer.weights)


def of_attention(layer, order=slice(None)):
    yield from plain(layer.first, layer.squeeze)
    yield from plain(layer.excite, layer.mix, order=order)


def of_dense(block):
    for layer in block.dense:
        yield from plain(layer.grow)
        yield from ((weight, slice(None)) for weight in (layer.scale, layer.shift))
    yield from plain(block.narrow, block.context.weigh, block.context.squeeze)
    yield from plain(block.context.norm, block.context.slope, block.context.excite)


def of_up(up, order):
    if hasattr(up, "widen"):  # from RAW
        yield from plain(up.widen, order=in_blocks(up.width))
    yield from plain(up.conv[0], up.slope[0], up.conv[1], up.slope[1], up.bands)
    if hasattr(up, "join"):
        yield from plain(up.detail)
        yield from plain(up.join, order=order)
    else:
        yield from plain(up.bands_slope, up.detail)


def in_order(net):
    """AWNet's weights as its forward pass meets them, each with the order of its channels."""
    yield from plain(net.entry)
    for level, attention in enumerate(net.attention):
        yield from of_attention(attention)
        for block in getattr(net, f"dense{level + 1}_"):
            yield from of_dense(block)
        if level < net.steps:
            down = net.down[level]
            yield from plain(down.halve, down.halve_slope, down.mix, down.mix_slope, down.mean)
    last = net.exit
    for level in reversed(range(net.steps)):
        # What the last layers shuffle to pixels is made here.
        order = slice(None) if level or not hasattr(last, "before") else in_blocks(net.width // 4)
        yield from of_up(net.up[level], order)
        shortcut = net.shortcut[level]
        yield from plain(shortcut.conv1, shortcut.conv2)
        yield from of_attention(shortcut.attention, order)
    if hasattr(last, "before"):
        yield from plain(last.before)
    yield from plain(*last.pooling.stage, last.pooling.join)
    if hasattr(last, "before"):
        yield from plain(last.after)
        yield from of_attention(last.attention)
    yield from plain(last.colour)


def demosaiced(raw):
    """What the published script makes of packed RAW, but for its rounding to 8 bits."""
    blue, green, red, other = np.moveaxis(raw, -1, 0)
    size = (2 * raw.shape[1], 2 * raw.shape[0])
    b, g, r, o = (cv2.resize(plane, size) for plane in (blue, green, red, other))
    return np.minimum(np.stack([r, g / 2 + o / 2, b], -1), 1)


@pytest.mark.parametrize("name", ["awnet_raw", "awnet_demosaiced"])
def test_output_equals_the_pytorch_rendering(name):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_large_networks as theirs
    from tests.helpers.torch_networks import nchw, nhwc

    generator = models.create(name, **SMALL)
    x = raw_input(generator, 16, 24)
    given = demosaiced(x[0])[None] if name == "awnet_demosaiced" else x
    weights = theirs.Weights(gain=1.0)
    with torch.no_grad():
        rgb = theirs.awnet(
            nchw(given).double(), weights, 8, SMALL["blocks"], name == "awnet_demosaiced"
        )
    expected = nhwc(rgb)
    ours = list(in_order(generator))
    assert len(ours) == len(weights.kept) == len(generator.weights)
    for (weight, order), array in zip(ours, weights.kept, strict=True):
        array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        weight.assign(array[..., order].reshape(weight.shape))
    assert expected.std() > 0.01  # or the comparison would say little
    np.testing.assert_allclose(generator(x), expected, atol=2e-5)


@pytest.mark.parametrize("size", [(6, 12), (7, 8), (13, 17), (5, 4)])
@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_parts_of_the_picture_are_pytorchs(size, parts):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, *size, 3))
    pooled = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(x).permute(0, 3, 1, 2), parts)
    np.testing.assert_allclose(
        means_of_parts(tf.constant(x), parts), pooled.permute(0, 2, 3, 1), atol=1e-12
    )


def test_demosaicing_is_the_published_scripts():
    mosaic = np.random.default_rng(0).integers(0, 1024, (16, 24)).astype(np.uint16)
    generator = models.create("awnet_demosaiced", **SMALL)
    raw = prepare(mosaic, SENSORS["zrr"], Capture(), generator.contract)
    # As the script has it: planes of the mosaic doubled, greens averaged, divided by 3 * 255.
    double = [
        cv2.resize(plane.astype(np.float32), (24, 16))
        for plane in (
            mosaic[0::2, 0::2],
            mosaic[0::2, 1::2],
            mosaic[1::2, 0::2],
            mosaic[1::2, 1::2],
        )
    ]
    expected = np.stack([double[0], (double[1] + double[2]) / 2, double[3]], -1) / (3 * 255)
    seen = generator._seen(raw[None])[0]
    np.testing.assert_allclose(seen, np.minimum(expected, 1), atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 12}, "width 12 is not a positive multiple of 8"),
        ({"blocks": [1]}, r"blocks \[1\] are not 2 to 5 numbers, one for each level"),
        ({"blocks": [1, 0]}, "blocks 0 is not a positive multiple of 1"),
    ],
)
def test_impossible_sizes_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        models.create("awnet_raw", **settings)
