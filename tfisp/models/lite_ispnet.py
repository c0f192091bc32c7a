"""LiteISPNet: MW-ISPNet made lighter, with the place in the frame as a further input.

    packed RAW, to the power of 1/2.2; 3x3 convolution     h      [h, w, width]
    beside coordinates; down: conv, group, conv; Haar      d1     [h/2, w/2, 4 width]
    down: 3x3 convolution, group; Haar                     d2     [h/4, w/4, 4 width]
    down: 3x3 convolution, group; Haar                     d3     [h/8, w/8, 8 width]
    3x3 convolution, two groups, 3x3 convolution; plus d3         [h/8, w/8, 8 width]
    inverse; group, 3x3 convolution; plus d2                      [h/4, w/4, 4 width]
    inverse; group, 3x3 convolution; plus d1                      [h/2, w/2, 4 width]
    inverse; group, 3x3 convolution; plus h                       [h, w, width]
    3x3 convolution; depth to space; 3x3 convolution              [2h, 2w, 3]

A group is `depth` residual blocks with channel attention (`residual_group`), 4 as published, with
`width` 64. Coordinates run from the left and top of a frame, -1, to its right and bottom, 1; what
the network sees is a part of one. Where that part lies, a small network (`Place`) guesses from its
content, and each sample's coordinates are its distance from the middle of the part plus that guess.

From "Learning RAW-to-sRGB Mappings with Inaccurately Aligned Supervision" (ICCV 2021, arXiv
2108.08119), after its published code, https://github.com/cszhilu1998/RAW-to-sRGB: widths, wavelet
signs, and the input, max(x - 63, 0) / (1020 - 63). 11,922,441 parameters; the 11,930,633 that a
count of the published modules gives include 8,192 fixed numbers of its wavelet transforms.

Decided here: of two published versions of the forward pass, which differ in the power of 1/2.2
alone, the one that has it; below 0, where it is not defined, it gives 0. Coordinates are published
for patches of 448 pixels in the 3968 x 2976 of the Zurich data set; the same distance per pixel is
kept for other sizes, so that such a frame spans -1 to 1. `Place` starts at random here, where the
published training starts from a trained one. How the published training aligns its targets (optical
flow to a colour-mapped RAW) is no part of the network. Order of subbands, pixel shuffle, rendering
in one piece: as in `mw_ispnet`.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models import haar
from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32
from tfisp.models.parts import (
    Block,
    BuiltOfParts,
    pytorch_convolution,
    pytorch_default,
    require_multiple,
)
from tfisp.models.residual_group import ResidualGroup
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

# Packed height and width of the frames whose borders lie at -1 and 1.
_FRAME = (2976 // 2, 3968 // 2)
# What `Place` looks at, and what four valid 3x3 convolutions of stride 2 leave of it.
_PLACE_INPUT, _PLACE_LEFT = 224, 13


class LiteISPNet(BuiltOfParts, Generator):
    """LiteISPNet, packed RAW -> RGB: 11,922,441 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, not limited on either side.

    Attributes:
        width: Channels at the packed size.
        depth: Blocks of a group.
    """

    halo = None  # the channel attention depends on the whole picture
    multiple = 8  # three Haar transforms
    minimum = 8
    published = Contract(black_level=all_sites(63), white_level=1020, clip="shadows")

    def __init__(self, *args: Any, width: int = 64, depth: int = 4, **kwargs: Any) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels at the packed size.
            depth: Blocks of a group.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if width or depth is no positive number.
        """
        super().__init__(*args, **kwargs)
        self.width = require_multiple(self, "width", width, 1)
        self.depth = require_multiple(self, "depth", depth, 1)
        seeds = iter(layer_seeds(self.seed, 22))
        self.entry = self._convolution(width, next(seeds))
        self.place = Place(width, next(seeds), dtype=self.dtype_policy)
        downs = (width + 2, width, 2 * width)
        self.down = [self._convolution(c, next(seeds)) for c in downs]
        self.down_group = [self._group(c, next(seeds)) for c in downs]
        self.after_coordinates = self._convolution(width, next(seeds))
        self.middle_entry = self._convolution(2 * width, next(seeds))
        self.middle = [self._group(2 * width, next(seeds)) for _ in range(2)]
        self.middle_exit = self._convolution(8 * width, next(seeds))
        self.up_group = [self._group(c, next(seeds)) for c in (2 * width, width, width)]
        self.up = [self._convolution(c, next(seeds)) for c in (4 * width, 4 * width, width)]
        self.widen = self._convolution(4 * width, next(seeds))
        self.exit = pytorch_convolution(3, 3, next(seeds), self.dtype_policy, bias=FIRST_GREY)
        self.build(self.input_shape_any)

    def _convolution(self, filters: int, seed: int) -> keras.layers.Conv2D:
        return pytorch_convolution(filters, 3, seed, self.dtype_policy)

    def _group(self, width: int, seed: int) -> ResidualGroup:
        return ResidualGroup(width, self.depth, seed, dtype=self.dtype_policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        width = self.width
        yield self.entry, 4
        yield self.place, 4
        yield from zip(self.down, (width + 2, 4 * width, 4 * width), strict=True)
        yield from zip(self.down_group, (width + 2, width, 2 * width), strict=True)
        yield self.after_coordinates, width + 2
        yield self.middle_entry, 8 * width
        yield from ((layer, 2 * width) for layer in (*self.middle, self.middle_exit))
        for layers in (self.up_group, self.up):
            yield from zip(layers, (2 * width, width, width), strict=True)
        yield self.widen, width
        yield self.exit, width

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        raw = tf.cast(raw, self.compute_dtype)
        entry = self.entry(tf.maximum(raw, 0) ** (1 / 2.2))
        features = tf.concat([entry, self._coordinates(raw)], -1)
        skips = [entry]
        for level, (layer, group) in enumerate(zip(self.down, self.down_group, strict=True)):
            features = group(layer(features))
            if level == 0:
                features = self.after_coordinates(features)
            features = haar.forward(features, haar.ISPNET)
            skips.append(features)
        features = self.middle_entry(features)
        for group in self.middle:
            features = group(features)
        features = self.middle_exit(features) + skips.pop()
        for layer, group in zip(self.up, self.up_group, strict=True):
            features = layer(group(haar.inverse(features, haar.ISPNET))) + skips.pop()
        features = tf.nn.depth_to_space(self.widen(features), 2)
        return at_least_float32(self.exit(features))

    def _coordinates(self, raw: tf.Tensor) -> tf.Tensor:
        """Where each sample lies in the frame: `[B, h, w, 2]`, x and y."""
        height, width = tf.unstack(tf.shape(raw)[1:3])
        y = _distances(height, _FRAME[0])[:, None, None]
        x = _distances(width, _FRAME[1])[None, :, None]
        grid = tf.concat([x + tf.zeros_like(y), y + tf.zeros_like(x)], -1)
        return tf.cast(grid[None], raw.dtype) + self.place(raw)

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "width": self.width, "depth": self.depth}


