"""Features of another size: enlarged, or with a border."""

import tensorflow as tf


def doubled(features: tf.Tensor) -> tf.Tensor:
    """Twice the size, linear between pixel centres: PyTorch's `align_corners=False`."""
    enlarged = tf.image.resize(features, 2 * tf.shape(features)[1:3])
    return tf.cast(enlarged, features.dtype)  # it comes as float32, whatever went in


def reflected(features: tf.Tensor, border: int) -> tf.Tensor:
    """Features `[B, h, w, C]` with a border that mirrors them, the outermost place not repeated."""
    sides = [border, border]
    return tf.pad(features, [[0, 0], sides, sides, [0, 0]], "REFLECT")
