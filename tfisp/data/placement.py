"""How a picture covers a frame, and the picture laid over it."""

from typing import NamedTuple

import cv2
import numpy as np


class Placement(NamedTuple):
    """How a picture covers a frame.

    Attributes:
        turned: "upright", the picture is turned as its RAW file says; or "stored", it lies as the
            mosaic does although its RAW file says otherwise.
        scale: Samples of the mosaic to a pixel of the picture.
        top: Row of the mosaic at which the picture's upper edge lies.
        left: Column at which its left edge lies.
    """

    turned: str
    scale: float
    top: float
    left: float


def place(
    image: np.ndarray, placement: Placement, shape: tuple[int, ...], step: int = 1
) -> np.ndarray:
    """Lays a picture over a frame.

    Args:
        image: `[h, w]` or `[h, w, 3]`, turned as the mosaic is.
        placement: Where it lies; its turn is done already.
        shape: (height, width) of what is made.
        step: Samples of the mosaic to a pixel of what is made.

    Returns:
        Of `image`'s type; what lies outside of the picture repeats its edge. Pixels are copied
        where none lies between others, averaged over areas where the picture is reduced, and else
        interpolated.
    """
    _, scale, top, left = placement
    height, width = shape[:2]
    whole = (top / step).is_integer() and (left / step).is_integer()
    if scale == step and whole:
        rows = np.clip(np.arange(height) - int(top / step), 0, image.shape[0] - 1)
        columns = np.clip(np.arange(width) - int(left / step), 0, image.shape[1] - 1)
        return image[rows[:, None], columns]
    ratio = step / scale  # pixels of the picture to one of what is made
    along = down = 1.0
    method = cv2.INTER_CUBIC if ratio < 1 else cv2.INTER_LINEAR
    if ratio > 1:
        before = image.shape
        size = tuple(max(1, round(side / ratio)) for side in before[1::-1])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        along, down = before[1] / image.shape[1], before[0] / image.shape[0]
    # Centre of pixel k of what is made: sample step * (k + 0.5) of the mosaic, edges at 0 and n.
    first = [(0.5 * step - corner) / scale for corner in (left, top)]
    matrix = np.array(
        [
            [ratio / along, 0, first[0] / along - 0.5],
            [0, ratio / down, first[1] / down - 0.5],
        ]
    )
    return cv2.warpAffine(
        image,
        matrix,
        (width, height),
        flags=method | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )


def shown_area(
    placement: Placement, shown: tuple[int, ...], size: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the part of a frame that a picture covers."""
    ends = []
    for first, side, most in zip(placement[2:], shown, size, strict=False):
        start = max(0, int(np.ceil(first - 0.01)))
        ends.append(
            (start, min(most, int(np.floor(first + placement.scale * side + 0.01))) - start)
        )
    (top, height), (left, width) = ends
    return top, left, max(height, 0), max(width, 0)
