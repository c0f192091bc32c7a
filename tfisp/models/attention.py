"""Attention that published networks share: factors for channels and for places.

CBAM's (arXiv 1807.06521), from means and maxima:

    channels   sigmoid(MLP(mean over the picture) + MLP(maximum over the picture))
    places     sigmoid(convolution of mean and maximum over the channels)

`StridedAttention`, of MicroISP and PyNET-V2 Mobile, sees channels through strided convolutions
before it takes their mean.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.models.generator import at_least_float32, convolution
from tfisp.models.parts import Block, mean_over_places
from tfisp.models.prelu import PReLUConvolution
from tfisp.seeds import layer_seeds


def channel_gate(
    features: tf.Tensor, squeeze: keras.layers.Layer, excite: keras.layers.Layer
) -> tf.Tensor:
    """CBAM's factor `[B, 1, 1, C]` for each channel.

    Args:
        features: `[B, h, w, C]`.
        squeeze: The perceptron's first layer, a 1x1 convolution: on one place per picture that is
            a dense layer.
        excite: Its second, without an activation.
    """
    maximum = tf.reduce_max(at_least_float32(features), [1, 2], keepdims=True)
    seen = (mean_over_places(features), maximum)
    mean, most = (excite(squeeze(pooled)) for pooled in seen)
    return tf.sigmoid(mean + most)


def place_gate(features: tf.Tensor, place: keras.layers.Layer) -> tf.Tensor:
    """CBAM's factor `[B, h, w, 1]` for each place.

    Args:
        features: `[B, h, w, C]`.
        place: A convolution of mean and maximum over the channels, ending in a sigmoid.
    """
    mean = tf.reduce_mean(features, -1, keepdims=True)
    maximum = tf.reduce_max(features, -1, keepdims=True)
    return place(tf.concat([mean, maximum], -1))


class StridedAttention(Block):
    """A factor for each channel: `[B, h, w, width]` -> `[B, 1, 1, width]`.

    1x1 convolution of stride 3, `depth` 3x3 convolutions of stride 3, mean over the picture, 1x1
    convolution, 1x1 convolution, sigmoid. None pads; all but the last end in a PReLU. Sides must be
    at least 3**(depth + 1) - 2.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        seed: int,
        **kwargs: Any,
    ) -> None:
        """Makes the layers.

        Args:
            width: Channels.
            depth: Number of 3x3 convolutions.
            seed: Of the first weights.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.width = width
        first, *seeds, hidden, last = layer_seeds(seed, depth + 3)
        policy = self.dtype_policy

        def strided(size: int, seed: int) -> PReLUConvolution:
            return PReLUConvolution(width, size, seed, strides=3, padding="valid", dtype=policy)

        self.strided = [strided(1, first), *(strided(3, each) for each in seeds)]
        self.hidden = PReLUConvolution(width, 1, hidden, dtype=policy)
        self.excite = convolution(width, 1, "sigmoid", last, policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (*self.strided, self.hidden, self.excite):
            yield layer, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """The factors."""
        for layer in self.strided:
            features = layer(features)
        return self.excite(self.hidden(mean_over_places(features)))
