"""Discriminators that score every patch of what they judge, not the image as a whole.

A game is then played at each patch and averaged (`tfisp.losses.adversarial`).
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfisp.models.discriminators import leaky_relu, uniform_start
from tfisp.models.generator import NamedLayers, at_least_float32
from tfisp.models.instance_norm import instance_norm
from tfisp.models.parts import normal
from tfisp.perceptual.separable import resize
from tfisp.seeds import layer_seeds


class _PatchCritic(NamedLayers, keras.Model):
    """Base of what follows: a subclass makes its layers, in the order of the computation."""

    def __init__(
        self, feature_shape: Sequence[int], seed: int = 0, width: int = 64, **kwargs: Any
    ) -> None:
        """Makes all weights.

        Args:
            feature_shape: `(H, W, C)` of one image.
            seed: Of the first weights.
            width: Channels of the first convolution.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.convolutions = self._make_convolutions(width, seed)
        self.build((None, *feature_shape))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        channels = input_shape[-1]
        for layer in self.convolutions:
            layer.build((None, None, None, channels))
            channels = layer.filters
        self.built = True

    def _make_convolutions(self, width: int, seed: int) -> list[keras.layers.Conv2D]:
        raise NotImplementedError


class PatchGAN(_PatchCritic):
    """CycleGAN's discriminator of 70 x 70 patches (arXiv 1611.07004, section 3.2.2).

    Images `[B, H, W, C]` float32, nominally 0..1, which it brings to -1..1 -> `[B, h, w]`. Five
    convolutions of 4 x 4, the first three with stride 2; 64 to 512 channels; instance norm behind
    all but the first and the last; LeakyReLU. 2,764,737 parameters for three channels. Sides of 24
    pixels are the least.
    """

    def _make_convolutions(self, width: int, seed: int) -> list[keras.layers.Conv2D]:
        sizes = ((width, 2), (2 * width, 2), (4 * width, 2), (8 * width, 1), (1, 1))
        return [
            keras.layers.Conv2D(
                filters, 4, stride, kernel_initializer=normal(0.02, s), dtype=self.dtype_policy
            )
            for (filters, stride), s in zip(sizes, layer_seeds(seed, len(sizes)), strict=True)
        ]

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores the patches of images `[B, H, W, C]`: `[B, h, w]`."""
        x = 2.0 * features - 1.0
        for index, layer in enumerate(self.convolutions):
            x = layer(_border(x))
            if 0 < index < 4:
                x = instance_norm(x)
            if index < 4:
                x = leaky_relu(x)
        return at_least_float32(x)[..., 0]


# Steps of the power iteration: of random kernels of these shapes it finds 96 to 99.7 %.
_POWER_STEPS = 20


class SpectralConv2D(keras.layers.Conv2D):
    """A convolution whose kernel, as a matrix `[k k C, filters]`, has spectral norm 1.

    arXiv 1802.05957. The norm is estimated by power iteration from a fixed start at every use
    instead of going on from the last one, so that there is no state to keep; it is
    differentiated with the singular vectors held fixed, as there.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolves with the kernel divided by its norm."""
        matrix = tf.reshape(kernel, [-1, self.filters])
        fixed = tf.stop_gradient(matrix)
        v = tf.fill([self.filters, 1], tf.cast(self.filters**-0.5, matrix.dtype))
        for _ in range(_POWER_STEPS):
            u = tf.math.l2_normalize(fixed @ v)
            v = tf.math.l2_normalize(tf.matmul(fixed, u, transpose_a=True))
        norm = tf.matmul(u, matrix @ v, transpose_a=True)
        return super().convolution_op(inputs, kernel / norm[0, 0])


class UNetCritic(_PatchCritic):
    """A score per pixel by a U-Net with spectral normalisation.

    Real-ESRGAN's (arXiv 2107.10833, section 3.3), as the fourth place of NTIRE 2026's unpaired ISP
    challenge has it (arXiv 2605.07495). Images `[B, H, W, C]` float32 -> `[B, H, W]`; sides
    divisible by 8. 4,376,897 parameters for three channels.
    """

    def _make_convolutions(self, width: int, seed: int) -> list[keras.layers.Conv2D]:
        down = [(factor * width, 4, 2) for factor in (2, 4, 8)]
        same = [(factor * width, 3, 1) for factor in (4, 2, 1, 1, 1)]
        sizes = [(width, 3, 1), *down, *same, (1, 3, 1)]
        seeds, ends = layer_seeds(seed, len(sizes)), (0, len(sizes) - 1)

        def conv(index: int, filters: int, size: int, stride: int) -> keras.layers.Conv2D:
            kind = keras.layers.Conv2D if index in ends else SpectralConv2D
            start = uniform_start(seeds[index])
            return kind(
                *(filters, size, stride),
                use_bias=index in ends,
                kernel_initializer=start,
                dtype=self.dtype_policy,
            )

        return [conv(index, *size) for index, size in enumerate(sizes)]

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Scores the pixels of images `[B, H, W, C]`: `[B, H, W]`."""
        first, *middle, last = self.convolutions
        kept = [leaky_relu(first(_border(features)))]
        for layer in middle[:3]:
            kept.append(leaky_relu(layer(_border(kept[-1]))))
        x = kept.pop()
        for layer in middle[3:6]:
            x = leaky_relu(layer(_border(_doubled(x)))) + kept.pop()
        for layer in middle[6:]:
            x = leaky_relu(layer(_border(x)))
        return at_least_float32(last(_border(x)))[..., 0]


def _border(x: tf.Tensor) -> tf.Tensor:
    """One row and column of zeros on each side, as PyTorch pads."""
    return tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])


def _doubled(x: tf.Tensor) -> tf.Tensor:
    """Twice the size, bilinear with half-pixel centres."""
    return resize(x, 2 * x.shape[1], 2 * x.shape[2])
