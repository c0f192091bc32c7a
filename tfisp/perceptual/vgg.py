"""VGG-16 and VGG-19 (arXiv 1409.1556), the networks of the content loss and of DISTS.

Taps `relu1_1` .. `relu5_3` (VGG-19: `relu5_4`), after the ReLU of each convolution; the paper
compares VGG-19's `relu5_4`, for images of 256 x 256 pixels 16x16x512. Both come in two trainings,
which are different networks: no channel of one answers to the same channel of the other.

    vgg16, vgg19                  the authors' own, from Caffe, as Keras Applications publishes
                                  them; take BGR, 0..255, minus the channels' means over ImageNet
    vgg16_torchvision,            torchvision's, trained anew; take RGB, 0..1, minus mean, divided
    vgg19_torchvision             by deviation
    vgg16_l2,                     VGG-16 with `l2_pool` between its blocks: the trunk of DISTS
    vgg16_torchvision_l2
    transposed_vgg19              every kernel with height and width exchanged, as the paper's
                                  published code reads them (docs/FIDELITY.md)
"""

import os
import re
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.perceptual import weights as weight_files
from tfisp.perceptual.arrays import expect_shapes, read_arrays
from tfisp.perceptual.backbones import TRANSPOSED
from tfisp.perceptual.convolutional import (
    Chain,
    Conv,
    ConvolutionalBackbone,
    L2Pool,
    Layer,
    MaxPool,
    Normalise,
    chain_shapes,
    narrowed,
    random_arrays,
)

# Number of convolutions of each block, and their filters; table 1, columns D and E, of the VGG
# paper.
_COUNTS_16, _COUNTS_19 = (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)
_FILTERS = (64, 128, 256, 512, 512)
# Means of blue, green and red over ImageNet; keras/src/applications/imagenet_utils.py, mode
# "caffe".
CAFFE_MEAN_BGR = (103.939, 116.779, 123.68)
# Mean and deviation of red, green and blue; pytorch/vision, `ImageClassification` of
# torchvision/transforms/_presets.py.
TORCHVISION_MEAN, TORCHVISION_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _chain(counts: tuple[int, ...], pool: MaxPool | L2Pool) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    for block, (filters, count) in enumerate(zip(_FILTERS, counts, strict=True), start=1):
        if block > 1:
            layers.append(pool)
        layers += [
            Conv(
                f"block{block}_conv{i}", f"relu{block}_{i}", filters, kernel=3, stride=1, padding=1
            )
            for i in range(1, count + 1)
        ]
    return tuple(layers)


def caffe_scaling(images: tf.Tensor) -> tf.Tensor:
    """RGB 0..1 `[B, H, W, 3]` -> BGR 0..255 minus the means."""
    return 255.0 * tf.reverse(images, axis=[-1]) - tf.constant(CAFFE_MEAN_BGR, images.dtype)


def torchvision_scaling(images: tf.Tensor) -> tf.Tensor:
    """RGB 0..1 `[B, H, W, 3]` -> minus mean, divided by deviation, channel by channel."""
    mean = tf.constant(TORCHVISION_MEAN, images.dtype)
    return (images - mean) / tf.constant(TORCHVISION_DEVIATION, images.dtype)


class Network(NamedTuple):
    """One of the networks: its layers, what its images go through first, and its weights.

    Attributes:
        title: For messages.
        chain: The layers.
        normalise: RGB 0..1 -> what the first convolution was trained to see.
        key: Of its published weights, "" where it only has random ones.
    """

    title: str
    chain: Chain
    normalise: Normalise
    key: str

    @property
    def is_torchvisions(self) -> bool:
        """Whether its file has torchvision's names and layout, not Keras'."""
        return self.key.endswith("_torchvision")


_POOL = MaxPool(kernel=2, stride=2)
_CHAIN_16, _CHAIN_19 = _chain(_COUNTS_16, _POOL), _chain(_COUNTS_19, _POOL)
_CHAIN_16_L2 = _chain(_COUNTS_16, L2Pool())
_KERAS, _TORCHVISION = "{} without top", "torchvision's {}"

