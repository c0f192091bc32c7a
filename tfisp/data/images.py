"""PNG and JPEG files: what their headers say, whether they are whole, and their pixels.

A data set has tens of thousands of files, so opening it reads only the first and last bytes of
each: enough to learn the size and to notice a file that was cut short. Damage in between shows when
the file is decoded.

Sources: PNG specification (W3C, third edition), sections 5 and 11; JPEG, ITU-T T.81, annex B; the
orientation is tag 0x0112 of TIFF 6.0, stored as Exif 2.3 (JEITA CP-3451) says.
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from tfisp.errors import InputError
from tfisp.packing import orient

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_TRAILER = b"IEND\xaeB`\x82"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # by colour type; a palette gives colours
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_JPEG_SCAN = 0xDA
# Start-of-frame markers: 0xC0 to 0xCF without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ORIENTATION_TAG = 0x0112

# What may lie behind a file's end marker (padding, an editor's note) without being searched for.
_TAIL_BYTES = 4096


@dataclass(frozen=True)
class ImageInfo:
    """What an image file's header says.

    Attributes:
        kind: "PNG" or "JPEG".
        height: Rows as they are stored.
        width: Columns as they are stored.
        channels: Samples per pixel: 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha or CMYK.
        bits: Bits per sample.
        orientation: How to turn the stored picture upright, EXIF's 1 to 8.
    """

    kind: str
    height: int
    width: int
    channels: int
    bits: int
    orientation: int = 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """(height, width) of the picture turned upright."""
        size = (self.height, self.width)
        return size if self.orientation < 5 else size[::-1]

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {self.kind} of {self.channels} x {self.bits} bits"


def probe(path: str | Path) -> ImageInfo:
    """Reads a file's header and looks for its end.

    Raises:
        InputError: If it cannot be opened, is neither PNG nor JPEG, or is cut short.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(8)
            if start == _PNG_SIGNATURE:
                return _probe_png(file, path)
            if start[:2] == _JPEG_START:
                return _probe_jpeg(file, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except struct.error as error:
        raise InputError(f"{path}: the file ends within its header: truncated?") from error
    if not start:
        raise InputError(f"{path}: the file is empty")
    raise InputError(f"{path}: neither a PNG nor a JPEG file, whatever its name says")


def read_photograph(path: str | Path) -> np.ndarray:
    """A photograph's pixels, upright.

    Returns:
        uint8 or uint16 `[H, W, 3]`, R, G, B. Gray is repeated, alpha dropped; the values are taken
        as sRGB, whatever profile the file embeds.

    Raises:
        InputError: As `probe`, or if the file is damaged.
    """
    info = probe(path)
    # The orientation is applied here and not by OpenCV, so that the size the header promises is
    # the size that comes out.
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = decode(Path(path).read_bytes(), flags, path)
    if pixels.shape[:2] != (info.height, info.width):
        raise InputError(f"{path}: the picture has not the size that its header states")
    return np.ascontiguousarray(orient(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), info.orientation))


def decode(data: bytes, flags: int, path: object) -> np.ndarray:
    """Decodes a whole file held in memory.

    Args:
        data: The file's bytes.
        flags: OpenCV's `IMREAD_*`.
        path: For the message.

    Raises:
        InputError: If it cannot be decoded.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise InputError(f"{path}: cannot be decoded: {error.err}") from error
    if pixels is None:
        raise InputError(f"{path}: the picture data is damaged")
    return pixels


def to_float(pixels: np.ndarray) -> np.ndarray:
    """uint8 or uint16 samples of full scale as float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)


def to_uint16(image: np.ndarray) -> np.ndarray:
    """Values in 0..1 as uint16 of full scale, rounded; the inverse of `to_float` to 1/131070."""
    return np.rint(np.clip(image, 0, 1) * np.float32(65535)).astype(np.uint16)


def _probe_png(file: BinaryIO, path: str | Path) -> ImageInfo:
    length, name, width, height, bits, colour = struct.unpack(">I4sIIBB", file.read(18))
    if name != b"IHDR" or length != 13 or colour not in _PNG_CHANNELS or not width or not height:
        raise InputError(f"{path}: the PNG header makes no sense")
    file.seek(7, 1)  # compression, filter, interlace and the header's checksum
    orientation = _png_orientation(file)
    if PNG_TRAILER not in _tail(file, file.tell()):
        raise InputError(f"{path}: the PNG has no end: truncated?")
    return ImageInfo("PNG", height, width, _PNG_CHANNELS[colour], bits, orientation)


def _png_orientation(file: BinaryIO) -> int:
    """The orientation in an eXIf chunk before the picture data; 1 if there is none."""
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name == b"eXIf":
            return _exif_orientation(file.read(length))
        if name in (b"IDAT", b"IEND"):
            break
        file.seek(length + 4, 1)
    return 1


def _probe_jpeg(file: BinaryIO, path: str | Path) -> ImageInfo:
    file.seek(2)
    size, orientation = None, 1
    while True:
        marker = _next_marker(file, path)
        (length,) = struct.unpack(">H", file.read(2))
        body = file.tell()
        if marker in _JPEG_FRAMES:
            bits, height, width, channels = struct.unpack(">BHHB", file.read(6))
            size = height, width, channels, bits
        elif marker == 0xE1 and file.read(6) == b"Exif\0\0":
            orientation = _exif_orientation(file.read(max(length - 8, 0)))
        elif marker == _JPEG_SCAN:
            break
        file.seek(body + max(length, 2) - 2)
    if size is None or not size[0] or not size[1]:
        raise InputError(f"{path}: the JPEG states no size")
    if _JPEG_END not in _tail(file, body) and not _has_end_after(file, body):
        raise InputError(f"{path}: the JPEG has no end: truncated?")
    return ImageInfo("JPEG", *size, orientation)


def _next_marker(file: BinaryIO, path: str | Path) -> int:
    """Reads the next marker's code, skipping fill bytes."""
    lead, code = struct.unpack("BB", file.read(2))
    while lead == 0xFF and code == 0xFF:
        (code,) = struct.unpack("B", file.read(1))
    if lead != 0xFF:
        raise InputError(f"{path}: the JPEG header is damaged")
    return code


def _tail(file: BinaryIO, start: int) -> bytes:
    """The last bytes of a file, none of them from before `start`."""
    size = file.seek(0, 2)
    file.seek(max(size - _TAIL_BYTES, start))
    return file.read()


def _has_end_after(file: BinaryIO, start: int) -> bool:
    """Whether a JPEG's end marker follows its first scan at all.

    Phones append megabytes (a film, a depth map) behind the picture. Within picture data the byte
    FF is always followed by 00 or a restart code, so the marker cannot occur by chance.
    """
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(_JPEG_END, start) >= 0


def _exif_orientation(exif: bytes) -> int:
    """The orientation in an Exif block (a TIFF header and its first directory); 1 if not stated."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (offset,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, offset)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(
                f"{order}HHIH", exif, offset + 2 + 12 * entry
            )
            if tag == _ORIENTATION_TAG:
                usable = kind == 3 and count == 1 and 1 <= value <= 8
                return value if usable else 1
    except struct.error:
        pass  # a damaged note about the picture does not spoil the picture
    return 1
