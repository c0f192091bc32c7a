"""Networks for the way back: from pictures to the RAW or the reference that they were made of.

They only take part in training (`tfisp.training.specification.WayBack`), so their size does not
matter to the phone: each is the generator of the method that it comes from.

    resnet    CycleGAN's (arXiv 1703.10593, appendix; github.com/junyanz/CycleGAN):
              7x7 64, two halvings to 128 and 256, nine residual blocks, two doublings, 7x7, tanh;
              instance norm, mirrored borders
    dped      WESPE's (arXiv 1709.01118), which is DPED's (github.com/aiff22/DPED): 9x9 64, four
              residual blocks with instance norm, two 3x3, 9x9, 0.58 tanh + 0.5

One to RAW works on cells of 2 x 2 pixels, twelve numbers each, and puts out the four samples of
each cell. Names that end in `_narrow` are small ones for smoke tests.
"""

from typing import Any

import keras
import tensorflow as tf

from tfisp.contract import INPUT_FORMS
from tfisp.models.generator import NamedLayers, at_least_float32
from tfisp.models.instance_norm import InstanceNorm, instance_norm
from tfisp.models.parts import normal
from tfisp.models.resizing import reflected
from tfisp.naming import choose
from tfisp.seeds import layer_seeds

# What a way back may make.
TO = ("raw", "reference")


class _Back(NamedLayers, keras.Model):
    """A network from pictures `[B, H, W, 3]` to packed RAW `[B, H/2, W/2, 4]` or to pictures.

    Pictures are nominally 0..1, and so is what it makes.
    """

    def __init__(self, to: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._packs = choose("way back to", to, TO) == "raw"
        self._channels = (12, INPUT_FORMS["packed"].channels) if self._packs else (3, 3)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights by one call."""
        side = 32  # any that the network can halve twice in cells
        self.call(tf.zeros([1, side, side, 3], self.compute_dtype))
        self.built = True

    def call(self, pictures: tf.Tensor) -> tf.Tensor:
        """Goes back from pictures `[B, H, W, 3]`."""
        x = tf.nn.space_to_depth(pictures, 2) if self._packs else pictures
        return at_least_float32(self._back(x))

    def _back(self, x: tf.Tensor) -> tf.Tensor:
        """`[B, h, w, 3 or 12]` -> `[B, h, w, 3 or 4]`."""
        raise NotImplementedError


class ResNetBack(_Back):
    """CycleGAN's generator; with nine blocks of width 64, 11.4 million parameters.

    Height and width, in cells where it makes RAW, must be divisible by 4.
    """

    def __init__(
        self, to: str, seed: int = 0, width: int = 64, blocks: int = 9, **kwargs: Any
    ) -> None:
        super().__init__(to, **kwargs)
        seeds = iter(layer_seeds(seed, 6 + 2 * blocks))
        last = self._channels[1]

        def conv(filters: int, size: int, stride: int = 1, padding: str = "valid") -> Any:
            start = normal(0.02, next(seeds))
            return keras.layers.Conv2D(
                filters, size, stride, padding=padding, kernel_initializer=start
            )

        def double(filters: int) -> Any:
            start = normal(0.02, next(seeds))
            return keras.layers.Conv2DTranspose(
                filters, 3, 2, padding="same", kernel_initializer=start
            )

        self.first = conv(width, 7)
        self.halve = [conv(factor * width, 3, 2) for factor in (2, 4)]
        self.block_convs = [conv(4 * width, 3) for _ in range(2 * blocks)]
        self.double = [double(factor * width) for factor in (2, 1)]
        self.last = conv(last, 7)
        self.build((None, None, None, 3))

    def _back(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.nn.relu(instance_norm(self.first(reflected(2.0 * x - 1.0, 3))))
        for layer in self.halve:
            # One row and column in front, as PyTorch pads; Keras' "same" would pad behind.
            x = tf.nn.relu(instance_norm(layer(tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]]))))
        for one, two in zip(self.block_convs[::2], self.block_convs[1::2], strict=True):
            inner = tf.nn.relu(instance_norm(one(reflected(x, 1))))
            x = x + instance_norm(two(reflected(inner, 1)))
        for layer in self.double:
            x = tf.nn.relu(instance_norm(layer(x)))
        return 0.5 * tf.tanh(self.last(reflected(x, 3))) + 0.5


class DPEDBack(_Back):
    """DPED's generator; of width 64 from pictures to pictures, 401,475 parameters."""

    def __init__(self, to: str, seed: int = 0, width: int = 64, **kwargs: Any) -> None:
        super().__init__(to, **kwargs)
        seeds = iter(layer_seeds(seed, 12))

        def conv(filters: int, size: int) -> Any:
            start = normal(0.01, next(seeds))
            return keras.layers.Conv2D(filters, size, padding="same", kernel_initializer=start)

        self.first = conv(width, 9)
        self.block_convs = [conv(width, 3) for _ in range(8)]
        self.norms = [InstanceNorm(1e-3) for _ in range(8)]  # DPED's constant
        self.after = [conv(width, 3) for _ in range(2)]
        self.last = conv(self._channels[1], 9)
        self.build((None, None, None, 3))

    def _back(self, x: tf.Tensor) -> tf.Tensor:
        x = tf.nn.relu(self.first(x))
        for pair in range(0, 8, 2):
            inner = x
            for index in (pair, pair + 1):
                inner = tf.nn.relu(self.norms[index](self.block_convs[index](inner)))
            x = x + inner
        for layer in self.after:
            x = tf.nn.relu(layer(x))
        return 0.58 * tf.tanh(self.last(x)) + 0.5


# What `WayBack.network` may be: class and settings.
NETWORKS: dict[str, tuple[type[_Back], dict[str, int]]] = {
    "resnet": (ResNetBack, {}),
    "resnet_narrow": (ResNetBack, {"width": 8, "blocks": 2}),
    "dped": (DPEDBack, {}),
    "dped_narrow": (DPEDBack, {"width": 8}),
}


def create(network: str, to: str, seed: int) -> keras.Model:
    """A way back with fresh weights, all of them there.

    Args:
        network: One of `NETWORKS`.
        to: One of `TO`.
        seed: Of the first weights.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    kind, settings = NETWORKS[choose("--way_back", network, NETWORKS)]
    return kind(to, seed=seed, name="way_back", **settings)
