"""MW-ISPNet: residual groups at three sizes of a wavelet transform.

    packed RAW                                             [h, w, 4]
    Haar transform                              a          [h/2, w/2, 16]
    3x3 convolution, PReLU; group               b          [h/2, w/2, width]
    Haar; 3x3 convolution, PReLU; group         c          [h/4, w/4, 2 width]
    Haar; 3x3 convolution, PReLU; two groups               [h/8, w/8, 2 width]
    3x3 convolution, PReLU, inverse; plus c                [h/4, w/4, 2 width]
    group; 3x3 convolution, PReLU, inverse; plus b         [h/2, w/2, width]
    group; 3x3 convolution; plus a; inverse                [h, w, 4]
    3x3 convolution; depth to space                        [2h, 2w, 3]

A group is `depth` residual blocks with channel attention (`residual_group`), 20 as published, with
`width` 64: 29,219,249 parameters. Each PReLU has one slope.

The network of team MW-ISPNet, winner of the AIM 2020 challenge on learned ISPs, which its code
calls MWRCAN: https://github.com/cszhilu1998/MW-ISPNet. From there: widths, depth, wavelet signs,
and the input, max(x - 63, 0) / (1020 - 63). The published transform interleaves subbands, and its
pixel shuffle is PyTorch's: orders of the channels of the convolutions beside them (`haar`), not of
the network. Its denoising of the RAW and its averaging over eight flips, with which the challenge
was won, stand outside the network and are left out. First weights are PyTorch's, as it sets none,
but for biases: those of the attention open its hidden layer, the last makes the first picture grey.

The attention depends on the whole picture, so a frame is rendered in one piece.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models import haar
from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32
from tfisp.models.parts import (
    BuiltOfParts,
    pytorch_convolution,
    require_multiple,
    single_prelu,
)
from tfisp.models.residual_group import ResidualGroup
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites


class MWISPNet(BuiltOfParts, Generator):
    """MW-ISPNet, packed RAW -> RGB.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, not limited on either side.

    Attributes:
        width: Channels at half the packed size.
        depth: Blocks of a group.
    """

    halo = None  # the channel attention depends on the whole picture
    multiple = 8  # three Haar transforms
    minimum = 8
    published = Contract(black_level=all_sites(63), white_level=1020, clip="shadows")

    def __init__(self, *args: Any, width: int = 64, depth: int = 20, **kwargs: Any) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            width: Channels at half the packed size.
            depth: Blocks of a group.
            **kwargs: As for `Generator`.

        Raises:
            InputError: if width or depth is no such number.
        """
        super().__init__(*args, **kwargs)
        self.width = require_multiple(self, "width", width, 1)
        self.depth = require_multiple(self, "depth", depth, 1)
        policy = self.dtype_policy
        seeds = iter(layer_seeds(self.seed, 13))
        widths = (width, 2 * width, 2 * width)
        self.down = [pytorch_convolution(c, 3, next(seeds), policy) for c in widths]
        self.down_slope = [single_prelu(policy) for _ in widths]
        self.down_group = [self._group(c, next(seeds)) for c in widths[:2]]
        self.middle = [self._group(2 * width, next(seeds)) for _ in range(2)]
        wide = (8 * width, 4 * width)
        self.up = [pytorch_convolution(c, 3, next(seeds), policy) for c in wide]
        self.up_slope = [single_prelu(policy) for _ in wide]
        self.up_group = [self._group(c, next(seeds)) for c in (2 * width, width)]
        self.join = pytorch_convolution(16, 3, next(seeds), policy)
        self.exit = pytorch_convolution(12, 3, next(seeds), policy, bias=FIRST_GREY)
        self.build(self.input_shape_any)

    def _group(self, width: int, seed: int) -> ResidualGroup:
        return ResidualGroup(width, self.depth, seed, dtype=self.dtype_policy)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        width = self.width
        yield from zip(self.down, (16, 4 * width, 8 * width), strict=True)
        yield from zip(self.down_slope, (width, 2 * width, 2 * width), strict=True)
        yield from zip(self.down_group, (width, 2 * width), strict=True)
        yield from ((group, 2 * width) for group in self.middle)
        yield from ((layer, 2 * width) for layer in self.up)
        yield from zip(self.up_slope, (8 * width, 4 * width), strict=True)
        yield from zip(self.up_group, (2 * width, width), strict=True)
        yield self.join, width
        yield self.exit, 4

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        skips = [haar.forward(tf.cast(raw, self.compute_dtype), haar.ISPNET)]
        features = skips[0]
        for level in range(3):
            if level:
                features = haar.forward(features, haar.ISPNET)
            features = self.down_slope[level](self.down[level](features))
            if level < 2:
                features = self.down_group[level](features)
                skips.append(features)
        for group in self.middle:
            features = group(features)
        for layer, slope, group in zip(self.up, self.up_slope, self.up_group, strict=True):
            features = haar.inverse(slope(layer(features)), haar.ISPNET) + skips.pop()
            features = group(features)
        features = haar.inverse(self.join(features) + skips.pop(), haar.ISPNET)
        return at_least_float32(tf.nn.depth_to_space(self.exit(features), 2))

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "width": self.width, "depth": self.depth}
