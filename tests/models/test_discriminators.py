"""Discriminators: sizes, equality with PyTorch, and second derivatives for every weight."""

import numpy as np
import pytest
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.models.discriminators import PixelCNN, TextureCNN, TokenMLP


def features(*shape, seed=0):
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def torch_state(network, torch):
    """Weights in PyTorch's layouts, numbered from the input on."""
    state = {}
    for index, (kernel, bias) in enumerate(
        zip(network.weights[::2], network.weights[1::2], strict=True)
    ):
        array = kernel.numpy()
        array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
        state[f"w{index}"] = torch.from_numpy(array.copy())
        state[f"b{index}"] = torch.from_numpy(bias.numpy())
    return state


def test_parameter_counts_are_those_of_the_published_networks():
    assert TextureCNN((63, 63, 64)).count_params() == 9_297_585
    assert TextureCNN((15, 15, 256)).count_params() == 1_663_665
    assert TokenMLP((196, 768)).count_params() == 656_897


def test_the_critic_of_pixels_has_the_layers_of_dped():
    # Kernels and widths of systems.md D2; 100 pixels are 25, 13 and 7 after the strides.
    network = PixelCNN((100, 100, 3))
    assert [layer.kernel.shape for layer in network.convolutions] == [
        (11, 11, 3, 48),
        (5, 5, 48, 128),
        (3, 3, 128, 192),
        (3, 3, 192, 192),
        (3, 3, 192, 128),
    ]
    assert network.dense.kernel.shape == (7 * 7 * 128, 1024)


def test_all_weights_exist_and_are_trainable_before_the_first_use():
    for network in (TextureCNN((15, 15, 8)), TokenMLP((9, 16))):
        assert len(network.trainable_variables) == len(network.weights) > 0


@pytest.mark.parametrize("size", [(15, 15), (16, 16), (13, 18)])
def test_texture_scores_equal_the_pytorch_rendering(size):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    network = TextureCNN((*size, 6), seed=1)
    for bias in network.weights[1::2]:
        bias.assign(features(*bias.shape, seed=2))
    x = features(3, *size, 6)
    expected = torch_networks.texture_critic(torch_networks.nchw(x), torch_state(network, torch))
    np.testing.assert_allclose(network(x), expected, rtol=1e-4, atol=1e-5)


def test_pixel_scores_equal_the_pytorch_rendering():
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    network = PixelCNN((40, 53, 3), seed=1)
    for bias in network.weights[1::2]:
        bias.assign(features(*bias.shape, seed=2))
    x = features(2, 40, 53, 3)
    expected = torch_networks.pixel_critic(torch_networks.nchw(x), torch_state(network, torch))
    np.testing.assert_allclose(network(x), expected, rtol=1e-4, atol=1e-5)


def test_token_scores_equal_the_pytorch_rendering():
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    network = TokenMLP((9, 16), seed=1)
    for bias in network.weights[1::2]:
        bias.assign(features(*bias.shape, seed=2))
    x = features(3, 9, 16)
    expected = torch_networks.token_critic(torch.from_numpy(x), torch_state(network, torch))
    np.testing.assert_allclose(network(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16, 6), (9, 16)])
def test_a_gradient_penalty_reaches_every_weight_it_depends_on(shape):
    network = TextureCNN(shape) if len(shape) == 3 else TokenMLP(shape)
    x = tf.constant(features(2, *shape))

    def penalty_gradients():
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = tf.reduce_sum(network(x))
            gradient = inner.gradient(score, x)
            penalty = tf.reduce_sum(gradient**2)
        return outer.gradient(penalty, [v.value for v in network.trainable_variables])

    eager, graph = penalty_gradients(), tf.function(penalty_gradients)()
    for variable, a, b in zip(network.trainable_variables, eager, graph, strict=True):
        if "bias" in variable.path:  # piecewise linear networks: the gradient does not depend on it
            assert a is None or np.abs(a).max() == 0
            continue
        assert np.abs(a).max() > 0, variable.path
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7)


def test_the_penalty_gradient_agrees_with_finite_differences():
    network = TextureCNN((8, 8, 3), seed=4, dtype="float64")
    for variable in network.weights:
        variable.assign(3 * variable)  # scores, and with them penalties, of the order of 1
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 8, 8, 3)))

    def penalty():
        with tf.GradientTape() as inner:
            inner.watch(x)
            score = tf.reduce_sum(network(x))
        return tf.reduce_sum(inner.gradient(score, x) ** 2)

    kernel = network.convolutions[1].kernel
    with tf.GradientTape() as tape:
        value = penalty()
    gradient = tape.gradient(value, kernel.value).numpy()
    direction = np.random.default_rng(1).normal(size=kernel.shape)
    # Small enough to stay on one side of every kink: the slope of a LeakyReLU network jumps at
    # them.
    step, start = 1e-8, kernel.numpy()
    kernel.assign(start + step * direction)
    above = penalty().numpy()
    kernel.assign(start - step * direction)
    below = penalty().numpy()
    np.testing.assert_allclose(
        (above - below) / (2 * step), (gradient * direction).sum(), rtol=1e-5
    )


def test_first_weights_are_uniform_within_one_over_the_root_of_fan_in():
    network = TextureCNN((15, 15, 64))
    for layer in (*network.convolutions, network.dense):
        kernel = layer.kernel.numpy()
        bound = 1 / np.sqrt(np.prod(kernel.shape[:-1]))
        assert 0.98 * bound < np.abs(kernel).max() <= bound
        assert np.abs(kernel.std() / (bound / np.sqrt(3)) - 1) < 0.02


def test_layers_of_equal_shape_start_with_different_weights():
    network = TokenMLP((4, 512))
    first, second = (layer.kernel.numpy() for layer in network.hidden_layers)
    assert np.abs(first - second).max() > 0
    np.testing.assert_array_equal(first, TokenMLP((4, 512)).hidden_layers[0].kernel)
    assert np.abs(first - TokenMLP((4, 512), seed=1).hidden_layers[0].kernel).max() > 0


def test_features_of_the_wrong_kind_are_refused():
    with pytest.raises(InputError, match=r"\[h, w, C\]"):
        TextureCNN((196, 768))
    with pytest.raises(InputError, match=r"\[tokens, width\]"):
        TokenMLP((63, 63, 64))
