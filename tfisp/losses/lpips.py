"""LPIPS and LPIPS+ of features that a training step has already computed."""

from collections.abc import Mapping

import tensorflow as tf

from tfisp.perceptual.bank import Feature
from tfisp.perceptual.lpips import BACKBONE, LPIPS, TAPS

# What the distance reads of each image.
LPIPS_FEATURES = tuple(Feature(BACKBONE, "rgb", tap) for tap in TAPS)


def lpips(
    distance: LPIPS,
    features: Mapping[Feature, tf.Tensor],
    reference_features: Mapping[Feature, tf.Tensor],
) -> tf.Tensor:
    """The distance of `tfisp.perceptual.LPIPS`, per image.

    Args:
        distance: either variant, loaded.
        features: those of `LPIPS_FEATURES`, of the generated images.
        reference_features: the same, of the images to match: under `lpips+` it is these that say
            which positions count. (The published code hands over the two the wrong way round:
            `lpips+_swapped` of `tfisp.training.objectives`.)

    Returns:
        `[B]`, non-negative.
    """
    return distance.compare(_by_tap(features), _by_tap(reference_features))


def _by_tap(features: Mapping[Feature, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {feature.tap: features[feature] for feature in LPIPS_FEATURES}
