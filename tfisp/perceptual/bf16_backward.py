"""Products whose gradient, and only that, is computed in half precision.

A frozen network's features stay in single precision: rounded to bfloat16, they turn the gradients
of the losses that read them by more than the cosine of 0.999 that docs/PRECISION.md asks for, as
what counts of them are differences. The gradient that flows back from them to the image bears it:
with all its products rounded the cosine stays above 0.999.

Images in double precision, as tests show them, are taken as such.
"""

from collections.abc import Callable

import tensorflow as tf

# (upstream) -> the gradient for what the product was taken of
Backward = Callable[[tf.Tensor], tf.Tensor]
Padding = str | list[list[int]]


def matmul(x: tf.Tensor, y: tf.Tensor, dtype: tf.DType, transpose: bool = False) -> tf.Tensor:
    """`x y`, or `x y^T`, of matrices in the last two axes.

    Args:
        x: `[..., n, k]`.
        y: `[..., k, m]`, or `[..., m, k]` if transposed.
        dtype: Of the backward pass.
        transpose: Whether to take `y^T`.
    """
    if _is_plain(x, dtype):
        return tf.matmul(x, y, transpose_b=transpose)

    @tf.custom_gradient
    def product(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            g, a, b = (tf.cast(tensor, dtype) for tensor in (upstream, x, y))
            to_x = tf.matmul(g, b, transpose_b=not transpose)
            to_y = tf.matmul(*((g, a) if transpose else (a, g)), transpose_a=True)
            return tf.cast(to_x, x.dtype), tf.cast(to_y, y.dtype)

        return tf.matmul(x, y, transpose_b=transpose), backward

    return product(x, y)


def conv2d(
    x: tf.Tensor, kernel: tf.Tensor, stride: int, padding: Padding, dtype: tf.DType
) -> tf.Tensor:
    """A convolution with a frozen kernel.

    Args:
        x: `[B, h, w, in]`.
        kernel: `[k, k, in, out]`; no gradient flows to it.
        stride: Along both axes.
        padding: As `tf.nn.conv2d` takes it.
        dtype: Of the backward pass.
    """
    if _is_plain(x, dtype):
        return tf.nn.conv2d(x, kernel, stride, padding)

    @tf.custom_gradient
    def convolution(x: tf.Tensor) -> tuple[tf.Tensor, Backward]:
        def backward(upstream: tf.Tensor) -> tf.Tensor:
            g, k = tf.cast(upstream, dtype), tf.cast(kernel, dtype)
            return tf.cast(tf.nn.conv2d_transpose(g, k, tf.shape(x), stride, padding), x.dtype)

        return tf.nn.conv2d(x, kernel, stride, padding), backward

    return convolution(x)


def _is_plain(x: tf.Tensor, dtype: tf.DType) -> bool:
    return dtype == tf.float32 or x.dtype == tf.float64
