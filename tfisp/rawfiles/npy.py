"""Reading `.npy` files of plain numbers without trusting them.

NumPy evaluates the header as Python source. A damaged one raises errors of seven kinds, and
CPython 3.11 has been seen to fail on a sound one after it (SystemError in `ast.literal_eval`). A
header of plain numbers has one shape only, so a pattern is enough to read it:

    magic, version, length, {'descr': '<u2', 'fortran_order': False, 'shape': (256, 256, 4), }

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

import math
import re
import struct
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from tfisp.errors import InputError

_MAGIC = b"\x93NUMPY"
_MOST_HEADER = 4096
_HEADER = re.compile(
    rb"\{'descr': '([<>|][uif][1248])', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,12}, ?)*(?:\d{1,12})?)\),? ?\} *\n?"
)


class _Layout(NamedTuple):
    """Where the numbers of a file lie and how."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: Literal["C", "F"]
    offset: int

    @property
    def end(self) -> int:
        """The size of the file, which holds them all and nothing else."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize


def map_npy(path: str | Path, trailer: int = 0) -> np.ndarray:
    """A file's array, read-only and memory-mapped.

    Args:
        path: The file.
        trailer: How many bytes of something else follow the numbers.

    Raises:
        InputError: If it cannot be read, holds other than numbers, is empty or cut short.
    """
    try:
        with open(path, "rb") as file:
            layout = _parse(file.read(_MOST_HEADER), path)
            size = file.seek(0, 2)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    _require_fit(layout, size - trailer, path)
    return np.memmap(
        path, layout.dtype, mode="r", offset=layout.offset, shape=layout.shape, order=layout.order
    )


def parse_npy(data: bytes, path: object) -> np.ndarray:
    """The array in the bytes of a file, read-only; arguments and errors as for `map_npy`."""
    layout = _parse(data[:_MOST_HEADER], path)
    _require_fit(layout, len(data), path)
    count = math.prod(layout.shape)
    flat = np.frombuffer(data, layout.dtype, count, layout.offset)
    return flat.reshape(layout.shape, order=layout.order)


def _parse(start: bytes, path: object) -> _Layout:
    if not start.startswith(_MAGIC) or len(start) < 12:
        raise InputError(f"{path}: not a .npy file")
    major = start[6]
    code, begin = ("<H", 10) if major == 1 else ("<I", 12)
    (length,) = struct.unpack_from(code, start, 8)
    found = _HEADER.fullmatch(start[begin : begin + length])
    if not found:
        raise InputError(f"{path}: the .npy header is damaged, or states no array of plain numbers")
    descr, fortran, shape = found.groups()
    try:
        dtype = np.dtype(descr.decode())
    except TypeError as error:
        raise InputError(f"{path}: unknown type {descr.decode()}") from error
    sides = tuple(int(side) for side in shape.split(b",") if side.strip())
    return _Layout(dtype, sides, "F" if fortran == b"True" else "C", begin + length)


def _require_fit(layout: _Layout, size: int, path: object) -> None:
    if not math.prod(layout.shape):
        raise InputError(f"{path}: holds an empty array {layout.shape}")
    if size != layout.end:
        raise InputError(
            f"{path}: {size} bytes are {'too few' if size < layout.end else 'too many'} for "
            f"{layout.dtype} {layout.shape}: truncated or damaged"
        )
