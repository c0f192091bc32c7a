"""Decoding JPEG files without passing over what the decoder had to guess.

JPEG has no checksums. libjpeg warns where the entropy-coded data make no sense, fills in what is
missing, and most programs hear nothing of it. Here a warning makes a bad file. A stretch of zeros,
as a disk or a copy leaves behind, may decode without one; it is told by what zeros would mean.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from tfisp.data.headers import JPEG_SCAN, jpeg_segments
from tfisp.errors import InputError

_HUFFMAN, _QUANTISATION = 0xC4, 0xDB
# Frames whose data are Huffman-coded and sequential: baseline, extended.
_SEQUENTIAL = (0xC0, 0xC1)

# So many zeros hold at least one whole block of a component whose code of zeros is an amplitude of
# one: 63 times 3 bits, the rest of a block before it, and the short blocks of other components.
_HOLE = re.compile(rb"\0{64,}")


def decode_jpeg(data: bytes, channels: int, path: str | Path) -> np.ndarray:
    """Decodes a whole JPEG file held in memory.

    Args:
        data: The file's bytes.
        channels: How many its header states: 1, 3 or 4.
        path: For messages.

    Returns:
        uint8 `[H, W, 3]`, R, G, B as they are stored, not turned upright.

    Raises:
        InputError: If the decoder fails or warns, or part of the data is nothing but zeros.
    """
    import simplejpeg

    _require_tables(data, path)
    try:
        pixels = simplejpeg.decode_jpeg(data, "RGB" if channels < 4 else "CMYK")
    except (ValueError, RuntimeError, MemoryError) as error:
        raise InputError(f"{path}: the picture data is damaged: {error}") from error
    for place, length in _holes(data, path):
        raise InputError(
            f"{path}: the picture data is damaged: {length} bytes of zeros at byte {place}"
        )
    if channels < 4:
        return pixels
    # OpenCV knows how printing colours are inverted and converted.
    converted = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if converted is None:
        raise InputError(f"{path}: the picture data is damaged")
    return cv2.cvtColor(converted, cv2.COLOR_BGR2RGB)


def _require_tables(data: bytes, path: str | Path) -> None:
    """Refuses tables that no encoder writes, and that decoders use without a word.

    A Huffman code of a table has one meaning, so none is there twice; and nothing was divided by a
    quantisation step of 0 (T.81, B.2.4.1 and B.2.4.2).
    """
    for marker, place, length in jpeg_segments(io.BytesIO(data), path):
        body = data[place : place + length]
        if marker == _HUFFMAN:
            at = 0
            while at + 17 <= len(body):
                symbols = body[at + 17 : at + 17 + sum(list(body[at + 1 : at + 17]))]
                if len(set(symbols)) != len(symbols):
                    raise InputError(f"{path}: the picture data is damaged: a Huffman table")
                at += 17 + len(symbols)
        elif marker == _QUANTISATION and body and 0 in body[1:65] and not body[0] >> 4:
            raise InputError(f"{path}: the picture data is damaged: a quantisation table")


def _holes(data: bytes, path: str | Path) -> Iterator[tuple[int, int]]:
    """(place, length) of stretches of zeros that no picture makes, in sequential Huffman data.

    By the standard's table for luminance the code that consists of zeros means an amplitude of one:
    a block of 63 of them occurs in no picture. In tables made for a picture it may mean the end of
    a block in all components, and zeros then are an even area: those are left alone.
    """
    codes: dict[int, int] = {}
    file, components, scanned, scan = io.BytesIO(data), 0, 0, 0
    for marker, place, length in jpeg_segments(file, path):
        scan = place + length
        if marker in _SEQUENTIAL:
            components = data[place + 5]
        elif marker == _HUFFMAN:
            codes |= _first_codes(data[place : place + length])
        elif marker == JPEG_SCAN:
            scanned = data[place]
    interleaved = components and scanned == components
    if interleaved and any(value & 0x0F for value in codes.values()):
        end = data.find(b"\xff\xd9", scan)
        for hole in _HOLE.finditer(data, scan, end if end >= 0 else len(data)):
            yield hole.start(), len(hole.group())


def _first_codes(tables: bytes) -> dict[int, int]:
    """Of each table of AC coefficients what its code of zeros means, by number (T.81, B.2.4.2)."""
    found: dict[int, int] = {}
    place = 0
    while place + 17 <= len(tables):
        number, counts = tables[place], tables[place + 1 : place + 17]
        if number >> 4 == 1 and any(counts) and place + 17 < len(tables):
            found[number & 0x0F] = tables[place + 17]
        place += 17 + sum(list(counts))
    return found
