"""PyNET-CA: PyNET with attention over channels, mirrored borders and a pixel shuffle.

Differs from PyNET (`pynet`, whose shape `pyramid` has):

    block         borders reflected; only the second convolution of a branch is normalised, and it
                  has no bias then; behind the block, attention: its features times
                  sigmoid(1x1 convolution(ReLU(1x1 convolution(their means)))), with as many hidden
                  features as a branch has
    enlargement   bilinear with aligned corners, 3x3 convolution, leaky ReLU
    level 5       no block is added to its input
    level 1       normalised but for its first and its last block
    level 0       a block up to 9 wide, 1x1 convolution, depth to space
    range         within, the picture is tanh's -1..1, and RAW x comes in as 2x - 1

From "PyNET-CA: Enhanced PyNET with Channel Attention for End-to-End Mobile Image Signal Processing"
(AIM 2020, arXiv 2104.02895), after its published code, https://github.com/egyptdj/skyb-aim2020-public
(`model.py`, `session.py`, `dataset.py`): all of the above, the constant of the normalisation (1e-5,
PyTorch's), and the input, x / 1023 with the black level in it. First weights are PyTorch's, as it
sets none, but for biases of the attention that open its hidden layer. Its averaging over eight
flips stands outside the network and is left out.

51,276,716 parameters: the published 51,303,515 are those and the 26,799 of five convolutions that
show what levels 1 to 5 know, of which a network has the one of the level where it stops (`level`).

Normalisation and attention depend on the whole picture, so a frame is rendered in one piece.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.parts import Block, mean_over_places, pytorch_convolution, pytorch_default
from tfisp.models.pyramid import Branches, Pyramid, Word
from tfisp.models.resizing import reflected
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites


class PyNETCA(Pyramid):
    """PyNET-CA, packed RAW -> RGB within 0..1: 51,276,716 parameters."""

    channels = 32
    minimum = 32  # a border of one is reflected at a sixteenth of the size
    encoder = "3 3n 3n 3n"
    lines = {  # noqa: RUF012, never written to
        5: "3n 3n 3n 3n",
        4: "up 3n +3n +3n 3n up 3n",
        3: "up +5n +5n +5n 5n skip up 3n",
        2: "up 5n skip +7n +7n +7n 7n skip 5n up 3n",
        1: "up 5 skip 7n 9n +9n +9n +9n 7n skip 5n up skip 3",
    }
    published = Contract(black_level=all_sites(0), white_level=1023)

    def _block(self, word: Word, level: int) -> "AttentiveBranches":
        return AttentiveBranches(
            self._channels(level), word.largest, word.normalised, next(self._seeds),
            dtype=self.dtype_policy,
        )  # fmt: skip

    def _enlarge(self, filters: int) -> keras.layers.Layer:
        return Resized(filters, next(self._seeds), dtype=self.dtype_policy)

    def _show(self) -> keras.layers.Layer:
        return Reflected(3, next(self._seeds), dtype=self.dtype_policy)

    def _finish(self) -> keras.layers.Layer:
        return Shuffled(self.width, next(self._seeds), dtype=self.dtype_policy)

    def _colours(self, values: tf.Tensor) -> tf.Tensor:
        return 0.5 * tf.tanh(values) + 0.5

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        return super().call(2 * raw - 1)


class AttentiveBranches(Branches):
    """PyNET-CA's block: `[B, h, w, C]` -> `[B, h, w, filters]`."""

    epsilon = 1e-5
    normalises_first = False

    def _convolution(self, size: int, seed: int, before_norm: bool) -> keras.layers.Conv2D:
        return keras.layers.Conv2D(
            self.width,
            size,
            use_bias=not before_norm,
            kernel_initializer=pytorch_default(seed),
            dtype=self.dtype_policy,
        )

    def _rest(self, seeds: list[int]) -> None:
        policy = self.dtype_policy
        self.squeeze = pytorch_convolution(self.width, 1, seeds[0], policy, "relu", bias=0.1)
        self.excite = pytorch_convolution(self.filters, 1, seeds[1], policy, "sigmoid")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield from super()._parts()
        yield self.squeeze, self.filters
        yield self.excite, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """All branches, weighted."""
        branches = super().call(features)
        return branches * self.excite(self.squeeze(mean_over_places(branches)))

    def _padded(self, features: tf.Tensor, layer: keras.layers.Conv2D) -> tf.Tensor:
        return reflected(features, layer.kernel_size[0] // 2)


class Reflected(keras.layers.Conv2D):
    """A 3x3 convolution that reflects the borders."""

    def __init__(self, filters: int, seed: int, **kwargs: Any) -> None:
        """Takes channels and the seed of the first weights; the rest as in Keras."""
        super().__init__(filters, 3, kernel_initializer=pytorch_default(seed), **kwargs)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """`[B, h, w, C]` -> `[B, h, w, filters]`."""
        return super().call(reflected(features, 1))


class Resized(Block):
    """Twice the size: `[B, h, w, C]` -> `[B, 2h, 2w, filters]`."""

    def __init__(self, filters: int, seed: int, **kwargs: Any) -> None:
        """Takes channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.filters = filters
        self.mix = Reflected(filters, seed, activation="leaky_relu", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        self.mix.build(input_shape)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Enlarges: corners stay corners."""
        size = 2 * tf.shape(features)[1:3]
        return self.mix(tf.raw_ops.ResizeBilinear(images=features, size=size, align_corners=True))


class Shuffled(Block):
    """PyNET-CA's level 0: `[B, h, w, width]` -> `[B, 2h, 2w, 3]`, not yet limited."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels of its input and the seed of the first weights."""
        super().__init__(**kwargs)
        self.width = width
        first, second = layer_seeds(seed, 2)
        self.block = AttentiveBranches(width, 9, False, first, dtype=self.dtype_policy)
        self.colour = pytorch_convolution(12, 1, second, self.dtype_policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.block, self.width
        yield self.colour, self.block.filters

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Three colours at twice the size."""
        return tf.nn.depth_to_space(self.colour(self.block(features)), 2)
