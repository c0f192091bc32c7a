"""Frozen feature networks by name; each one's file is loaded when it is asked for.

Besides the names there are providers, whose networks are named with a colon:

    saved_model:PATH    a SavedModel on disk
    tfhub:HANDLE        a network of TensorFlow Hub
    keras_cv:NAME       a backbone of KerasCV
"""

import importlib
import os
from typing import TYPE_CHECKING

from tfisp.naming import choose

if TYPE_CHECKING:
    from tfisp.perceptual.base import Backbone

# What the networks can compute gradients in.
DTYPES = ("float32", "bfloat16")

# Before the name of a network that the published code of the paper uses otherwise than it was
# trained (docs/FIDELITY.md): with the height and width of its kernels exchanged, or on images 0..1
# without its own scaling.
TRANSPOSED, UNSCALED = "transposed_", "unscaled_"

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
    "transposed_vgg19": ("tfisp.perceptual.vgg", "vgg19"),
    "transposed_vgg19_narrow": ("tfisp.perceptual.vgg", ""),
    "unscaled_vit_b16": ("tfisp.perceptual.vit", "vit_b16"),
    "unscaled_deit_tiny": ("tfisp.perceptual.vit", "deit_tiny"),
    "unscaled_vit_narrow": ("tfisp.perceptual.vit", ""),
}
# What stands before the colon -> what stands after it, and the module that creates it.
_PROVIDERS: dict[str, tuple[str, str]] = {
    "saved_model": ("PATH", "tfisp.perceptual.saved_model"),
    "tfhub": ("HANDLE", "tfisp.perceptual.saved_model"),
    "keras_cv": ("NAME", "tfisp.perceptual.keras_cv"),
}


def names() -> list[str]:
    """Names of all backbones that `create` knows, but for those of providers."""
    return list(_BACKBONES)


def provider_patterns() -> list[str]:
    """How the networks of providers are named: `saved_model:PATH` and so on."""
    return [f"{provider}:{what}" for provider, (what, _) in _PROVIDERS.items()]


def weights_key(name: str) -> str:
    """Which published weights a backbone takes; "" where it has none or only random ones.

    The flag that gives their path is `--<key>_weights`.

    Raises:
        InputError: for an unknown name, with the closest ones.
    """
    return _find(name)[1]


def require(name: str, flag: str) -> None:
    """Sees that a flag names a backbone; nothing is loaded.

    Raises:
        InputError: if it does not, naming the flag and the closest ones.
    """
    _find(name, f"--{flag}")


def create(
    name: str,
    weights: str | os.PathLike | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> "Backbone":
    """A frozen feature network.

    Args:
        name: One of `names()`, or as one of `provider_patterns()` has it.
        weights: A path, `random`, or None (or "") to look for them as `tfisp.perceptual.weights`
            says. The `_narrow` networks, for smoke tests, take no path: they only have random
            weights. Nor do those of providers, whose name says where they are.
        seed: Of random weights.
        dtype: One of `DTYPES`, of the backward pass from its features to the image; the features
            themselves stay in float32 (`tfisp.perceptual.bf16_backward`). AlexNet and networks of
            providers keep to float32 altogether. The attribute `dtype` says what was done.

    Raises:
        InputError: for an unknown name, with the closest ones, or if the weights are not found or
            do not fit.
    """
    module, _ = _find(name)
    choose("--backbone_dtype", dtype, DTYPES)
    return importlib.import_module(module).create(name, weights or None, seed, dtype)


def _find(name: str, label: str = "backbone") -> tuple[str, str]:
    """The module that creates a backbone, and the key of its published weights."""
    provider, colon, what = name.partition(":")
    if colon and what:
        return _PROVIDERS[choose(f"{label} provider", provider, _PROVIDERS)][1], ""
    return _BACKBONES[choose(label, name, [*_BACKBONES, *provider_patterns()])]
