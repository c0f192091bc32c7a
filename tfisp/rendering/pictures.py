"""Finished pictures as files, and several of them side by side."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfisp.files import atomic_file
from tfisp.rawfiles.exif import picture_exif, tiff_tags
from tfisp.rendering.encoding import encode_jpeg, encode_png, srgb_profile

SUFFIXES = {"png": ".png", "jpg": ".jpg", "tif": ".tif"}

_GAP = 8  # pixels between the pictures of a strip
_HEADER = 32  # pixels above them for their names, in one line
_NARROWEST = 48  # pixels of a column, for a name to be read
_LINE = 22  # and for each further line
_FONT = (cv2.FONT_HERSHEY_SIMPLEX, 0.6)


def write_picture(
    path: str | os.PathLike,
    picture: np.ndarray,
    quality: int = 95,
    tags: Mapping[int, Any] | None = None,
) -> None:
    """Writes a picture that says it is sRGB, atomically; the suffix chooses PNG, JPEG or TIFF.

    Args:
        path: Ends in `.png`, `.jpg` or `.tif`.
        picture: uint8 `[H, W, 3]` sRGB; for PNG and TIFF also uint16.
        quality: Of a JPEG, 1 to 100.
        tags: Of Exif, as `tfisp.rawfiles.exif.read_exif` gives them; None for none.

    Raises:
        OSError: the file cannot be written; names it.
    """
    path = Path(path)
    exif = b"" if tags is None else picture_exif(tags)
    with atomic_file(path) as temporary:
        if path.suffix == ".png":
            temporary.write_bytes(encode_png(picture, exif))
        elif path.suffix == ".tif":
            write_tiff(temporary, picture, tags)
        else:
            temporary.write_bytes(encode_jpeg(picture, quality, exif))


def write_tiff(path: Path, picture: np.ndarray, tags: Mapping[int, Any] | None) -> None:
    """Writes a deflated TIFF; Exif's tags stand among its own, as TIFF/EP has them."""
    import tifffile  # takes longer to load than a JPEG to write

    extra = [(0x0112, 3, 1, 1, True), *(tiff_tags(tags) if tags else ())]
    tifffile.imwrite(
        path,
        picture,
        photometric="rgb",
        compression="zlib",
        predictor=True,
        iccprofile=srgb_profile(),
        software="tfisp",
        metadata=None,
        extratags=extra,
    )


def strip(columns: Mapping[str, Sequence[np.ndarray]], side: int = 512) -> np.ndarray:
    """Pictures side by side: one row per scene, one named column per way of rendering it.

    Args:
        columns: Name -> uint8 `[H, W, 3]` pictures, equally many in each and of one size per row.
        side: Pictures with a longer side are reduced to it.

    Returns:
        uint8 `[H', W', 3]`.
    """
    rows = [
        [reduced(picture, side) for picture in row] for row in zip(*columns.values(), strict=True)
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


def reduced(picture: np.ndarray, side: int) -> np.ndarray:
    """The picture with its longer side at most `side`, averaged over areas."""
    factor = side / max(picture.shape[:2])
    if factor >= 1:
        return picture
    height, width = (max(round(length * factor), 1) for length in picture.shape[:2])
    return cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=cv2.INTER_AREA)
