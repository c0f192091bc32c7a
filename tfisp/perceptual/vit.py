"""Vision Transformers (arXiv 2010.11929), the networks of the colour critic.

One tap, `tokens`: the last hidden state after the final layer normalisation, without the class
token; `[B, 196, width]` for images of 224 x 224 pixels in patches of 16, row by row.

    vit_b16      ViT-B/16, width 768: the paper's (google/vit-base-patch16-224)
    deit_tiny    DeiT-tiny/16, width 192 (arXiv 2012.12877)
    vit_narrow   2 blocks of width 32, random, for smoke tests

Images are scaled as each was trained: to -1..1, or by ImageNet's mean and deviation for DeiT. Under
a name that begins with `unscaled_` they stay 0..1, as in the paper's published code.

The arithmetic is ours (`transformer`); weights come from files, or by KerasHub from its publisher.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError, first_line
from tfisp.naming import choose
from tfisp.perceptual import vit_weights
from tfisp.perceptual import weights as weight_files
from tfisp.perceptual.backbones import UNSCALED
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.vit_layers import VisionTransformer
from tfisp.perceptual.vit_weights import Architecture

TAPS = ("tokens",)


@dataclass(frozen=True)
class _Member:
    """One of the networks: its architecture, and the mean and deviation that scale its images."""

    architecture: Architecture
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


# Scaling: preprocessor_config.json of google/vit-base-patch16-224; timm's IMAGENET_DEFAULT_MEAN and
# _STD for DeiT.
_HALF = (0.5, 0.5, 0.5)
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_MEMBERS = {
    "vit_b16": _Member(Architecture(blocks=12, heads=12, width=768, mlp=3072), _HALF, _HALF),
    "deit_tiny": _Member(Architecture(blocks=12, heads=3, width=192, mlp=768), *_IMAGENET),
    "vit_narrow": _Member(Architecture(blocks=2, heads=2, width=32, mlp=64), _HALF, _HALF),
}


def architecture(name: str) -> Architecture:
    """The sizes of `vit_b16`, `deit_tiny` or `vit_narrow`."""
    return _MEMBERS[name].architecture


class ViTBackbone(Backbone):
    """A Vision Transformer with given weights. See `Backbone`."""

    taps = TAPS

    def __init__(
        self,
        name: str,
        network: VisionTransformer,
        member: _Member,
        weights: str,
        is_random: bool,
        dtype: str,
    ) -> None:
        """Shows scaled images to a network.

        Args:
            name: Of the backbone.
            network: The network.
            member: Its architecture and scaling.
            weights: Where its weights come from.
            is_random: Whether they were drawn.
            dtype: Of the backward pass from its tokens to the image (`vit_layers`).
        """
        self.name = name
        self.weights = weights
        self.is_random = is_random
        self.dtype = dtype
        self._network = network
        self._member = member

    def tap_shape(self, tap: str, image_size: Sequence[int]) -> tuple[int, int]:
        """`(tokens, width)`; see `Backbone.tap_shape`."""
        choose(f"{self.name} tap", tap, self.taps)
        built = self._member.architecture
        if tuple(image_size) != (built.size, built.size):
            raise InputError(
                f"{self.name}: takes images of {built.size}x{built.size} pixels, got "
                f"{image_size[0]}x{image_size[1]} (the view blur224 makes them)"
            )
        return built.tokens, built.width

    def _features(self, images: tf.Tensor, taps: list[str]) -> dict[str, tf.Tensor]:
        mean = tf.constant(self._member.mean, images.dtype)
        deviation = tf.constant(self._member.deviation, images.dtype)
        scaled = (images - mean) / deviation
        return {"tokens": self._network(scaled)[:, 1:]}


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> ViTBackbone:
    """A Vision Transformer.

    Args:
        name: `vit_b16`, `deit_tiny` or `vit_narrow`, which `unscaled_` may precede.
        weights: A `.npz` with timm's names, a folder as Hugging Face or KerasHub write it
            (`vit_b16` only), `random`, or None to look for them or fetch them
            (`tfisp.perceptual.weights`).
        seed: Of random weights.
        dtype: Of the backward pass from its tokens to the image (`vit_layers`).

    Raises:
        InputError: if the weights are not found or not those of this network.
    """
    called, name = name, name.removeprefix(UNSCALED)
    member = _MEMBERS[name]
    if called != name:
        member = replace(member, mean=(0.0, 0.0, 0.0), deviation=(1.0, 1.0, 1.0))
    if name == "vit_narrow":
        source = weight_files.only_random(name, weights)
    else:
        source = weight_files.locate(name, weights)
    built, arrays = _load(name, member.architecture, source, seed)
    member = replace(member, architecture=built)
    network = VisionTransformer(arrays, built, dtype)
    return ViTBackbone(called, network, member, source.describe(seed), source.is_random, dtype)


def _load(
    name: str, built: Architecture, source: weight_files.Source, seed: int
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """The weights from wherever they are, and the architecture with the epsilon they state."""
    if source.is_random:
        return built, vit_weights.random_arrays(built, seed)
    if source.preset or _is_keras_preset(source.file):
        return _from_keras_hub(name, built, source)
    if source.file.is_dir():
        epsilon, arrays = vit_weights.read_hugging_face(source.file, built)
        return replace(built, epsilon=epsilon), arrays
    return built, vit_weights.read_timm(source.file, built)


def _is_keras_preset(path: os.PathLike) -> bool:
    """Whether a folder was written by KerasHub: its weights are in Keras' own format."""
    return os.path.isfile(os.path.join(path, "model.weights.h5"))


def _from_keras_hub(
    name: str, built: Architecture, source: weight_files.Source
) -> tuple[Architecture, dict[str, np.ndarray]]:
    """Weights and epsilon of a KerasHub preset, on disk or to be downloaded."""
    handle = source.preset or str(source.path)
    try:
        import keras_hub
    except ImportError as error:
        raise InputError(
            f"--{name}_weights: KerasHub reads {handle}, and is not installed:"
            " pip install 'tfisp[paper]'"
        ) from error
    try:
        network = keras_hub.models.ViTBackbone.from_preset(handle, dtype="float32")
    # KerasHub lets through whatever its download client or the files' parsers raise.
    except Exception as error:
        if source.preset:
            raise weight_files.not_found(
                weight_files.PUBLISHED[name], f"download failed: {first_line(error)}"
            ) from error
        raise InputError(
            f"{handle}: not a KerasHub preset of a ViT ({first_line(error)})"
        ) from error
    found = (network.num_layers, network.num_heads, network.hidden_dim, *network.image_shape[:2])
    wanted = (built.blocks, built.heads, built.width, built.size, built.size)
    if found != wanted:
        raise InputError(
            f"{handle}: not the weights of {name}: blocks, heads, width and image size are "
            f"{found}, expected {wanted}"
        )
    built = replace(built, epsilon=network.layer_norm_epsilon)
    return built, vit_weights.from_keras_hub(network, built)
