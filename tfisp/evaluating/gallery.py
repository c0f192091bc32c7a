"""The pictures that a report shows, as files beside it."""

import re
from pathlib import Path

import numpy as np

from tfisp.rendering.pictures import reduced, write_picture

# Bins of a histogram, for each of R, G and B; what it counts in: ten-thousandths of the pixels.
BINS, WHOLE = 64, 10_000

# Pixels of a small copy's longer side: twice what the page shows, for screens of fine pixels.
_THUMBNAIL = 160

_LONGEST = 60


def file_name(number: int, image: str, system: str, content: str, suffix: str) -> str:
    """A file's name that people can read and every file system and URL takes.

    Args:
        number: Of the image, from 0.
        image: Its name.
        system: What the picture was made by.
        content: Hash of all that the picture depends on.
        suffix: With its point.
    """
    words = (re.sub(r"[^A-Za-z0-9_.]+", "_", text)[:_LONGEST] for text in (image, system))
    return f"{number:04d}-{'-'.join(words)}-{content[:16]}{suffix}"


def store(folder: Path, name: str, picture: np.ndarray) -> None:
    """Writes a picture without loss.

    Args:
        folder: Where.
        name: Ends in `.png`.
        picture: uint8 `[H, W, 3]` sRGB.
    """
    write_picture(folder / name, picture)


def store_thumbnail(folder: Path, name: str, picture: np.ndarray) -> None:
    """Writes a small copy of a picture; `name` ends in `.jpg`."""
    write_picture(folder / name, reduced(picture, _THUMBNAIL), quality=85)


def histogram(picture: np.ndarray) -> list[list[int]]:
    """How often levels occur.

    Args:
        picture: uint8 `[H, W, 3]`.

    Returns:
        For R, G and B, `BINS` counts from dark to bright, in ten-thousandths of the pixels.
    """
    bins = picture >> (8 - (BINS - 1).bit_length())
    counts = (np.bincount(bins[..., channel].ravel(), minlength=BINS) for channel in range(3))
    return [np.rint(count * (WHOLE / bins[..., 0].size)).astype(int).tolist() for count in counts]
