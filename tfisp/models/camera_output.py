"""Output "camera" in a graph: what `tfisp.rendering.camera_colour` does, in TensorFlow.

For losses behind the matrix, and for the whole ISP in one file.
"""

import tensorflow as tf

from tfisp.color import ENCODED_OFFSET, ENCODED_POWER, ENCODED_SLOPE, LINEAR_END
from tfisp.companding import companding_numbers


def finished(values: tf.Tensor, matrices: tf.Tensor) -> tf.Tensor:
    """Camera RGB as a generator gives it, taken to sRGB by each camera's own matrix.

    Args:
        values: `[B, H, W, 3]` under the curve of companding "sqrt".
        matrices: `[B or 1, 3, 3]`, balanced camera RGB as a column to linear sRGB.

    Returns:
        `[B, H, W, 3]` sRGB-encoded, not clipped; gradients are finite everywhere.
    """
    return encode_srgb(tf.einsum("bhwc,bdc->bhwd", expand(values), matrices))


def expand(values: tf.Tensor) -> tf.Tensor:
    """`tfisp.companding.expand` in operations that every runtime has: ABS, MUL, ADD, MUL."""
    root, span = companding_numbers()
    return values * (span * span * tf.abs(values) + 2 * span * root)


def encode_srgb(linear: tf.Tensor) -> tf.Tensor:
    """`tfisp.color.encode_srgb` for tensors of any shape."""
    power = tf.maximum(linear, LINEAR_END) ** (1 / ENCODED_POWER)
    curved = (1 + ENCODED_OFFSET) * power - ENCODED_OFFSET
    return tf.where(linear <= LINEAR_END, ENCODED_SLOPE * linear, curved)
