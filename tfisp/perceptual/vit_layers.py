"""The arithmetic of a Vision Transformer with given weights."""

import math
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfisp.perceptual import bf16_backward
from tfisp.perceptual.vit_weights import Architecture


class VisionTransformer:
    """An encoder without classifier (arXiv 2010.11929, Eqs. 1 to 4; its normalisation comes first).

    Args:
        arrays: Weights under timm's names (`vit_weights.timm_shapes`).
        built: The sizes.
        backward_dtype: Of the products of matrices in the backward pass (`bf16_backward`).
    """

    def __init__(
        self, arrays: Mapping[str, np.ndarray], built: Architecture, backward_dtype: str = "float32"
    ) -> None:
        self._built = built
        self._backward_dtype = tf.as_dtype(backward_dtype)
        self._variables = {
            name: tf.Variable(_tensorflow_layout(array), trainable=False, name=name)
            for name, array in arrays.items()
        }

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Scaled images `[B, size, size, 3]` -> `[B, 1 + tokens, width]`, the class token first."""
        built = self._built
        count, width, length = tf.shape(images)[0], built.width, 1 + built.tokens
        patches = self._convolve(images, "patch_embed.proj", built.patch)
        first = tf.repeat(self._weight("cls_token", images.dtype), count, axis=0)
        x = tf.concat([first, tf.reshape(patches, [count, built.tokens, width])], axis=1)
        x += self._weight("pos_embed", images.dtype)
        x = tf.reshape(x, [count * length, width])  # one product of matrices for the whole batch
        for block in range(built.blocks):
            name = f"blocks.{block}"
            x += self._attention(self._norm(x, f"{name}.norm1"), f"{name}.attn", length)
            hidden = self._dense(self._norm(x, f"{name}.norm2"), f"{name}.mlp.fc1")
            x += self._dense(_gelu(hidden), f"{name}.mlp.fc2")
        return tf.reshape(self._norm(x, "norm"), [count, length, width])

    def _attention(self, x: tf.Tensor, name: str, length: int) -> tf.Tensor:
        """Multi-head self-attention among the `length` tokens of each image."""
        heads, width = self._built.heads, self._built.width
        joined = self._dense(x, f"{name}.qkv")
        joined = tf.reshape(joined, [-1, length, 3, heads, width // heads])
        query, key, value = tf.unstack(tf.transpose(joined, [2, 0, 3, 1, 4]))
        scores = self._product(query, key, transpose=True) * (width // heads) ** -0.5
        mixed = self._product(tf.nn.softmax(scores), value)
        mixed = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width])
        return self._dense(mixed, f"{name}.proj")

    def _dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        y = self._product(x, self._weight(f"{name}.weight", x.dtype))
        return tf.nn.bias_add(y, self._weight(f"{name}.bias", x.dtype))

    def _convolve(self, x: tf.Tensor, name: str, stride: int) -> tf.Tensor:
        y = tf.nn.conv2d(x, self._weight(f"{name}.weight", x.dtype), stride, padding="VALID")
        return tf.nn.bias_add(y, self._weight(f"{name}.bias", x.dtype))

    def _product(self, x: tf.Tensor, y: tf.Tensor, transpose: bool = False) -> tf.Tensor:
        return bf16_backward.matmul(x, y, self._backward_dtype, transpose)

    def _norm(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """Layer normalisation (arXiv 1607.06450)."""
        centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        scaled = centred * tf.math.rsqrt(variance + self._built.epsilon)
        weight, bias = (self._weight(f"{name}.{kind}", x.dtype) for kind in ("weight", "bias"))
        return scaled * weight + bias

    def _weight(self, name: str, dtype: tf.DType) -> tf.Tensor:
        return tf.cast(self._variables[name], dtype)


def _tensorflow_layout(array: np.ndarray) -> np.ndarray:
    """Dense `[out, in]` -> `[in, out]`, convolution OIHW -> HWIO; others as they are."""
    if array.ndim == 4:
        return array.transpose(2, 3, 1, 0)
    return array.T if array.ndim == 2 else array


def _gelu(x: tf.Tensor) -> tf.Tensor:
    """`x P(X <= x)` for a normally distributed X (arXiv 1606.08415).

    `tf.nn.gelu` is no substitute: it rounds its square root of 2 to single precision.
    """
    return 0.5 * x * tf.math.erfc(-math.sqrt(0.5) * x)