NETWORKS: dict[str, Network] = {
    "vgg19": Network(_KERAS.format("VGG-19"), _CHAIN_19, caffe_scaling, "vgg19"),
    "vgg16": Network(_KERAS.format("VGG-16"), _CHAIN_16, caffe_scaling, "vgg16"),
    "vgg16_l2": Network(_KERAS.format("VGG-16"), _CHAIN_16_L2, caffe_scaling, "vgg16"),
    "vgg19_torchvision": Network(
        _TORCHVISION.format("VGG-19"), _CHAIN_19, torchvision_scaling, "vgg19_torchvision"
    ),
    "vgg16_torchvision": Network(
        _TORCHVISION.format("VGG-16"), _CHAIN_16, torchvision_scaling, "vgg16_torchvision"
    ),
    "vgg16_torchvision_l2": Network(
        _TORCHVISION.format("VGG-16"), _CHAIN_16_L2, torchvision_scaling, "vgg16_torchvision"
    ),
    "vgg19_narrow": Network("a narrow VGG-19", narrowed(_CHAIN_19, 8), caffe_scaling, ""),
}


def _load(path: os.PathLike, network: Network) -> dict[str, np.ndarray]:
    """The kernels (HWIO) and biases of a file, as `chain_shapes` names them."""
    if network.is_torchvisions:
        return _from_torchvision(path, network)
    return _from_keras(path, network)


def torchvision_shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Name -> shape of every array that torchvision's `features` has; kernels are OIHW there."""
    shapes = {}
    for name, shape in chain_shapes(network.chain).items():
        theirs = _torchvision_name(name, network)
        shapes[theirs] = tuple(shape[i] for i in (3, 2, 0, 1)) if len(shape) == 4 else shape
    return shapes


def _torchvision_name(name: str, network: Network) -> str:
    """`block1_conv2/kernel` -> `features.2.weight`: convolution, ReLU and pooling each count."""
    layer, kind = name.split("/")
    place = 0
    for other in network.chain:
        if isinstance(other, Conv) and other.name == layer:
            break
        place += 2 if isinstance(other, Conv) else 1
    return f"features.{place}.{'weight' if kind == 'kernel' else 'bias'}"


def _from_torchvision(path: os.PathLike, network: Network) -> dict[str, np.ndarray]:
    """Reads what `scripts/port_weights.py` makes of torchvision's file."""
    stored = expect_shapes(read_arrays(path), torchvision_shapes(network), path, network.title)
    arrays = {}
    for name in chain_shapes(network.chain):
        array = stored[_torchvision_name(name, network)]
        arrays[name] = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array
    return arrays


def _from_keras(path: os.PathLike, network: Network) -> dict[str, np.ndarray]:
    """Reads kernels and biases under any of the names that Keras has given them.

    `block1_conv1/block1_conv1_W_1:0` (the published file), `layers/conv2d_1/vars/0` (what Keras 3
    writes as `.weights.h5`, numbered in order), or `block1_conv1/kernel` (our own `.npz`). Of a
    layer's two arrays, the kernel is the one with four dimensions.
    """
    arrays: dict[str, np.ndarray] = {}
    for place, array in read_arrays(path).items():
        key = f"{_layer(place, network.chain)}/{'kernel' if array.ndim == 4 else 'bias'}"
        if key in arrays:
            raise InputError(f"{path}: not the weights of {network.title}: {place} has no place")
        arrays[key] = array
    return expect_shapes(arrays, chain_shapes(network.chain), path, network.title)


def _layer(place: str, chain: Chain) -> str:
    """The convolution that a path within a file belongs to; the path itself if it names none."""
    names = [layer.name for layer in chain if isinstance(layer, Conv)]
    for part in place.split("/"):
        numbered = re.fullmatch(r"conv2d(?:_(\d+))?", part)
        if numbered and int(numbered[1] or 0) < len(names):
            return names[int(numbered[1] or 0)]
        if part in names:
            return part
    return place


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> ConvolutionalBackbone:
    """A VGG network up to its last convolution.

    Args:
        name: One of `NETWORKS`, which `transposed_` may precede; `vgg19_narrow` is an eighth as
            wide, and random.
        weights: Path of Keras' file without top (or of what `scripts/port_weights.py` made of
            torchvision's), `random`, or None to look for it or fetch it
            (`tfisp.perceptual.weights`).
        seed: Of random weights.
        dtype: Of the backward pass from its taps to the image.

    Raises:
        InputError: if the weights are not found or not this network's.
    """
    network = NETWORKS[name.removeprefix(TRANSPOSED)]
    if network.key:
        source = weight_files.locate(network.key, weights)
    else:
        source = weight_files.only_random(name, weights)
    arrays = random_arrays(network.chain, seed) if source.is_random else _load(source.file, network)
    if name.startswith(TRANSPOSED):
        arrays = {key: a.swapaxes(0, 1) if a.ndim == 4 else a for key, a in arrays.items()}
    return ConvolutionalBackbone(
        name,
        network.chain,
        network.normalise,
        arrays,
        source.describe(seed),
        source.is_random,
        dtype,
    )
