"""Demosaicking by published methods, and the reference rendering: a plain classical ISP.

`menon2007`: D. Menon, S. Andriani, G. Calvagno, "Demosaicing with directional filtering and a
posteriori decision", IEEE Transactions on Image Processing 16(1), 2007, equal to what the package
colour-demosaicing makes of it, which the paper's code uses (`tfisp.menon`). `opencv`: OpenCV's
bilinear demosaicking on 16 bit, the paper's alternative. `opencv_ea`: OpenCV's edge-aware one.
`bilinear`: the means of `opencv` in floating point, for values of any range.
"""

import dataclasses

import cv2
import numpy as np

from tfisp.color import apply_matrix, camera_to_srgb, encode_srgb
from tfisp.contract import Contract, normalise, require_mosaic
from tfisp.errors import InputError
from tfisp.menon import menon2007
from tfisp.naming import choose
from tfisp.sensor import PATTERNS, Capture, Sensor, resolve_gains

# Raised whenever `reference` returns other values for the same input: caches of references carry
# it in their key.
REFERENCE_VERSION = 2

# Menon's method reaches 8 samples far (its result with a margin of 8 is exactly that of the whole
# image); it works in float64 on about 20 planes of the tile's size, so tiles bound its memory and
# keep it in the cache.
_MENON_MARGIN = 8
_MENON_TILE = 256

# `custom_rgb` of the published code, load_dataset.py.
_PUBLISHED_GAINS = (1.6, 1.2, 1.4)

# What the reference expects of its mosaic; its clipping comes after, since it has a lower end as
# well.
_REFERENCE_CONTRACT = Contract("mosaic", white_balance="as_shot", shading=True)

# OpenCV's old names for these four (BayerBG2RGB for RGGB, and so on) are taken from the second
# row, second and third column of the mosaic, not from its first corner; the aliases used here mean
# what they say.
_OPENCV_CODES = {
    "RGGB": cv2.COLOR_BayerRGGB2RGB,
    "BGGR": cv2.COLOR_BayerBGGR2RGB,
    "GRBG": cv2.COLOR_BayerGRBG2RGB,
    "GBRG": cv2.COLOR_BayerGBRG2RGB,
}
_OPENCV_EDGE_AWARE_CODES = {
    "RGGB": cv2.COLOR_BayerRGGB2RGB_EA,
    "BGGR": cv2.COLOR_BayerBGGR2RGB_EA,
    "GRBG": cv2.COLOR_BayerGRBG2RGB_EA,
    "GBRG": cv2.COLOR_BayerGBRG2RGB_EA,
}


def demosaic(mosaic: np.ndarray, pattern: str, method: str = "menon2007") -> np.ndarray:
    """Fills in the two missing colours of every sample.

    Args:
        mosaic: `[H, W]` float, nominally 0..1; at least 4 x 4.
        pattern: Its CFA pattern, one of `tfisp.sensor.PATTERNS`.
        method: One of `METHODS`. Those of OpenCV clip to 0..1 and work in steps of 1/65535.

    Returns:
        float32 `[H, W, 3]`, R, G, B on the mosaic's scale. `menon2007` may leave the mosaic's
        range a little.

    Raises:
        InputError: If the mosaic is not `[H, W]`, or pattern or method is unknown.
    """
    require_mosaic(mosaic)
    if min(mosaic.shape) < 4:
        raise InputError(f"mosaic of {mosaic.shape[0]}x{mosaic.shape[1]} is too small to demosaic")
    if pattern not in PATTERNS:
        raise InputError(f"pattern {pattern!r} is not one of {', '.join(PATTERNS)}")
    choose("demosaicking method", method, METHODS)
    return _METHODS[method](mosaic, pattern)


