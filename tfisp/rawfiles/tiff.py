"""The directories of TIFF-based files (DNG, NEF, CR2, ARW, ...): their tags, as they stand.

Readers for pictures, tifffile for one, leave out what they cannot parse and read on. Of a RAW file
a tag that is left out is a wrong picture, so this reader says which those are, and which bytes of
the file the directories take up. Source: TIFF 6.0, and BigTIFF, whose offsets have 8 bytes.
"""

import itertools
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from tfisp.errors import InputError

SUB_DIRECTORIES, EXIF_DIRECTORY = 330, 34665

# In files of more directories than this something is wrong; real ones have about five.
_MAX_DIRECTORIES = 64

# Type number: NumPy's, and how many of it make one value.
_TYPES = {
    **{1: ("u1", 1), 2: ("S1", 1), 3: ("u2", 1), 4: ("u4", 1), 5: ("u4", 2), 6: ("i1", 1)},
    **{7: ("u1", 1), 8: ("i2", 1), 9: ("i4", 1), 10: ("i4", 2), 11: ("f4", 1), 12: ("f8", 1)},
    **{13: ("u4", 1), 16: ("u8", 1), 17: ("i8", 1), 18: ("u8", 1)},
}
_ASCII, _RATIONALS = 2, (5, 10)

# SHORT, LONG and LONG8, of which sizes, counts and offsets are.
INTEGERS = (3, 4, 16)

# 42 is TIFF's, 43 BigTIFF's; Panasonic and Olympus write their own.
_CLASSIC, _BIG = (42, 0x55, 0x4F52, 0x5352), 43


class Span(NamedTuple):
    """Bytes `start` to `end` of a file, and what they hold."""

    start: int
    end: int
    what: str


@dataclass(frozen=True)
class Directory:
    """One directory of a TIFF.

    Attributes:
        order: "<" or ">", the byte order of its numbers.
        tags: (type, bytes of the value) of the tags that were asked for, by number.
        unreadable: What of it cannot be read, in words.
        in_order: Whether its tags ascend, as TIFF demands.
        spans: The bytes that it takes up, those of the values that were asked for included.
        exif: Its EXIF directory; None without one.
    """

    order: str
    tags: dict[int, tuple[int, bytes]]
    unreadable: tuple[str, ...]
    in_order: bool
    spans: tuple[Span, ...]
    exif: "Directory | None" = None

    def numbers(self, code: int, default: Collection[float] = ()) -> np.ndarray:
        """A tag's value as float64 `[n]`, rationals divided; `default` without the tag.

        Raises:
            ValueError: If the tag holds text.
        """
        if code not in self.tags:
            return np.asarray(default, np.float64)
        kind, data = self.tags[code]
        if kind == _ASCII:
            raise ValueError(f"tag {code} holds text where numbers are expected")
        values = np.frombuffer(data, self.order + _TYPES[kind][0]).astype(np.float64)
        if kind in _RATIONALS:
            with np.errstate(divide="ignore", invalid="ignore"):
                return values[::2] / values[1::2]
        return values

    def integers(self, code: int, default: Collection[int] = ()) -> tuple[int, ...]:
        """A tag's value as integers; `default` without the tag.

        Raises:
            ValueError: If the tag holds text or something that is not finite.
            OverflowError: If it holds infinity.
        """
        return tuple(int(number) for number in self.numbers(code, default))

    def first(self, code: int) -> float | None:
        """The first number of a tag; None without the tag."""
        values = self.numbers(code)
        return float(values[0]) if values.size else None

    def text(self, code: int) -> str:
        """A tag's text without the blanks around it; empty without the tag."""
        data = self.tags.get(code, (_ASCII, b""))[1]
        return data.split(b"\0")[0].decode("utf-8", "replace").strip()

    def bytes(self, code: int) -> bytes:
        """A tag's value as it is stored; empty without the tag."""
        return self.tags.get(code, (_ASCII, b""))[1]


class _Form(NamedTuple):
    """How a kind of TIFF writes its directories."""

    order: str
    offset: struct.Struct  # an offset
    entries: struct.Struct  # the number of entries
    entry: struct.Struct  # code, type, count, and the bytes of value or offset


