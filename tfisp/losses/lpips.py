"""LPIPS and LPIPS+ of features that a training step has already computed."""

from collections.abc import Mapping

import tensorflow as tf

from tfisp.perceptual.bank import Feature
from tfisp.perceptual.lpips import BACKBONE, LPIPS, TAPS


def lpips_features(view: str = "rgb") -> tuple[Feature, ...]:
    """What the distance reads of each image, shown in that view."""
    return tuple(Feature(BACKBONE, view, tap) for tap in TAPS)


def lpips(
    distance: LPIPS,
    features: Mapping[Feature, tf.Tensor],
    reference_features: Mapping[Feature, tf.Tensor],
    view: str = "rgb",
) -> tf.Tensor:
    """The distance of `tfisp.perceptual.LPIPS`, per image.

    Args:
        distance: either variant, loaded.
        features: those of `lpips_features(view)`, of the generated images.
        reference_features: the same, of the images to match: under `lpips+` it is these that say
            which positions count. (The published code hands over the two the wrong way round:
            `lpips+_swapped` of `tfisp.training.objectives`.)
        view: how the images are shown to the distance.

    Returns:
        `[B]`, non-negative.
    """
    seen, other_seen = (
        {feature.tap: each[feature] for feature in lpips_features(view)}
        for each in (features, reference_features)
    )
    return distance.compare(seen, other_seen)
