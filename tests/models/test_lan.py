"""LAN: equality with PyTorch, its published input, its sizes."""

import numpy as np
import pytest

from tfisp import models
from tfisp.contract import Contract
from tfisp.packing import prepare
from tfisp.rendering import Renderer
from tfisp.sensor import SENSORS, Capture


def random_weights(generator, seed=0):
    """Weights that neither die out nor explode on the way, so that every layer counts."""
    rng = np.random.default_rng(seed)
    arrays = []
    for array in generator.get_weights():
        inputs = array[..., 0].size if array.shape[-1] > 1 or array.ndim < 4 else 25
        deviation = 0.1 if array.ndim == 1 else inputs**-0.5
        arrays.append(rng.normal(0, deviation, array.shape))
    generator.set_weights(arrays)


def torch_state(generator):
    """The weights as PyTorch orders them, under the names of our layers."""
    import torch

    state = {}

    def add(name, layer):
        kernel, *bias = layer.get_weights()
        # A transposed convolution holds [kh, kw, out, in], a depthwise one [kh, kw, C, 1].
        order = (2, 3, 0, 1) if name.endswith("place") else (3, 2, 0, 1)
        state[f"{name}.weight"] = torch.from_numpy(kernel.transpose(order).copy())
        if bias:
            state[f"{name}.bias"] = torch.from_numpy(bias[0])

    for name in ("halve1", "halve2", "first", "last", "double", "join", "exit"):
        add(name, getattr(generator, name))
    for name in ("attention1", "attention2"):
        for part in ("widen", "mix", "squeeze", "excite", "place", "narrow"):
            add(f"{name}.{part}", getattr(getattr(generator, name), part))
    return state


def test_output_equals_the_pytorch_rendering():
    pytest.importorskip("torch")
    from tests.helpers import torch_networks

    generator = models.create("lan")
    random_weights(generator)
    x = np.random.default_rng(1).uniform(-0.02, 1.2, (2, 24, 36, 1)).astype(np.float32)
    state = torch_state(generator)
    expected = torch_networks.nhwc(torch_networks.lan(torch_networks.nchw(x), state))
    assert expected.std() > 0.02  # or the comparison would say little
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


def test_its_input_are_the_samples_as_they_are():
    mosaic = np.random.default_rng(0).integers(0, 1024, (8, 12)).astype(np.uint16)
    given = prepare(mosaic, SENSORS["zrr"], Capture(), models.create("lan").contract)
    np.testing.assert_array_equal(given[..., 0], mosaic)


def test_the_first_weights_are_the_published_small_ones():
    generator = models.create("lan")
    for weight in generator.weights:
        if weight.name == "bias":
            np.testing.assert_allclose(weight, 0.01)
        else:  # a normal distribution cut at two deviations keeps 0.88 of its own
            assert np.abs(weight).max() <= 0.02 + 1e-6
            if weight.shape.num_elements() > 500:
                assert np.std(weight) == pytest.approx(0.0088, rel=0.08)


def test_a_frame_is_rendered_whole_whatever_its_size():
    generator = models.create("lan", contract=Contract("mosaic", 0, 1023))
    random_weights(generator)
    renderer = Renderer(generator, tile=16)
    mosaic = np.random.default_rng(0).integers(0, 1024, (40, 48)).astype(np.uint16)
    whole = generator(prepare(mosaic, SENSORS["zrr"], Capture(), generator.contract)[None])[0]
    np.testing.assert_allclose(renderer.render(mosaic, SENSORS["zrr"]), whole, atol=1e-5)
    assert renderer.render(mosaic[:37, :46], SENSORS["zrr"]).shape == (37, 46, 3)
