"""RMFA-Net: equality with PyTorch, its published input, its sizes."""

import numpy as np
import pytest

from tests.helpers.shared import shared
from tfisp import models
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.packing import prepare
from tfisp.rendering import Renderer
from tfisp.sensor import SENSORS, Capture

# Layer of a block -> its name in the released checkpoints.
BLOCK = {
    "high_frequencies": "texture_module.high_freq.0",
    "low_frequencies": "texture_module.low_freq.0",
    "tone1": "tone_mapping.level1.1",
    "tone2": "tone_mapping.level2.1",
    "tone3": "tone_mapping.level3.0",
    "fusion": "fusion.0",
    "squeeze": "channel_attention.fc.0",
    "excite": "channel_attention.fc.2",
    "place": "spatial_attention.conv",
}


def layers(generator):
    """Name in the released checkpoints -> layer."""
    found = {"input_module.0": generator.entry1, "input_module.1": generator.entry2}
    for index, block in enumerate(generator.blocks):
        for ours, theirs in BLOCK.items():
            found[f"rmfa_blocks.{index}.{theirs}"] = getattr(block, ours)
    return {**found, "output_module.0": generator.exit}


@pytest.mark.parametrize(
    ("name", "width"), [("rmfa_net_tiny", 16), ("rmfa_net_tiny", 32), ("rmfa_net_medium", 16)]
)
def test_output_equals_the_pytorch_rendering(name, width):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    generator = models.create(name, width=width, seed=1)
    rng = np.random.default_rng(0)
    state = {}
    for theirs, layer in layers(generator).items():
        kernel, *bias = layer.get_weights()
        bias = [rng.normal(0, 0.1, b.shape).astype(np.float32) for b in bias]
        layer.set_weights([kernel, *bias])
        state[f"{theirs}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        if bias:
            state[f"{theirs}.bias"] = torch.from_numpy(bias[0])
    x = rng.uniform(-0.02, 1.2, (2, 12, 20, 3)).astype(np.float32)
    expected = torch_networks.nhwc(torch_networks.rmfa_net(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


@pytest.mark.slow
def test_released_weights_give_the_same_picture_as_in_pytorch():
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    path = shared("official/RMFA_TINY_unpaired_step_48270.pth")
    state = torch.load(path, weights_only=True, map_location="cpu")
    generator = models.create("rmfa_net_tiny")
    found = layers(generator)
    assert sum(len(layer.weights) for layer in found.values()) == len(state)
    for theirs, layer in found.items():
        names = [f"{theirs}.weight", f"{theirs}.bias"]
        arrays = [state[name].numpy() for name in names if name in state]
        layer.set_weights([arrays[0].transpose(2, 3, 1, 0), *arrays[1:]])
    x = np.random.default_rng(0).uniform(0, 1.2, (1, 64, 48, 3)).astype(np.float32)
    expected = torch_networks.nhwc(torch_networks.rmfa_net(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


def test_its_input_is_the_published_one():
    mosaic = np.random.default_rng(0).integers(0, 4093, (8, 12)).astype(np.uint16)
    contract = models.create("rmfa_net_tiny").contract
    given = prepare(mosaic, SENSORS["ultraisp"], Capture(), contract)
    expected = np.ones((8, 12, 3))
    scaled = np.maximum(mosaic.astype(float) - 63, 0) / 1023
    expected[0::2, 0::2, 0] = scaled[0::2, 0::2]
    expected[0::2, 1::2, 1] = scaled[0::2, 1::2]
    expected[1::2, 0::2, 1] = scaled[1::2, 0::2]
    expected[1::2, 1::2, 2] = scaled[1::2, 1::2]
    np.testing.assert_allclose(given, expected, rtol=1e-6)
    assert given.min() == 0  # below black: cut off


def test_the_width_travels_with_the_preset(tmp_path):
    generator = models.create("rmfa_net_tiny", width=32)
    folder = models.save_to_preset(generator, tmp_path / "wide")
    assert models.from_preset(folder).width == 32


@pytest.mark.parametrize("width", [0, -16, 20, 16.0, "16"])
def test_a_width_that_the_attention_cannot_divide_is_refused(width):
    with pytest.raises(InputError, match="multiple of 16"):
        models.create("rmfa_net_tiny", width=width)


def test_a_frame_is_rendered_whole_whatever_its_size():
    generator = models.create("rmfa_net_tiny", contract=Contract("split"), seed=3)
    renderer = Renderer(generator, tile=16)
    mosaic = np.random.default_rng(0).integers(0, 1024, (40, 48)).astype(np.uint16)
    whole = generator(prepare(mosaic, SENSORS["zrr"], Capture(), generator.contract)[None])[0]
    np.testing.assert_allclose(renderer.render(mosaic, SENSORS["zrr"]), whole, atol=1e-5)
    assert renderer.render(mosaic[:37, :46], SENSORS["zrr"]).shape == (37, 46, 3)
    with pytest.raises(InputError, match="at least 4 pixels"):
        renderer.render(mosaic[:2], SENSORS["zrr"])
