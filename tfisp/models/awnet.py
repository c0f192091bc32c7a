"""AWNet: attention and wavelets, from RAW or from a simple demosaicing of it.

    3x3 convolution                                                     [h, w, width]
    levels 1 to 4: attention, dense blocks, wavelet step down           halved; channels doubled
    level 5: attention, dense blocks                                    [h/16, w/16, 16 width]
    levels 4 to 1: wavelet step up, plus the shortcut of the level      doubled; channels halved

    from RAW         depth to space, 3x3 convolution; beside the pyramid pooling of it;
                     3x3 convolution, attention, 3x3 convolution, sigmoid
    from demosaiced  pyramid pooling, 3x3 convolution, sigmoid

The blocks are in `awnet_parts`; there are `blocks` dense ones at each level, 2, 2, 2, 3 and 4 as
published, with `width` 64; fewer numbers make fewer levels. From RAW, h and w are those of the
packed input; from a demosaiced one they are twice as many.

From "AWNet: Attentive Wavelet Network for Image ISP" (AIM 2020, arXiv 2008.09228), after its
published code, https://github.com/Charlie0215/AWNet-Attentive-Wavelet-Network-for-Image-ISP
(`models/`, `scripts/demosaic.py`): widths, blocks, wavelet signs, and both inputs. RAW comes in as
x / (4 * 255), black level and all. The demosaicing doubles each of the four planes bilinearly, as
if all lay at the middle of their tiles, takes the mean of the greens, divides by 3 * 255 and cuts
off what is above 1; it is part of the network here, which so takes packed RAW. The published one
goes through files of 8 bits; that rounding is left out. First weights are PyTorch's, as the code
sets none, but for biases in front of a few ReLUs, which start at 0.1 to open them.

Parameters: 47,430,600 from RAW, 45,356,548 from demosaiced. A count of the published modules gives
50,618,596 and 48,542,813. Of the difference, 3,134,400 are convolutions that its forward pass does
not use (`conv_down`), 13 are biases in front of a softmax, which they do not change, and 53,583 or
51,852 make pictures of smaller sizes, which only its training compares.

Decided here: batch normalisation behind the dense layers is what it is when a picture is rendered,
a scale and a shift per channel, which published statistics can be folded into. While training, it
does not look at the batch: in this package the pictures of a batch do not know of each other. Of
published versions that differ in whether the steps down are normalised too, this is the one whose
parameters the counts above are of: they are not.

The published pixel shuffle is PyTorch's: an order of the channels of what is shuffled, not of the
network.

Attention and pooling depend on the whole picture, so a frame is rendered in one piece.
"""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.models.awnet_parts import (
    DenseBlock,
    PyramidPooling,
    ResizedUp,
    Shortcut,
    ShuffledUp,
    SqueezeExcite,
    WaveletDown,
)
from tfisp.models.generator import Generator, at_least_float32
from tfisp.models.parts import Block, BuiltOfParts, pytorch_convolution, require_multiple
from tfisp.models.resizing import doubled
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites


