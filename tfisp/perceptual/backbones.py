"""Frozen feature networks by name; each one's file is loaded when it is asked for."""

import importlib
import os
from typing import TYPE_CHECKING

from tfisp.naming import choose

if TYPE_CHECKING:
    from tfisp.perceptual.base import Backbone

# Name -> (module that creates it, key of its published weights, "" where it has none or only
# random ones).
_BACKBONES: dict[str, tuple[str, str]] = {
    "vgg19": ("tfisp.perceptual.vgg", "vgg19"),
    "vgg16": ("tfisp.perceptual.vgg", "vgg16"),
    "vgg16_l2": ("tfisp.perceptual.vgg", "vgg16"),
    "vgg19_torchvision": ("tfisp.perceptual.vgg", "vgg19_torchvision"),
    "vgg16_torchvision": ("tfisp.perceptual.vgg", "vgg16_torchvision"),
    "vgg16_torchvision_l2": ("tfisp.perceptual.vgg", "vgg16_torchvision"),
    "alexnet": ("tfisp.perceptual.alexnet", "alexnet"),
    "alexnet_imagenet": ("tfisp.perceptual.alexnet", "alexnet"),
    "vit_b16": ("tfisp.perceptual.vit", "vit_b16"),
    "deit_tiny": ("tfisp.perceptual.vit", "deit_tiny"),
    "vgg19_narrow": ("tfisp.perceptual.vgg", ""),
    "alexnet_narrow": ("tfisp.perceptual.alexnet", ""),
    "vit_narrow": ("tfisp.perceptual.vit", ""),
    "pixels": ("tfisp.perceptual.pixels", ""),
}


def names() -> list[str]:
    """Names of all backbones that `create` knows."""
    return list(_BACKBONES)


def weights_key(name: str) -> str:
    """Which published weights a backbone takes; "" where it has none or only random ones.

    The flag that gives their path is `--<key>_weights`.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    return _BACKBONES[choose("backbone", name, _BACKBONES)][1]


def create(name: str, weights: str | os.PathLike | None = None, seed: int = 0) -> "Backbone":
    """A frozen feature network.

    Args:
        name: one of `names()`.
        weights: a path, `random`, or None (or "") to look for them as `tfisp.perceptual.weights`
            says. The `_narrow` networks, for smoke tests, take no path: they only have random
            weights.
        seed: of random weights.

    Raises:
        InputError: for an unknown name, with the closest ones, or if the weights are not found or
            do not fit.
    """
    module, _ = _BACKBONES[choose("backbone", name, _BACKBONES)]
    return importlib.import_module(module).create(name, weights=weights or None, seed=seed)
