"""Pyramids: the shape that PyNET, PyNET-CA and PUNET share, with their differences as data.

    encoder     level 1 [h, w]; halved by maxima, four times to level 5 [h/16, w/16]
    level 5     blocks
    level 4..1  blocks on the encoder's features beside those of the level below, enlarged
    level 0     enlarged once more: RGB [2h, 2w, 3]

One of less `depth` leaves out the levels above the lowest, whose line its own lowest follows.

A block is convolutions of several sizes side by side (`Branches`). What a level does is a line of
words, worked through from left to right:

    up    puts the next enlargement of the level below beside the features
    skip  puts the encoder's features of this level beside them
    5n    a block whose kernels are 3 and 5 wide, normalised; 5: one that is not
    +5n   the same, added to its input

Level k has `width * 2**(k - 1)` channels per branch. A pyramid that stops at a level above 0 has
the weights of that level and those below it, and one more convolution that shows what it knows, as
a picture of 2**k times too few pixels on each side; each is repeated, so that whoever trains or
renders meets the size it expects.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, Self

import keras
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.models.generator import Generator, at_least_float32
from tfisp.models.instance_norm import InstanceNorm
from tfisp.models.parts import (
    Block,
    BuiltOfParts,
    require_multiple,
    small_normal,
    small_weights,
    squashed,
)
from tfisp.seeds import layer_seeds

# The lowest level.
LAST = 5


class Word(NamedTuple):
    """One word of a level's line.

    Attributes:
        kind: `up`, `skip` or `block`.
        largest: Of a block, the width of its largest kernel.
        normalised: Of a block, whether it is.
        added: Of a block, whether it is added to its input.
    """

    kind: str
    largest: int = 0
    normalised: bool = False
    added: bool = False


def words(line: str) -> list[Word]:
    """Reads a level's line."""
    return [
        Word(word)
        if word in ("up", "skip")
        else Word("block", int(word.strip("+n")), word.endswith("n"), word.startswith("+"))
        for word in line.split()
    ]