class AWNet(BuiltOfParts, Generator):
    """Base of both, packed RAW -> RGB.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, within 0..1.

    Attributes:
        colours: Channels of what the first convolution sees.
        width: Channels at level 1.
        blocks: Dense blocks of each level.
    """

    colours: ClassVar[int]
    halo = None  # attention and pooling depend on the whole picture
    multiple = 16  # halved four times

    def __init__(
        self,
        *args: Any,
        width: int = 64,
        blocks: Sequence[int] = (2, 2, 2, 3, 4),
        **kwargs: Any,
    ) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels at level 1, a multiple of 8.
            blocks: Dense blocks of each level; as many levels as there are numbers, 2 to 5.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if the width is no such number, or the blocks are none.
        """
        super().__init__(*args, **kwargs)
        self.width = require_multiple(self, "width", width, 8)
        self.blocks = tuple(require_multiple(self, "blocks", count, 1) for count in blocks)
        if not 2 <= len(self.blocks) <= 5:
            raise InputError(
                f"{type(self).__name__}: blocks {list(blocks)} are not 2 to 5 numbers, one for each"
                " level"
            )
        self.steps = len(self.blocks) - 1
        self.multiple = self.multiple >> (4 - self.steps)
        policy = self.dtype_policy
        seeds = iter(layer_seeds(self.seed, 3 + 4 * self.steps + sum(self.blocks)))
        self.entry = pytorch_convolution(width, 3, next(seeds), policy)
        widths = [width * 2**level for level in range(self.steps + 1)]
        self.attention = [SqueezeExcite(c, next(seeds), dtype=policy) for c in widths]
        for level, channels in enumerate(widths, start=1):
            dense = range(self.blocks[level - 1])
            made = [DenseBlock(channels, next(seeds), dtype=policy) for _ in dense]
            setattr(self, f"dense{level}_", made)
        self.down = [WaveletDown(c, next(seeds), dtype=policy) for c in widths[:-1]]
        self.up = [self._up(c, next(seeds)) for c in widths[:-1]]
        self.shortcut = [Shortcut(c, next(seeds), dtype=policy) for c in widths[:-1]]
        self.exit = self._exit(next(seeds))
        self.build(self.input_shape_any)

    def _up(self, width: int, seed: int) -> ShuffledUp | ResizedUp:
        """A step up to that many channels."""
        raise NotImplementedError

    def _exit(self, seed: int) -> keras.layers.Layer:
        """What makes the picture of the features of level 1."""
        raise NotImplementedError

    def _seen(self, raw: tf.Tensor) -> tf.Tensor:
        """What the first convolution sees."""
        raise NotImplementedError

    def _dense(self, level: int) -> list[DenseBlock]:
        """The dense blocks of a level, from 1."""
        return list(getattr(self, f"dense{level}_"))

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.entry, self.colours
        for level in range(1, self.steps + 2):
            width = self.width * 2 ** (level - 1)
            yield self.attention[level - 1], width
            yield from ((block, width) for block in self._dense(level))
            if level <= self.steps:
                yield self.down[level - 1], width
                yield self.up[level - 1], 2 * width
                yield self.shortcut[level - 1], width
        yield self.exit, self.width

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        features = self.entry(self._seen(raw))
        skips, details = [], []
        for level in range(1, self.steps + 2):
            skips.append(features)
            features = self.attention[level - 1](features)
            for block in self._dense(level):
                features = block(features)
            if level <= self.steps:
                features, bands = self.down[level - 1](features)
                details.append(bands)
        for index in reversed(range(self.steps)):
            features = self.up[index](features, details[index])
            features = features + self.shortcut[index](skips[index])
        return at_least_float32(self.exit(features))

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "width": self.width, "blocks": list(self.blocks)}


class AWNetRaw(AWNet):
    """AWNet from packed RAW: 47,430,600 parameters."""

    colours = 4
    published = Contract(black_level=all_sites(0), white_level=4 * 255)

    def _up(self, width: int, seed: int) -> ShuffledUp:
        return ShuffledUp(width, seed, dtype=self.dtype_policy)

    def _exit(self, seed: int) -> "Finish":
        return Finish(self.width // 4, seed, dtype=self.dtype_policy)

    def _seen(self, raw: tf.Tensor) -> tf.Tensor:
        return raw


class AWNetDemosaiced(AWNet):
    """AWNet from a simple demosaicing, which is part of it: 45,356,548 parameters."""

    colours = 3
    multiple = 8  # halved four times after the demosaicing doubled it
    published = Contract(black_level=all_sites(0), white_level=3 * 255)

    def _up(self, width: int, seed: int) -> ResizedUp:
        return ResizedUp(width, seed, dtype=self.dtype_policy)

    def _exit(self, seed: int) -> "Pooled":
        return Pooled(self.width, seed, dtype=self.dtype_policy)

    def _seen(self, raw: tf.Tensor) -> tf.Tensor:
        blue, green, red, other = (raw[..., index : index + 1] for index in range(4))
        colours = tf.concat([red, 0.5 * (green + other), blue], -1)
        return tf.minimum(doubled(colours), 1)


class Finish(Block):
    """AWNet's last layers from RAW: `[B, h, w, 4 width]` -> RGB `[B, 2h, 2w, 3]`."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels behind the depth to space and the seed; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = layer_seeds(seed, 5)
        self.before = pytorch_convolution(width, 3, seeds[0], policy)
        self.pooling = PyramidPooling(width, seeds[1], dtype=policy)
        self.after = pytorch_convolution(2 * width, 3, seeds[2], policy)
        self.attention = SqueezeExcite(2 * width, seeds[3], dtype=policy)
        self.colour = pytorch_convolution(3, 3, seeds[4], policy, "sigmoid")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.before, self.width
        yield self.pooling, self.width
        for layer in (self.after, self.attention, self.colour):
            yield layer, 2 * self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """The picture."""
        features = self.before(tf.nn.depth_to_space(features, 2))
        features = tf.concat([self.pooling(features), features], -1)
        return self.colour(self.attention(self.after(features)))


class Pooled(Block):
    """AWNet's last layers from demosaiced RAW: `[B, h, w, width]` -> RGB `[B, h, w, 3]`."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels of its input and the seed; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        first, second = layer_seeds(seed, 2)
        self.pooling = PyramidPooling(width, first, dtype=self.dtype_policy)
        self.colour = pytorch_convolution(3, 3, second, self.dtype_policy, "sigmoid")

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.pooling, self.width
        yield self.colour, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """The picture."""
        return self.colour(self.pooling(features))
