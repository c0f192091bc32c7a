"""Normalisation and padding as the networks of unpaired translation use them."""

import keras
import tensorflow as tf

# Added to variances; PyTorch's default, with which CycleGAN was published.
EPSILON = 1e-5


def instance_norm(x: tf.Tensor) -> tf.Tensor:
    """As `InstanceNorm`, without scale and shift: features `[B, h, w, C]`."""
    mean, variance = tf.nn.moments(x, [1, 2], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)


def reflected(x: tf.Tensor, border: int) -> tf.Tensor:
    """`[B, h, w, C]` mirrored about its outermost samples, `border` wide."""
    sides = [border, border]
    return tf.pad(x, [[0, 0], sides, sides, [0, 0]], "REFLECT")


def normal(deviation: float, seed: int) -> keras.initializers.Initializer:
    """First kernels: normal, as CycleGAN (0.02) and DPED (0.01, truncated there) begin."""
    return keras.initializers.RandomNormal(0.0, deviation, seed)
