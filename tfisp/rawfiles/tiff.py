"""The directories of TIFF-based files (DNG, NEF, CR2, ARW, ...): tags, and where data ends.

Reading is left to tifffile; what this adds is one view of all directories, nested ones included,
that damaged files cannot break.
"""

import contextlib
import itertools
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from tfisp.errors import InputError

# In files of more directories than this something is wrong; real ones have about five.
_MAX_DIRECTORIES = 64

# Panasonic writes this where the data's offset stands in another tag.
_NO_OFFSET = 0xFFFFFFFF


@dataclass(frozen=True)
class Directory:
    """One directory of a TIFF.

    Attributes:
        tags: (type, value) of the tags that were asked for, by number.
        photometric: What the samples are (tag 262).
        compressed: Whether they are.
        floating: Whether they are floating-point numbers.
        size: (height, width) of the frame.
        data_end: First byte after the data by its declared length; 0 if there is none.
        frame_end: The same by the size of an uncompressed frame, which is what readers go by; 0 if
            compressed.
    """

    tags: dict[int, tuple[int, Any]]
    photometric: int
    compressed: bool
    floating: bool
    size: tuple[int, int]
    data_end: int
    frame_end: int

    def numbers(self, code: int, default: Collection[float] = ()) -> np.ndarray:
        """A tag's value as float64 `[n]`, rationals divided; `default` without the tag.

        Raises:
            ValueError: If the tag holds text.
        """
        if code not in self.tags:
            return np.asarray(default, np.float64)
        kind, value = self.tags[code]
        if isinstance(value, bytes):
            return np.frombuffer(value, np.uint8).astype(np.float64)
        values = np.atleast_1d(np.asarray(value, np.float64)).ravel()
        if kind in (tifffile.DATATYPE.RATIONAL, tifffile.DATATYPE.SRATIONAL):
            with np.errstate(divide="ignore", invalid="ignore"):
                return values[::2] / values[1::2]
        return values

    def integers(self, code: int, default: Collection[int] = ()) -> tuple[int, ...]:
        """A tag's value as integers; `default` without the tag.

        Raises:
            ValueError: If the tag holds text or something that is not finite.
        """
        return tuple(int(number) for number in self.numbers(code, default))

    def first(self, code: int) -> float | None:
        """The first number of a tag; None without the tag."""
        values = self.numbers(code)
        return float(values[0]) if values.size else None

    def text(self, code: int) -> str:
        """A tag's text without the blanks around it; empty without the tag."""
        return str(self.tags.get(code, (0, ""))[1]).strip()


def read_directories(path: Path, wanted: Collection[int]) -> list[Directory] | None:
    """Reads the directories of a file, each followed by those it contains.

    Args:
        path: The file; it need not be a TIFF.
        wanted: Numbers of the tags to read.

    Returns:
        The directories; None if the file is no TIFF, or is none that can be read.

    Raises:
        InputError: If the file cannot be opened.
    """
    with _quiet_tifffile():
        try:
            with tifffile.TiffFile(path) as tiff:
                pages = itertools.islice(_pages(tiff), _MAX_DIRECTORIES)
                return [_directory(page, wanted) for page in pages]
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        except Exception:
            # tifffile promises no closed set of exceptions for damaged files.
            return None


def _pages(tiff: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    for page in tiff.pages:
        yield page
        yield from page.pages or ()


def _directory(page: tifffile.TiffPage, wanted: Collection[int]) -> Directory:
    """What tifffile has read of a directory."""
    offsets = [0 if offset == _NO_OFFSET else int(offset) for offset in page.dataoffsets]
    ends = [o + int(count) for o, count in zip(offsets, page.databytecounts, strict=False)]
    compressed = page.compression != tifffile.COMPRESSION.NONE
    frame_end = 0
    if not compressed and len(offsets) == 1:
        row = -(-page.imagewidth * page.samplesperpixel * page.bitspersample // 8)
        frame_end = offsets[0] + row * page.imagelength
    return Directory(
        tags={tag.code: (tag.dtype, tag.value) for tag in page.tags if tag.code in wanted},
        photometric=int(page.photometric),
        compressed=compressed,
        floating=page.sampleformat == tifffile.SAMPLEFORMAT.IEEEFP,
        size=(page.imagelength, page.imagewidth),
        data_end=max(ends, default=0),
        frame_end=frame_end,
    )


@contextlib.contextmanager
def _quiet_tifffile() -> Iterator[None]:
    """Keeps tifffile from logging what it thinks of a damaged file; the caller says so itself."""
    logger = logging.getLogger("tifffile")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
