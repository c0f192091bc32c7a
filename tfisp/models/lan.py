"""LAN: attention at a quarter of the size, from the mosaic as it is.

    mosaic                                                  [H, W, 1]
    4x4 convolution, stride 2                   a           [H/2, W/2, 16]
    3x3 convolution, stride 2                               [H/4, W/4, 16]
    3x3 convolution                             c           [H/4, W/4, 16]
    twice: double attention, added to its input             [H/4, W/4, 16]
    3x3 convolution, plus c                                 [H/4, W/4, 16]
    3x3 transposed convolution, linear, beside a            [H/2, W/2, 32]
    3x3 convolution                                         [H/2, W/2, 16]
    depth to space                                          [H, W, 4]
    3x3 convolution, 0.58 tanh + 0.5                        [H, W, 3]

All but the one named linear end in a leaky ReLU, the last one too, before its tanh. Double
attention:

    u          3x3 convolution to 32 channels, leaky ReLU; 1x1 convolution, linear
    channels   u times T(two dense layers 32-8-32 of the mean of u over the picture)
    places     u times T(one 5x5 filter per channel, every other sample, of u)
    result     3x3 convolution to 16 channels, linear, of both side by side

with T(x) = 0.58 tanh(x) + 0.5, so factors lie within -0.08..1.08.

From "LAN: Lightweight Attention-based Network for RAW-to-RGB Smartphone Image Processing" (CVPR
workshops 2022), after its published code, https://github.com/draimundo/LAN. It takes samples as
they are, neither their black level subtracted nor divided by the white level.

The attention over channels depends on the whole picture. A frame is therefore rendered in one
piece: exact, at the price of memory (130 bytes per pixel measured, 1.6 GB for 12 megapixels).
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.generator import Generator, NamedLayers, at_least_float32
from tfisp.models.parts import mean_over_places, small_normal, small_weights, squashed
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

_LEAK = 0.2  # slope of the leaky ReLU below zero: TensorFlow's default


class LAN(Generator):
    """LAN, mosaic -> RGB: 46,847 parameters.

    Input `[B, H, W, 1]` float32, the mosaic scaled by `contract`; output `[B, H, W, 3]` float32,
    sRGB-encoded, within -0.08..1.08.
    """

    form = "mosaic"
    scale = 1
    halo = None  # the channel attention depends on the whole picture
    multiple = 4  # two strides of 2
    minimum = 4
    published = Contract("mosaic", black_level=all_sites(0), white_level=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        policy = self.dtype_policy
        seeds = layer_seeds(self.seed, 9)
        self.halve1 = small_convolution(16, 4, seeds[0], policy, leaky=True, strides=2)
        self.halve2 = small_convolution(16, 3, seeds[1], policy, leaky=True, strides=2)
        self.first = small_convolution(16, 3, seeds[2], policy, leaky=True)
        self.attention1 = DoubleAttention(16, seeds[3], dtype=policy)
        self.attention2 = DoubleAttention(16, seeds[4], dtype=policy)
        self.last = small_convolution(16, 3, seeds[5], policy, leaky=True)
        self.double = keras.layers.Conv2DTranspose(
            16, 3, strides=2, padding="same", dtype=policy, **small_weights(seeds[6])
        )
        self.join = small_convolution(16, 3, seeds[7], policy, leaky=True)
        self.exit = small_convolution(3, 3, seeds[8], policy, leaky=True)
        self.build(self.input_shape_any)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer, channels in (
            (self.halve1, 1),
            (self.halve2, 16),
            (self.first, 16),
            (self.attention1, 16),
            (self.attention2, 16),
            (self.last, 16),
            (self.double, 16),
            (self.join, 32),
            (self.exit, 4),
        ):
            layer.build((*input_shape[:-1], channels))
        self.built = True

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders a mosaic `[B, H, W, 1]` to RGB `[B, H, W, 3]`."""
        half = self.halve1(raw)
        quarter = self.first(self.halve2(half))
        features = quarter + self.attention1(quarter)
        features += self.attention2(features)
        features = quarter + self.last(features)
        features = self.join(tf.concat([half, self.double(features)], -1))
        features = self.exit(tf.nn.depth_to_space(features, 2))
        return squashed(at_least_float32(features))


class DoubleAttention(NamedLayers, keras.layers.Layer):
    """Attention over channels and over places side by side: `[B, h, w, width]` -> the same."""

    def __init__(
        self,
        width: int,
        seed: int,
        curve: Callable[[tf.Tensor], tf.Tensor] = squashed,
        **kwargs: Any,
    ) -> None:
        """Makes the layers.

        Args:
            width: Channels.
            seed: Of the first weights.
            curve: Makes factors of numbers.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.width = width
        self.curve = curve
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 6)
        self.widen = small_convolution(2 * width, 3, seeds[0], policy, leaky=True)
        self.mix = small_convolution(2 * width, 1, seeds[1], policy)
        # A dense layer on one place per picture is a 1x1 convolution.
        self.squeeze = small_convolution(width // 2, 1, seeds[2], policy, leaky=True)
        self.excite = small_convolution(2 * width, 1, seeds[3], policy)
        self.place = keras.layers.DepthwiseConv2D(
            5,
            padding="same",
            dilation_rate=2,
            use_bias=False,
            depthwise_initializer=small_normal(seeds[4]),
            dtype=policy,
        )
        self.narrow = small_convolution(width, 3, seeds[5], policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer, channels in (
            (self.widen, self.width),
            (self.mix, 2 * self.width),
            (self.squeeze, 2 * self.width),
            (self.excite, self.width // 2),
            (self.place, 2 * self.width),
            (self.narrow, 4 * self.width),
        ):
            layer.build((*input_shape[:-1], channels))
        self.built = True

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays."""
        return input_shape

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        wide = self.mix(self.widen(features))
        by_channel = wide * self.curve(self.excite(self.squeeze(mean_over_places(wide))))
        by_place = wide * self.curve(self.place(wide))
        return self.narrow(tf.concat([by_channel, by_place], -1))


def _leaky(values: tf.Tensor) -> tf.Tensor:
    return tf.nn.leaky_relu(values, _LEAK)


def small_convolution(
    filters: int,
    size: int,
    seed: int,
    policy: keras.DTypePolicy,
    *,
    leaky: bool = False,
    strides: int = 1,
) -> keras.layers.Conv2D:
    """A convolution padded as TensorFlow does, with LAN's first weights."""
    return keras.layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        activation=_leaky if leaky else None,
        dtype=policy,
        **small_weights(seed),
    )
