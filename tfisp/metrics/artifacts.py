"""What goes wrong in developing a mosaic, measured where the truth is known.

Zippers along edges, colours where there are none, tinted highlights, and how the corners compare
with the middle. All is worked through in bands of rows, so that a large picture needs little more
memory than a small one.
"""

from collections.abc import Callable, Iterator

import cv2
import numpy as np

from tfisp.errors import InputError
from tfisp.metrics.color_difference import srgb_to_lab

# W. Lu, Y.-P. Tan, "Color filter array demosaicking: new method and performance measures", IEEE
# Transactions on Image Processing 12(10), 2003: a change of CIELAB distance that is noticed.
NOTICED = 2.3
# CIELAB lightness of the truth from which on a pixel counts as a highlight.
BRIGHT = 90.0
# Distances from the middle, in halves of the diagonal: the centre lies nearer, corners further off.
CENTER, CORNERS = 0.4, 0.8
# Side of the window whose median is what colours are like around a pixel.
_AROUND = 5

# Rows at a time: a few arrays of so many rows stay small whatever the picture's size.
_BAND = 64


def zipper(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """How many pixels differ otherwise from their likest neighbour than in the truth.

    Of each pixel that is not at the border, the likest of its eight neighbours is sought in the
    truth (the smallest CIELAB distance; the first of several, row by row). Where the distance of
    the same two pixels in the picture is another by more than `NOTICED`, there is a zipper, or
    what was an edge is washed out (Lu and Tan 2003, section IV).

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1, 3 pixels or more high and wide.
        references: The same shape.

    Returns:
        float64 `[B]`, percent of the pixels; 0 for equal pictures.

    Raises:
        InputError: for smaller pictures.
    """
    height, width = images.shape[1:3]
    if min(height, width) < 3:
        raise InputError(f"zipper: images of {height}x{width} pixels have none inside a border")

    def share(image: np.ndarray, reference: np.ndarray) -> float:
        count = 0
        for inside in _bands(height - 2):
            rows = slice(inside.start, inside.stop + 2)
            count += _zippers(srgb_to_lab(image[rows]), srgb_to_lab(reference[rows]))
        return 100 * count / ((height - 2) * (width - 2))

    return _each(share, images, references)


def _zippers(picture: np.ndarray, truth: np.ndarray) -> int:
    """CIELAB `[h, W, 3]` twice -> how many pixels within the border are zippered."""
    height, width = truth.shape[:2]
    inside = (slice(1, -1), slice(1, -1))
    least = np.full((height - 2, width - 2), np.inf)
    change = np.zeros_like(least)
    for neighbour in range(9):
        down, across = divmod(neighbour, 3)
        if (down, across) == (1, 1):
            continue
        beside = (slice(down, height - 2 + down), slice(across, width - 2 + across))
        true, ours = (
            np.sqrt(np.square(lab[inside] - lab[beside]).sum(axis=-1)) for lab in (truth, picture)
        )
        likest = true < least
        least[likest] = true[likest]
        change[likest] = (ours - true)[likest]
    return int((np.abs(change) > NOTICED).sum())


def false_color(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """How much colour there is, fine as pixels, that the truth does not have, or that it lacks.

    The difference of a* and b* to the truth, less its median over the 5 x 5 pixels around, so that
    another look or white balance does not count; the mean length of what is left. (That colours
    jump against the median of their surroundings is what demosaicking's median filters go by: W. T.
    Freeman, US patent 4,724,395, 1988.)

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1.
        references: The same shape.

    Returns:
        float64 `[B]` in units of CIELAB; 0 for equal pictures.
    """
    height, width = images.shape[1:3]
    reach = _AROUND // 2

    def mean(image: np.ndarray, reference: np.ndarray) -> float:
        total = 0.0
        for band in _bands(height):
            top, bottom = max(band.start - reach, 0), min(band.stop + reach, height)
            sides = (srgb_to_lab(side[top:bottom])[..., 1:] for side in (image, reference))
            off = np.subtract(*sides).astype(np.float32)
            # OpenCV goes on beyond the border with the last row and column.
            planes = (np.ascontiguousarray(off[..., axis]) for axis in (0, 1))
            left = np.hypot(*(plane - cv2.medianBlur(plane, _AROUND) for plane in planes))
            total += float(left[band.start - top :][: band.stop - band.start].sum(dtype=float))
        return total / (height * width)

    return _each(mean, images, references)


def highlight_color(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """How far colours are off where the truth is bright, lightness apart.

    The mean distance of a* and b* over the pixels whose truth has a lightness of `BRIGHT` or more:
    clipped highlights that turned magenta, or faded to grey.

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1.
        references: The same shape.

    Returns:
        float64 `[B]` in units of CIELAB, 0 for equal pictures; NaN where the truth has no such
        pixel.
    """

    def mean(image: np.ndarray, reference: np.ndarray) -> float:
        total, count = 0.0, 0
        for band in _bands(len(image)):
            picture, truth = (srgb_to_lab(side[band]) for side in (image, reference))
            bright = truth[..., 0] >= BRIGHT
            off = picture[bright][:, 1:] - truth[bright][:, 1:]
            total += float(np.hypot(off[:, 0], off[:, 1]).sum())
            count += len(off)
        return total / count if count else np.nan

    return _each(mean, images, references)


def psnr_center(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The PSNR of the middle: nearer to it than `CENTER` of half the diagonal.

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1.
        references: The same shape.

    Returns:
        float64 `[B]` in dB, infinite for equal pictures.
    """
    return _psnr_where(images, references, lambda distance: distance < CENTER)


def psnr_corners(images: np.ndarray, references: np.ndarray) -> np.ndarray:
    """The PSNR of the corners, where lenses shade: further off than `CORNERS` of half the diagonal.

    Args:
        images: `[B, H, W, 3]` floating point sRGB, 0..1.
        references: The same shape.

    Returns:
        float64 `[B]` in dB, infinite for equal pictures.
    """
    return _psnr_where(images, references, lambda distance: distance > CORNERS)


def _psnr_where(
    images: np.ndarray, references: np.ndarray, chosen: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The PSNR over pixels that are chosen by their distance from the middle, `[B]`."""
    height, width = images.shape[1:3]
    down, across = (np.arange(side) + 0.5 - side / 2 for side in (height, width))
    half_diagonal = np.hypot(height, width) / 2

    def psnr(image: np.ndarray, reference: np.ndarray) -> float:
        total, count = 0.0, 0
        for band in _bands(height):
            here = chosen(np.hypot(down[band, None], across) / half_diagonal)
            difference = image[band][here].astype(np.float64) - reference[band][here]
            total += float(np.square(difference).sum())
            count += difference.size
        if not count:
            return np.nan  # a picture of a few pixels
        return -10 * np.log10(total / count) if total else np.inf

    return _each(psnr, images, references)


def _each(
    function: Callable[[np.ndarray, np.ndarray], float], images: np.ndarray, references: np.ndarray
) -> np.ndarray:
    return np.array([function(*pair) for pair in zip(images, references, strict=True)])


def _bands(rows: int) -> Iterator[slice]:
    """Consecutive parts of so many rows."""
    return (slice(top, min(top + _BAND, rows)) for top in range(0, rows, _BAND))
