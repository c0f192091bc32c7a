"""Trained distances between features, by name, on a trunk that is already loaded."""

import os
from typing import Literal

from tfisp.naming import choose
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.dists import DISTS
from tfisp.perceptual.lpips import LPIPS
from tfisp.perceptual.weights import DISTANCES

Distance = LPIPS | DISTS


def weights_key(name: str) -> str:
    """Which published weights a distance takes besides its trunk's.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    return DISTANCES[choose("distance", name, DISTANCES)]


def create(name: str, backbone: Backbone, weights: str | os.PathLike | None = None) -> Distance:
    """A distance on a loaded trunk.

    Args:
        name: `lpips`, `lpips+` or `dists`.
        backbone: Its trunk.
        weights: What it adds to the trunk's: a path, `random`, or None to look for them.

    Raises:
        InputError: for an unknown name, or if weights are not found or do not fit.
    """
    if weights_key(name) == "dists":
        return DISTS(alpha_beta=weights, backbone=backbone)
    variant: Literal["lpips", "lpips+"] = "lpips+" if name == "lpips+" else "lpips"
    return LPIPS(variant, heads=weights, backbone=backbone)
