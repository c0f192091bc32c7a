"""Each loss against numbers found by hand or by NumPy, and its gradient where it could break."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfisp import losses


def test_feature_mse_is_the_mean_over_all_elements_of_one_image():
    a = tf.constant([[[[1.0, 2.0]]], [[[0.0, 0.0]]]])
    b = tf.constant([[[[0.0, 4.0]]], [[[3.0, 1.0]]]])
    np.testing.assert_allclose(losses.feature_mse(a, b), [(1 + 4) / 2, (9 + 1) / 2])


def test_mse_by_hand():
    a = tf.constant([[[[0.5, 0.0, 1.0]]]])
    b = tf.constant([[[[0.0, 0.0, 0.5]]]])
    np.testing.assert_allclose(losses.mse(a, b), [0.5 / 3], rtol=1e-6)


@pytest.mark.parametrize("loss", [losses.mse, losses.feature_mse])
def test_different_sizes_are_refused(loss):
    with pytest.raises(ValueError, match="Shapes"):
        loss(tf.zeros([1, 4, 4, 3]), tf.zeros([1, 4, 8, 3]))


def test_total_variation_by_hand():
    # One channel, 2x3: vertical differences 3, 3, 3; horizontal 1, 1, 1, 1.
    image = tf.constant([[[[0.0], [1.0], [2.0]], [[3.0], [4.0], [5.0]]]])
    np.testing.assert_allclose(losses.total_variation(image), [9.0 + 1.0])


def test_total_variation_equals_the_published_sums():
    # [off:tv_loss.py] as systems.md A3.2 states it: sums over H-1 rows and W-1 columns, each by its
    # own count.
    x = np.random.default_rng(0).uniform(size=(2, 5, 7, 3))
    expected = [
        ((i[1:] - i[:-1]) ** 2).sum() / (4 * 7 * 3)
        + ((i[:, 1:] - i[:, :-1]) ** 2).sum() / (5 * 6 * 3)
        for i in x
    ]
    np.testing.assert_allclose(losses.total_variation(tf.constant(x)), expected, rtol=1e-12)


def test_generator_loss_by_hand():
    found = losses.generator_loss(tf.constant([0.0, 2.0]), tf.constant([0.0, -1.0]))
    np.testing.assert_allclose(found, [math.log(2), math.log1p(math.exp(3.0))], rtol=1e-6)


def test_critic_loss_of_a_linear_critic_by_hand():
    # D(x) = 2 x0 - x1: its squared slope is 5 everywhere.
    def critic(x):
        return 2 * x[:, 0] - x[:, 1]

    parts = losses.critic_loss(
        critic, tf.constant([[1.0, 1.0]]), tf.constant([[0.0, 3.0]]), gamma=10.0
    )
    assert parts["real_scores"].numpy() == [1.0]
    assert parts["fake_scores"].numpy() == [-3.0]
    np.testing.assert_allclose(parts["adversarial"], [math.log1p(math.exp(-4.0))], rtol=1e-5)
    np.testing.assert_allclose(parts["r1"], [25.0])
    np.testing.assert_allclose(parts["r2"], [25.0])


def test_penalty_gradients_agree_with_finite_differences_in_float64():
    rng = np.random.default_rng(1)
    weights = tf.Variable(rng.normal(size=(4, 3)))
    head = tf.Variable(rng.normal(size=(3,)))
    real, fake = tf.constant(rng.normal(size=(2, 4))), tf.constant(rng.normal(size=(2, 4)))

    def loss():
        def critic(x):
            return tf.linalg.matvec(tf.math.tanh(x @ weights), head)

        parts = losses.critic_loss(critic, real, fake, gamma=7.0)
        return tf.reduce_sum(parts["adversarial"] + parts["r1"] + parts["r2"])

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [weights, head])
    for variable, gradient in zip([weights, head], gradients, strict=True):
        start, step = variable.numpy(), 1e-6
        for index in np.ndindex(start.shape):
            shift = np.zeros_like(start)
            shift[index] = step
            variable.assign(start + shift)
            above = loss().numpy()
            variable.assign(start - shift)
            below = loss().numpy()
            variable.assign(start)
            assert gradient.numpy()[index] == pytest.approx(
                (above - below) / (2 * step), rel=1e-6, abs=1e-7
            )


@pytest.mark.parametrize("value", [0.0, -0.5, 1.7])
@pytest.mark.parametrize("name", ["mse", "feature_mse", "total_variation"])
def test_gradients_are_finite_on_constant_images(name, value):
    image = tf.fill([1, 4, 4, 3], value)
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = getattr(losses, name)
        result = loss(image) if name == "total_variation" else loss(image, tf.zeros_like(image))
    assert np.isfinite(tape.gradient(result, image)).all()


def test_penalty_of_a_critic_without_slope_has_a_finite_gradient():
    layer = tf.Variable(tf.zeros([3]))
    with tf.GradientTape() as tape:
        parts = losses.critic_loss(
            lambda x: tf.linalg.matvec(x, layer), tf.zeros([2, 3]), tf.zeros([2, 3]), gamma=1000.0
        )
        loss = tf.reduce_sum(parts["r1"] + parts["r2"] + parts["adversarial"])
    assert np.isfinite(tape.gradient(loss, layer)).all()
