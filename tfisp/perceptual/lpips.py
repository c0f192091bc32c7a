"""LPIPS: the distance of two pictures in AlexNet's features (Zhang et al. 2018, arXiv 1801.03924).

For each of AlexNet's five taps: both feature maps are brought to length 1 at every position,
subtracted and squared; a linear head (trained on human judgements, version 0.1) weighs the
channels; the resulting map is averaged over the picture. The five numbers add up.

    lpips    the plain average over positions
    lpips+   positions count by how much AlexNet sees there in the *reference*: its relu3, summed
             over channels and resized to each map (`lpips+` of IQA-PyTorch; the paper's)

One function per image, differentiable, for losses and metrics alike. Gradients stay finite where
features are all zero.
"""

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.naming import choose
from tfisp.perceptual import backbones
from tfisp.perceptual import weights as weight_files
from tfisp.perceptual.arrays import expect_shapes, read_arrays
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.separable import resize, static_size

VARIANTS = ("lpips", "lpips+")
# The trunk: AlexNet behind LPIPS' own scaling of the image.
BACKBONE = "alexnet_imagenet"
TAPS = ("relu1", "relu2", "relu3", "relu4", "relu5")
# What weighs positions under lpips+ (semantic_weight_layer=2 of IQA-PyTorch, counted from 0).
_SEMANTIC_TAP = "relu3"
_CHANNELS = (64, 192, 384, 256, 256)
# Added to the length of a feature vector (normalize_tensor of richzhang/PerceptualSimilarity).
_EPSILON = 1e-10


class LPIPS:
    """The distance, with its networks loaded.

    Attributes:
        variant: `lpips` or `lpips+`.
        backbone: The trunk, `alexnet_imagenet`.
        weights: Where the heads come from, for logs and records.
        protocol: What exactly is computed, for tables and logs.
        is_random: Whether any weights were drawn instead of learnt: then the values mean nothing.
    """

    def __init__(
        self,
        variant: Literal["lpips", "lpips+"] = "lpips",
        weights: str | os.PathLike | None = None,
        heads: str | os.PathLike | None = None,
        backbone: Backbone | None = None,
    ) -> None:
        """Loads trunk and heads.

        Args:
            variant: `lpips` or `lpips+`.
            weights: AlexNet's: a path, `random`, or None to look for them.
            heads: The linear heads': likewise. If not given, they are looked for where `weights`
                points, if that is a folder, and are untrained (all equal) if it is `random`.
            backbone: The trunk, if it is loaded already.

        Raises:
            InputError: for another variant, or if weights are not found or do not fit.
        """
        self.variant = choose("LPIPS variant", variant, VARIANTS)
        self.backbone = backbone or backbones.create(BACKBONE, weights)
        source = weight_files.locate("lpips", weight_files.companion(heads, weights))
        self.weights = str(source)
        self.is_random = self.backbone.is_random or source.is_random
        self._heads = _untrained_heads() if source.is_random else _load_heads(source.file)
        version = "random" if self.is_random else "v0.1"
        self.protocol = f"{variant}(AlexNet, {version}, RGB)"

    def __call__(self, images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
        """Distance of each image from its reference.

        Args:
            images: `[B, H, W, 3]` float32 sRGB 0..1, at least 31 pixels high and wide.
            references: The same shape; under `lpips+` the order of the two matters.

        Returns:
            `[B]`, 0 for equal pictures, seldom above 1.

        Raises:
            InputError: if the images are too small or not RGB.
        """
        seen, reference_seen = self.backbone(images, TAPS), self.backbone(references, TAPS)
        return self.compare([seen[tap] for tap in TAPS], [reference_seen[tap] for tap in TAPS])

    def compare(
        self, features: Sequence[tf.Tensor], reference_features: Sequence[tf.Tensor]
    ) -> tf.Tensor:
        """The same, of features that are already there.

        Args:
            features: `[B, h, w, C]` of `alexnet_imagenet` at each of `TAPS`, in that order.
            reference_features: The same of the references.

        Returns:
            `[B]`.
        """
        total = []
        semantic = reference_features[TAPS.index(_SEMANTIC_TAP)]
        for x, y, head in zip(features, reference_features, self._heads, strict=True):
            difference = _unit(x) - _unit(y)
            head = tf.constant(head, difference.dtype)
            distance = tf.reduce_sum(difference**2 * head, axis=-1, keepdims=True)
            if self.variant == "lpips":
                total.append(tf.reduce_mean(distance, axis=[1, 2, 3]))
                continue
            importance = tf.reduce_sum(semantic, axis=-1, keepdims=True)
            importance = resize(importance, *static_size(distance))
            # 0 where the reference shows nothing at all to relu3, instead of 0 / 0.
            total.append(
                tf.math.divide_no_nan(
                    tf.reduce_sum(distance * importance, axis=[1, 2, 3]),
                    tf.reduce_sum(importance, axis=[1, 2, 3]),
                )
            )
        return tf.add_n(total)


def _unit(features: tf.Tensor) -> tf.Tensor:
    """Features `[B, h, w, C]` divided by their length over channels; zero stays zero.

    The root's derivative at 0 is infinite, so it only ever sees lengths that are not 0.
    """
    square = tf.reduce_sum(features**2, axis=-1, keepdims=True)
    is_something = square > 0.0
    length = tf.where(is_something, tf.sqrt(tf.where(is_something, square, 1.0)), 0.0)
    return features / (length + _EPSILON)


def head_shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of the AlexNet variant's heads in `lpips_heads_v0.1.npz`."""
    return {
        f"alex/lin{index}.model.1.weight": (1, count, 1, 1) for index, count in enumerate(_CHANNELS)
    }


def _load_heads(path: os.PathLike) -> list[np.ndarray]:
    """The AlexNet variant's five heads, `[C]` each, from `alex/lin0.model.1.weight` and so on."""
    stored = {name: array for name, array in read_arrays(path).items() if name.startswith("alex/")}
    heads = expect_shapes(stored, head_shapes(), path, "the LPIPS heads")
    if any(head.min() < 0 for head in heads.values()):
        raise InputError(f"{path}: not the LPIPS heads: some weights are negative")
    return [head.reshape(-1) for head in heads.values()]


def _untrained_heads() -> list[np.ndarray]:
    """Heads that weigh all channels alike."""
    return [np.full(count, 1.0 / count, np.float32) for count in _CHANNELS]
