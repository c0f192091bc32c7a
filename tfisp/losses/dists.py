"""DISTS of features that a training step has already computed."""

from collections.abc import Mapping

import tensorflow as tf

from tfisp.perceptual import views
from tfisp.perceptual.bank import Feature
from tfisp.perceptual.dists import BACKBONE, DISTS, TAPS


def dists_features(view: str = "rgb") -> tuple[Feature, ...]:
    """What the distance reads of each image, shown in that view, besides the image itself."""
    return tuple(Feature(BACKBONE, view, tap) for tap in TAPS)


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
        distance: loaded.
        images: `[B, H, W, 3]`, generated.
        features: those of `dists_features(view)`, of the generated images.
        references: `[B, H, W, 3]`, to match.
        reference_features: the same features of them.
        view: how the images are shown to the distance.

    Returns:
        `[B]`, non-negative.
    """
    seen, other_seen = (
        {feature.tap: each[feature] for feature in dists_features(view)}
        for each in (features, reference_features)
    )
    return distance.compare(
        views.view(view, images), seen, views.view(view, references), other_seen
    )
