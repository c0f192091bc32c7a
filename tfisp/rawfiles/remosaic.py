"""Frames of other kinds than Bayer turned into Bayer frames, where the user asks for it.

A LinearDNG holds three colours at every site: one of them is kept. A quad-Bayer sensor has blocks
of 2x2 sites of one colour, in a Bayer array of blocks:

    R R G G
    R R G G        `bin` averages a block to one sample: Bayer, of half the width and height
    G G B B        `remosaic` keeps the size and interpolates what Bayer wants elsewhere
    G G B B
"""

import dataclasses
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tfisp.conversions import Conversions, Quad
from tfisp.sensor import Capture, Sensor, all_sites, resolve_gains

if TYPE_CHECKING:
    from tfisp.rawfiles.frame import Frame

Crop = tuple[int, int, int, int]  # top, left, height, width

# What a LinearDNG becomes.
LINEAR_PATTERN = "RGGB"
LINEAR_NOTE = (
    "LinearDNG, already demosaicked by its maker, and perhaps denoised and sharpened: one colour "
    f"of three is kept at each site, as {LINEAR_PATTERN}"
)

# Applicability of neighbours in the normalised convolution: binomial, two samples far, which is
# how far the next block of a colour can be.
_NEIGHBOURS = np.array([1, 4, 6, 4, 1], np.float32)


def linear_to_bayer(picture: np.ndarray) -> np.ndarray:
    """The mosaic `[H, W]` of `LINEAR_PATTERN` that a picture `[H, W, 3]` would have been."""
    mosaic = np.empty(picture.shape[:2], picture.dtype)
    for site, colour in zip(np.ndindex(2, 2), LINEAR_PATTERN, strict=True):
        row, column = site
        mosaic[row::2, column::2] = picture[row::2, column::2, "RGB".index(colour)]
    return mosaic


def of_quad(frame: "Frame", quad: Quad, convert: Conversions) -> "Frame":
    """The Bayer frame that is made of a quad-Bayer frame, with a note.

    Args:
        frame: As stored.
        quad: Its array.
        convert: Says how.
    """
    rows, columns = quad.before
    height, width = ((n - k) // 4 * 4 for n, k in zip(frame.mosaic.shape, quad.before, strict=True))
    whole = frame.mosaic[rows : rows + height, columns : columns + width]
    capture = frame.capture
    crop = _moved(capture.default_crop, quad.before, (height, width))
    black = np.array(frame.sensor.black_level)
    sensor = dataclasses.replace(
        frame.sensor, pattern=quad.pattern, black_level=all_sites(float(black.mean()))
    )
    notes = frame.notes
    if np.ptp(black):
        notes += (f"quad-Bayer with black levels {black.ravel().tolist()}: their mean is taken",)
    note = f"quad-Bayer, {quad.pattern} in blocks of 2x2: "
    if convert.quad_bayer == "bin":
        note += "each block is averaged to one sample, half the width and height are left"
        capture = dataclasses.replace(
            capture,
            # The mean of four has a quarter of their variance, shot and read noise alike.
            noise=capture.noise and tuple(map(tuple, np.reshape(capture.noise, (-1, 2)) / 4)),
            frame_size=(height // 2, width // 2),
            default_crop=crop and _halved(crop),
        )
        mosaic = _binned(whole)
    else:
        note += "remosaicked, so that most samples are interpolated"
        capture = dataclasses.replace(capture, origin=quad.before, default_crop=crop)
        mosaic = _remosaicked(whole, sensor, capture)
    return dataclasses.replace(
        frame, mosaic=mosaic, sensor=sensor, capture=capture, notes=(*notes, note)
    )


def _binned(mosaic: np.ndarray) -> np.ndarray:
    """Means of 2x2 blocks, rounded to even so that halves add no bias."""
    height, width = mosaic.shape
    means = mosaic.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3), dtype=np.float32)
    return np.rint(means).astype(mosaic.dtype)


def _remosaicked(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> np.ndarray:
    """Bayer samples: the sensor's own where the colours agree, else interpolated.

    Green by normalised convolution (H. Knutsson, C.-F. Westin, "Normalized and differential
    convolution", CVPR 1993), red and blue as green plus their colour differences, interpolated in
    the same way (S.-C. Pei, I.-K. Tam, "Effective color interpolation in CCD color filter arrays
    using signal correlation", IEEE Transactions on Circuits and Systems for Video Technology 13(6),
    2003). Differences are taken of white-balanced values, where they are small.
    """
    height, width = mosaic.shape
    black = np.float32(sensor.black_level[0][0])
    gains = dict(zip("RGB", resolve_gains(sensor, capture), strict=True))
    bayer = np.array(list(sensor.pattern)).reshape(2, 2)
    blocks = bayer.repeat(2, axis=0).repeat(2, axis=1)
    own = np.tile(blocks, (height // 4, width // 4))
    wanted = np.tile(bayer, (height // 2, width // 2))
    balanced = mosaic.astype(np.float32) - black
    for colour, gain in gains.items():
        balanced[own == colour] *= np.float32(gain)
    green = _interpolated(balanced, own == "G")
    out = mosaic.copy()
    for colour, gain in gains.items():
        missing = (wanted == colour) & (own != colour)
        values = green
        if colour != "G":
            values = green + _interpolated(balanced - green, own == colour)
        found = np.rint(values[missing] / np.float32(gain) + black)
        out[missing] = np.clip(found, 0, sensor.white_level).astype(mosaic.dtype)
    return out


def _interpolated(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values where they are known, elsewhere the weighted mean of known neighbours."""
    weights = known.astype(np.float32)
    sums, shares = (
        cv2.sepFilter2D(plane, -1, _NEIGHBOURS, _NEIGHBOURS, borderType=cv2.BORDER_REFLECT_101)
        for plane in (np.where(known, values, np.float32(0)), weights)
    )
    return np.where(known, values, sums / shares)


def _moved(crop: Crop | None, before: tuple[int, int], size: tuple[int, int]) -> Crop | None:
    """A crop of a frame of which `before` and a rest are cut off; None if nothing is left of it."""
    if crop is None:
        return None
    top, left = (max(crop[k] - before[k], 0) for k in (0, 1))
    bottom, right = (min(crop[k] + crop[2 + k] - before[k], size[k]) for k in (0, 1))
    return _between(top, left, bottom, right)


def _halved(crop: Crop) -> Crop | None:
    """A crop in samples of 2x2 blocks, those that lie wholly in it."""
    top, left = (-(-n // 2) for n in crop[:2])
    bottom, right = ((crop[k] + crop[2 + k]) // 2 for k in (0, 1))
    return _between(top, left, bottom, right)


def _between(top: int, left: int, bottom: int, right: int) -> Crop | None:
    height, width = bottom - top, right - left
    return (top, left, height, width) if min(height, width) > 0 else None
