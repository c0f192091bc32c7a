"""Huber's error: squared for small differences, absolute for large ones."""

import tensorflow as tf

# Where the parabola turns into a line, in units of the image's range. Usual default
# (`keras.losses.Huber`, `torch.nn.HuberLoss`); for images within 0..1 all differences are below it,
# and only pixels out of range feel the line.
HUBER_DELTA = 1.0


def huber(images: tf.Tensor, references: tf.Tensor, delta: float = HUBER_DELTA) -> tf.Tensor:
    """Mean of `d^2 / 2` where `|d| <= delta`, else of `delta (|d| - delta / 2)`, per image.

    Huber 1964, "Robust estimation of a location parameter".

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: the same shape.
        delta: positive.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    size = tf.abs(images - references)
    small = tf.minimum(size, delta)
    return tf.reduce_mean(small * (size - 0.5 * small), axis=[1, 2, 3])
