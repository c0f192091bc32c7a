"""Mean absolute error: large differences count less than in the mean squared one."""

import tensorflow as tf


def l1(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: the same shape.

    Returns:
        `[B]`, non-negative. Where two pixels are equal, the gradient is taken to be zero.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    return tf.reduce_mean(tf.abs(images - references), axis=[1, 2, 3])