class Place(Block):
    """A guess where in the frame the middle of a part lies: `[B, h, w, 4]` -> `[B, 1, 1, 2]`.

    Four 3x3 convolutions of stride 2 without padding, ReLU, on the RAW enlarged or reduced to
    224 x 224 (corners aligned); two dense layers, of which the first is a convolution as large as
    what is left, and the second one of 1x1; times 0.1, limited to -1..1; x and y.
    """

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        seeds = iter(layer_seeds(seed, 6))

        def layer(filters: int, size: int, strides: int, activation: str | None) -> Any:
            return keras.layers.Conv2D(
                filters,
                size,
                strides,
                activation=activation,
                kernel_initializer=pytorch_default(next(seeds)),
                dtype=self.dtype_policy,
            )

        self.halve = [layer(width, 3, 2, "relu") for _ in range(4)]
        self.hidden = layer(256, _PLACE_LEFT, 1, "relu")
        self.last = layer(2, 1, 1, None)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield from zip(self.halve, (4, *3 * [self.width]), strict=True)
        yield self.hidden, self.width
        yield self.last, 256

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """The guess."""
        size = [_PLACE_INPUT, _PLACE_INPUT]
        features = tf.raw_ops.ResizeBilinear(images=raw, size=size, align_corners=True)
        for layer in (*self.halve, self.hidden, self.last):
            features = layer(features)
        return tf.clip_by_value(0.1 * features, -1, 1)


def _distances(count: tf.Tensor, frame: int) -> tf.Tensor:
    """Signed distance from the middle of samples side by side, where a frame spans -1 to 1."""
    place = 2 * tf.range(count, dtype=tf.int32) + 1 - count
    return tf.cast(place, tf.float32) / frame
