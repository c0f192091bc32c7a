"""What pretrained networks see in pictures: their features, and distances between them.

    distance = tfisp.perceptual.LPIPS()      # finds its weights, or says where to put them
    values = distance(images, references)    # [B, H, W, 3] twice, 0..1 -> [B]
    backbone = tfisp.perceptual.backbones.create("vgg19")

Everything is loaded when it is first used.
"""

import importlib
from typing import Any

# public name -> the module that defines it
_MEMBERS = {
    "DISTS": "tfisp.perceptual.dists",
    "LPIPS": "tfisp.perceptual.lpips",
    "Feature": "tfisp.perceptual.bank",
    "FeatureBank": "tfisp.perceptual.bank",
    "ms_ssim": "tfisp.perceptual.similarity",
    "psnr": "tfisp.perceptual.similarity",
    "ssim": "tfisp.perceptual.similarity",
}
_MODULES = ("backbones", "views", "weights")

__all__ = [
    "DISTS",
    "LPIPS",
    "Feature",
    "FeatureBank",
    "backbones",
    "ms_ssim",
    "psnr",
    "ssim",
    "views",
    "weights",
]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first asked for (PEP 562)."""
    if name in _MEMBERS:
        value = getattr(importlib.import_module(_MEMBERS[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"tfisp.perceptual.{name}")
    else:
        raise AttributeError(f"module 'tfisp.perceptual' has no attribute '{name}'")
    globals()[name] = value
    return value
