"""A convolution that ends in a PReLU with a slope per channel (arXiv 1502.01852)."""

from typing import Any

import keras
import tensorflow as tf

from tfisp.models.instance_norm import InstanceNorm
from tfisp.models.parts import Block
from tfisp.models.resizing import reflected

# Keras' and TensorFlow Addons' own constant beside the variance.
EPSILON = 1e-3


# Where its paper and PyTorch start a slope. From 0, where Keras does, a feature that begins
# negative everywhere gives the layers in front of it no gradient.
_SLOPE = 0.25


def channel_prelu(policy: keras.DTypePolicy) -> keras.layers.PReLU:
    """A PReLU with a slope for each channel."""
    start = keras.initializers.Constant(_SLOPE)
    return keras.layers.PReLU(start, shared_axes=[1, 2], dtype=policy)


class PReLUConvolution(Block):
    """`[B, h, w, C]` -> `[B, h', w', filters]`; normalised in between, if wanted."""

    def __init__(
        self,
        filters: int,
        size: int,
        seed: int,
        *,
        strides: int = 1,
        padding: str = "same",
        normalised: bool = False,
        **kwargs: Any,
    ) -> None:
        """Makes the layers.

        Args:
            filters: Channels of the output.
            size: Of the square kernel.
            seed: Of the first kernel.
            strides: Places from one output to the next.
            padding: `same` pads with zeros, `reflect` mirrors, both so that height and width stay;
                `valid` does not pad.
            normalised: Whether `InstanceNorm` stands between convolution and PReLU.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.filters = filters
        self.border = size // 2 if padding == "reflect" else 0
        self.conv = keras.layers.Conv2D(
            filters,
            size,
            strides,
            padding="same" if padding == "same" else "valid",
            kernel_initializer=keras.initializers.HeNormal(seed),
            dtype=self.dtype_policy,
        )
        self.norm = InstanceNorm(EPSILON, dtype=self.dtype_policy) if normalised else None
        self.slope = channel_prelu(self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        self.conv.build(input_shape)
        for layer in (self.norm, self.slope):
            if layer is not None:
                layer.build((None, None, None, self.filters))
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Convolves, normalises, bends."""
        if self.border:
            features = reflected(features, self.border)
        features = self.conv(features)
        return self.slope(features if self.norm is None else self.norm(features))