def reference(
    mosaic: np.ndarray,
    sensor: Sensor,
    capture: Capture,
    method: str = "menon2007",
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Renders a mosaic in the classical way, or as the paper's published code does.

    Black level, shading, division by (white - black), white balance, clipping to 0..1,
    demosaicking, the camera's matrix to sRGB where it is known, the frame's exposure gain
    2**baseline_exposure, clipping, sRGB encoding. White balance is the file's own, else the
    sensor's default gains as documented, else none.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.
        method: How to demosaic, one of `METHODS`; or `published` for `published_reference`, which
            reads nothing of sensor and capture but the pattern.
        origin: Where the mosaic lies in the frame, for the shading map.

    Returns:
        float32 `[H, W, 3]`, sRGB-encoded, 0..1, turned as the mosaic is (not upright).

    Raises:
        InputError: As `demosaic` and `camera_to_srgb`.
    """
    if method == PUBLISHED:
        return published_reference(mosaic, sensor.pattern)
    gains = resolve_gains(sensor, capture)
    known = dataclasses.replace(capture, gains=gains)
    linear = normalise(mosaic, sensor, known, _REFERENCE_CONTRACT, origin)
    # A contract scales gains so that the smallest is 1; those of a data set are meant as they are
    # written.
    linear *= np.float32(min(gains))
    np.clip(linear, 0, 1, out=linear)
    rgb = demosaic(linear, sensor.pattern, method)
    if sensor.xyz_to_camera is not None:
        rgb = apply_matrix(rgb, camera_to_srgb(sensor.xyz_to_camera))
    rgb *= np.float32(2.0**capture.baseline_exposure)
    return encode_srgb(np.clip(rgb, 0, 1, out=rgb))


def published_reference(mosaic: np.ndarray, pattern: str = "RGGB") -> np.ndarray:
    """Renders a mosaic as the paper's published code does (`load_dataset.py`).

    Menon's demosaicking of the samples themselves (it compares gradients, which on whole numbers
    tie exactly), / 65535, gains of 1.6, 1.2 and 1.4 for red, green and blue, clipping to 0..1, all
    values together stretched from their least to their greatest onto 0..1, power 1 / 2.2. No black
    level is subtracted, so shadows stay reddish, and a picture's brightness depends on its own
    extremes. The code then resizes to 256 x 256 pixels, which here is left out: it changes nothing
    at the size of its patches, and at any other nothing fits any more.

    Args:
        mosaic: `[H, W]` samples, 16 bits at the most.
        pattern: Its CFA pattern.

    Returns:
        float32 `[H, W, 3]`, 0..1; zero where all values are equal.

    Raises:
        InputError: As `demosaic`.
    """
    rgb = demosaic(mosaic, pattern) / np.float32(65535)
    rgb = np.clip(rgb * np.array(_PUBLISHED_GAINS, np.float32), 0, 1)
    low, high = rgb.min(), rgb.max()
    if high == low:
        return np.zeros_like(rgb)
    return ((rgb - low) / (high - low)) ** np.float32(1 / 2.2)


def _menon2007(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    """Menon's method in tiles; equal to the whole image at once."""
    height, width = mosaic.shape
    rows, columns = (_tile_side(side) for side in mosaic.shape)
    if rows >= height and columns >= width:
        return menon2007(mosaic, pattern)
    out = np.empty((height, width, 3), np.float32)
    # Tiles begin at even rows and columns, and so does their margin: the pattern is the same in
    # each.
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            bottom, right = min(top + rows, height), min(left + columns, width)
            first, second = max(top - _MENON_MARGIN, 0), max(left - _MENON_MARGIN, 0)
            tile = mosaic[first : bottom + _MENON_MARGIN, second : right + _MENON_MARGIN]
            rgb = menon2007(tile, pattern)
            out[top:bottom, left:right] = rgb[top - first :, left - second :][
                : bottom - top, : right - left
            ]
    return out


def _tile_side(side: int) -> int:
    """An even side of tiles of about `_MENON_TILE` samples, so that no narrow one is left over."""
    return -(-side // max(round(side / _MENON_TILE), 1) // 2) * 2


def _opencv(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    return _by_opencv(mosaic, _OPENCV_CODES[pattern])


def _opencv_ea(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    return _by_opencv(mosaic, _OPENCV_EDGE_AWARE_CODES[pattern])


def _by_opencv(mosaic: np.ndarray, code: int) -> np.ndarray:
    """A method of OpenCV, padded since it copies the outermost pixels from others."""
    counts = np.rint(np.clip(mosaic, 0, 1) * 65535).astype(np.uint16)
    padded = np.pad(counts, 2, mode="reflect")
    rgb = cv2.demosaicing(padded, code)[2:-2, 2:-2]
    return rgb.astype(np.float32) / 65535


def _bilinear(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    """Each missing colour is the mean of its nearest samples of that colour: 2 or 4 of them."""
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]], np.float32) / 4
    square = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 4
    out = np.empty((*mosaic.shape, 3), np.float32)
    for channel, (colour, kernel) in enumerate(zip("RGB", (square, cross, square), strict=True)):
        plane = np.zeros(mosaic.shape, np.float32)
        for site in range(4):
            if pattern[site] == colour:
                row, column = divmod(site, 2)
                plane[row::2, column::2] = mosaic[row::2, column::2]
        out[..., channel] = cv2.filter2D(plane, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return out


_METHODS = {
    "menon2007": _menon2007,
    "opencv": _opencv,
    "opencv_ea": _opencv_ea,
    "bilinear": _bilinear,
}

METHODS = tuple(_METHODS)

# What `reference` takes for its method: also the rendering of the published code, as a whole.
PUBLISHED = "published"
REFERENCES = (*METHODS, PUBLISHED)
