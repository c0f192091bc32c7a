"""Instance normalisation: each channel of each picture to mean 0 and deviation 1, then an affine.

arXiv 1607.08022. What an output is depends on the whole picture.
"""

from typing import Any

import keras
import tensorflow as tf

from tfisp.models.generator import at_least_float32


def instance_norm(features: tf.Tensor, epsilon: float = 1e-5) -> tf.Tensor:
    """As `InstanceNorm`, without scale and shift, in the precision of the features.

    The default is PyTorch's constant.
    """
    centred = features - tf.reduce_mean(features, [1, 2], keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), [1, 2], keepdims=True)
    return centred * tf.math.rsqrt(variance + epsilon)


class InstanceNorm(keras.layers.Layer):
    """`scale * (x - mean) / sqrt(variance + epsilon) + shift`, over height and width.

    `[B, h, w, C]` -> the same, computed in float32 at least.
    """

    def __init__(self, epsilon: float, **kwargs: Any) -> None:
        """Takes the constant beside the variance; `name` and `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates scale (1) and shift (0)."""
        shape = (input_shape[-1],)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")
        self.built = True

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays."""
        return input_shape

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Normalises."""
        normalised = instance_norm(at_least_float32(features), self.epsilon)
        scale, shift = (tf.cast(weight, normalised.dtype) for weight in (self.scale, self.shift))
        return tf.cast(scale * normalised + shift, features.dtype)
