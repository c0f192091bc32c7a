"""RMFA-Net: texture and tone apart, joined by attention, in full resolution.

    split RAW                           [H, W, 3]
    3x3 and 3x3 convolution, tanh       [H, W, width]
    `depth` blocks                      [H, W, width]
    3x3 convolution, sigmoid            [H, W, 3]

A block with the features x:

    texture   1x1 convolution, ReLU  beside  3x3 convolution, ReLU: half the width each
    tone      x1 = ReLU(conv(mean of 2x2 of x))     x2 = ReLU(conv(mean of 2x2 of x1))
              x3 = ReLU(conv(x2))                   illumination = up(x1 + up(x3))
              reflectance = x - illumination        up: bilinear, twice the size
    fusion    ReLU(conv(texture beside reflectance))
    channels  times sigmoid(MLP(mean over the picture) + MLP(maximum over the picture))
    places    times sigmoid(7x7 convolution of mean and maximum over the channels)
    sum       plus x

The authors' own code is not public (arXiv 2406.11469). This is the form in which arXiv 2505.10420
re-implemented, trained and released it: `scripts/port_checkpoint.py` reads its checkpoints. It
differs from what the RMFA-Net paper describes at least in that sites of the other colours hold 1
(white), samples are divided by the white level without the black level taken off it, and
illumination is subtracted, not divided by.

Each block depends on the whole picture, the second on what the first made of it. A frame is
therefore rendered in one piece: exact, at the price of memory (tiny: 440 bytes per pixel measured,
5 GB for 12 megapixels).
"""

from typing import Any, ClassVar

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.attention import channel_gate, place_gate
from tfisp.models.generator import (
    Generator,
    NamedLayers,
    at_least_float32,
    convolution,
)
from tfisp.models.parts import require_multiple
from tfisp.models.resizing import doubled
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

# The features of the channel attention's hidden layer: one for this many channels.
_REDUCTION = 16


class RMFANet(Generator):
    """RMFA-Net of any depth and width, split RAW -> RGB.

    Subclasses set `depth`. Input `[B, H, W, 3]` float32, split and normalised by `contract`;
    output `[B, H, W, 3]` float32, sRGB-encoded, within 0..1.

    Attributes:
        depth: Number of blocks.
        usual: Channels of the features unless others are asked for.
        width: Channels of the features.
    """

    depth: ClassVar[int]
    usual: ClassVar[int] = 16
    form = "split"
    scale = 1
    halo = None  # the channel attention depends on the whole picture
    multiple = 4  # downsampled twice
    minimum = 4
    # max(x - 63, 0) / 1023, for every site
    published = Contract("split", black_level=all_sites(63), white_level=63 + 1023, clip="shadows")

    def __init__(self, *args: Any, width: int | None = None, **kwargs: Any) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels of the features, a multiple of 16; None for the usual ones.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if the width is no such number.
        """
        super().__init__(*args, **kwargs)
        width = require_multiple(self, "width", self.usual if width is None else width, _REDUCTION)
        self.width = width
        policy = self.dtype_policy
        first, second, last, *seeds = layer_seeds(self.seed, 3 + self.depth)
        self.entry1 = convolution(width, 3, None, first, policy)
        self.entry2 = convolution(width, 3, "tanh", second, policy)
        self.blocks = [RMFABlock(width, seed, dtype=policy) for seed in seeds]
        self.exit = convolution(3, 3, "sigmoid", last, policy)
        self.build(self.input_shape_any)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in (self.entry1, self.entry2, *self.blocks, self.exit):
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders split RAW `[B, H, W, 3]` to RGB `[B, H, W, 3]`."""
        features = self.entry2(self.entry1(raw))
        for block in self.blocks:
            features = block(features)
        return at_least_float32(self.exit(features))

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "width": self.width}


class RMFANetTiny(RMFANet):
    """The size that arXiv 2505.10420 trains, section 4.3: 29,223 parameters."""

    depth = 2


class RMFANetMedium(RMFANet):
    """Eight blocks: 107,283 parameters."""

    depth = 8


class RMFANetLarge(RMFANet):
    """Twenty blocks: 263,403 parameters."""

    depth = 20


class RMFANetLarge32(RMFANetLarge):
    """Twenty blocks, twice as wide: 1,042,731 parameters."""

    usual = 32


class RMFANetLarge64(RMFANetLarge):
    """Twenty blocks, four times as wide: 4,155,051 parameters."""

    usual = 64


class RMFABlock(NamedLayers, keras.layers.Layer):
    """One block, `[B, H, W, width]` -> the same; H and W divisible by 4."""

    def __init__(self, width: int, seed: int, **kwargs: Any) -> None:
        """Makes the layers.

        Args:
            width: Channels.
            seed: Of the first weights.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.width = width
        policy = self.dtype_policy
        seeds = iter(layer_seeds(seed, 9))
        self.high_frequencies = convolution(width // 2, 1, "relu", next(seeds), policy)
        self.low_frequencies = convolution(width // 2, 3, "relu", next(seeds), policy)
        self.tone1 = convolution(width, 3, "relu", next(seeds), policy)
        self.tone2 = convolution(width, 3, "relu", next(seeds), policy)
        self.tone3 = convolution(width, 3, "relu", next(seeds), policy)
        self.fusion = convolution(width, 3, "relu", next(seeds), policy)
        # A perceptron on one place per picture is a 1x1 convolution. Nothing that it sees is
        # negative: with first weights that are not either, its few hidden units start open. At
        # width 16 there is one, and closed it would give the attention no gradient at all.
        squeezed, seed = width // _REDUCTION, next(seeds)
        positive = keras.initializers.RandomUniform(0.0, 2.0 / width, seed)
        self.squeeze = convolution(
            squeezed, 1, "relu", seed, policy, initializer=positive, bias=None
        )
        self.excite = convolution(width, 1, None, next(seeds), policy, bias=None)
        self.place = convolution(1, 7, "sigmoid", next(seeds), policy, bias=None)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer, channels in (
            (self.high_frequencies, self.width),
            (self.low_frequencies, self.width),
            (self.tone1, self.width),
            (self.tone2, self.width),
            (self.tone3, self.width),
            (self.fusion, 2 * self.width),
            (self.squeeze, self.width),
            (self.excite, self.width // _REDUCTION),
            (self.place, 2),
        ):
            layer.build((*input_shape[:-1], channels))
        self.built = True

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays."""
        return input_shape

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Features of the same shape."""
        reflectance = features - self._illumination(features)
        parts = [
            self.high_frequencies(features),
            self.low_frequencies(features),
            reflectance,
        ]
        fused = self.fusion(tf.concat(parts, -1))
        fused *= channel_gate(fused, self.squeeze, self.excite)
        fused *= place_gate(fused, self.place)
        return fused + features

    def _illumination(self, features: tf.Tensor) -> tf.Tensor:
        """What changes slowly: the features seen at half and at a quarter of the size."""
        half = self.tone1(_downsample(features))
        quarter = self.tone3(self.tone2(_downsample(half)))
        return doubled(half + doubled(quarter))


def _downsample(features: tf.Tensor) -> tf.Tensor:
    """Means of 2x2."""
    return tf.nn.avg_pool2d(features, 2, 2, "VALID")
