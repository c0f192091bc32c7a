"""VGG-19 (arXiv 1409.1556) as Keras Applications publishes it, the network of the content loss.

Taps `relu1_1` .. `relu5_4`, after the ReLU of each convolution; the paper compares `relu5_4`, for
images of 256 x 256 pixels 16x16x512. The weights are those of the Caffe original: the network takes
BGR, 0..255, minus the channels' means over ImageNet (`keras.applications.vgg19.preprocess_input`).
"""

import os
import re

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.perceptual import weights as weight_files
from tfisp.perceptual.arrays import expect_shapes, read_arrays
from tfisp.perceptual.convolutional import (
    Conv,
    ConvolutionalBackbone,
    MaxPool,
    chain_shapes,
    narrowed,
    random_arrays,
)

# (filters, number of convolutions) of each block; table 1, column E, of the VGG paper.
_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
# Means of blue, green and red over ImageNet; keras/src/applications/imagenet_utils.py, mode
# "caffe".
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)


def _chain() -> tuple[Conv | MaxPool, ...]:
    layers: list[Conv | MaxPool] = []
    for block, (filters, count) in enumerate(_BLOCKS, start=1):
        if block > 1:
            layers.append(MaxPool(kernel=2, stride=2))
        layers += [
            Conv(
                f"block{block}_conv{i}", f"relu{block}_{i}", filters, kernel=3, stride=1, padding=1
            )
            for i in range(1, count + 1)
        ]
    return tuple(layers)


CHAIN = _chain()


def caffe_scaling(images: tf.Tensor) -> tf.Tensor:
    """RGB 0..1 `[B, H, W, 3]` -> BGR 0..255 minus the means."""
    return 255.0 * tf.reverse(images, axis=[-1]) - tf.constant(CAFFE_MEAN_BGR, images.dtype)


def _load(path: os.PathLike) -> dict[str, np.ndarray]:
    """Reads VGG-19's kernels and biases under any of the names that Keras has given them.

    `block1_conv1/block1_conv1_W_1:0` (the published file), `layers/conv2d_1/vars/0` (what Keras 3
    writes as `.weights.h5`, numbered in order), or `block1_conv1/kernel` (our own `.npz`). Of a
    layer's two arrays, the kernel is the one with four dimensions.
    """
    arrays: dict[str, np.ndarray] = {}
    for place, array in read_arrays(path).items():
        key = f"{_layer(place)}/{'kernel' if array.ndim == 4 else 'bias'}"
        if key in arrays:
            raise InputError(f"{path}: not the weights of VGG-19 without top: {place} has no place")
        arrays[key] = array
    return expect_shapes(arrays, chain_shapes(CHAIN), path, "VGG-19 without top")


def _layer(place: str) -> str:
    """The convolution that a path within a file belongs to; the path itself if it names none."""
    names = [layer.name for layer in CHAIN if isinstance(layer, Conv)]
    for part in place.split("/"):
        numbered = re.fullmatch(r"conv2d(?:_(\d+))?", part)
        if numbered and int(numbered[1] or 0) < len(names):
            return names[int(numbered[1] or 0)]
        if part in names:
            return part
    return place


def create(
    name: str, weights: str | os.PathLike | None = None, seed: int = 0
) -> ConvolutionalBackbone:
    """VGG-19 up to its last convolution.

    Args:
        name: `vgg19`, or `vgg19_narrow`: an eighth of the width, random.
        weights: path of Keras' file without top, `random`, or None to look for it or fetch it
            (`tfisp.perceptual.weights`).
        seed: of random weights.

    Raises:
        InputError: if the weights are not found or not VGG-19's.
    """
    if name == "vgg19_narrow":
        chain, source = narrowed(CHAIN, 8), weight_files.only_random(name, weights)
    else:
        chain, source = CHAIN, weight_files.locate("vgg19", weights)
    arrays = random_arrays(chain, seed) if source.is_random else _load(source.path)
    return ConvolutionalBackbone(
        name, chain, caffe_scaling, arrays, source.describe(seed), source.is_random
    )
