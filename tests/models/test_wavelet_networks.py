"""MW-ISPNet, LiteISPNet and the Haar transform: equality with PyTorch, nothing lost, places."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.network_cases import raw_input
from tfisp import models
from tfisp.errors import InputError
from tfisp.models import haar
from tfisp.packing import prepare
from tfisp.sensor import SENSORS, Capture


def tile(layout):
    """The subbands of one 2x2 tile, 1 2 / 3 5."""
    values = tf.constant([[1.0, 2.0], [3.0, 5.0]])[None, :, :, None]
    return haar.forward(values, layout)[0, 0, 0].numpy()


def test_subbands_of_a_tile_by_hand():
    # LL, LH, HL, HH: sum; upper less lower row; left less right column; diagonals; all halved.
    np.testing.assert_allclose(tile(haar.ISPNET), [5.5, -2.5, -1.5, 0.5])
    # LL, HL, LH, HH: right less left column; lower less upper row.
    np.testing.assert_allclose(tile(haar.AWNET), [5.5, 1.5, 2.5, 0.5])


@pytest.mark.parametrize("layout", [haar.ISPNET, haar.AWNET])
def test_the_inverse_restores_every_sample(layout):
    x = np.random.default_rng(0).normal(size=(2, 6, 10, 5))
    bands = haar.forward(x, layout)
    assert bands.shape == (2, 3, 5, 20)
    np.testing.assert_allclose(haar.inverse(bands, layout), x, atol=1e-12)
    # Orthonormal: no energy comes or goes.
    assert np.square(bands).sum() == pytest.approx(np.square(x).sum())


def test_transforms_equal_the_grouped_convolutions_they_are_published_as():
    pytest.importorskip("torch")
    from tests.helpers import torch_large_networks as theirs
    from tests.helpers.torch_networks import nchw, nhwc

    x = np.random.default_rng(0).normal(size=(2, 6, 10, 3))
    interleaved = nhwc(theirs.dwt(nchw(x)))
    ours = haar.forward(x, haar.ISPNET)
    np.testing.assert_allclose(ours, interleaved[..., in_blocks(3)], atol=1e-12)
    back = nhwc(theirs.idwt(nchw(interleaved)))
    np.testing.assert_allclose(haar.inverse(ours, haar.ISPNET), back, atol=1e-12)


def in_blocks(channels):
    """Published channel `4 c + k` of subband (or pixel) k of channel c, at our place `k C + c`."""
    return [4 * c + k for k in range(4) for c in range(channels)]


def of_group(group):
    """A residual group's weights as its forward pass meets them."""
    for block in group.blocks:
        for layer in (block.conv1, block.conv2, block.squeeze, block.excite):
            yield from kernel_and_bias(layer)
    yield from kernel_and_bias(group.last)


def kernel_and_bias(layer, takes=None, gives=None):
    """Weights of a layer, each with the order in which it has what is published.

    Args:
        layer: A convolution.
        takes: Channels whose subbands it takes; None if it takes none.
        gives: Channels whose subbands or pixels it gives.
    """
    outputs = in_blocks(gives) if gives else slice(None)
    yield layer.kernel, lambda k: k[:, :, in_blocks(takes) if takes else slice(None)][..., outputs]
    yield layer.bias, lambda b: b[outputs]


def slope(layer):
    yield layer.alpha, lambda a: a.reshape(1, 1, 1)


def of_mw_ispnet(net):
    width = net.width
    for index, channels in enumerate((4, width, 2 * width)):
        yield from kernel_and_bias(net.down[index], takes=channels)
        yield from slope(net.down_slope[index])
        if index < 2:
            yield from of_group(net.down_group[index])
    for group in net.middle:
        yield from of_group(group)
    for index, channels in enumerate((2 * width, width)):
        yield from kernel_and_bias(net.up[index], gives=channels)
        yield from slope(net.up_slope[index])
        yield from of_group(net.up_group[index])
    yield from kernel_and_bias(net.join, gives=4)
    yield from kernel_and_bias(net.exit, gives=3)


def of_place(place):
    for layer in place.halve:
        yield from kernel_and_bias(layer)
    # A dense layer of [C, 13, 13], flattened, there: [out, C 13 13].
    shape = (256, place.width, 13, 13)
    yield place.hidden.kernel, lambda k: k.reshape(shape).transpose(2, 3, 1, 0)
    yield place.hidden.bias, lambda b: b
    yield place.last.kernel, lambda k: k.T[None, None]
    yield place.last.bias, lambda b: b


