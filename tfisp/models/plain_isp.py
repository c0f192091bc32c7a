"""The smallest useful ISP: three convolutions and a pixel shuffle.

Three published networks share this shape and differ in two widths (systems compared in arXiv
2505.10420, Fig. 1 and 4.3):

    packed RAW                          [h, w, 4]
    3x3 convolution, tanh               [h, w, first width]
    3x3 convolution, ReLU               [h, w, second width]
    3x3 convolution, ReLU               [h, w, 12]
    depth to space                      [2h, 2w, 3]

Each packed position holds the four samples of one 2x2 tile of the mosaic and becomes the 2x2 RGB
pixels that lie on it: 12 numbers. All convolutions pad with zeros, as in the published code, so a
frame's outermost three positions see a black border. Every operation is one that mobile GPUs run
(CONV_2D, TANH, RELU, DEPTH_TO_SPACE).
"""

from typing import Any, ClassVar

import tensorflow as tf

from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32, convolution
from tfisp.seeds import layer_seeds


class PlainISP(Generator):
    """Three 3x3 convolutions and a pixel shuffle, packed RAW -> RGB.

    Subclasses set `widths`. Input `[B, h, w, 4]` float32, packed and normalised by `contract`;
    output `[B, 2h, 2w, 3]` float32, sRGB-encoded, at least 0, not limited above.

    Attributes:
        widths: Channels after the first and after the second convolution.
    """

    widths: ClassVar[tuple[int, int]]
    halo = 3  # three 3x3 convolutions, one sample each

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        first, second = self.widths
        seeds = layer_seeds(self.seed, 3)
        policy = self.dtype_policy
        self.conv1 = convolution(first, 3, "tanh", seeds[0], policy)
        self.conv2 = convolution(second, 3, "relu", seeds[1], policy)
        # Glorot, not He: the first picture should lie close around FIRST_GREY.
        self.conv3 = convolution(
            12, 3, "relu", seeds[2], policy, initializer="glorot_uniform", bias=FIRST_GREY
        )
        self.build(self.input_shape_any)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in (self.conv1, self.conv2, self.conv3):
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        features = self.conv2(self.conv1(raw))
        return at_least_float32(tf.nn.depth_to_space(self.conv3(features), 2))
