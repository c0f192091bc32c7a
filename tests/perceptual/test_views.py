"""Views: values against SciPy-style formulas and PyTorch, and derivatives where they break
easily."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.perceptual import separable, views


def lightness(rgb):
    """CIELAB's L by the textbook, in double precision, for one linear-then-weighted pixel at a
    time."""
    flat = rgb.reshape(-1, 3).astype(float)
    out = []
    for pixel in flat:
        linear = [((v + 0.055) / 1.055) ** 2.4 if v > 0.04045 else v / 12.92 for v in pixel]
        y = 0.212671 * linear[0] + 0.715160 * linear[1] + 0.072169 * linear[2]
        f = y ** (1 / 3) if y > 0.008856 else 7.787 * y + 4 / 29
        out.append(116 * f - 16)
    return np.reshape(out, rgb.shape[:-1])


def test_luminance_is_the_l_of_cielab_also_outside_the_range():
    x = images(2, 9, 8, 3, low=-0.3, high=1.6)
    found = views.view("luminance", tf.constant(x))
    np.testing.assert_allclose(found[..., 0] * 100, lightness(x), atol=2e-4)
    for channel in (1, 2):
        np.testing.assert_array_equal(found[..., channel], found[..., 0])


def test_luminance_agrees_with_scikit_image():
    color = pytest.importorskip("skimage.color")
    x = images(1, 32, 32, 3)
    expected = color.rgb2lab(x.astype(float))[..., 0] / 100
    np.testing.assert_allclose(views.luminance(tf.constant(x))[..., 0], expected, atol=1e-5)


def test_luminance_of_known_greys():
    x = tf.constant([0.0, 1.0, 0.5])[:, None, None, None] * tf.ones([3, 1, 1, 3])
    np.testing.assert_allclose(views.luminance(x)[:, 0, 0, 0], [0.0, 1.0, 0.53389], atol=1e-4)


@pytest.mark.parametrize("name", list(views.VIEWS))
@pytest.mark.parametrize("value", [0.0, 0.04045, 0.008856, 1.0, -0.2, 2.5, 1e-30])
def test_derivatives_are_finite_everywhere(name, value):
    x = tf.fill([1, 24, 24, 3], value)

    def derivatives():
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(views.view(name, x) ** 2)
            first = inner.gradient(total, x)
            slope = tf.reduce_sum(first**2)
        return first, outer.gradient(slope, x)

    for derivative in (*derivatives(), *tf.function(derivatives)()):
        assert np.isfinite(derivative).all()


def test_luminance_gradient_agrees_with_finite_differences():
    x = tf.constant(np.random.default_rng(0).uniform(-0.1, 1.3, (1, 6, 6, 3)))  # float64
    direction = np.random.default_rng(1).normal(size=x.shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(views.luminance(x) ** 2)
    slope = (tape.gradient(total, x).numpy() * direction).sum()
    step = 1e-7
    above, below = (tf.reduce_sum(views.luminance(x + s * direction) ** 2) for s in (step, -step))
    np.testing.assert_allclose((above - below) / (2 * step), slope, rtol=1e-5)


def test_gray_weighs_colours_by_luma():
    x = tf.constant([[[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]]])
    np.testing.assert_allclose(views.gray(x)[0, 0, :, 0], [0.299, 0.587, 0.114], rtol=1e-6)
    assert views.gray(x).shape == (1, 1, 3, 3)


@pytest.mark.parametrize("padding", separable.PADDINGS)
@pytest.mark.parametrize("size", [(64, 96), (256, 256)])
def test_blur224_is_the_blur_followed_by_a_bilinear_resize(padding, size):
    x = tf.constant(images(1, *size, 3))
    in_two = tf.image.resize(views.gaussian_blur(x, padding), (224, 224))
    np.testing.assert_allclose(views.blur224(x, padding), in_two, atol=1e-5)


def test_declared_sizes_are_the_real_ones():
    x = images(1, 20, 30, 3)
    for name in views.VIEWS:
        assert views.view(name, x).shape[1:3] == views.view_size(name, (20, 30))


def test_means_are_those_of_whole_squares_and_of_what_is_left_at_the_border():
    x = images(2, 8, 10, 3)
    found = views.view("mean4", tf.constant(x))
    expected = x[:, :, :8].reshape(2, 2, 4, 2, 4, 3).mean((2, 4))
    np.testing.assert_allclose(found[:, :, :2], expected, rtol=1e-6)
    np.testing.assert_allclose(found[:, 0, 2], x[:, :4, 8:].mean((1, 2)), rtol=1e-6)


def test_rgb_shows_the_image_itself():
    x = tf.constant(images(1, 4, 4, 3, low=-1, high=2))
    np.testing.assert_array_equal(views.view("rgb", x), x)


def test_clipped_shows_the_image_cut_off():
    x = tf.constant([-0.5, 0.0, 0.25, 1.0, 1.5])[None, None, :, None]
    np.testing.assert_array_equal(views.view("clipped", x)[0, 0, :, 0], [0, 0, 0.25, 1, 1])


def test_a_mistyped_view_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="luminance"):
        views.view("luminence", tf.zeros([1, 4, 4, 3]))
