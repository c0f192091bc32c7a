"""DISTS of features that a training step has already computed."""

from collections.abc import Mapping

import tensorflow as tf

from tfisp.perceptual.bank import Feature
from tfisp.perceptual.dists import BACKBONE, DISTS, TAPS

# What the distance reads of each image, besides the image itself.
DISTS_FEATURES = tuple(Feature(BACKBONE, "rgb", tap) for tap in TAPS)


def dists(
    distance: DISTS,
    images: tf.Tensor,
    features: Mapping[Feature, tf.Tensor],
    references: tf.Tensor,
    reference_features: Mapping[Feature, tf.Tensor],
) -> tf.Tensor:
    """The distance of `tfisp.perceptual.DISTS`, per image.

    Args:
        distance: loaded.
        images: `[B, H, W, 3]`, generated.
        features: those of `DISTS_FEATURES`, of the generated images.
        references: `[B, H, W, 3]`, to match.
        reference_features: the same features of them.

    Returns:
        `[B]`, non-negative.
    """
    return distance.compare(images, _by_tap(features), references, _by_tap(reference_features))


def _by_tap(features: Mapping[Feature, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {feature.tap: features[feature] for feature in DISTS_FEATURES}
