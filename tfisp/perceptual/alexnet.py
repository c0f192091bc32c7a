"""AlexNet as torchvision has it, the trunk of LPIPS and of the texture critics.

The network is that of arXiv 1404.5997 (`torchvision.models.alexnet`) without its classifier. Taps
`relu1` .. `relu5`, after the ReLU of each convolution; for images of 256 x 256 pixels they are
63x63x64, 31x31x192, 15x15x384, 15x15x256 and 15x15x256.

It comes under two names, with the same weights:

    alexnet            images as they are, 0..1: what the published critics are shown
    alexnet_imagenet   images shifted and scaled as LPIPS does, close to what AlexNet was trained on
"""

import os

import numpy as np
import tensorflow as tf

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

# Layers as in torchvision/models/alexnet.py, `features`, up to the last ReLU.
CHAIN = (
    Conv("conv1", "relu1", filters=64, kernel=11, stride=4, padding=2),
    MaxPool(kernel=3, stride=2),
    Conv("conv2", "relu2", filters=192, kernel=5, stride=1, padding=2),
    MaxPool(kernel=3, stride=2),
    Conv("conv3", "relu3", filters=384, kernel=3, stride=1, padding=1),
    Conv("conv4", "relu4", filters=256, kernel=3, stride=1, padding=1),
    Conv("conv5", "relu5", filters=256, kernel=3, stride=1, padding=1),
)
# ScalingLayer of LPIPS (richzhang/PerceptualSimilarity, lpips/lpips.py), for images that were
# brought to -1..1.
LPIPS_SHIFT = (-0.030, -0.088, -0.188)
LPIPS_SCALE = (0.458, 0.448, 0.450)


def lpips_scaling(images: tf.Tensor) -> tf.Tensor:
    """RGB 0..1 `[B, H, W, 3]` -> the range that LPIPS feeds to its trunk."""
    shift = tf.constant(LPIPS_SHIFT, images.dtype)
    scale = tf.constant(LPIPS_SCALE, images.dtype)
    return (2.0 * images - 1.0 - shift) / scale


def file_shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of every array in `alexnet_features.npz`; kernels are PyTorch's OIHW there."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, shape in chain_shapes(CHAIN).items():
        layer, kind = name.split("/")
        if kind == "kernel":
            height, width, inputs, outputs = shape
            shapes[f"{layer}_weight_oihw"] = (outputs, inputs, height, width)
        else:
            shapes[f"{layer}_bias"] = shape
    return shapes


def _load(path: os.PathLike) -> dict[str, np.ndarray]:
    """Reads `alexnet_features.npz`; kernels become HWIO."""
    arrays = {}
    for name, array in expect_shapes(read_arrays(path), file_shapes(), path, "AlexNet").items():
        layer, kind = name.split("_", maxsplit=1)
        if kind == "bias":
            arrays[f"{layer}/bias"] = array
        else:
            arrays[f"{layer}/kernel"] = array.transpose(2, 3, 1, 0)
    return arrays


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> ConvolutionalBackbone:
    """AlexNet's convolutions.

    Args:
        name: `alexnet`, `alexnet_imagenet` (see above), or `alexnet_narrow`: an eighth of the
            width, random, images as they are.
        weights: Path of `alexnet_features.npz`, `random`, or None to look for it
            (`tfisp.perceptual.weights`).
        seed: Of random weights.
        dtype: Without effect: the backward pass is a hundredth of a step's time.

    Raises:
        InputError: if the weights are not found or not AlexNet's.
    """
    normalise = lpips_scaling if name == "alexnet_imagenet" else tf.identity
    if name == "alexnet_narrow":
        chain, source = narrowed(CHAIN, 8), weight_files.only_random(name, weights)
    else:
        chain, source = CHAIN, weight_files.locate("alexnet", weights)
    arrays = random_arrays(chain, seed) if source.is_random else _load(source.file)
    return ConvolutionalBackbone(
        name, chain, normalise, arrays, source.describe(seed), source.is_random
    )
