"""Discriminators: small networks that tell photographs from rendered pictures by their features.

Both see features of a frozen network (arXiv 2505.10420, sections 3.4 and 3.5, Fig. 3) and give one
score per image, higher for what seems real. All their weights exist as soon as they are made: the
published code made its first dense layer only when it was first used, after the optimizer had
listed what to train, and so never trained it.

Their first weights are PyTorch's default, uniform within 1 / sqrt(fan-in): the strength of the
gradient penalties is tuned to scores of that size, about a quarter of what He's initialisation
gives per layer. Biases start at zero.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.models.generator import at_least_float32
from tfisp.seeds import layer_seeds

_LEAK = 0.2  # slope of LeakyReLU below zero (DPED, and the published code)


class TokenMLP(keras.Model):
    """Judges a Vision Transformer's tokens, each by the same dense layers; the scores are averaged.

    Features `[B, tokens, width]` float32 -> `[B]`. For ViT-B/16: 768-512-512-1, 656,897 parameters.
    """

    def __init__(
        self,
        feature_shape: Sequence[int],
        seed: int = 0,
        hidden: Sequence[int] = (512, 512),
        **kwargs: Any,
    ) -> None:
        """Makes all weights.

        Args:
            feature_shape: `(tokens, width)` of one image's features.
            seed: Of the first weights.
            hidden: Widths of the hidden layers.
            **kwargs: `name` and `dtype`, as in Keras.

        Raises:
            InputError: if that is no shape of tokens.
        """
        super().__init__(**kwargs)
        if len(feature_shape) != 2:
            raise InputError(
                f"a token critic judges features [tokens, width], got {tuple(feature_shape)}"
            )
        policy = self.dtype_policy
        *seeds, last_seed = layer_seeds(seed, len(hidden) + 1)
        self.hidden_layers = [
            keras.layers.Dense(units, "relu", kernel_initializer=uniform_start(s), dtype=policy)
            for units, s in zip(hidden, seeds, strict=True)
        ]
        self.score = keras.layers.Dense(
            1, kernel_initializer=uniform_start(last_seed), dtype=policy
        )
        self.build((None, *feature_shape))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in (*self.hidden_layers, self.score):
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores features `[B, tokens, width]`: `[B]`."""
        for layer in self.hidden_layers:
            features = layer(features)
        return tf.reduce_mean(at_least_float32(self.score(features)), axis=[1, 2])


# Filters, kernel and stride of the five convolutions; each pads by half its kernel.
_CONVOLUTIONS = ((48, 5, 2), (128, 3, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2))
_PIXEL_CONVOLUTIONS = ((48, 11, 4), (128, 5, 2), (192, 3, 1), (192, 3, 1), (128, 3, 2))
_DENSE_UNITS = 1024


class TextureCNN(keras.Model):
    """Judges a feature map by five convolutions and two dense layers, LeakyReLU between them.

    Features `[B, h, w, C]` float32 -> `[B]`. First, second and last convolution halve the map. For
    images of 256 x 256 pixels: 9,297,585 parameters on AlexNet's relu1 (63x63x64), 1,663,665 on
    relu4 (15x15x256).
    """

    _convolutions = _CONVOLUTIONS

    def __init__(
        self,
        feature_shape: Sequence[int],
        seed: int = 0,
        train_dense: bool = True,
        **kwargs: Any,
    ) -> None:
        """Makes all weights; the first dense layer's depend on the size of the map.

        Args:
            feature_shape: `(h, w, C)` of one image's features.
            seed: Of the first weights.
            train_dense: False leaves the first dense layer as it is drawn, as the published code
                does.
            **kwargs: `name` and `dtype`, as in Keras.

        Raises:
            InputError: if that is no shape of a feature map.
        """
        super().__init__(**kwargs)
        if len(feature_shape) != 3:
            raise InputError(
                f"a texture critic judges feature maps [h, w, C], got {tuple(feature_shape)}"
            )
        policy = self.dtype_policy
        *seeds, dense_seed, last_seed = layer_seeds(seed, len(self._convolutions) + 2)
        self.paddings, self.convolutions = [], []
        for (filters, kernel, stride), s in zip(self._convolutions, seeds, strict=True):
            # Not "same": with a stride, Keras pads even sizes at the bottom and right only.
            self.paddings.append(keras.layers.ZeroPadding2D(kernel // 2, dtype=policy))
            self.convolutions.append(
                keras.layers.Conv2D(
                    filters, kernel, stride, kernel_initializer=uniform_start(s), dtype=policy
                )
            )
        self.flatten = keras.layers.Flatten(dtype=policy)
        self.dense = keras.layers.Dense(
            _DENSE_UNITS,
            kernel_initializer=uniform_start(dense_seed),
            dtype=policy,
            trainable=train_dense,
        )
        self.score = keras.layers.Dense(
            1, kernel_initializer=uniform_start(last_seed), dtype=policy
        )
        self.build((None, *feature_shape))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        chain = [
            layer for pair in zip(self.paddings, self.convolutions, strict=True) for layer in pair
        ]
        for layer in (*chain, self.flatten, self.dense, self.score):
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores feature maps `[B, h, w, C]`: `[B]`."""
        for pad, convolve in zip(self.paddings, self.convolutions, strict=True):
            features = leaky_relu(convolve(pad(features)))
        features = leaky_relu(self.dense(self.flatten(features)))
        return at_least_float32(self.score(features))[:, 0]


class PixelCNN(TextureCNN):
    """Judges an image instead of features: DPED's discriminator (arXiv 1704.02470).

    Images `[B, H, W, 3]` float32, nominally 0..1, which it brings to -1..1, -> `[B]`. Its first two
    convolutions have larger kernels than `TextureCNN`'s, 11 and 5, and the first a stride of 4.
    DPED's instance normalisation is left out, as in the critics of features. For images of 256 x
    256 pixels: 34,502,337 parameters.
    """

    _convolutions = _PIXEL_CONVOLUTIONS

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores images `[B, H, W, 3]`: `[B]`."""
        return super().call(2.0 * features - 1.0)


def leaky_relu(x: tf.Tensor) -> tf.Tensor:
    """`x`, below zero a fifth of it.

    Not `tf.nn.leaky_relu`: TensorFlow 2.21 tries to fuse that with the convolution in front, fails
    where its gradient is taken as well, and then fuses nothing in the whole step.
    """
    return tf.where(x > 0, x, _LEAK * x)


def uniform_start(seed: int) -> keras.initializers.Initializer:
    """Uniform within 1 / sqrt(fan-in), as `torch.nn.Linear` and `Conv2d` start."""
    return keras.initializers.VarianceScaling(1.0 / 3.0, "fan_in", "uniform", seed=seed)
