"""DISTS: structure and texture of two pictures as VGG-16 sees them (Ding et al., arXiv 2004.07728).

The image itself and five taps of VGG-16, 1475 channels in all, are compared channel by channel over
the whole picture: their means (texture) and their correlation (structure). Each channel's two
similarities, at most 1, count by a trained `alpha` and `beta`; what is missing to 1 is the
distance. The network's poolings are replaced by ones that do not alias (`l2_pool`).

`alpha` and `beta` were trained, channel by channel, on torchvision's VGG-16: with that trunk
(`vgg16_torchvision`, the default, and the one that the paper uses) the values are the published
ones. Keras' VGG-16 (`vgg16`) is another training of the same network, whose channels mean other
things and whose images are scaled otherwise: its values are comparable among themselves only, and
`protocol` tells the two apart.

Pictures are compared at their own size; the authors' demonstration first shrinks large ones to 256
pixels.
"""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfisp.naming import choose
from tfisp.perceptual import backbones
from tfisp.perceptual import weights as weight_files
from tfisp.perceptual.arrays import expect_shapes, read_arrays
from tfisp.perceptual.base import Backbone

TRUNKS = ("vgg16_torchvision", "vgg16")
# The default trunk with its own poolings, as `tfisp.perceptual.backbones` names it.
BACKBONE = "vgg16_torchvision_l2"
TAPS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
# Channels of the image and of the taps.
_CHANNELS = (3, 64, 128, 256, 512, 512)
# Keeps quotients of vanishing means and variances at 1 (c1 and c2 of DISTS_pt.py,
# dingkeyan93/DISTS).
_C1 = _C2 = 1e-6


class DISTS:
    """The distance, with its network loaded.

    Attributes:
        backbone: The trunk.
        weights: Where alpha and beta come from, for logs and records.
        protocol: What exactly is computed, for tables and logs.
        is_random: Whether any weights were drawn instead of learnt: then the values mean nothing.
    """

    def __init__(
        self,
        trunk: str = "vgg16_torchvision",
        weights: str | os.PathLike | None = None,
        alpha_beta: str | os.PathLike | None = None,
        backbone: Backbone | None = None,
    ) -> None:
        """Loads the trunk and the channels' weights.

        Args:
            trunk: `vgg16_torchvision` or `vgg16`; see above.
            weights: The trunk's: a path, `random`, or None to look for them.
            alpha_beta: The channels': likewise. If not given, they are looked for where `weights`
                points, if that is a folder, and are untrained (all equal) if it is `random`.
            backbone: The trunk, if it is loaded already; its name ends in `_l2`.

        Raises:
            InputError: for another trunk, or if weights are not found or do not fit.
        """
        choose("DISTS trunk", trunk, TRUNKS)
        self.backbone = backbone or backbones.create(f"{trunk}_l2", weights)
        source = weight_files.locate("dists", weight_files.companion(alpha_beta, weights))
        self.weights = str(source)
        self.is_random = self.backbone.is_random or source.is_random
        self._alphas, self._betas = _untrained() if source.is_random else _load(source.file)
        origin = "random" if self.is_random else self.backbone.name.removesuffix("_l2")
        self.protocol = f"dists({origin}, RGB)"

    def __call__(self, images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
        """Distance of each image from its reference; the order of the two does not matter.

        Args:
            images: `[B, H, W, 3]` float32 sRGB 0..1.
            references: The same shape.

        Returns:
            `[B]`, 0 for equal pictures, seldom above 1.

        Raises:
            InputError: if the images are not RGB.
        """
        seen, reference_seen = self.backbone(images, TAPS), self.backbone(references, TAPS)
        return self.compare(
            images,
            [seen[tap] for tap in TAPS],
            references,
            [reference_seen[tap] for tap in TAPS],
        )

    def compare(
        self,
        images: tf.Tensor,
        features: Sequence[tf.Tensor],
        references: tf.Tensor,
        reference_features: Sequence[tf.Tensor],
    ) -> tf.Tensor:
        """The same, of features that are already there.

        Args:
            images: `[B, H, W, 3]`.
            features: `[B, h, w, C]` of the images at each of `TAPS`, in that order.
            references: `[B, H, W, 3]`.
            reference_features: The same of the references.

        Returns:
            `[B]`.
        """
        images, references = tf.convert_to_tensor(images), tf.convert_to_tensor(references)
        stages = [(images, references), *zip(features, reference_features, strict=True)]
        similar = []
        for (x, y), alpha, beta in zip(stages, self._alphas, self._betas, strict=True):
            texture, structure = _similarities(x, y)
            weighted = (
                tf.constant(alpha, x.dtype) * texture + tf.constant(beta, x.dtype) * structure
            )
            similar.append(tf.reduce_sum(weighted, axis=-1))
        return 1.0 - tf.add_n(similar)


def _similarities(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How alike means, and deviations from them, are: `[B, h, w, C]` twice -> `[B, C]` twice.

    The moments are taken over all positions.
    """
    x_mean = tf.reduce_mean(x, axis=[1, 2], keepdims=True)
    y_mean = tf.reduce_mean(y, axis=[1, 2], keepdims=True)
    x_variance = tf.reduce_mean((x - x_mean) ** 2, axis=[1, 2])
    y_variance = tf.reduce_mean((y - y_mean) ** 2, axis=[1, 2])
    covariance = tf.reduce_mean((x - x_mean) * (y - y_mean), axis=[1, 2])
    texture = (2.0 * x_mean * y_mean + _C1) / (x_mean**2 + y_mean**2 + _C1)
    structure = (2.0 * covariance + _C2) / (x_variance + y_variance + _C2)
    return texture[:, 0, 0], structure


def file_shapes() -> dict[str, tuple[int, ...]]:
    """Name -> shape of the arrays in `dists_alpha_beta.npz`."""
    return {"alpha": (1, sum(_CHANNELS)), "beta": (1, sum(_CHANNELS))}


def _load(path: os.PathLike) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Alpha and beta, each scaled so that both together sum to 1, stage by stage."""
    arrays = expect_shapes(read_arrays(path), file_shapes(), path, "DISTS")
    total = sum(float(array.sum(dtype=np.float64)) for array in arrays.values())
    alphas, betas = (
        _stages(arrays[name].reshape(-1).astype(np.float64) / total) for name in ("alpha", "beta")
    )
    return alphas, betas


def _untrained() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights under which all channels, and structure and texture, count alike."""
    equal = np.full(sum(_CHANNELS), 0.5 / sum(_CHANNELS), np.float32)
    return _stages(equal), _stages(equal)


def _stages(weights: np.ndarray) -> list[np.ndarray]:
    """Cuts 1475 numbers into those of the image and of each tap."""
    return np.split(weights, np.cumsum(_CHANNELS)[:-1])
