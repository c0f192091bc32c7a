"""PyNET-V2 Mobile: three sizes of the picture, groups of channels, attention of two kinds.

    level 1   3x3 convolution, PReLU                                          [h, w, 32]
    level 2   2x2 convolution, stride 2, PReLU, of it                         [h/2, w/2, 64]
    level 3   2x2 convolution, stride 2, PReLU, of it                         [h/4, w/4, 128]
              groups(4, 2); + places; + channels
    level 2   up to 64 channels + 3x3 convolution, PReLU, of level 2
              + PReLU(1x1 convolution of it); groups(2, 3); + channels
    level 1   up to 32 channels + 3x3 convolution, PReLU, of level 1
              + PReLU(1x1 convolution of it); groups(4, 1); groups(2, 1)
    picture   1x1 convolution, PReLU                                          [h, w, 16]
              depth to space                                                  [2h, 2w, 4]
              3x3 convolution, 0.58 tanh + 0.5                                [2h, 2w, 3]

    groups(g, n)   the channels cut into g groups; of each, n times: itself + PReLU(convolution),
                   whose result is instance-normalised before the PReLU in every second group,
                   beginning with the first; side by side, 1x1 convolution, + the input
    places         u = 3x3 convolution, PReLU; u times sigmoid(one 5x5 filter per channel of u)
    channels       u = 3x3 convolution, PReLU; u times a factor for each channel
                   (`attention.StridedAttention` with one 3x3 convolution)
    up             twice the size, linear between pixel centres; 3x3 convolution, PReLU

Convolutions mirror the borders that they need (2x2 and strided ones need none). PReLUs have a slope
per channel. "+" in front of a part adds its result to what went in.

From "PyNET-V2 Mobile: Efficient On-Device Photo Processing With Neural Networks" (ICPR 2022, arXiv
2211.06263), after the published code, https://github.com/gmalivenko/PyNET-v2 (`model.py`): all of
the above, and the input, x / 1020 with the black level in it (`load_dataset.py`). The constant of
the normalisation is that of TensorFlow Addons, 1e-3. Decided here: slopes start at 0.25 and first
kernels are He's (`prelu`), but for the 5x5 filters (Glorot's, as published), the 1x1 convolutions
behind groups and the last one. These are normal with the published deviation, 0.01; with it
everywhere, most layers get gradients below 1e-8, which Adam's epsilon of that size stills.

930,255 parameters. The published training shows levels 3 and 2 as pictures as well, by one more 1x1
convolution each (2,328 parameters), and trains level after level; what ships has neither.

Attention and normalisation depend on the whole picture, so a frame is rendered in one piece: exact,
at the price of memory.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.attention import StridedAttention
from tfisp.models.generator import Generator, at_least_float32
from tfisp.models.parts import Block, BuiltOfParts, require_multiple, small_normal, squashed
from tfisp.models.prelu import PReLUConvolution
from tfisp.models.resizing import doubled, reflected
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites


class PyNETV2Mobile(BuiltOfParts, Generator):
    """PyNET-V2 Mobile, packed RAW -> RGB: 930,255 parameters.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, within -0.08..1.08.

    Attributes:
        width: Channels at level 1; twice and four times as many at levels 2 and 3.
    """

    halo = None  # attention and normalisation depend on the whole picture
    multiple = 4  # two strides of 2
    minimum = 28  # a quarter of it is the least that the channel attention takes
    published = Contract(black_level=all_sites(0), white_level=1020)

    def __init__(self, *args: Any, width: int = 32, **kwargs: Any) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels at level 1, a multiple of 4.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if the width is no such number.
        """
        super().__init__(*args, **kwargs)
        self.width = require_multiple(self, "width", width, 4)
        policy = self.dtype_policy
        seeds = iter(layer_seeds(self.seed, 18))

        def conv(filters: int, size: int) -> PReLUConvolution:
            return PReLUConvolution(filters, size, next(seeds), padding="reflect", dtype=policy)

        def halving(filters: int) -> PReLUConvolution:
            return PReLUConvolution(
                filters, 2, next(seeds), strides=2, padding="valid", dtype=policy
            )

        def groups(filters: int, count: int, depth: int) -> Groups:
            return Groups(filters, count, depth, next(seeds), dtype=policy)

        self.down1 = conv(width, 3)
        self.down2 = halving(2 * width)
        self.down3 = halving(4 * width)
        self.groups3 = groups(4 * width, 4, 2)
        self.places3 = PlaceAttention(4 * width, next(seeds), dtype=policy)
        self.channels3 = ChannelAttention(4 * width, next(seeds), dtype=policy)
        self.up2 = conv(2 * width, 3)
        self.skip2 = conv(2 * width, 3)
        self.mix2 = conv(2 * width, 1)
        self.groups2 = groups(2 * width, 2, 3)
        self.channels2 = ChannelAttention(2 * width, next(seeds), dtype=policy)
        self.up1 = conv(width, 3)
        self.skip1 = conv(width, 3)
        self.mix1 = conv(width, 1)
        self.groups1 = [groups(width, 4, 1), groups(width, 2, 1)]
        self.planes = conv(16, 1)
        self.exit = keras.layers.Conv2D(
            3, 3, kernel_initializer=small_normal(next(seeds)), dtype=policy
        )
        self.build(self.input_shape_any)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        width = self.width
        yield self.down1, 4
        for layer in (self.down2, self.skip1, self.mix1, *self.groups1, self.planes):
            yield layer, width
        for layer in (self.down3, self.skip2, self.mix2, self.groups2, self.channels2, self.up1):
            yield layer, 2 * width
        for layer in (self.groups3, self.places3, self.channels3, self.up2):
            yield layer, 4 * width
        yield self.exit, 4

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        full = self.down1(raw)
        half = self.down2(full)
        x = self.groups3(self.down3(half))
        x += self.places3(x)
        x += self.channels3(x)
        x = self.skip2(half) + self.up2(doubled(x))
        x = self.groups2(x + self.mix2(x))
        x += self.channels2(x)
        x = self.skip1(full) + self.up1(doubled(x))
        x += self.mix1(x)
        for groups in self.groups1:
            x = groups(x)
        planes = tf.nn.depth_to_space(self.planes(x), 2)
        return squashed(at_least_float32(self.exit(reflected(planes, 1))))

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "width": self.width}


