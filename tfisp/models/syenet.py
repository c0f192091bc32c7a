"""SYENet: products of two branches, trained in many convolutions and shipped in few.

    packed RAW                                                                  [h, w, 4]
    head    0.1 (3x3 of PReLU(5x5)) (5x5) + bias per channel                    [h, w, 12]
    body    0.1 (3x3) (1x1) + bias per channel                                  [h, w, 12]
    times   sigmoid(1x1 of PReLU(1x1 of the mean over the picture)): a factor per channel
    depth to space                                                              [2h, 2w, 3]
    3x3 convolution                                                             [2h, 2w, 3]

where n x n stands for a convolution with zero padding. While it is trained, each is many of them:
`reparameterised.Reparameterised`. `folded()` merges them, and the factor 0.1, into single kernels:
that form has 5,640 parameters and gives the same picture. It is what is exported and rendered
with. Presets and runs keep the form that is trained.

From "SYENet: A Simple Yet Effective Network for Multiple Low-Level Vision Tasks with Real-time
Performance on Mobile Device" (ICCV 2023, arXiv 2308.08137), after its published code,
https://github.com/sanechips-multimedia/syenet (`model/isp.py`, `model/utils.py`): all of the above,
first biases per channel (normal, deviation 1), slopes (0.25), and the input, x / 4095 with the
black level in it (`data/ispdata.py`). Decided here:

- Half of the published branches end in batch normalisation. tfisp's losses pull their gradients
  back one by one, and its networks have no statistics of a batch; those branches have a gain and an
  offset per channel in its place, which is what the normalisation folds to.
- First kernels are Glorot's; the last bias is the middle of the range.
- The published planes are R, G, G, B. The order of planes is that of the first kernels' inputs, so
  it makes no difference to what can be learnt, but to whoever ports weights.
- The published warm-up, with parts of the input dropped and a second output, is left out.

The attention over channels depends on the whole picture, so a frame is rendered in one piece.
"""

from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import Contract
from tfisp.models.generator import FIRST_GREY, Generator, at_least_float32
from tfisp.models.parts import BuiltOfParts, mean_over_places
from tfisp.models.prelu import channel_prelu
from tfisp.models.reparameterised import Reparameterised, convolution_of
from tfisp.seeds import layer_seeds
from tfisp.sensor import all_sites

_WIDTH = 12

# Of the product of two branches.
_SCALE = 0.1


class SYENet(BuiltOfParts, Generator):
    """SYENet's ISP, packed RAW -> RGB: 5,640 parameters folded, 101,799 while it is trained.

    Input `[B, h, w, 4]` float32, packed and normalised by `contract`; output `[B, 2h, 2w, 3]`
    float32, sRGB-encoded, not limited on either side.

    Attributes:
        merged: Whether it is the folded form.
    """

    halo = None  # the channel attention depends on the whole picture
    published = Contract(black_level=all_sites(0), white_level=4095)

    def __init__(self, *args: Any, merged: bool = False, **kwargs: Any) -> None:
        """Draws the first weights.

        Args:
            *args: As for `Generator`.
            merged: True for the folded form: `folded()` makes it of one that was trained.
            **kwargs: As for `Generator`.
        """
        super().__init__(*args, **kwargs)
        self.merged = bool(merged)
        policy = self.dtype_policy
        seeds = iter(layer_seeds(self.seed, 10))

        def conv(filters: int, size: int, bias: float = 0.0) -> keras.layers.Layer:
            return convolution_of(filters, size, next(seeds), policy, self.merged, bias)

        self.head_first = conv(_WIDTH, 5)
        self.head_slope = channel_prelu(policy)
        self.head_second = conv(_WIDTH, 3)
        self.head_factor = conv(_WIDTH, 5)
        self.head_shift = Shift(next(seeds), dtype=policy)
        self.body_first = conv(_WIDTH, 3)
        self.body_factor = conv(_WIDTH, 1)
        self.body_shift = Shift(next(seeds), dtype=policy)
        self.squeeze = conv(_WIDTH, 1)
        self.squeeze_slope = channel_prelu(policy)
        self.excite = conv(_WIDTH, 1)
        self.exit = conv(3, 3, FIRST_GREY)
        self.build(self.input_shape_any)

    def _parts(self) -> Iterator[tuple[keras.layers.Layer, int]]:
        for layer in (self.head_first, self.head_factor):
            yield layer, 4
        for layer in (
            self.head_slope,
            self.head_second,
            self.head_shift,
            self.body_first,
            self.body_factor,
            self.body_shift,
            self.squeeze,
            self.squeeze_slope,
            self.excite,
        ):
            yield layer, _WIDTH
        yield self.exit, 3

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """Renders packed RAW `[B, h, w, 4]` to RGB `[B, 2h, 2w, 3]`."""
        scale = 1.0 if self.merged else _SCALE
        features = self.head_second(self.head_slope(self.head_first(raw)))
        features = self.head_shift(scale * features * self.head_factor(raw))
        features = self.body_shift(scale * self.body_first(features) * self.body_factor(features))
        hidden = self.squeeze_slope(self.squeeze(mean_over_places(features)))
        features *= tf.sigmoid(self.excite(hidden))
        return at_least_float32(self.exit(tf.nn.depth_to_space(features, 2)))

    def get_config(self) -> dict[str, Any]:
        """As `Generator.get_config`."""
        return {**super().get_config(), "merged": self.merged}

    def folded(self) -> Generator:
        """The form of 5,640 parameters, a new network unless it is that already."""
        if self.merged:
            return self
        single = type(self).from_config(self.get_config() | {"merged": True})
        single.sensor = self.sensor
        for layer, _ in self._parts():
            weights = layer.get_weights()
            if isinstance(layer, Reparameterised):
                scaled = layer in (self.head_factor, self.body_factor)
                weights = [(_SCALE if scaled else 1.0) * each.numpy() for each in layer.merge()]
            getattr(single, layer.name).set_weights(weights)
        return single


class Shift(keras.layers.Layer):
    """A bias per channel: `[B, h, w, C]` -> the same."""

    def __init__(self, seed: int, **kwargs: Any) -> None:
        """Takes the seed of the first bias, which is normal; `name` and `dtype` as in Keras."""
        super().__init__(**kwargs)
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the bias."""
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        self.bias = self.add_weight(name="bias", shape=input_shape[-1:], initializer=normal)
        self.built = True

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Adds it."""
        return features + tf.cast(self.bias, features.dtype)
