"""Mean squared error, the pixel term of pretraining."""

import tensorflow as tf


def mse(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of pixels, per image.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: the same shape.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    return tf.reduce_mean(tf.math.squared_difference(images, references), axis=[1, 2, 3])
