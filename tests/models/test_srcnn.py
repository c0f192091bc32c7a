"""SRCNN against a PyTorch rendering with the same weights."""

import numpy as np
import pytest

from tfisp import models


def test_output_equals_the_pytorch_rendering():
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    generator = models.create("srcnn", seed=1)
    rng = np.random.default_rng(0)
    state = {}
    order = [4 * c + 2 * i + j for i in range(2) for j in range(2) for c in range(3)]
    for name in ("conv1", "conv2", "conv3"):
        layer = getattr(generator, name)
        kernel, bias = layer.get_weights()
        bias = rng.normal(0, 0.1, bias.shape).astype(np.float32)
        layer.set_weights([kernel, bias])
        if name == "conv3":  # PyTorch's channel order[k] is TensorFlow's k
            back = np.argsort(order)
            kernel, bias = kernel[..., back], bias[back]
        state[f"{name}.weight"] = torch.from_numpy(kernel.transpose(3, 2, 0, 1).copy())
        state[f"{name}.bias"] = torch.from_numpy(bias)
    x = rng.uniform(-0.02, 1.2, (2, 10, 13, 4)).astype(np.float32)
    expected = torch_networks.nhwc(torch_networks.srcnn(torch_networks.nchw(x), state))
    np.testing.assert_allclose(generator(x), expected, atol=1e-5)


def test_dark_output_is_not_cut_off():
    generator = models.create("srcnn")
    generator.conv3.bias.assign(np.full(12, -3, np.float32))
    assert np.max(generator(np.ones((1, 8, 8, 4), np.float32))) < 0
