"""Colour profiles: photographs in other colours than sRGB are converted to it.

Phones write Display P3, cameras Adobe RGB. Taken for sRGB their colours are too pale, and that is
what a network would learn. Profiles are applied by LittleCMS (Pillow's ImageCms), relative to white
and with 8 bits; Adobe RGB that only Exif tells of, by the `colour` library.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tfisp.data.headers import ImageInfo

if TYPE_CHECKING:
    from PIL import ImageCms

ADOBE_RGB = "Adobe RGB (1998)"

# What is said of a profile that leaves colours as they are, though it may mean others.
NOT_APPLIED = "a colour profile that cannot be applied, taken as sRGB"

# How much, of 255, a profile may move a colour and still be sRGB: makers round its curve variously.
_SAME = 3
# Colours to tell by: all corners and what lies between, no finer than a profile's own curves need.
_STEPS = np.linspace(0, 255, 9).astype(np.uint8)


class _Profile(NamedTuple):
    """A profile that was looked at: its name, and what takes it to sRGB (None where none need)."""

    name: str
    transform: "ImageCms.ImageCmsTransform | None"


def describe(info: ImageInfo) -> str:
    """How a photograph's colours are treated, in words; empty where they are sRGB already."""
    if not info.profile:
        return f"{ADOBE_RGB}, converted to sRGB" if info.adobe_rgb else ""
    profile = _opened(info.profile)
    if profile is None:
        return NOT_APPLIED
    return f"{profile.name}, converted to sRGB" if profile.transform else ""


def to_srgb(pixels: np.ndarray, info: ImageInfo) -> np.ndarray:
    """Pixels in the colours of sRGB.

    Args:
        pixels: uint8 or uint16 `[H, W, 3]` of full scale, R, G, B, as the file has them.
        info: Of the file.

    Returns:
        The same array where nothing is to be converted; else uint8 `[H, W, 3]`.
    """
    if not info.profile:
        return _from_adobe_rgb(pixels) if info.adobe_rgb else pixels
    profile = _opened(info.profile)
    if profile is None or profile.transform is None:
        return pixels
    return _apply(profile.transform, _to_8bit(pixels))


@lru_cache(maxsize=64)
def _opened(data: bytes) -> _Profile | None:
    """A profile of three colours; None if it is of another kind (gray, CMYK) or damaged."""
    from PIL import ImageCms

    try:
        profile = ImageCms.getOpenProfile(io.BytesIO(data))
        if profile.profile.xcolor_space.strip() != "RGB":
            return None
        name = ImageCms.getProfileDescription(profile).strip() or "an unnamed colour profile"
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    colours = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), -1).reshape(1, -1, 3)
    moved = np.abs(_apply(transform, colours).astype(int) - colours).max()
    return _Profile(name, None if moved <= _SAME else transform)


def _apply(transform: "ImageCms.ImageCmsTransform", pixels: np.ndarray) -> np.ndarray:
    from PIL import Image, ImageCms

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(ImageCms.applyTransform(picture, transform))


def _from_adobe_rgb(pixels: np.ndarray) -> np.ndarray:
    """Adobe RGB (1998) in sRGB, colours outside it clipped."""
    import colour

    values = pixels / np.float32(np.iinfo(pixels.dtype).max)
    converted = colour.RGB_to_RGB(
        values,
        ADOBE_RGB,
        "sRGB",
        apply_cctf_decoding=True,
        apply_cctf_encoding=True,
    )
    return np.rint(np.clip(converted, 0, 1) * 255).astype(np.uint8)


def _to_8bit(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.dtype == np.uint8 else np.rint(pixels / 257.0).astype(np.uint8)
