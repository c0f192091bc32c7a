"""A convolution that is trained as many and used as one.

After X. Ding et al., "RepVGG" (arXiv 2101.03697): convolutions of several shapes side by side and a
1x1 convolution of what they give are, without an activation in between, one convolution of the
largest shape. Training many moves through the space of its kernels in another way.

All of it is linear, so there is no need to compute the branches on pictures: their kernels are
merged, which is a matter of some thousands of numbers, and the picture is convolved once. Picture
and gradients are those of the branches; a step takes little longer than that of the one.
"""

from typing import Any

import keras
import tensorflow as tf

from tfisp.models.generator import convolution
from tfisp.seeds import layer_seeds

# Height and width of the branches' kernels, by that of the whole: SYENet's.
_SHAPES = {
    1: ((1, 1),),
    3: ((3, 3), (1, 1), (3, 1), (1, 3)),
    5: ((5, 5), (1, 1), (3, 3), (3, 1), (1, 3)),
}

# Channels of a branch for each channel of the result.
_SCALE = 4


def convolution_of(
    filters: int, size: int, seed: int, policy: keras.DTypePolicy, merged: bool, bias: float
) -> keras.layers.Layer:
    """A plain convolution where it is merged, else one to be trained in branches."""
    if merged:
        return convolution(filters, size, None, seed, policy, bias=bias)
    return Reparameterised(filters, size, seed, bias, dtype=policy)


class Reparameterised(keras.layers.Layer):
    """`[B, h, w, C]` -> `[B, h, w, filters]`, padded with zeros.

    For each shape there are two branches, a plain convolution and one with a gain and an offset for
    each of its channels. A 1x1 convolution joins them.
    """

    def __init__(
        self, filters: int, size: int, seed: int, bias: float = 0.0, **kwargs: Any
    ) -> None:
        """Stores the settings.

        Args:
            filters: Channels of the result.
            size: Of the square kernel that it amounts to: 1, 3 or 5.
            seed: Of the first weights.
            bias: Of the joining convolution, at first.
            **kwargs: `name` and `dtype`, as in Keras.
        """
        super().__init__(**kwargs)
        self.filters, self.size, self.seed, self.bias = filters, size, seed, bias

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        inputs, wide = int(input_shape[-1] or 0), _SCALE * self.filters
        shapes = 2 * _SHAPES[self.size]
        last, *seeds = layer_seeds(self.seed, 1 + len(shapes))

        # Merged in float32, whatever pictures are computed in.
        def kernel(shape: tuple[int, ...], seed: int) -> keras.Variable:
            glorot = keras.initializers.GlorotUniform(seed)
            return self.add_weight(name="kernel", shape=shape, initializer=glorot, autocast=False)

        def vector(name: str, length: int, start: float) -> keras.Variable:
            constant = keras.initializers.Constant(start)
            return self.add_weight(name=name, shape=(length,), initializer=constant, autocast=False)

        self.kernels = [
            kernel((*shape, inputs, wide), seed) for shape, seed in zip(shapes, seeds, strict=True)
        ]
        self.biases = [vector("bias", wide, 0.0) for _ in shapes]
        self.gains = [vector("gamma", wide, 1.0) for _ in _SHAPES[self.size]]
        self.offsets = [vector("beta", wide, 0.0) for _ in _SHAPES[self.size]]
        self.join_kernel = kernel((1, 1, len(shapes) * wide, self.filters), last)
        self.join_bias = vector("bias", self.filters, self.bias)
        self.built = True

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Another number of channels."""
        return (*input_shape[:-1], self.filters)

    def merge(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Kernel `[size, size, C, filters]` and bias `[filters]` of the one, in float32."""
        plain = len(self.kernels) // 2
        kernels, biases = [], []
        for index, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            kernel, bias = tf.convert_to_tensor(kernel.value), tf.convert_to_tensor(bias.value)
            if index >= plain:
                gain = self.gains[index - plain].value
                kernel, bias = kernel * gain, bias * gain + self.offsets[index - plain].value
            margins = [[(self.size - side) // 2] * 2 for side in kernel.shape[:2]]
            kernels.append(tf.pad(kernel, [*margins, [0, 0], [0, 0]]))
            biases.append(bias)
        join = self.join_kernel.value[0, 0]
        kernel = tf.einsum("hwcm,mf->hwcf", tf.concat(kernels, -1), join)
        bias = tf.linalg.matvec(join, tf.concat(biases, 0), transpose_a=True)
        return kernel, bias + self.join_bias.value

    def call(self, features: tf.Tensor) -> tf.Tensor:
        """One convolution by the merged kernel."""
        kernel, bias = (tf.cast(each, features.dtype) for each in self.merge())
        return tf.nn.conv2d(features, kernel, 1, "SAME") + bias
