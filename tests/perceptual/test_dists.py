"""DISTS: equality with PyTorch, and derivatives where they break."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tests.helpers.shared import shared
from tfisp.errors import InputError
from tfisp.perceptual import DISTS, backbones
from tfisp.perceptual.convolutional import chain_shapes
from tfisp.perceptual.vgg import NETWORKS


def distorted(x, seed=5):
    noise = np.random.default_rng(seed).normal(0, 0.1, x.shape)
    return np.float32(np.clip(0.9 * x + noise, 0, 1))


@pytest.fixture(scope="module")
def untrained():
    return DISTS(weights="random")


def with_real_channel_weights(dists):
    return DISTS(backbone=dists.backbone, alpha_beta=shared("weights/dists_alpha_beta.npz"))


def torch_value(dists, x, y, alpha, beta):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    arrays = [
        dists.backbone._variables[key].numpy() for key in chain_shapes(NETWORKS["vgg16"].chain)
    ]
    kernels = [torch.from_numpy(a.transpose(3, 2, 0, 1).copy()) for a in arrays if a.ndim == 4]
    biases = [torch.from_numpy(a) for a in arrays if a.ndim == 1]
    sides = [torch_networks.nchw(side) for side in (x, y)]
    weights = [torch.from_numpy(w.reshape(-1)) for w in (alpha, beta)]
    return torch_networks.dists(*sides, kernels, biases, *weights)


def test_values_with_the_published_channel_weights_equal_the_pytorch_rendering(untrained):
    dists = with_real_channel_weights(untrained)
    with np.load(shared("weights/dists_alpha_beta.npz")) as stored:
        alpha, beta = stored["alpha"], stored["beta"]
    x = images(2, 50, 37, 3)
    y = distorted(x)
    expected = torch_value(dists, x, y, alpha, beta)
    assert expected.min() > 0.01
    np.testing.assert_allclose(dists(x, y), expected, rtol=1e-4)


def test_unequal_channel_weights_reach_their_own_channels(untrained, tmp_path):
    rng = np.random.default_rng(1)
    alpha, beta = (rng.uniform(0, 3, (1, 1475)).astype(np.float32) for _ in range(2))
    np.savez(tmp_path / "weights.npz", alpha=alpha, beta=beta)
    dists = DISTS(backbone=untrained.backbone, alpha_beta=tmp_path / "weights.npz")
    x, y = images(1, 32, 32, 3), images(1, 32, 32, 3, seed=1)
    np.testing.assert_allclose(dists(x, y), torch_value(dists, x, y, alpha, beta), rtol=1e-4)


def test_the_published_channel_weights_are_those_of_the_fact_sheet(untrained):
    dists = with_real_channel_weights(untrained)
    sums = [sum(part.sum() for part in parts) for parts in (dists._alphas, dists._betas)]
    np.testing.assert_allclose(sums, [0.876, 0.124], atol=5e-4)


def test_equal_pictures_have_no_distance_and_the_order_does_not_matter(untrained):
    x, y = images(2, 33, 40, 3), images(2, 33, 40, 3, seed=1)
    np.testing.assert_allclose(untrained(x, x), 0.0, atol=1e-6)
    assert np.all(untrained(x, y) > 1e-3)
    assert untrained(x, y).shape == (2,)
    np.testing.assert_allclose(untrained(x, y), untrained(y, x), atol=1e-6)


def test_each_picture_is_judged_alone(untrained):
    x, y = images(3, 24, 24, 3), images(3, 24, 24, 3, seed=1)
    alone = [float(untrained(x[i : i + 1], y[i : i + 1])[0]) for i in range(3)]
    np.testing.assert_allclose(untrained(x, y), alone, rtol=1e-4)


def test_the_gradient_agrees_with_finite_differences(untrained):
    x = tf.constant(np.random.default_rng(0).uniform(size=(1, 16, 16, 3)))  # float64
    y = tf.constant(np.random.default_rng(1).uniform(size=(1, 16, 16, 3)))
    direction = np.random.default_rng(2).normal(size=x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = untrained(x, y)
    slope = (tape.gradient(value, x).numpy() * direction).sum()
    step = 1e-7
    above, below = (untrained(x + s * direction, y).numpy()[0] for s in (step, -step))
    np.testing.assert_allclose((above - below) / (2 * step), slope, rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 2.0])
def test_gradients_are_finite_for_constant_pictures(untrained, value):
    x = tf.fill([1, 24, 24, 3], value)
    for reference in (tf.constant(images(1, 24, 24, 3)), x, tf.zeros_like(x)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            distance = untrained(x, reference)
        assert np.isfinite(distance).all()
        assert np.isfinite(tape.gradient(distance, x)).all()


def test_the_protocol_names_the_trunk_and_random_weights(untrained, tmp_path):
    assert untrained.is_random
    assert untrained.protocol == "dists(random, RGB)"
    assert untrained.backbone.name == "vgg16_torchvision_l2"
    keras_trunk = DISTS("vgg16", weights="random")
    assert keras_trunk.backbone.name == "vgg16_l2"
    backbone = backbones.create("vgg16_l2", "random")
    backbone.is_random = False
    dists = with_real_channel_weights(DISTS(weights="random", backbone=backbone))
    assert dists.protocol == "dists(vgg16, RGB)"


def test_wrong_trunks_and_channel_weights_are_refused(untrained, tmp_path):
    with pytest.raises(InputError, match="did you mean vgg16"):
        DISTS("vgg-16")
    np.savez(tmp_path / "wrong.npz", alpha=np.ones((1, 1475), np.float32))
    with pytest.raises(InputError, match="the weights of DISTS: beta is missing"):
        DISTS(backbone=untrained.backbone, alpha_beta=tmp_path / "wrong.npz")
