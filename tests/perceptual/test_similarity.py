"""MS-SSIM against TensorFlow's and its formula in NumPy, and derivatives where they break."""

import numpy as np
import pytest
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.perceptual import similarity


def pair(*shape, seed=0, noise=0.2):
    rng = np.random.default_rng(seed)
    small = rng.uniform(0, 1, (shape[0], -(-shape[1] // 8), -(-shape[2] // 8), 3))
    reference = np.kron(small, np.ones((1, 8, 8, 1)))[:, : shape[1], : shape[2]]
    image = np.clip(reference + rng.normal(0, noise, reference.shape), 0, 1)
    return image.astype(np.float32), reference.astype(np.float32)


@pytest.mark.parametrize("size", [(161, 161), (176, 200), (187, 163)])
def test_ms_ssim_equals_tensorflows(size):
    image, reference = pair(2, *size, 3)
    expected = tf.image.ssim_multiscale(image, reference, max_val=1.0)
    np.testing.assert_allclose(similarity.ms_ssim(image, reference), expected, rtol=1e-4)


def test_ms_ssim_equals_its_formula_with_scipys_filters():
    ndimage = pytest.importorskip("scipy.ndimage")
    image, reference = pair(1, 176, 176, 3)

    def windowed(x):  # the 11 taps, only where all of them are inside
        x = ndimage.gaussian_filter(x, 1.5, radius=5, axes=(0, 1))
        return x[5:-5, 5:-5]

    x, y = (side[0].astype(float) for side in (image, reference))
    product = np.ones(3)
    for scale, exponent in enumerate((0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
        if scale:
            x, y = (s.reshape(len(s) // 2, 2, len(s) // 2, 2, 3).mean((1, 3)) for s in (x, y))
        mx, my = windowed(x), windowed(y)
        vx, vy = windowed(x * x) - mx**2, windowed(y * y) - my**2
        similar = (2 * (windowed(x * y) - mx * my) + 9e-4) / (vx + vy + 9e-4)
        if scale == 4:
            similar *= (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
        product *= similar.mean((0, 1)) ** exponent
    np.testing.assert_allclose(similarity.ms_ssim(image, reference)[0], product.mean(), rtol=1e-4)


def test_ms_ssim_needs_161_pixels():
    with pytest.raises(InputError, match="160x161 pixels are too small for its five scales"):
        similarity.ms_ssim(*pair(1, 160, 161, 3))


def test_opposite_pictures_have_no_ms_ssim_and_a_finite_gradient():
    # Contrasts of opposite sign: the similarities are negative and count as 0.
    image, _ = pair(1, 161, 161, 3, noise=0.0)
    x = tf.constant(image)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = similarity.ms_ssim(x, 1.0 - image)
    assert float(value[0]) == 0.0
    assert np.isfinite(tape.gradient(value, x)).all()


@pytest.mark.parametrize("name", ["ssim", "ms_ssim", "mean_color_error"])
@pytest.mark.parametrize("value", [0.0, -0.5, 1.0, 1.7])
def test_gradients_are_finite_on_constant_pictures(name, value):
    _, reference = pair(1, 161, 163, 3)
    x = tf.fill([1, 161, 163, 3], value)
    for other in (x, tf.zeros_like(x), tf.constant(reference)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = getattr(similarity, name)(x, other)
        assert np.isfinite(result).all()
        assert np.isfinite(tape.gradient(result, x)).all()


def test_the_gradient_of_ms_ssim_agrees_with_finite_differences():
    image, reference = (tf.constant(side.astype(float)) for side in pair(1, 161, 161, 3))
    direction = np.random.default_rng(2).normal(size=image.shape)
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = similarity.ms_ssim(image, reference)
    slope = (tape.gradient(value, image).numpy() * direction).sum()
    step = 1e-6
    above, below = (
        similarity.ms_ssim(image + s * direction, reference).numpy()[0] for s in (step, -step)
    )
    np.testing.assert_allclose((above - below) / (2 * step), slope, rtol=1e-6)


def test_the_gradient_of_the_color_error_points_along_the_difference():
    reference = tf.zeros([1, 2, 3, 3])
    x = reference + tf.constant([3.0, 0.0, 4.0]) / 255.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = similarity.mean_color_error(x, reference)
    np.testing.assert_allclose(value, [5.0], rtol=1e-5)
    # d / d pixel = 255 * (0.6, 0, 0.8) / 6 pixels
    expected = np.broadcast_to(np.array([25.5, 0.0, 34.0]), (1, 2, 3, 3))
    np.testing.assert_allclose(tape.gradient(value, x), expected, rtol=1e-5)
