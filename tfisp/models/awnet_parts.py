"""The blocks of AWNet (`awnet`): attention, dense blocks, wavelet steps down and up, pooling.

All but `PyramidPooling` keep or double channels as its docstring says; features are `[B, h, w, C]`.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.models import haar
from tfisp.models.generator import at_least_float32
from tfisp.models.parts import (
    Block,
    mean_over_places,
    pytorch_convolution,
    pytorch_default,
    single_prelu,
)
from tfisp.models.resizing import doubled
from tfisp.seeds import layer_seeds

# Channels that each layer of a dense block adds, and how many layers it has.
GROWTH, LAYERS = 16, 6


class SqueezeExcite(Block):
    """`width` channels -> the same: a 1x1 convolution of the features, times a factor per channel.

    The factor is three 1x1 convolutions of the means over the picture, C - C - C/4 - C, with ReLU,
    ReLU and sigmoid.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 4)
        self.mix = pytorch_convolution(width, 1, seeds[0], policy)
        self.first = pytorch_convolution(width, 1, seeds[1], policy, "relu", bias=0.1)
        self.squeeze = pytorch_convolution(width // 4, 1, seeds[2], policy, "relu", bias=0.1)
        self.excite = pytorch_convolution(width, 1, seeds[3], policy, "sigmoid")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.mix, self.width
        yield self.first, self.width
        yield self.squeeze, self.width
        yield self.excite, self.width // 4

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Weighted features."""
        factor = self.excite(self.squeeze(self.first(mean_over_places(features))))
        return self.mix(features) * factor


class GlobalContext(Block):
    """Adds one vector to all positions, made of a weighted mean over them (arXiv 1904.11492).

    The weights are a softmax over the picture of a 1x1 convolution, which needs no bias: a softmax
    does not change with it. The vector goes through 1x1 convolutions C - C/4 - C with layer
    normalisation and PReLU between.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 3)
        self.weigh = pytorch_convolution(1, 1, seeds[0], policy, bias=None)
        self.squeeze = pytorch_convolution(width // 4, 1, seeds[1], policy)
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, dtype=policy)
        self.slope = single_prelu(policy)
        self.excite = pytorch_convolution(width, 1, seeds[2], policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.weigh, self.width
        yield self.squeeze, self.width
        yield self.norm, self.width // 4
        yield self.slope, self.width // 4
        yield self.excite, self.width // 4

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        logits = at_least_float32(self.weigh(features))
        weights = tf.exp(logits - tf.reduce_max(logits, [1, 2], keepdims=True))
        total = tf.reduce_sum(weights, [1, 2], keepdims=True)
        weighted = weights * at_least_float32(features)
        context = tf.reduce_sum(weighted, [1, 2], keepdims=True) / total
        return features + self.excite(self.slope(self.norm(self.squeeze(context))))


class DenseLayer(Block):
    """A 3x3 convolution, ReLU, a scale and a shift per channel; behind its input."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels of its input and the seed; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        self.grow = pytorch_convolution(GROWTH, 3, seed, self.dtype_policy, "relu")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.grow, self.width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        self.scale = self.add_weight(name="scale", shape=(GROWTH,), initializer="ones")
        self.shift = self.add_weight(name="shift", shape=(GROWTH,), initializer="zeros")
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """`width + GROWTH` channels."""
        return tf.concat([features, self.scale * self.grow(features) + self.shift], -1)


class DenseBlock(Block):
    """`LAYERS` dense layers, a 1x1 convolution, global context; added to its input."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        first, last, *seeds = layer_seeds(seed, 2 + LAYERS)
        self.dense = [
            DenseLayer(width + index * GROWTH, each, dtype=policy)
            for index, each in enumerate(seeds)
        ]
        self.narrow = pytorch_convolution(width, 1, first, policy)
        self.context = GlobalContext(width, last, dtype=policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in self.dense:
            yield layer, layer.width
        yield self.narrow, self.width + LAYERS * GROWTH
        yield self.context, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        grown = features
        for layer in self.dense:
            grown = layer(grown)
        return features + self.context(self.narrow(grown))


class WaveletDown(Block):
    """Half the size, twice the channels, and the wavelet subbands for the way up.

    3x3 convolution of stride 2, padded by one on every side, and another of stride 1, each with a
    PReLU; beside it the 1x1 convolution of the mean subband.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 3)
        self.halve = keras.layers.Conv2D(
            width, 3, 2, kernel_initializer=pytorch_default(seeds[0]), dtype=policy
        )
        self.halve_slope = single_prelu(policy)
        self.mix = pytorch_convolution(width, 3, seeds[1], policy)
        self.mix_slope = single_prelu(policy)
        self.mean = pytorch_convolution(width, 1, seeds[2], policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (self.halve, self.halve_slope, self.mix, self.mix_slope, self.mean):
            yield layer, self.width

    def call(self, features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`[B, h/2, w/2, 2 C]`, and the subbands `[B, h/2, w/2, 4 C]`."""
        bands = haar.subbands(features, haar.AWNET)
        padded = tf.pad(features, [[0, 0], [1, 1], [1, 1], [0, 0]])
        halved = self.halve_slope(self.halve(padded))
        halved = self.mix_slope(self.mix(halved))
        return tf.concat([halved, self.mean(bands[0])], -1), tf.concat(bands, -1)


class Shortcut(Block):
    """Two 3x3 convolutions with ReLU and `SqueezeExcite`: from the way down to the way up."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 3)
        self.conv1 = pytorch_convolution(width, 3, seeds[0], policy, "relu")
        self.conv2 = pytorch_convolution(width, 3, seeds[1], policy, "relu")
        self.attention = SqueezeExcite(width, seeds[2], dtype=policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (self.conv1, self.conv2, self.attention):
            yield layer, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        return self.attention(self.conv2(self.conv1(features)))


class ShuffledUp(Block):
    """The way up from RAW: twice the size, half the channels (`width` of its output).

    Features: 1x1 convolution to 4 C, depth to space, two 3x3 convolutions with PReLU. Subbands: 1x1
    convolution, inverse transform, 1x1 convolution. Both side by side, 1x1 convolution.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels of its output and the seed; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 6)
        self.widen = pytorch_convolution(4 * width, 1, seeds[0], policy)
        self.conv = [pytorch_convolution(width, 3, each, policy) for each in seeds[1:3]]
        self.slope = [single_prelu(policy) for _ in self.conv]
        self.bands = pytorch_convolution(4 * width, 1, seeds[3], policy)
        self.detail = pytorch_convolution(width, 1, seeds[4], policy)
        self.join = pytorch_convolution(width, 1, seeds[5], policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.widen, 2 * self.width
        for layer in (*self.conv, *self.slope, self.detail):
            yield layer, self.width
        yield self.bands, 4 * self.width
        yield self.join, 2 * self.width

    def call(self, features: tf.Tensor, bands: tf.Tensor) -> tf.Tensor:
        """`[B, h, w, 2 C]` and subbands `[B, h, w, 4 C]` -> `[B, 2h, 2w, C]`."""
        features = tf.nn.depth_to_space(self.widen(features), 2)
        for layer, slope in zip(self.conv, self.slope, strict=True):
            features = slope(layer(features))
        detail = self.detail(haar.inverse(self.bands(bands), haar.AWNET))
        return self.join(tf.concat([features, detail], -1))


class ResizedUp(Block):
    """The way up from demosaiced RAW: twice the size, half the channels.

    Features: bilinear enlargement, 3x3 convolutions to C and C/2, each with PReLU. Subbands: 1x1
    convolution, PReLU, inverse transform, 1x1 convolution to C/2. Both side by side.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels of its output and the seed; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 4)
        filters = (width, width // 2)
        self.conv = [
            pytorch_convolution(count, 3, each, policy)
            for count, each in zip(filters, seeds[:2], strict=True)
        ]
        self.slope = [single_prelu(policy) for _ in self.conv]
        self.bands = pytorch_convolution(4 * width, 1, seeds[2], policy)
        self.bands_slope = single_prelu(policy)
        self.detail = pytorch_convolution(width // 2, 1, seeds[3], policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield from zip(self.conv, (2 * self.width, self.width), strict=True)
        yield from zip(self.slope, (self.width, self.width // 2), strict=True)
        yield self.bands, 4 * self.width
        yield self.bands_slope, 4 * self.width
        yield self.detail, self.width

    def call(self, features: tf.Tensor, bands: tf.Tensor) -> tf.Tensor:
        """`[B, h, w, 2 C]` and subbands `[B, h, w, 4 C]` -> `[B, 2h, 2w, C]`."""
        features = doubled(features)
        for layer, slope in zip(self.conv, self.slope, strict=True):
            features = slope(layer(features))
        bands = self.bands_slope(self.bands(bands))
        return tf.concat([features, self.detail(haar.inverse(bands, haar.AWNET))], -1)


class PyramidPooling(Block):
    """Means of 1, 2 x 2, 3 x 3 and 6 x 6 parts of the picture, put beside it (arXiv 1612.01105).

    Each goes through a 1x1 convolution without bias and is enlarged bilinearly; all with the
    features through a 1x1 convolution and ReLU. `width` channels -> the same.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        last, *seeds = layer_seeds(seed, 1 + len(PARTS))
        self.stage = [pytorch_convolution(width, 1, each, policy, bias=None) for each in seeds]
        self.join = pytorch_convolution(width, 1, last, policy, "relu", bias=0.1)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in self.stage:
            yield layer, self.width
        yield self.join, (len(PARTS) + 1) * self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        size = tf.shape(features)[1:3]
        pooled = [
            tf.image.resize(stage(means_of_parts(features, parts)), size)
            for stage, parts in zip(self.stage, PARTS, strict=True)
        ]
        return self.join(tf.concat([*pooled, at_least_float32(features)], -1))


# Parts of the picture along each axis.
PARTS = (1, 2, 3, 6)


def means_of_parts(features: tf.Tensor, count: int) -> tf.Tensor:
    """Means of `count` x `count` parts `[B, count, count, C]` in float32, as PyTorch divides them.

    Part i of n samples reaches from floor(i n / count) to ceil((i + 1) n / count): parts overlap
    where `count` does not divide n (`AdaptiveAvgPool2d`). Rows first, then columns: all rows of a
    part are as long, so the mean of means is the mean.
    """
    means = at_least_float32(features)
    for axis in (1, 2):
        length = features.shape[axis] or tf.shape(features)[axis]
        parts = []
        for index in range(count):
            part = slice(index * length // count, -(-(index + 1) * length // count))
            taken = means[:, part] if axis == 1 else means[:, :, part]
            parts.append(tf.reduce_mean(taken, axis, keepdims=True))
        means = tf.concat(parts, axis)
    return means
