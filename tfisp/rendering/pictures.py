"""Finished pictures as files, and several of them side by side."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from tfisp.files import atomic_file
from tfisp.rendering.encoding import encode_jpeg, encode_png

SUFFIXES = {"png": ".png", "jpg": ".jpg"}

_GAP = 8  # pixels between the pictures of a strip
_HEADER = 32  # pixels above them for their names, in one line
_NARROWEST = 48  # pixels of a column, for a name to be read
_LINE = 22  # and for each further line
_FONT = (cv2.FONT_HERSHEY_SIMPLEX, 0.6)


def write_picture(path: str | os.PathLike, picture: np.ndarray, quality: int = 95) -> None:
    """Writes a picture, atomically; the suffix chooses PNG or JPEG.

    Args:
        path: Ends in `.png` or `.jpg`.
        picture: uint8 `[H, W, 3]` sRGB.
        quality: Of a JPEG, 1 to 100.

    Raises:
        OSError: the file cannot be written; names it.
    """
    path = Path(path)
    encoded = encode_png(picture) if path.suffix == ".png" else encode_jpeg(picture, quality)
    with atomic_file(path) as temporary:
        temporary.write_bytes(encoded)


def strip(columns: Mapping[str, Sequence[np.ndarray]], side: int = 512) -> np.ndarray:
    """Pictures side by side: one row per scene, one named column per way of rendering it.

    Args:
        columns: Name -> uint8 `[H, W, 3]` pictures, equally many in each and of one size per row.
        side: Pictures with a longer side are reduced to it.

    Returns:
        uint8 `[H', W', 3]`.
    """
    rows = [
        [_reduced(picture, side) for picture in row] for row in zip(*columns.values(), strict=True)
    ]
    width = max(_NARROWEST, *(row[0].shape[1] for row in rows))
    captions = [_wrapped(name, width) for name in columns]
    header = _HEADER + _LINE * (max(map(len, captions)) - 1)
    canvas_width = len(columns) * (width + _GAP) + _GAP
    canvas_height = header + sum(row[0].shape[0] + _GAP for row in rows)
    canvas = np.full((canvas_height, canvas_width, 3), 255, np.uint8)
    for column, lines in enumerate(captions):
        for number, line in enumerate(lines):
            where = (_GAP + column * (width + _GAP), _HEADER - 10 + _LINE * number)
            cv2.putText(canvas, line, where, *_FONT, (0, 0, 0), 1, cv2.LINE_AA)
    top = header
    for row in rows:
        for column, picture in enumerate(row):
            left = _GAP + column * (width + _GAP)
            height, own_width = picture.shape[:2]
            canvas[top : top + height, left : left + own_width] = picture
        top += row[0].shape[0] + _GAP
    return canvas


def _wrapped(name: str, width: int) -> list[str]:
    """A caption in lines that are no wider than its column."""
    lines = [""]
    for letter in name:
        if lines[-1] and cv2.getTextSize(lines[-1] + letter, *_FONT, 1)[0][0] > width:
            lines.append("")
        lines[-1] += letter
    return lines


def _reduced(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture with its longer side at most `side`, averaged over areas."""
    factor = side / max(picture.shape[:2])
    if factor >= 1:
        return picture
    height, width = (max(round(length * factor), 1) for length in picture.shape[:2])
    return cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=cv2.INTER_AREA)
