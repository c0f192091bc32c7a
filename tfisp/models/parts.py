"""What several published networks are made of: first weights, the last curve, how parts are built.

First weights: `small_normal` is what the ISPs of ETH's computer vision lab share (DPED, PyNET, LAN:
truncated normal, deviation 0.01, biases 0.01), `pytorch_default` is what a PyTorch network has that
sets none (https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html: uniform within plus
or minus the root of 1 over the fan-in; its biases start at 0 here).
"""

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.models.generator import NamedLayers, at_least_float32, convolution

# TensorFlow: small, and a bias that opens every ReLU.
_DEVIATION, _BIAS = 0.01, 0.01


class BuiltOfParts:
    """Mixin of a model or layer that knows the channels which each of its layers is given."""

    built: bool

    def _parts(self) -> Iterable[tuple[keras.layers.Layer, int]]:
        """Its layers, each with the channels of its input."""
        raise NotImplementedError

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer, channels in self._parts():
            layer.build((None, None, None, channels))
        self.built = True


class Block(BuiltOfParts, NamedLayers, keras.layers.Layer):
    """A layer made of layers, whose weights all exist once it is built."""


def squashed(values: tf.Tensor) -> tf.Tensor:
    """0.58 tanh(x) + 0.5: around 0.5, from -0.08 to 1.08, a little beyond black and white."""
    return 0.58 * tf.tanh(values) + 0.5


def small_weights(seed: int) -> dict[str, keras.initializers.Initializer]:
    """`small_normal` and its bias, as arguments of a Keras layer."""
    return {
        "kernel_initializer": small_normal(seed),
        "bias_initializer": keras.initializers.Constant(_BIAS),
    }


def small_normal(seed: int) -> keras.initializers.Initializer:
    """Truncated normal of deviation 0.01."""
    return keras.initializers.TruncatedNormal(stddev=_DEVIATION, seed=seed)


def normal(deviation: float, seed: int) -> keras.initializers.Initializer:
    """Normal, as CycleGAN (0.02) and DPED (0.01, truncated there) begin."""
    return keras.initializers.RandomNormal(0.0, deviation, seed)


def pytorch_default(seed: int) -> keras.initializers.Initializer:
    """The kernels that a PyTorch layer starts with."""
    return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform", seed)


def pytorch_convolution(
    filters: int,
    size: int,
    seed: int,
    policy: keras.DTypePolicy,
    activation: str | None = None,
    *,
    bias: float | None = 0.0,
) -> keras.layers.Conv2D:
    """A convolution with zero padding and the first kernel that it would have in PyTorch.

    Args:
        filters: Channels of its output.
        size: Of the square kernel, odd.
        seed: Of the first kernel.
        policy: Keras dtype policy.
        activation: `relu`, `sigmoid` or None.
        bias: First bias; None for a layer without one.
    """
    first = pytorch_default(seed)
    return convolution(filters, size, activation, seed, policy, initializer=first, bias=bias)


def single_prelu(policy: keras.DTypePolicy) -> "SinglePReLU":
    """A PReLU with one slope for all channels, which starts at 0.25: PyTorch's default."""
    start = keras.initializers.Constant(0.25)
    return SinglePReLU(start, shared_axes=[1, 2, 3], dtype=policy)


class SinglePReLU(keras.layers.PReLU):
    """One slope for all channels, in operations that GPUs run: their PRELU needs one for each."""

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """Bends."""
        return self.alpha * features + (1 - self.alpha) * tf.nn.relu(features)


def mean_over_places(features: tf.Tensor) -> tf.Tensor:
    """Means of the channels `[B, 1, 1, C]`, in float32: half precision overflows in the sum."""
    return tf.reduce_mean(at_least_float32(features), [1, 2], keepdims=True)


def require_multiple(owner: Any, name: str, value: Any, unit: int) -> int:
    """The value of an argument that must be a positive multiple of a number.

    Raises:
        InputError: if it is none.
    """
    if not isinstance(value, int) or value < unit or value % unit:
        raise InputError(
            f"{type(owner).__name__}: {name} {value!r} is not a positive multiple of {unit}"
        )
    return value
