"""Each loss of pixels against numbers found by hand or by NumPy."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfisp import losses


def test_mse_by_hand():
    a = tf.constant([[[[0.5, 0.0, 1.0]]]])
    b = tf.constant([[[[0.0, 0.0, 0.5]]]])
    np.testing.assert_allclose(losses.mse(a, b), [0.5 / 3], rtol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [
        losses.mse,
        losses.l1,
        losses.huber,
        losses.charbonnier,
        losses.blur_mse,
    ],
)
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


def test_l1_by_hand():
    a = tf.constant([[[[0.5, 0.0, 1.0]]], [[[0.0, 0.0, -3.0]]]])
    b = tf.constant([[[[0.0, 0.0, 1.5]]], [[[0.0, 0.0, 0.0]]]])
    np.testing.assert_allclose(losses.l1(a, b), [1 / 3, 1.0], rtol=1e-6)


def test_huber_by_hand():
    a = tf.constant([[[[0.5, -1.0, 3.0]]]])
    np.testing.assert_allclose(
        losses.huber(a, tf.zeros_like(a)), [(0.125 + 0.5 + 2.5) / 3], rtol=1e-6
    )
    np.testing.assert_allclose(
        losses.huber(a, tf.zeros_like(a), delta=0.5), [(0.125 + 0.375 + 1.375) / 3], rtol=1e-6
    )


def test_huber_equals_keras():
    a, b = (np.random.default_rng(s).normal(size=(3, 4, 5, 3)).astype("float32") for s in (0, 1))
    expected = [keras.losses.Huber()(y, x) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(losses.huber(tf.constant(a), tf.constant(b)), expected, rtol=1e-5)


def test_charbonnier_by_hand():
    a = tf.constant([[[[0.0, 0.001, 0.4]]]], tf.float64)
    expected = (1e-3 + math.sqrt(2) * 1e-3 + math.hypot(0.4, 1e-3)) / 3
    np.testing.assert_allclose(losses.charbonnier(a, tf.zeros_like(a)), [expected], rtol=1e-12)


def test_blur_mse_equals_scipys_blur_of_both_images():
    ndimage = pytest.importorskip("scipy.ndimage")
    stats = pytest.importorskip("scipy.stats")
    # gauss_kernel(21, nsig=3) of DPED, written from its description (systems.md A3.9).
    edge = 3 + (2 * 3 + 1) / 21 / 2
    kernel = np.sqrt(np.diff(stats.norm.cdf(np.linspace(-edge, edge, 22))))
    kernel /= kernel.sum()
    a, b = (np.random.default_rng(s).uniform(size=(2, 30, 41, 3)) for s in (0, 1))

    def blurred(x):
        for axis in (1, 2):
            x = ndimage.correlate1d(x, kernel, axis, mode="mirror")
        return x

    expected = ((blurred(a) - blurred(b)) ** 2).mean((1, 2, 3))
    np.testing.assert_allclose(losses.blur_mse(tf.constant(a), tf.constant(b)), expected, rtol=1e-8)


def test_blur_mse_sees_a_cast_and_not_a_checkerboard():
    image = np.full((1, 32, 32, 3), 0.5, "float32")
    board = np.indices((32, 32)).sum(0)[None, ..., None] % 2 * 0.2 - 0.1
    cast = losses.blur_mse(tf.constant(image + np.float32(0.1)), tf.constant(image))
    texture = losses.blur_mse(tf.constant(np.float32(image + board)), tf.constant(image))
    np.testing.assert_allclose(cast, [0.01], rtol=1e-4)
    assert float(texture[0]) < 1e-6
