"""Losses of the features of frozen networks, which a training step has already computed."""

from collections.abc import Mapping

import tensorflow as tf

from tfisp.perceptual import dists as dists_module
from tfisp.perceptual import lpips as lpips_module
from tfisp.perceptual import views
from tfisp.perceptual.bank import Feature
from tfisp.perceptual.dists import DISTS
from tfisp.perceptual.lpips import LPIPS


def feature_mse(features: tf.Tensor, reference_features: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of two feature maps, per image.

    Eq. 1 of the paper (arXiv 2505.10420): `1/(C H W) sum (F(I1) - F(I2))^2`, with `F` VGG-19's
    relu5_4 there.

    Args:
        features: `[B, h, w, C]` (or `[B, tokens, C]`) of the generated images, any range.
        reference_features: The same shape, of the images to match.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ, as when reference and generated images are of different
            sizes.
    """
    features.shape.assert_is_compatible_with(reference_features.shape)
    axes = list(range(1, features.shape.rank))
    return tf.reduce_mean(tf.math.squared_difference(features, reference_features), axis=axes)


def lpips_features(view: str = "rgb") -> tuple[Feature, ...]:
    """What the distance reads of each image, shown in that view."""
    return tuple(Feature(lpips_module.BACKBONE, view, tap) for tap in lpips_module.TAPS)


def lpips(
    distance: LPIPS,
    features: Mapping[Feature, tf.Tensor],
    reference_features: Mapping[Feature, tf.Tensor],
    view: str = "rgb",
) -> tf.Tensor:
    """The distance of `tfisp.perceptual.LPIPS`, per image.

    Args:
        distance: Either variant, loaded.
        features: Those of `lpips_features(view)`, of the generated images.
        reference_features: The same, of the images to match: under `lpips+` it is these that say
            which positions count. (The published code hands over the two the wrong way round:
            `lpips+_swapped` of `tfisp.training.objectives`.)
        view: How the images are shown to the distance.

    Returns:
        `[B]`, non-negative.
    """
    read = lpips_features(view)
    return distance.compare([features[f] for f in read], [reference_features[f] for f in read])


def dists_features(view: str = "rgb") -> tuple[Feature, ...]:
    """What the distance reads of each image, shown in that view, besides the image itself."""
    return tuple(Feature(dists_module.BACKBONE, view, tap) for tap in dists_module.TAPS)


def dists(
    distance: DISTS,
    images: tf.Tensor,
    features: Mapping[Feature, tf.Tensor],
    references: tf.Tensor,
    reference_features: Mapping[Feature, tf.Tensor],
    view: str = "rgb",
) -> tf.Tensor:
    """The distance of `tfisp.perceptual.DISTS`, per image.

    Args:
        distance: Loaded.
        images: `[B, H, W, 3]`, generated.
        features: Those of `dists_features(view)`, of the generated images.
        references: `[B, H, W, 3]`, to match.
        reference_features: The same features of them.
        view: How the images are shown to the distance.

    Returns:
        `[B]`, non-negative.
    """
    read = dists_features(view)
    return distance.compare(
        views.view(view, images),
        [features[f] for f in read],
        views.view(view, references),
        [reference_features[f] for f in read],
    )
