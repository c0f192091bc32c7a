"""Losses of pixels: errors between two pictures, and total variation of one."""

import tensorflow as tf

from tfisp.perceptual.views import gaussian_blur

# Where the parabola turns into a line, in units of the image's range. Usual default
# (`keras.losses.Huber`, `torch.nn.HuberLoss`); for images within 0..1 all differences are below it,
# and only pixels out of range feel the line.
HUBER_DELTA = 1.0
# "epsilon is empirically set to 1e-3": Lai et al. 2017, LapSRN (arXiv 1704.03915), section 3.3.
CHARBONNIER_EPSILON = 1e-3


def mse(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same shape.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    return tf.reduce_mean(tf.math.squared_difference(images, references), axis=[1, 2, 3])


def l1(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same shape.

    Returns:
        `[B]`, non-negative. Where two pixels are equal, the gradient is taken to be zero.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    return tf.reduce_mean(tf.abs(images - references), axis=[1, 2, 3])


def huber(images: tf.Tensor, references: tf.Tensor, delta: float = HUBER_DELTA) -> tf.Tensor:
    """Mean of `d^2 / 2` where `|d| <= delta`, else of `delta (|d| - delta / 2)`, per image.

    Huber 1964, "Robust estimation of a location parameter".

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same shape.
        delta: Positive.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    size = tf.abs(images - references)
    small = tf.minimum(size, delta)
    return tf.reduce_mean(small * (size - 0.5 * small), axis=[1, 2, 3])


def charbonnier(
    images: tf.Tensor, references: tf.Tensor, epsilon: float = CHARBONNIER_EPSILON
) -> tf.Tensor:
    """Mean of `sqrt(d^2 + epsilon^2)` over all pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same shape.
        epsilon: Positive; the difference at which the parabola has turned into a line.

    Returns:
        `[B]`, `epsilon` for equal images.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    square = tf.math.squared_difference(images, references)
    return tf.reduce_mean(tf.sqrt(square + epsilon**2), axis=[1, 2, 3])


def blur_mse(images: tf.Tensor, references: tf.Tensor, padding: str = "reflect") -> tf.Tensor:
    """Mean squared difference of the blurred images, per image.

    Eqs. 2-4 of the paper (arXiv 2505.10420), with DPED's kernel of 21x21 pixels. Beyond the border
    the images are mirrored; the published code has black there (see `gaussian_blur`).

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same shape.
        padding: `reflect` or `zero`, as in `gaussian_blur`.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    # A blur is linear: the difference of two blurred images is the blurred difference.
    difference = gaussian_blur(images - references, padding)
    return mse(difference, tf.zeros_like(difference))


def total_variation(images: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of vertical neighbours plus that of horizontal neighbours, per image.

    Eq. 9 of the paper, where each sum is divided by the number of its own differences. The paper
    prints the two denominators exchanged, which matters only for images that are not square; its
    published code divides as here.

    Args:
        images: `[B, H, W, C]` with `H, W >= 2`.

    Returns:
        `[B]`, non-negative; 0 for a constant image.
    """
    vertical = images[:, 1:] - images[:, :-1]
    horizontal = images[:, :, 1:] - images[:, :, :-1]
    axes = [1, 2, 3]
    return tf.reduce_mean(tf.square(vertical), axes) + tf.reduce_mean(tf.square(horizontal), axes)
