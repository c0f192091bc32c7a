"""Generators: equality of the smallest with PyTorch, contracts, names."""

import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.shared import shared
from tfisp import models
from tfisp.contract import Contract
from tfisp.errors import InputError


def raw(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-0.02, 1.2, shape).astype(np.float32)


def set_from_torch(generator, state):
    """Copies PyTorch weights: kernels OIHW -> HWIO, and the last layer's channels re-ordered.

    PyTorch's pixel shuffle reads channel `4 c + 2 i + j` for colour c at row i, column j;
    TensorFlow's depth to space reads `3 (2 i + j) + c`.
    """
    order = [4 * c + 2 * i + j for i in range(2) for j in range(2) for c in range(3)]
    for name in ("conv1", "conv2", "conv3"):
        kernel = state[f"{name}.weight"].numpy().transpose(2, 3, 1, 0)
        bias = state[f"{name}.bias"].numpy()
        if name == "conv3":
            kernel, bias = kernel[..., order], bias[order]
        getattr(generator, name).set_weights([kernel, bias])


@pytest.mark.parametrize(("name", "widths"), [("efficient_isp", (12, 12)), ("robust_isp", (16, 4))])
def test_output_equals_the_pytorch_rendering(name, widths):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    torch.manual_seed(0)
    sizes = {"conv1": (4, widths[0]), "conv2": widths, "conv3": (widths[1], 12)}
    state = {}
    for layer, (inputs, outputs) in sizes.items():
        state[f"{layer}.weight"] = torch.randn(outputs, inputs, 3, 3) * 0.3
        state[f"{layer}.bias"] = torch.randn(outputs) * 0.3
    generator = models.create(name)
    set_from_torch(generator, state)
    x = raw(2, 10, 13, 4)
    expected = torch_networks.nhwc(torch_networks.plain_isp(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("efficient_isp", "official/Efficient_ISP_unpaired_step_30750.pth"),
        ("robust_isp", "official/Robust_unpaired_step_66090.pth"),
    ],
)
def test_released_weights_give_the_same_picture_as_in_pytorch(name, file):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    state = torch.load(shared(file), weights_only=True, map_location="cpu")
    generator = models.create(name)
    set_from_torch(generator, state)
    x = raw(1, 64, 48, 4)
    expected = torch_networks.nhwc(torch_networks.plain_isp(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


def test_values_above_one_are_not_cut_off():
    generator = models.create("efficient_isp")
    generator.conv3.bias.assign(tf.fill([12], 3.0))
    assert np.max(generator(raw(1, 8, 8, 4))) > 1


def test_the_contract_travels_with_the_settings():
    contract = Contract(white_level=4095, black_level=256)
    generator = models.create("efficient_isp", contract=contract)
    assert type(generator).from_config(generator.get_config()).contract == contract


def test_a_contract_for_another_form_is_refused():
    with pytest.raises(InputError, match="takes packed input"):
        models.create("efficient_isp", contract=Contract(form="split"))


def test_a_mistyped_name_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="efficient_isp"):
        models.create("eficient_isp")


def test_naming_generators_does_not_load_tensorflow():
    code = (
        "import sys, tfisp.models as m; m.names(); m.preset_names();"
        "print('tensorflow' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