class Pyramid(BuiltOfParts, Generator):
    """Base of the pyramids, packed RAW -> RGB.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded.

    Attributes:
        encoder: The encoder's blocks, level 1 to 4.
        lines: Level -> what it does.
        channels: `width`, unless another is asked for.
        width: Channels per branch at level 1.
        depth: Its lowest level.
        level: Where it stops: 0 gives the picture.
    """

    encoder: ClassVar[str]
    lines: ClassVar[dict[int, str]]
    channels: ClassVar[int]
    halo: ClassVar[int | None] = None  # normalisation and attention depend on the whole picture
    multiple = 16  # halved four times
    minimum = 16

    def __init__(
        self,
        *args: Any,
        width: int | None = None,
        depth: int = LAST,
        level: int = 0,
        **kwargs: Any,
    ) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels per branch at level 1, a multiple of 4; None for the published ones.
            depth: Its lowest level, 2 to 5.
            level: Where it stops, 0 to the lowest.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if width, depth or level is no such number.
        """
        super().__init__(*args, **kwargs)
        self.width = require_multiple(self, "width", self.channels if width is None else width, 4)
        for name, number, least, most in (("depth", depth, 2, LAST), ("level", level, 0, depth)):
            if number not in range(least, most + 1):
                raise InputError(
                    f"{type(self).__name__}: {name} {number!r} is not one of {least} to {most}"
                )
        self.depth, self.level = int(depth), int(level)
        self.levels = range(self.depth + 1)
        self.multiple = 2 ** (depth - 1)
        # Not below 8, which the kernels of level 1 need to be reflected.
        self.minimum = max(8, self.minimum * self.multiple // type(self).multiple)
        self._seeds = iter(layer_seeds(self.seed, 100))
        self.encoders = [
            self._block(word, level)
            for level, word in enumerate(words(self.encoder)[: depth - 1], start=1)
        ]
        for each in self._levels:
            line = self._line(each)
            blocks = [self._block(word, each) for word in line if word.kind == "block"]
            setattr(self, f"level{each}_", blocks)
            ups = [self._enlarge(self._channels(each)) for word in line if word.kind == "up"]
            setattr(self, f"level{each}_up", ups)
        self.exit = self._show() if self.level else self._finish()
        self.build(self.input_shape_any)

    @property
    def _levels(self) -> range:
        """The levels it has, from below."""
        return range(self.depth, max(self.level, 1) - 1, -1)

    def _line(self, level: int) -> list[Word]:
        """What a level does."""
        return words(self.lines[LAST if level == self.depth else level])

    def _channels(self, level: int) -> int:
        """Channels per branch at a level."""
        return int(self.width * 2 ** (level - 1))

    def _block(self, word: Word, level: int) -> "Branches":
        return Branches(
            self._channels(level), word.largest, word.normalised, next(self._seeds),
            dtype=self.dtype_policy,
        )  # fmt: skip

    def _enlarge(self, filters: int) -> keras.layers.Layer:
        """A layer that doubles the size; its `filters` are those of its output."""
        return double(filters, next(self._seeds), self.dtype_policy)

    def _show(self) -> keras.layers.Layer:
        """The layer that makes three colours of a level's features."""
        return keras.layers.Conv2D(
            3, 3, padding="same", dtype=self.dtype_policy, **small_weights(next(self._seeds))
        )

    def _finish(self) -> keras.layers.Layer:
        """Level 0: features of level 1 to three colours at twice the size."""
        return Enlarged(self.width // 4, next(self._seeds), dtype=self.dtype_policy)

    def _colours(self, values: tf.Tensor) -> tf.Tensor:
        """The last curve."""
        return squashed(values)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        channels = 4
        for block in self.encoders:
            yield block, channels
            channels = block.filters
        for level in self._levels:
            below, skipped = channels, self.encoders[min(level, self.depth - 1) - 1].filters
            channels = skipped
            blocks, ups = self.blocks(level)
            for word in self._line(level):
                if word.kind == "up":
                    up = next(ups)
                    yield up, below
                    channels += up.filters
                elif word.kind == "skip":
                    channels += skipped
                else:
                    block = next(blocks)
                    yield block, channels
                    channels = block.filters
        yield self.exit, channels

    def blocks(self, level: int) -> tuple[Iterator[Any], Iterator[Any]]:
        """A level's blocks and its enlargements, in order."""
        return iter(getattr(self, f"level{level}_")), iter(getattr(self, f"level{level}_up"))

    def _layers_of(self, level: int) -> list[keras.layers.Layer]:
        """All layers of a level."""
        return [layer for layers in self.blocks(level) for layer in layers]

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        skips = []
        features = raw
        for block in self.encoders:
            skips.append(block(features))
            features = tf.nn.max_pool2d(skips[-1], 2, 2, "VALID")
        for level in self._levels:
            skip = features if level == self.depth else skips[level - 1]
            features = self._at_level(level, skip, features)
        picture = self._colours(at_least_float32(self.exit(features)))
        # Not `tf.image.resize`, whose gradient TensorFlow has no deterministic form of on a GPU.
        for _ in range(self.level):
            picture = tf.nn.depth_to_space(tf.concat([picture] * 4, -1), 2)
        return picture

    def _at_level(self, level: int, skip: tf.Tensor, below: tf.Tensor) -> tf.Tensor:
        """What a level makes of the encoder's features and those of the level below."""
        features = skip
        blocks, ups = self.blocks(level)
        for word in self._line(level):
            if word.kind == "up":
                features = tf.concat([features, next(ups)(below)], -1)
            elif word.kind == "skip":
                features = tf.concat([features, skip], -1)
            else:
                made = next(blocks)(features)
                features = features + made if word.added else made
        return features

    def at_level(self, level: int) -> Self:
        """Itself if it stops there, else a copy that does.

        The copy has this one's weights where both have them: those of the encoder and of the levels
        from below up to the lower of the two stops. Others are those that it would start with.

        Raises:
            InputError: if there is no such level.
        """
        if level == self.level:
            return self
        made = self._anew(level=level)
        for ours, its in zip(self.encoders, made.encoders, strict=True):
            its.set_weights(ours.get_weights())
        for each in {*self._levels} & {*made._levels}:
            for ours, its in zip(self._layers_of(each), made._layers_of(each), strict=True):
                its.set_weights(ours.get_weights())
        return made

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        own = {"width": self.width, "depth": self.depth, "level": self.level}
        return {**super().get_config(), **own}


class Branches(Block):
    """Kernels of several sizes side by side: `[B, h, w, C]` -> `[B, h, w, filters]`.

    A branch is two convolutions with zero padding, each normalised if the block is, each ending in
    a leaky ReLU (0.2). In front of a normalisation they have no bias: it would change nothing.

    Attributes:
        filters: Channels of the output: those of all branches.
        epsilon: Constant of the normalisation.
        normalises_first: Whether a normalised block's first convolutions are as well.
    """

    epsilon: ClassVar[float] = 1e-3
    normalises_first: ClassVar[bool] = True

    def __init__(
        self, width: int, largest: int, normalised: bool, seed: int, **kwargs: Any
    ) -> None:
        """Makes the layers.

        Args:
            width: Channels of a branch.
            largest: Width of the largest kernel; the others are 3, 5 ... up to it.
            normalised: Whether each picture's channels are.
            seed: Of the first weights.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        sizes = range(3, largest + 1, 2)
        self.width = width
        self.filters = width * len(sizes)
        self.normalised = normalised
        seeds = iter(layer_seeds(seed, 2 * len(sizes) + 2))
        norms = normalised and self.normalises_first, normalised
        self.first = [self._convolution(size, next(seeds), norms[0]) for size in sizes]
        self.second = [self._convolution(size, next(seeds), norms[1]) for size in sizes]
        self.first_norm = [self._norm() for _ in sizes if norms[0]]
        self.second_norm = [self._norm() for _ in sizes if norms[1]]
        self._rest(list(seeds))

    def _norm(self) -> InstanceNorm:
        return InstanceNorm(self.epsilon, dtype=self.dtype_policy)

    def _convolution(self, size: int, seed: int, before_norm: bool) -> keras.layers.Conv2D:
        return keras.layers.Conv2D(
            self.width,
            size,
            padding="same",
            use_bias=not before_norm,
            dtype=self.dtype_policy,
            **small_weights(seed),
        )

    def _rest(self, seeds: list[int]) -> None:
        """Makes what a subclass has besides."""

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (*self.second, *self.first_norm, *self.second_norm):
            yield layer, self.width

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in self.first:
            layer.build(input_shape)
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """All branches, the smallest kernel's first."""
        branches = []
        for index in range(len(self.first)):
            made = features
            for layers, norms in (
                (self.first, self.first_norm),
                (self.second, self.second_norm),
            ):
                made = layers[index](self._padded(made, layers[index]))
                made = keras.activations.leaky_relu(norms[index](made) if norms else made)
            branches.append(made)
        return tf.concat(branches, -1)

    def _padded(self, features: tf.Tensor, layer: keras.layers.Conv2D) -> tf.Tensor:
        """Features with what a convolution needs around them, where it does not pad by itself."""
        return features


class Enlarged(Block):
    """A transposed convolution and one to three colours: `[B, h, w, C]` -> `[B, 2h, 2w, 3]`."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels between and the seed of the first weights; `dtype` as in Keras."""
        super().__init__(**kwargs)
        first, second = layer_seeds(seed, 2)
        self.up = double(width, first, self.dtype_policy)
        self.colour = keras.layers.Conv2D(
            3, 3, padding="same", dtype=self.dtype_policy, **small_weights(second)
        )

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.colour, self.up.filters

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        self.up.build(input_shape)
        super().build(input_shape)

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Three colours, not yet limited."""
        return self.colour(self.up(features))


def double(filters: int, seed: int, policy: keras.DTypePolicy) -> keras.layers.Conv2DTranspose:
    """A transposed 3x3 convolution of stride 2 without bias, and a leaky ReLU (0.2)."""
    return keras.layers.Conv2DTranspose(
        filters,
        3,
        2,
        padding="same",
        activation="leaky_relu",
        use_bias=False,
        kernel_initializer=small_normal(seed),
        dtype=policy,
    )
