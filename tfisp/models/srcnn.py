"""SRCNN: the first convolutional network for super-resolution, fed with packed RAW.

    packed RAW                          [h, w, 4]
    9x9 convolution, ReLU               [h, w, 64]
    1x1 convolution, ReLU               [h, w, 32]
    5x5 convolution                     [h, w, 12]
    depth to space                      [2h, 2w, 3]

Kernels and widths are those of the base network 9-1-5 of Dong et al. (arXiv 1501.00092). It takes
pictures of full size; how arXiv 2505.10420 changed it for RAW, for its comparison, is unpublished.
Here it takes packed RAW as the other small networks do, and its last layer gives the twelve numbers
of a 2x2 tile of RGB pixels instead of one pixel.
"""

from typing import Any

import keras
import tensorflow as tf

from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32, convolution
from tfisp.seeds import layer_seeds


class SRCNN(Generator):
    """Three convolutions with a wide view, packed RAW -> RGB: 32,492 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, not limited on either side.
    """

    halo = 6  # 9x9: four samples, 1x1: none, 5x5: two

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Takes the arguments of `Generator` and draws the first weights."""
        super().__init__(*args, **kwargs)
        seeds = layer_seeds(self.seed, 3)
        policy = self.dtype_policy
        self.conv1 = convolution(64, 9, "relu", seeds[0], policy)
        self.conv2 = convolution(32, 1, "relu", seeds[1], policy)
        self.conv3 = convolution(12, 5, None, seeds[2], policy, bias=FIRST_GREY)
        self.build(self.input_shape_any)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in self._chain():
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        features = raw
        for layer in self._chain():
            features = layer(features)
        return at_least_float32(tf.nn.depth_to_space(features, 2))

    def _chain(self) -> tuple[keras.Layer, ...]:
        return self.conv1, self.conv2, self.conv3
