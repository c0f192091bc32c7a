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

import keras
import tensorflow as tf

from tfisp.models.generator import Generator, at_least_float32, layer_seeds

# An output channel whose ReLU starts closed everywhere gets no gradient and stays black at one of
# the four pixel positions for ever. Measured with four photographs over 200 seeds (Glorot kernels
# in front): with a last bias of 0, 3 % of the networks start with such a channel (PyTorch's default
# initialisation: 98 %); with 0.5, none. It is also the mean of the picture's range: the first
# picture is mid-grey, and content and colour are learnt around it.
FIRST_GREY = 0.5


class PlainISP(Generator):
    """Three 3x3 convolutions and a pixel shuffle, packed RAW -> RGB.

    Subclasses set `widths`. Input `[B, h, w, 4]` float32, packed and normalised by `contract`;
    output `[B, 2h, 2w, 3]` float32, sRGB-encoded, at least 0, not limited above.

    Attributes:
        widths: channels after the first and after the second convolution.
    """

    widths: ClassVar[tuple[int, int]]
    halo = 3  # three 3x3 convolutions, one sample each

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        first, second = self.widths
        seeds = layer_seeds(self.seed, 3)
        self.conv1 = self._conv(first, "tanh", "glorot_uniform", seeds[0])
        self.conv2 = self._conv(second, "relu", "he_normal", seeds[1])
        # Glorot, not He: the first picture should lie close around FIRST_GREY.
        self.conv3 = self._conv(12, "relu", "glorot_uniform", seeds[2], bias=FIRST_GREY)
        self.build(self.input_shape_any)

    def _conv(
        self, filters: int, activation: str, initializer: str, seed: int, bias: float = 0.0
    ) -> keras.layers.Conv2D:
        """A 3x3 convolution with zero padding that keeps the size."""
        kernel = keras.initializers.get({"class_name": initializer, "config": {"seed": seed}})
        return keras.layers.Conv2D(
            filters,
            kernel_size=3,
            padding="same",
            activation=activation,
            kernel_initializer=kernel,
            bias_initializer=keras.initializers.Constant(bias),
            dtype=self.dtype_policy,
        )

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
