"""PNG and JPEG on all cores: a picture is encoded in bands of rows that are joined without a trace.

Both formats allow for it. A JPEG may hold restart markers, after which nothing depends on what came
before (ITU-T T.81, E.1.4): each band is a picture of its own to the encoder, and its coded data
becomes one restart interval. The data of a PNG is one deflate stream (RFC 1950, RFC 1951), whose
blocks may be made apart if none refers back beyond its band. Bands have a fixed height, so the
bytes of a file do not depend on the number of cores.
"""

import functools
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import cv2
import numpy as np
from PIL import ImageCms

from tfisp.files import PNG_SIGNATURE
from tfisp.rendering.runtime import cores

_Coded = TypeVar("_Coded")

# Rows of a band: whole blocks of JPEG whatever its sampling, and 8 bands of 2000 pixels are enough
# for 8 cores.
_BAND = 256

# Markers of JPEG (ITU-T T.81, table B.1).
_SOF0, _DRI, _SOS, _RST0, _EOI = 0xC0, 0xDD, 0xDA, 0xD0, b"\xff\xd9"
_APP1, _APP2, _EXIF = 0xE1, 0xE2, b"Exif\0\0"

# From this quality on colour keeps its full resolution (4:4:4): whoever asks for it means it.
_FULL_COLOUR = 90


def encode_jpeg(picture: np.ndarray, quality: int, exif: bytes = b"") -> bytes:
    """A baseline JPEG file with an sRGB profile.

    Args:
        picture: uint8 `[H, W, 3]` sRGB, sides at most 65,500.
        quality: 1 to 100; from 90 on without subsampling of colour.
        exif: A TIFF header and its directories; empty for none.

    Returns:
        The file's content. It decodes to just what OpenCV's encoder gives for the whole picture.
    """
    content = _jpeg(picture, quality)
    profile = _segment(_APP2, b"ICC_PROFILE\0\1\1" + srgb_profile())
    # Exif is the first segment (Exif 2.32, 4.5.4).
    return content[:2] + (_segment(_APP1, _EXIF + exif) if exif else b"") + profile + content[2:]


def _jpeg(picture: np.ndarray, quality: int) -> bytes:
    """A JPEG of a picture without what is said about it."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    block = 16
    if quality >= _FULL_COLOUR:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        block = 8
    height, width = picture.shape[:2]
    interval = -(-width // block) * (_BAND // block)
    if height <= _BAND or interval > 0xFFFF:
        return _plain_jpeg(options, picture)

    def encode(start: int) -> bytes:
        return _plain_jpeg(options, picture[start : start + _BAND])

    bands = list(_each_band(encode, height))
    heads = {_head(band, height) for band in bands}
    if len(heads) > 1:  # tables made for each band: they cannot share one file
        return _plain_jpeg(options, picture)
    head, scan = heads.pop()
    parts: list[bytes | memoryview] = [head, struct.pack(">BBHH", 0xFF, _DRI, 4, interval), scan]
    for index, band in enumerate(bands):
        if index:
            parts.append(bytes((0xFF, _RST0 + (index - 1) % 8)))
        start = len(head) + len(scan)
        parts.append(memoryview(band)[start : -len(_EOI)])
    return b"".join([*parts, _EOI])


def _segment(marker: int, data: bytes) -> bytes:
    """One segment of a JPEG: marker, length, data."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


@functools.cache
def srgb_profile() -> bytes:
    """An ICC profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def encode_png(picture: np.ndarray, exif: bytes = b"") -> bytes:
    """A PNG file that says it is sRGB.

    Photographs repeat nothing, for their noise: each value is predicted from its neighbours, and
    the differences are coded by frequency, without a search for repeated strings.

    Args:
        picture: uint8 or uint16 `[H, W, 3]` sRGB.
        exif: A TIFF header and its directories; empty for none.

    Returns:
        The file's content.
    """
    height, width = picture.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8 * picture.itemsize, 2, 0, 0, 0)
    parts = [PNG_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"sRGB", b"\0")]
    if exif:
        parts.append(_chunk(b"eXIf", exif))
    checksum = zlib.adler32(b"")
    bands = _each_band(functools.partial(_deflated, picture), height)
    for index, (filtered, coded) in enumerate(bands):
        checksum = zlib.adler32(filtered, checksum)
        parts.append(_chunk(b"IDAT", (b"" if index else b"\x78\x01") + coded))
    # An empty block that calls itself the last, and the checksum of all that was deflated.
    parts.append(_chunk(b"IDAT", b"\x03\x00" + struct.pack(">I", checksum)))
    return b"".join([*parts, _chunk(b"IEND", b"")])


def _each_band(encode: Callable[[int], _Coded], height: int) -> Iterator[_Coded]:
    """The results of encoding the bands that begin at rows 0, `_BAND`, ..., on all cores."""
    starts = range(0, height, _BAND)
    with ThreadPoolExecutor(min(cores(), len(starts)), "encode") as pool:
        yield from pool.map(encode, starts)


def _plain_jpeg(options: list[int], picture: np.ndarray) -> bytes:
    """A JPEG file as OpenCV writes it."""
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def _head(jpeg: bytes, height: int) -> tuple[bytes, bytes]:
    """A file's segments before its scan, with another height, and the scan's own segment."""
    head, position = bytearray(jpeg), 2
    while True:
        marker, length = jpeg[position + 1], int.from_bytes(jpeg[position + 2 : position + 4])
        if marker == _SOF0:
            head[position + 5 : position + 7] = height.to_bytes(2)
        if marker == _SOS:
            return bytes(head[:position]), jpeg[position : position + 2 + length]
        position += 2 + length


def _deflated(picture: np.ndarray, start: int) -> tuple[np.ndarray, bytes]:
    """One band's filtered bytes, and the same deflated: blocks that end on a whole byte.

    The filter is Average: what is coded is a byte minus the mean, rounded down, of the same byte of
    the pixels to the left and above (PNG specification, 9.2).
    """
    first = max(start - 1, 0)
    # 16 bits: the high byte first.
    part = np.ascontiguousarray(picture[first : start + _BAND], f">u{picture.itemsize}")
    rows = part.view(np.uint8).reshape(len(part), -1)
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    if start:
        rows, above = rows[1:], above[1:]
    pixel = 3 * picture.itemsize
    left = np.zeros_like(rows)
    left[:, pixel:] = rows[:, :-pixel]
    filtered = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = 3  # Average
    # (a + b) // 2 without leaving 8 bits.
    mean = (above & left) + ((above ^ left) >> 1)
    np.subtract(rows, mean, out=filtered[:, 1:])
    coder = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
    return filtered, coder.compress(filtered) + coder.flush(zlib.Z_SYNC_FLUSH)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)
