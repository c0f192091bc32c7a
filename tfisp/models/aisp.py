"""AISP: a plain ISP, a fixed tone curve, and a correction by attention.

    packed RAW                                              [h, w, 4]
    3x3 convolution, tanh                                   [h, w, 16]
    3x3 convolution, ReLU                                   [h, w, 16]
    3x3 convolution, ReLU                                   [h, w, 12]
    depth to space                                          [2h, 2w, 3]
    y = (x + 1e-8)^(1/2.2); 3 y^2 - 2 y^3       toned       [2h, 2w, 3]
    3x3 convolution, ReLU                                   [2h, 2w, 32]
    times a factor per channel, then one per place (CBAM, `attention`): a perceptron 32-4-32 whose
        hidden layer is a ReLU, a 7x7 convolution without a bias
    3x3 convolution, tanh; plus toned, limited to 0..1      [2h, 2w, 3]

The baseline of the Computer Vision Lab of Würzburg for the Mobile AI 2022 challenge,
https://github.com/mv-lab/AISP (`mai22-learnedisp`), whose README gives 23.46 dB. There is no code
of it, but weights: two Keras files, `model_isp_final_23_46.h5` and `..._last.h5`, whose graph is
the one above; `scripts/port_checkpoint.py` turns them into presets. Neither they nor the README say
how samples were scaled. Here they are x / 1020 with the black level in it, as in the loader of the
2021 challenge, https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp, whose planes
are in tfisp's order. First weights are decided here: the last bias in front of the tone curve is
what it takes to the middle of the range.

The attention over channels depends on the whole picture, so a frame is rendered in one piece, and
that in full resolution: exact, at the price of memory.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.attention import channel_gate, place_gate
from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32, convolution
from tfisp.models.parts import BuiltOfParts
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

_GAMMA = 2.2
_EPSILON = 1e-8  # keeps the curve's slope at 0 finite


class AISP(BuiltOfParts, Generator):
    """AISP's baseline, packed RAW -> RGB: 6,805 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, within 0..1.
    """

    halo = None  # the channel attention depends on the whole picture
    published = Contract(black_level=all_sites(0), white_level=1020)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        policy = self.dtype_policy
        seeds = iter(layer_seeds(self.seed, 8))
        self.conv1 = convolution(16, 3, "tanh", next(seeds), policy)
        self.conv2 = convolution(16, 3, "relu", next(seeds), policy)
        self.conv3 = convolution(
            12,
            3,
            "relu",
            next(seeds),
            policy,
            initializer="glorot_uniform",
            bias=FIRST_GREY**_GAMMA,
        )
        self.wide = convolution(32, 3, "relu", next(seeds), policy)
        self.squeeze = convolution(4, 1, "relu", next(seeds), policy)
        self.excite = convolution(32, 1, None, next(seeds), policy)
        self.place = convolution(1, 7, "sigmoid", next(seeds), policy, bias=None)
        self.correct = convolution(3, 3, "tanh", next(seeds), policy)
        self.build(self.input_shape_any)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.conv1, 4
        yield self.conv2, 16
        yield self.conv3, 16
        yield self.wide, 3
        yield self.squeeze, 32
        yield self.excite, 4
        yield self.place, 2
        yield self.correct, 32

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        linear = tf.nn.depth_to_space(self.conv3(self.conv2(self.conv1(raw))), 2)
        curved = (at_least_float32(linear) + _EPSILON) ** (1 / _GAMMA)
        toned = curved * curved * (3 - 2 * curved)
        features = self.wide(toned)
        features *= channel_gate(features, self.squeeze, self.excite)
        features *= place_gate(features, self.place)
        rgb = toned + at_least_float32(self.correct(features))
        return tf.clip_by_value(rgb, 0.0, 1.0)