def read_directories(path: Path, wanted: Collection[int]) -> list[Directory] | None:
    """Reads the directories of a file, each followed by those it contains.

    Args:
        path: The file; it need not be a TIFF.
        wanted: Numbers of the tags to read.

    Returns:
        The directories; None if the file is no TIFF, or the first cannot be read.

    Raises:
        InputError: If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read(file, {*wanted, SUB_DIRECTORIES, EXIF_DIRECTORY})
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def _read(file: BinaryIO, wanted: Collection[int]) -> list[Directory] | None:
    head = file.read(16)
    size = file.seek(0, 2)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return None
    (version,) = struct.unpack_from(order + "H", head, 2)
    if version == _BIG:
        form = _Form(order, *(struct.Struct(order + code) for code in ("Q", "Q", "HHQ8s")))
        (first,) = form.offset.unpack_from(head, 8)
    elif version in _CLASSIC:
        form = _Form(order, *(struct.Struct(order + code) for code in ("I", "H", "HHI4s")))
        (first,) = form.offset.unpack_from(head, 4)
    else:
        return None
    return list(itertools.islice(_chain(file, size, form, first, wanted), _MAX_DIRECTORIES)) or None


def _chain(
    file: BinaryIO, size: int, form: _Form, first: int, wanted: Collection[int]
) -> Iterator[Directory]:
    """The directories from an offset on; each at most once, so that no circle is endless."""
    waiting, seen = [first], set()
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        found = _directory(file, size, form, at, wanted)
        if found is None:
            continue
        directory, following = found
        inner = [int(offset) for offset in _offsets(directory, SUB_DIRECTORIES)]
        lost = [offset for offset in inner if not _holds_directory(file, size, form, offset)]
        unreadable = [*directory.unreadable, *(f"a directory at byte {offset}" for offset in lost)]
        for offset in _offsets(directory, EXIF_DIRECTORY)[:1]:
            exif = _directory(file, size, form, int(offset), wanted)
            if exif is None:
                unreadable.append("the EXIF directory")
            else:
                directory = _with(directory, exif=exif[0])
        yield _with(directory, unreadable=tuple(unreadable))
        waiting += [following] if following else []
        waiting += reversed(inner)


def _with(directory: Directory, **changes: object) -> Directory:
    return Directory(**{**directory.__dict__, **changes})


def _offsets(directory: Directory, code: int) -> np.ndarray:
    """The offsets in a tag; none if it holds something else."""
    kind = directory.tags.get(code, (0, b""))[0]
    return directory.numbers(code) if kind in (4, 13, 16, 18) else np.empty(0)


def _holds_directory(file: BinaryIO, size: int, form: _Form, at: int) -> bool:
    """Whether a directory can be read at an offset."""
    return _directory(file, size, form, at, ()) is not None


def _directory(
    file: BinaryIO, size: int, form: _Form, at: int, wanted: Collection[int]
) -> tuple[Directory, int] | None:
    """The directory at an offset and the offset of the next; None if none can be there."""
    data = _bytes(file, size, at, form.entries.size)
    count = form.entries.unpack(data)[0] if data else 0
    body = _bytes(file, size, at + form.entries.size, count * form.entry.size)
    if not body:
        return None
    end = at + form.entries.size + len(body) + form.offset.size
    tags: dict[int, tuple[int, bytes]] = {}
    unreadable, codes, spans = [], [], [Span(at, end, "a directory of the tags")]
    for code, kind, number, field in form.entry.iter_unpack(body):
        codes.append(code)
        if code not in wanted:
            continue
        if code in tags:
            unreadable.append(f"tag {code}, which is there twice")
            continue
        form_code, each = _TYPES.get(kind, (None, 0))
        if form_code is None:
            unreadable.append(f"tag {code} of the unknown type {kind}")
            continue
        length = number * each * np.dtype(form_code).itemsize
        value = field[:length]
        if length > len(field):
            (start,) = form.offset.unpack(field)
            value = _bytes(file, size, start, length)
            spans.append(Span(start, start + length, f"the value of tag {code}"))
        if value is None:
            unreadable.append(f"tag {code}, whose value would lie outside the file")
        else:
            tags[code] = (kind, value)
    following = _bytes(file, size, end - form.offset.size, form.offset.size)
    directory = Directory(form.order, tags, tuple(unreadable), codes == sorted(codes), tuple(spans))
    return directory, form.offset.unpack(following)[0] if following else 0


def _bytes(file: BinaryIO, size: int, start: int, length: int) -> bytes | None:
    """Bytes of a file; None if they are not all there."""
    if start < 0 or length < 0 or start + length > size:
        return None
    file.seek(start)
    return file.read(length)
