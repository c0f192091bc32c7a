"""What is measured of one picture, a reference or a photograph."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfisp.checkup.blocking import blockiness
from tfisp.checkup.likeness import difference_hash
from tfisp.checkup.spectrum import luma, power_spectrum
from tfisp.color import decode_srgb
from tfisp.looks.statistics import OPPONENT, sample
from tfisp.rendering.pictures import reduced

# Longer side of the small copy that the page shows.
_THUMBNAIL = 200

# Luminance of linear sRGB (IEC 61966-2-1).
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Of no light at all: the smallest step of 12 bits.
_DARKEST = 2.0**-12

# Added to a mean brightness, so that black has no colour.
_DARK = 0.01

# Longer side of the copy whose edges are looked at: noise would have edges of its own colour.
_EDGES = 100

# Of the norm of edges, and what keeps even pictures without edges from dividing by zero.
_NORM, _NO_STEP = 6, 1e-6

# A corner and the centre are squares of this share of a side.
_CORNER = 1 / 8


@dataclass(frozen=True)
class PictureFacts:
    """What is known of a picture.

    Attributes:
        name: Its file, as a data set names it.
        path: Its file.
        size: (height, width), upright.
        samples: float32 `[1024, 3]`, sRGB-encoded, 0..1 (`tfisp.looks.statistics.sample`).
        hashed: bool `[256]` (`tfisp.checkup.likeness`).
        spectrum: `[16]` (`tfisp.checkup.spectrum`); None of a tiny picture.
        blocks: See `tfisp.checkup.blocking`; None of a tiny picture.
        exposure: Mean luminance in EV below white.
        white: Share of pixels that are white, at most a step of 8 bits below it in each channel.
        cast: Mean of red against green, and of both against blue, of encoded values.
        light: Of its edges, log2 of red over green and of blue over green: an estimate of the light
            that white balance left.
        colour: How far its colours are from one hue for each brightness (root mean square), over
            the mean brightness.
        corners: Luminance of the four corners over that of the centre, in EV.
        thumbnail: uint8 `[h, w, 3]`, at most 200 pixels a side.
    """

    name: str
    path: Path
    size: tuple[int, int]
    samples: np.ndarray
    hashed: np.ndarray
    spectrum: np.ndarray | None
    blocks: float | None
    exposure: float
    white: float
    cast: tuple[float, float]
    light: tuple[float, float]
    colour: float
    corners: float
    thumbnail: np.ndarray


def measure(pixels: np.ndarray, name: str, path: Path) -> PictureFacts:
    """Measures an upright picture.

    Args:
        pixels: uint8 or uint16 `[H, W, 3]` of full scale, sRGB-encoded.
        name: What it is called.
        path: Its file.
    """
    samples = sample(pixels)
    plane = luma(pixels)
    small = reduced(pixels, _THUMBNAIL)
    if small.dtype == np.uint16:
        small = np.rint(small / 257).astype(np.uint8)
    red_green, blue = OPPONENT[1:] @ samples.mean(axis=0, dtype=np.float64)
    return PictureFacts(
        name=name,
        path=path,
        size=(pixels.shape[0], pixels.shape[1]),
        samples=samples,
        hashed=difference_hash(pixels),
        spectrum=power_spectrum(plane),
        blocks=blockiness(plane),
        exposure=_exposure(samples),
        white=_white(pixels),
        cast=(float(red_green), float(blue)),
        light=_light(_linear(reduced(small, _EDGES))),
        colour=_colour(samples),
        corners=_corners(_linear(small) @ _LUMINANCE),
        thumbnail=small,
    )


def _linear(small: np.ndarray) -> np.ndarray:
    """Linear light of uint8 `[h, w, 3]`, sRGB-encoded."""
    return decode_srgb(small.astype(np.float32) / 255)


def _exposure(samples: np.ndarray) -> float:
    """Mean luminance of encoded colours, in EV below white."""
    return float(np.log2((decode_srgb(samples) @ _LUMINANCE).mean() + _DARKEST))


def _white(pixels: np.ndarray) -> float:
    """Share of white pixels."""
    step = np.iinfo(pixels.dtype).max // 255
    return float((pixels.min(axis=-1) >= np.iinfo(pixels.dtype).max - step).mean())


def _colour(samples: np.ndarray) -> float:
    """What is left of colour differences beside a parabola over brightness.

    Photographs in black and white have nothing left, nor have toned ones (sepia).
    """
    brightness = samples.mean(axis=1, dtype=np.float64)
    differences = samples.astype(np.float64) @ OPPONENT[1:].T
    powers = np.stack([brightness**k for k in range(3)], axis=1)
    rest = differences - powers @ np.linalg.lstsq(powers, differences)[0]
    return float(np.sqrt(np.square(rest).mean()) / (brightness.mean() + _DARK))


def _light(linear: np.ndarray) -> tuple[float, float]:
    """Of linear `[h, w, 3]`; see `PictureFacts.light`.

    The grey-edge hypothesis with a Minkowski norm of 6: J. van de Weijer, T. Gevers, A. Gijsenij,
    "Edge-Based Color Constancy", IEEE Trans. Image Processing 16(9), 2007.
    """
    steps = np.concatenate([np.diff(linear, axis=axis).reshape(-1, 3) for axis in (0, 1)])
    red, green, blue = np.mean(np.abs(steps) ** _NORM, axis=0) ** (1 / _NORM) + _NO_STEP
    return float(np.log2(red / green)), float(np.log2(blue / green))


def _corners(light: np.ndarray) -> float:
    """Luminance of the corners over the centre of `[h, w]`, in EV."""
    height, width = light.shape
    down, along = (max(round(length * _CORNER), 1) for length in light.shape)
    corners = [light[rows, columns] for rows in _ends(down) for columns in _ends(along)]
    top, left = (height - down) // 2, (width - along) // 2
    centre = light[top : top + down, left : left + along].mean()
    return float(np.log2((np.mean(corners) + _DARKEST) / (centre + _DARKEST)))


def _ends(length: int) -> tuple[slice, slice]:
    return slice(length), slice(-length, None)
