"""Residual groups with channel attention, the body of MW-ISPNet and LiteISPNet.

From RCAN (arXiv 1807.02758). A block, added to its input:

    3x3 convolution, ReLU, 3x3 convolution                        u
    u times sigmoid(1x1 convolution(ReLU(1x1 convolution(mean of u over the picture))))

A group is `depth` blocks and a 3x3 convolution, added to its input.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.models.parts import Block, mean_over_places, pytorch_convolution
from tfisp.seeds import layer_seeds

# One feature of the attention's hidden layer for this many channels.
_REDUCTION = 16


class ResidualBlock(Block):
    """`[B, h, w, width]` -> the same."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.width = width
        seeds = layer_seeds(seed, 4)
        self.squeezed = max(1, width // _REDUCTION)
        self.conv1 = pytorch_convolution(width, 3, seeds[0], policy, "relu")
        self.conv2 = pytorch_convolution(width, 3, seeds[1], policy)
        # A first bias above 0 opens the hidden layer, which has as few as one feature.
        self.squeeze = pytorch_convolution(self.squeezed, 1, seeds[2], policy, "relu", bias=0.1)
        self.excite = pytorch_convolution(width, 1, seeds[3], policy, "sigmoid")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.conv1, self.width
        yield self.conv2, self.width
        yield self.squeeze, self.width
        yield self.excite, self.squeezed

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        change = self.conv2(self.conv1(features))
        return features + change * self.excite(self.squeeze(mean_over_places(change)))


class ResidualGroup(Block):
    """`[B, h, w, width]` -> the same."""

    def __init__(self, width: int, depth: int, seed: int, **kwargs: Any) -> None:
        """Takes channels, number of blocks and the seed of the first weights."""
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.width = width
        last, *seeds = layer_seeds(seed, 1 + depth)
        self.blocks = [ResidualBlock(width, each, dtype=policy) for each in seeds]
        self.last = pytorch_convolution(width, 3, last, policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (*self.blocks, self.last):
            yield layer, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        changed = features
        for block in self.blocks:
            changed = block(changed)
        return features + self.last(changed)