class Groups(Block):
    """The channels in groups, each with convolutions of its own: `[B, h, w, width]` -> the same."""

    def __init__(self, width: int, count: int, depth: int, seed: int, **kwargs: Any) -> None:
        """Makes the layers.

        Args:
            width: Channels.
            count: Number of groups.
            depth: Convolutions of each.
            seed: Of the first weights.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.width, self.step, self.depth = width, width // count, depth
        policy = self.dtype_policy
        last, *seeds = layer_seeds(seed, 1 + count * depth)
        self.convs = [
            PReLUConvolution(
                self.step,
                3,
                each,
                padding="reflect",
                normalised=index // depth % 2 == 0,
                dtype=policy,
            )
            for index, each in enumerate(seeds)
        ]
        # Small, as published: the groups' own sums grow with each convolution.
        self.mix = keras.layers.Conv2D(
            width, 1, kernel_initializer=small_normal(last), dtype=policy
        )

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in self.convs:
            yield layer, self.step
        yield self.mix, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        groups: list[tf.Tensor] = []
        for start in range(0, self.width, self.step):
            group = features[..., start : start + self.step]
            first = len(groups) * self.depth
            for conv in self.convs[first : first + self.depth]:
                group += conv(group)
            groups.append(group)
        return features + self.mix(tf.concat(groups, -1))


class PlaceAttention(Block):
    """Features weighted place by place and channel by channel: `[B, h, w, width]` -> the same."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `name` and `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        first, second = layer_seeds(seed, 2)
        self.conv = PReLUConvolution(width, 3, first, padding="reflect", dtype=self.dtype_policy)
        self.place = keras.layers.DepthwiseConv2D(
            5,
            activation="sigmoid",
            depthwise_initializer=keras.initializers.GlorotUniform(second),
            dtype=self.dtype_policy,
        )

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.conv, self.width
        yield self.place, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        features = self.conv(features)
        return features * self.place(reflected(features, 2))


class ChannelAttention(Block):
    """Features weighted channel by channel: `[B, h, w, width]` -> the same."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Takes the channels and the seed of the first weights; `name` and `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.width = width
        first, second = layer_seeds(seed, 2)
        self.conv = PReLUConvolution(width, 3, first, padding="reflect", dtype=self.dtype_policy)
        self.factor = StridedAttention(width, 1, second, dtype=self.dtype_policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        yield self.conv, self.width
        yield self.factor, self.width

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        features = self.conv(features)
        return features * self.factor(features)
