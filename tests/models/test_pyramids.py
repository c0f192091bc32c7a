"""PyNET, PyNET-CA and PUNET: equality with PyTorch, their inputs, and where they stop."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.network_cases import raw_input
from tfisp import models
from tfisp.errors import InputError
from tfisp.models.instance_norm import InstanceNorm
from tfisp.packing import prepare
from tfisp.sensor import SENSORS, Capture


def in_order(generator):
    """PyNET-CA's weights as its forward pass meets them."""

    def block(layers):
        for index, (first, second) in enumerate(zip(layers.first, layers.second, strict=True)):
            yield from (*first.weights, *second.weights)
            if layers.second_norm:
                yield layers.second_norm[index].scale
                yield layers.second_norm[index].shift
        yield from (*layers.squeeze.weights, *layers.excite.weights)

    for encoder in generator.encoders:
        yield from block(encoder)
    for level in range(5, 0, -1):
        blocks, ups = generator.blocks(level)
        for word in generator.lines[level].split():
            if word == "up":
                yield from next(ups).mix.weights
            elif word != "skip":
                yield from block(next(blocks))
    yield from block(generator.exit.block)
    yield from generator.exit.colour.weights


@pytest.mark.slow
def test_pynet_ca_equals_the_pytorch_rendering():
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_large_networks as theirs
    from tests.helpers.torch_networks import nchw, nhwc

    generator = models.create("pynet_ca", width=4)
    x = raw_input(generator, 32, 48)
    weights = theirs.Weights()
    with torch.no_grad():
        expected = nhwc(theirs.pynet_ca(nchw(x).double(), weights, 4))
    shuffled = [4 * c + s for s in range(4) for c in range(3)]
    ours = list(in_order(generator))
    assert len(ours) == len(weights.kept) == len(generator.weights)
    for weight, array in zip(ours, weights.kept, strict=True):
        array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
        weight.assign(
            array[..., shuffled] if weight.path.startswith("py_netca/exit/colour") else array
        )
    assert expected.std() > 0.02  # or the comparison would say little
    np.testing.assert_allclose(generator(x), expected, atol=5e-5)


@pytest.mark.parametrize(
    ("name", "white"), [("pynet", 1020), ("punet", 1020), ("pynet_ca", 1023), ("awnet_raw", 1020)]
)
def test_inputs_keep_the_black_level(name, white):
    mosaic = np.random.default_rng(0).integers(0, 1024, (8, 12)).astype(np.uint16)
    contract = models.registry.generator_class(name).published
    given = prepare(mosaic, SENSORS["zrr"], Capture(), contract)
    planes = [mosaic[1::2, 1::2], mosaic[0::2, 1::2], mosaic[0::2, 0::2], mosaic[1::2, 0::2]]
    np.testing.assert_allclose(given, np.stack(planes, -1) / white, rtol=1e-6)


@pytest.mark.parametrize("black", [0.0, 511.5])
def test_pynet_ca_sees_minus_one_to_one(black):
    """Its first layer, given 0 for RAW of a half, shows nothing but its bias."""
    generator = models.create("pynet_ca", width=4, depth=2, level=1)
    seen = []
    generator.encoders[0].call = lambda x: seen.append(x) or tf.zeros((*x.shape[:3], 4))
    generator(np.full((1, 8, 8, 4), black / 1023, np.float32))
    np.testing.assert_allclose(seen[0], 2 * black / 1023 - 1, atol=1e-6)


def test_instance_norm_takes_each_picture_by_itself():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (2, 5, 7, 3)).astype(np.float32)
    layer = InstanceNorm(0.5)
    layer.build(x.shape)
    gamma, beta = rng.normal(size=(2, 3)).astype(np.float32)
    layer.scale.assign(gamma)
    layer.shift.assign(beta)
    mean, variance = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)
    expected = gamma * (x - mean) / np.sqrt(variance + 0.5) + beta
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["pynet", "pynet_ca", "punet"])
def test_a_level_shows_each_of_its_pixels_as_a_square(name):
    generator = models.create(name, width=4, depth=3, level=2, seed=1)
    rgb = generator(raw_input(generator, 16, 8)).numpy()
    assert rgb.shape == (1, 32, 16, 3)
    squares = rgb.reshape(8, 4, 4, 4, 3)
    np.testing.assert_array_equal(squares, np.broadcast_to(squares[:, :1, :, :1], squares.shape))
    assert squares[:, 0, :, 0].std() > 0
    assert not any("level1_" in weight.path for weight in generator.weights)


@pytest.mark.parametrize("name", ["pynet", "punet"])
def test_a_level_starts_with_the_weights_of_the_one_below_it(name):
    below = models.create(name, width=4, depth=3, level=2, seed=1)
    for index, weight in enumerate(below.weights):
        weight.assign(tf.fill(weight.shape, float(index)))
    above = below.at_level(1)
    fresh = models.create(name, width=4, depth=3, level=1, seed=1)
    known = {weight.path: weight for weight in below.weights if "/exit/" not in weight.path}
    assert above.level == 1 and not known.keys() - {weight.path for weight in above.weights}
    for weight, first in zip(above.weights, fresh.weights, strict=True):
        expected = known.get(weight.path, first)
        np.testing.assert_array_equal(weight, expected, err_msg=weight.path)
        assert weight.path in known or "/level1_" in weight.path or "/exit/" in weight.path
    assert above.at_level(1) is above


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 6}, "PyNET: width 6 is not a positive multiple of 4"),
        ({"depth": 1}, "PyNET: depth 1 is not one of 2 to 5"),
        ({"depth": 3, "level": 4}, "PyNET: level 4 is not one of 0 to 3"),
        ({"level": 1.5}, "PyNET: level 1.5 is not one of 0 to 5"),
    ],
)
def test_impossible_sizes_are_refused(settings, message):
    with pytest.raises(InputError, match=message):
        models.create("pynet", **settings)
