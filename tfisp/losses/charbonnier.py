"""Charbonnier's error: the absolute one, rounded off at zero."""

import tensorflow as tf

# "epsilon is empirically set to 1e-3": Lai et al. 2017, LapSRN (arXiv 1704.03915), section 3.3.
CHARBONNIER_EPSILON = 1e-3


def charbonnier(
    images: tf.Tensor, references: tf.Tensor, epsilon: float = CHARBONNIER_EPSILON
) -> tf.Tensor:
    """Mean of `sqrt(d^2 + epsilon^2)` over all pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: the same shape.
        epsilon: positive; the difference at which the parabola has turned into a line.

    Returns:
        `[B]`, `epsilon` for equal images.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    square = tf.math.squared_difference(images, references)
    return tf.reduce_mean(tf.sqrt(square + epsilon**2), axis=[1, 2, 3])
