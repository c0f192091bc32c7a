"""CSANet, reconstructed: double attention at half of the packed size, joined by sums.

    packed RAW                                              [h, w, 4]
    3x3 convolution                             a           [h, w, 16]
    3x3 convolution, stride 2                               [h/2, w/2, 16]
    3x3 convolution                             c           [h/2, w/2, 16]
    twice: double attention, added to its input             [h/2, w/2, 16]
    3x3 convolution, plus c                                 [h/2, w/2, 16]
    3x3 transposed convolution, linear, plus a              [h, w, 16]
    3x3 convolution                                         [h, w, 16]
    depth to space                                          [2h, 2w, 4]
    3x3 convolution, sigmoid                                [2h, 2w, 3]

All but those named linear or sigmoid end in a leaky ReLU. Double attention is that of `lan`, with
sigmoids for factors.

"CSANet: High Speed Channel Spatial Attention Network for Mobile ISP" (CVPR workshops 2021) won
second place and the best PSNR of the Mobile AI 2021 challenge. Its code is not public. **This is a
reconstruction** from what its abstract and its descendants say: double attention modules with
channel attention and, for places, a dilated depthwise convolution; two of them, a strided start,
skips, a transposed convolution, and depth to space at the end. LAN (`lan`) is built on it, so what
is unknown, the widths, kernels, slopes and first weights among it, is LAN's. It differs from LAN in
what CSANet is known or likely to have: packed input, as the challenge gives it, sigmoids for
factors, and sums where LAN puts features side by side. A count of its parameters is not published.
The input is x / 1020 with the black level in it, as in the challenge's own loader,
https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp.

The attention over channels depends on the whole picture, so a frame is rendered in one piece.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.generator import Generator, at_least_float32
from tfisp.models.lan import DoubleAttention, small_convolution
from tfisp.models.parts import BuiltOfParts, small_weights
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

_WIDTH = 16


class CSANet(BuiltOfParts, Generator):
    """CSANet, reconstructed, packed RAW -> RGB: 44,863 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, within 0..1.
    """

    halo = None  # the channel attention depends on the whole picture
    multiple = 2  # a stride of 2
    minimum = 2
    published = Contract(black_level=all_sites(0), white_level=1020)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        policy = self.dtype_policy
        first, second, third, *attention, last, double, join, exit_ = layer_seeds(self.seed, 9)
        self.entry = small_convolution(_WIDTH, 3, first, policy, leaky=True)
        self.halve = small_convolution(_WIDTH, 3, second, policy, leaky=True, strides=2)
        self.first = small_convolution(_WIDTH, 3, third, policy, leaky=True)
        self.attention = [
            DoubleAttention(_WIDTH, seed, tf.sigmoid, dtype=policy) for seed in attention
        ]
        self.last = small_convolution(_WIDTH, 3, last, policy, leaky=True)
        self.double = keras.layers.Conv2DTranspose(
            _WIDTH, 3, strides=2, padding="same", dtype=policy, **small_weights(double)
        )
        self.join = small_convolution(_WIDTH, 3, join, policy, leaky=True)
        self.exit = small_convolution(3, 3, exit_, policy)
        self.build(self.input_shape_any)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (self.entry, self.exit):
            yield layer, 4
        for layer in (
            self.halve,
            self.first,
            *self.attention,
            self.last,
            self.double,
            self.join,
        ):
            yield layer, _WIDTH

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        packed = self.entry(raw)
        half = self.first(self.halve(packed))
        features = half
        for attention in self.attention:
            features += attention(features)
        features = half + self.last(features)
        features = self.join(packed + self.double(features))
        features = self.exit(tf.nn.depth_to_space(features, 2))
        return tf.sigmoid(at_least_float32(features))