def of_lite_ispnet(net):
    width = net.width
    yield from kernel_and_bias(net.entry)
    yield from of_place(net.place)
    yield from kernel_and_bias(net.down[0])
    yield from of_group(net.down_group[0])
    yield from kernel_and_bias(net.after_coordinates)
    for index in (1, 2):
        yield from kernel_and_bias(net.down[index], takes=width)
        yield from of_group(net.down_group[index])
    yield from kernel_and_bias(net.middle_entry, takes=2 * width)
    for group in net.middle:
        yield from of_group(group)
    yield from kernel_and_bias(net.middle_exit, gives=2 * width)
    for group, layer, channels in zip(net.up_group, net.up, (width, width, None), strict=True):
        yield from of_group(group)
        yield from kernel_and_bias(layer, gives=channels)
    yield from kernel_and_bias(net.widen, gives=width)
    yield from kernel_and_bias(net.exit)


@pytest.mark.parametrize(
    ("name", "walk", "atol"),
    # Enlarging for `Place` is in float32.
    [("mw_ispnet", of_mw_ispnet, 1e-9), ("lite_ispnet", of_lite_ispnet, 1e-5)],
)
def test_output_equals_the_pytorch_rendering(name, walk, atol):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_large_networks as theirs
    from tests.helpers.torch_networks import nchw, nhwc

    generator = models.create(name, width=4, depth=2, dtype="float64")
    x = raw_input(generator, 16, 24)
    weights = theirs.Weights(gain=1.0)
    with torch.no_grad():
        expected = nhwc(getattr(theirs, name)(nchw(x).double(), weights, 4, 2))
    ours = list(walk(generator))
    assert len(ours) == len(weights.kept) == len(generator.weights)
    for (weight, arranged), array in zip(ours, weights.kept, strict=True):
        weight.assign(arranged(array.transpose(2, 3, 1, 0) if array.ndim == 4 else array))
    assert expected.std() > 0.02  # or the comparison would say little
    np.testing.assert_allclose(generator(x), expected, atol=atol)


@pytest.mark.parametrize("name", ["mw_ispnet", "lite_ispnet"])
def test_their_input_is_the_published_one(name):
    mosaic = np.random.default_rng(0).integers(0, 1024, (8, 12)).astype(np.uint16)
    contract = models.registry.generator_class(name).published
    given = prepare(mosaic, SENSORS["zrr"], Capture(), contract)
    planes = [mosaic[1::2, 1::2], mosaic[0::2, 1::2], mosaic[0::2, 0::2], mosaic[1::2, 0::2]]
    expected = np.maximum(np.stack(planes, -1).astype(float) - 63, 0) / (4 * 255 - 63)
    np.testing.assert_allclose(given, expected, rtol=1e-6)
    assert given.min() == 0  # below black: cut off


def test_coordinates_of_a_whole_frame_span_minus_one_to_one():
    generator = models.create("lite_ispnet", width=4, depth=1)
    generator.place.call = lambda raw: tf.zeros((1, 1, 1, 2))
    found = generator._coordinates(tf.zeros((1, 2976 // 2, 3968 // 2, 4))).numpy()[0]
    x, y = np.meshgrid(
        np.linspace(-1 + 1 / 1984, 1 - 1 / 1984, 1984),
        np.linspace(-1 + 1 / 1488, 1 - 1 / 1488, 1488),
    )
    np.testing.assert_allclose(found, np.stack([x, y], -1), atol=1e-6)


def test_values_below_black_change_nothing_in_lite_ispnets_powers():
    generator = models.create("lite_ispnet", width=4, depth=1)
    generator.place.call = lambda raw: tf.zeros((1, 1, 1, 2))
    x = raw_input(generator, 16, 16)
    np.testing.assert_array_equal(generator(np.minimum(x, 0)), generator(np.zeros_like(x)))


@pytest.mark.parametrize("name", ["mw_ispnet", "lite_ispnet"])
def test_impossible_sizes_are_refused(name):
    with pytest.raises(InputError, match="depth 0 is not a positive multiple of 1"):
        models.create(name, depth=0)
