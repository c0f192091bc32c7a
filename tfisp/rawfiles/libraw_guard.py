"""Watching LibRaw decode: the two traces it leaves when samples are missing from a file.

It says so on the C-level stderr, or it says nothing, returns as if all were well, and leaves the
frame's memory unwritten, so that the "samples" are whatever the process had there before: zeros by
luck, else part of an earlier picture. `watched` catches the first and makes the second
recognisable.
"""

import contextlib
import ctypes
import re
import sys
import threading
from collections.abc import Iterator

import numpy as np

from tfisp.native_stderr import Held, held_stderr

# What LibRaw's default data callback prints.
_COMPLAINT = re.compile(b"Unexpected end of file|data corrupted")

# Memory that LibRaw has allocated and not written holds this byte: far above the white level of
# most sensors.
_MARK = 0xA5
_UNWRITTEN = _MARK << 8 | _MARK

# Samples in a row that must all hold the mark; in a frame of 16 bits single ones may by chance.
_RUN = 64

# glibc, mallopt(3): "M_PERTURB: if this parameter is set to a nonzero value, then bytes of
# allocated memory (other than allocations via calloc(3)) are initialized to the complement of the
# value in the least significant byte of value".
_M_PERTURB = -6

_LOCK = threading.Lock()


class Watch:
    """What was noticed within a `watched` block; complete when the block has ended."""

    def __init__(self, held: Held) -> None:
        self._held = held

    @property
    def complained(self) -> bool:
        """Whether LibRaw said that samples are missing or corrupt."""
        return _COMPLAINT.search(self._held.printed) is not None


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Watches LibRaw open and decode one file; one at a time, since it concerns the process."""
    with _LOCK, _marked_memory(), held_stderr(_COMPLAINT) as held:
        yield Watch(held)


def unwritten(mosaic: np.ndarray) -> float:
    """Share of a mosaic, decoded under `watched`, that LibRaw never wrote; 0..1.

    Where the C library cannot mark memory (other than glibc), always 0.
    """
    height, width = mosaic.shape
    run = min(_RUN, width)
    marked = mosaic[:, : width // run * run] == _UNWRITTEN
    if not marked.any():  # as in every good file
        return 0.0
    return float(marked.reshape(height, -1, run).all(axis=2).mean())


@contextlib.contextmanager
def _marked_memory() -> Iterator[None]:
    """Has malloc fill new memory with `_MARK`, where it can."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        yield
        return
    mallopt(_M_PERTURB, _MARK ^ 0xFF)
    try:
        yield
    finally:
        mallopt(_M_PERTURB, 0)
