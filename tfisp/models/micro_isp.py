"""MicroISP: each colour by a branch of its own, four channels wide.

    each of the colours R, G, B by itself, from packed RAW         [h, w, 4]
        stage: conv, conv, conv, attention, + the first's output   [h, w, 4]
               conv, conv, conv, attention, + the fourth's output
               conv; then a convolution to 4 channels, tanh
        stage: the same once more, from what the first gave
        0.58 x + 0.5, depth to space                               [2h, 2w, 1]
    the three side by side                                         [2h, 2w, 3]

All convolutions are 3x3 with zero padding; those named `conv` end in a PReLU with a slope per
channel. Attention multiplies each channel by a factor of the whole picture
(`attention.StridedAttention` with three 3x3 convolutions, for which 79 samples are the least).

From "MicroISP: Processing 32MP Photos on Mobile Devices with Deep Learning" (arXiv 2211.06770),
after its published code, https://github.com/aiff22/MicroISP (`model.py`), which is fed x / 1020
with the black level in it, as by the other loaders of its authors. Decided here:

- First kernels are He's and slopes start at 0.25 (`prelu`). The published ones, of deviation 0.001
  and from 0, leave all kernels gradients below 1e-18, which Adam's epsilon of 1e-8 stills.
- Two sizes have figures in the Mobile AI 2022 challenge, 1.0 and 0.5. The published code is one
  network, taken to be 1.0. Its first stage gives a picture as well, which is never used: 0.5 is
  here that stage alone. **A reconstruction**, with half the parameters.

A frame is rendered in one piece, since attention depends on the whole picture: exact, at the price
of memory.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.attention import StridedAttention
from tfisp.models.generator import Generator, at_least_float32, convolution
from tfisp.models.parts import Block, BuiltOfParts, squashed
from tfisp.models.prelu import PReLUConvolution
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

_WIDTH = 4


class MicroISP(BuiltOfParts, Generator):
    """MicroISP 1.0, packed RAW -> RGB: 13,560 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, within -0.08..1.08.

    Attributes:
        stages: Of each colour.
    """

    stages: ClassVar[int] = 2
    halo = None  # the channel attention depends on the whole picture
    minimum = 79  # 27, 9, 3 and 1 behind four strides of 3
    published = Contract(black_level=all_sites(0), white_level=1020)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        seeds = iter(layer_seeds(self.seed, 3 * self.stages))
        for colour in ("red", "green", "blue"):
            stages = [Stage(next(seeds), dtype=self.dtype_policy) for _ in range(self.stages)]
            setattr(self, colour, stages)
        self.build(self.input_shape_any)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for stage in (*self.red, *self.green, *self.blue):
            yield stage, _WIDTH

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        planes = []
        for stages in (self.red, self.green, self.blue):
            features = raw
            for stage in stages[:-1]:
                features = tf.tanh(stage(features))
            features = squashed(at_least_float32(stages[-1](features)))
            planes.append(tf.nn.depth_to_space(features, 2))
        return tf.concat(planes, -1)


class MicroISPHalf(MicroISP):
    """MicroISP 0.5, reconstructed: one stage for each colour, 6,780 parameters."""

    stages = 1


class Stage(Block):
    """One stage of a colour: `[B, h, w, 4]` -> the same, before its tanh."""

    def __init__(self, seed: int, **kwargs: Any) -> None:
        """Takes the seed of the first weights; `name` and `dtype` as in Keras."""
        super().__init__(**kwargs)
        policy = self.dtype_policy
        last, *attention, first, second = layer_seeds(seed, 5)
        self.convs = [
            PReLUConvolution(_WIDTH, 3, each, dtype=policy)
            for each in (*layer_seeds(first, 6), second)
        ]
        self.attention = [StridedAttention(_WIDTH, 3, each, dtype=policy) for each in attention]
        self.last = convolution(_WIDTH, 3, None, last, policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (*self.convs, *self.attention, self.last):
            yield layer, _WIDTH

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        for start, attention in zip((0, 3), self.attention, strict=True):
            first = self.convs[start](features)
            features = self.convs[start + 2](self.convs[start + 1](first))
            features = features * attention(features) + first
        return self.last(self.convs[6](features))
