"""Frozen networks that are one chain of convolutions and poolings: AlexNet and VGG.

Both were trained with zero padding that is the same on all four sides. TensorFlow's 'SAME' is not,
where a layer has a stride: so each layer states its padding in samples.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.naming import choose
from tfisp.perceptual import bf16_backward
from tfisp.perceptual.base import Backbone


class Conv(NamedTuple):
    """A convolution with bias and ReLU, whose result is the tap."""

    name: str
    tap: str
    filters: int
    kernel: int
    stride: int
    padding: int


class MaxPool(NamedTuple):
    """A maximum over windows, without padding."""

    kernel: int
    stride: int


class L2Pool(NamedTuple):
    """The root of a weighted mean of squares, as `l2_pool` computes it."""

    kernel: int = 3
    stride: int = 2
    padding: int = 1


Layer = Conv | MaxPool | L2Pool
Chain = Sequence[Layer]
# Images [B, H, W, 3] RGB 0..1 -> what the first convolution was trained to see.
Normalise = Callable[[tf.Tensor], tf.Tensor]


class ConvolutionalBackbone(Backbone):
    """A chain of convolutions and poolings with given weights. See `Backbone`."""

    def __init__(
        self,
        name: str,
        chain: Chain,
        normalise: Normalise,
        arrays: Mapping[str, np.ndarray],
        weights: str,
        is_random: bool,
        dtype: str = "float32",
    ) -> None:
        """Holds the weights as variables that are not trainable.

        Args:
            name: Of the network.
            chain: Its layers, in order.
            normalise: What is done to images first.
            arrays: `<conv>/kernel` `[k, k, in, out]` and `<conv>/bias` `[out]` of every
                convolution, float32.
            weights: Where they come from.
            is_random: Whether they were drawn.
            dtype: Of the backward pass from its taps to the image (`bf16_backward`).
        """
        self.name = name
        self.taps = tuple(layer.tap for layer in chain if isinstance(layer, Conv))
        self.weights = weights
        self.is_random = is_random
        self.dtype = dtype
        self._backward_dtype = tf.as_dtype(dtype)
        self._chain = tuple(chain)
        self._normalise = normalise
        self._variables = {
            key: tf.Variable(arrays[key], trainable=False, dtype=tf.float32, name=key)
            for key in chain_shapes(chain)
        }

    def tap_shape(self, tap: str, image_size: Sequence[int]) -> tuple[int, int, int]:
        """`(height, width, channels)` of a tap; see `Backbone.tap_shape`."""
        choose(f"{self.name} tap", tap, self.taps)
        height, width = image_size
        channels = 0
        for layer in self._chain:
            padding = 0 if isinstance(layer, MaxPool) else layer.padding
            height, width = (
                (side + 2 * padding - layer.kernel) // layer.stride + 1 for side in (height, width)
            )
            if min(height, width) < 1:
                raise InputError(
                    f"{self.name}: images of {image_size[0]}x{image_size[1]} pixels are too small "
                    f"for {tap}"
                )
            channels = layer.filters if isinstance(layer, Conv) else channels
            if isinstance(layer, Conv) and layer.tap == tap:
                break
        return height, width, channels

    def _features(self, images: tf.Tensor, taps: list[str]) -> dict[str, tf.Tensor]:
        found: dict[str, tf.Tensor] = {}
        x = self._normalise(images)
        for layer in self._chain:
            if isinstance(layer, MaxPool):
                x = tf.nn.max_pool2d(x, layer.kernel, layer.stride, padding="VALID")
                continue
            if isinstance(layer, L2Pool):
                x = l2_pool(x)
                continue
            # Images in double precision are taken as such; for float32 the casts do nothing.
            kernel = tf.cast(self._variables[f"{layer.name}/kernel"], x.dtype)
            bias = tf.cast(self._variables[f"{layer.name}/bias"], x.dtype)
            x = bf16_backward.conv2d(x, kernel, layer.stride, _padding(layer), self._backward_dtype)
            x = tf.nn.relu(tf.nn.bias_add(x, bias))
            if layer.tap in taps:
                found[layer.tap] = x
            if layer.tap == taps[-1]:
                break
        return found


def l2_pool(x: tf.Tensor) -> tf.Tensor:
    """Root of the weighted mean of squares over 3x3 windows, at every second position: no aliasing.

    The weights are 1-2-1 along each axis, outside is zero (DISTS_pt.py of dingkeyan93/DISTS: the
    outer product of `hanning(5)[1:-1]`). Under the root stands 1e-12 more, also the source's, so
    that its derivative at zero features is zero.

    Args:
        x: `[B, h, w, C]`.

    Returns:
        `[B, ceil(h / 2), ceil(w / 2), C]`.
    """
    x = tf.pad(tf.square(x), [[0, 0], [1, 1], [1, 1], [0, 0]])
    x = 0.25 * (x[:, :-2:2] + 2.0 * x[:, 1:-1:2] + x[:, 2::2])
    x = 0.25 * (x[:, :, :-2:2] + 2.0 * x[:, :, 1:-1:2] + x[:, :, 2::2])
    return tf.sqrt(x + 1e-12)


def _padding(layer: Conv) -> str | list[list[int]]:
    """A convolution's padding in TensorFlow's words.

    Without stride, half a kernel on both sides is what 'SAME' means; saying so is 1.7 times as fast
    on a CPU.
    """
    if layer.stride == 1 and 2 * layer.padding == layer.kernel - 1:
        return "SAME"
    around = [layer.padding, layer.padding]
    return [[0, 0], around, around, [0, 0]]


def chain_shapes(chain: Chain) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every array that a chain on RGB images needs."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for layer in chain:
        if isinstance(layer, Conv):
            shapes[f"{layer.name}/kernel"] = (layer.kernel, layer.kernel, channels, layer.filters)
            shapes[f"{layer.name}/bias"] = (layer.filters,)
            channels = layer.filters
    return shapes


def random_arrays(chain: Chain, seed: int) -> dict[str, np.ndarray]:
    """Weights drawn for a chain, the same for the same seed.

    Kernels are normal with variance 2 / fan-in (He et al. 2015, arXiv 1502.01852, Eq. 10), so that
    the size of the features neither grows nor shrinks with depth; biases are zero.
    """
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, shape in chain_shapes(chain).items():
        if name.endswith("/kernel"):
            spread = math.sqrt(2.0 / math.prod(shape[:-1]))
            arrays[name] = spread * rng.standard_normal(shape, dtype=np.float32)
        else:
            arrays[name] = np.zeros(shape, np.float32)
    return arrays


def narrowed(chain: Chain, factor: int) -> tuple[Layer, ...]:
    """The same chain with every width divided by `factor`."""
    return tuple(
        layer._replace(filters=layer.filters // factor) if isinstance(layer, Conv) else layer
        for layer in chain
    )
