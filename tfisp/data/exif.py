"""The two things of an Exif block that decide how a picture is read: orientation and colours.

Sources: TIFF 6.0, section 2 (directories); Exif 2.3 (JEITA CP-3451), tags 0x0112, 0x8769, 0xA001
and 0xA005; DCF 2.0 (JEITA CP-3461): the interoperability index R03 says Adobe RGB, which cameras
write instead of a profile.
"""

import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple

_ORIENTATION, _EXIF, _INTEROPERABILITY, _INDEX = 0x0112, 0x8769, 0xA005, 0x0001
_SHORT, _ASCII, _LONG = 3, 2, 4
_MOST_ENTRIES = 4096


class Exif(NamedTuple):
    """What an Exif block says.

    Attributes:
        orientation: How to turn the stored picture upright, 1 to 8.
        adobe_rgb: Whether its colours are Adobe RGB (1998).
    """

    orientation: int = 1
    adobe_rgb: bool = False


# Bytes, or a file mapped into memory.
_Bytes = bytes | mmap.mmap


def read_exif(data: _Bytes) -> Exif:
    """Reads a block (a TIFF header and its directories); what is damaged counts as not stated."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(data[:4]))
    if order is None:
        return Exif()
    found = Exif()
    try:
        (offset,) = struct.unpack_from(f"{order}I", data, 4)
        for tag, kind, count, value in _entries(data, order, offset):
            if tag == _ORIENTATION:
                (turn,) = struct.unpack(f"{order}Hxx", value)
                if kind == _SHORT and count == 1 and 1 <= turn <= 8:
                    found = found._replace(orientation=turn)
            elif tag == _EXIF and kind == _LONG:
                (offset,) = struct.unpack(f"{order}I", value)
                found = found._replace(adobe_rgb=_is_adobe_rgb(data, order, offset))
    except struct.error:
        pass  # a damaged note about the picture does not spoil the picture
    return found


def _is_adobe_rgb(data: _Bytes, order: str, exif: int) -> bool:
    """Whether the interoperability directory that an Exif directory names has the index R03."""
    for tag, kind, _, value in _entries(data, order, exif):
        if tag == _INTEROPERABILITY and kind == _LONG:
            (offset,) = struct.unpack(f"{order}I", value)
            return any(
                (tag, kind, value[:3]) == (_INDEX, _ASCII, b"R03")
                for tag, kind, _, value in _entries(data, order, offset)
            )
    return False


def _entries(data: _Bytes, order: str, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """(tag, type, count, its four bytes of value or offset) of each entry of a directory."""
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    for entry in range(min(count, _MOST_ENTRIES)):
        yield struct.unpack_from(f"{order}HHI4s", data, offset + 2 + 12 * entry)
