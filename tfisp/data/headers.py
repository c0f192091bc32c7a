"""What the header of a picture's file says, and whether the file is whole.

A data set has tens of thousands of files, so opening it reads only the first and last bytes of
each: enough to learn the size and to notice a file that was cut short. Damage in between shows when
the file is decoded.

Sources: PNG specification (W3C, third edition), sections 5 and 11; JPEG, ITU-T T.81, annex B, and
ICC.1:2022, annex B.4, for profiles in it; WebP container specification (RFC 9649). TIFF and HEIC
are left to tifffile and pillow-heif.
"""

import io
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

from tfisp.data.exif import Exif, read_exif
from tfisp.errors import InputError
from tfisp.files import PNG_SIGNATURE

PNG_TRAILER = b"IEND\xaeB`\x82"
JPEG_START, JPEG_SCAN = b"\xff\xd8", 0xDA
HEIC_SUFFIXES = (".heic", ".heif", ".hif")

_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # by colour type; a palette gives colours
_JPEG_END = b"\xff\xd9"
# Start-of-frame markers: 0xC0 to 0xCF without DHT, JPG and DAC.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# What may lie behind a file's end marker (padding, an editor's note) without being searched for.
_TAIL_BYTES = 4096
# More than any profile in use takes; a damaged file may claim anything.
_MOST_PROFILE = 1 << 22


@dataclass(frozen=True)
class ImageInfo:
    """What an image file's header says.

    Attributes:
        kind: "PNG", "JPEG", "WebP", "TIFF" or "HEIC".
        height: Rows as the decoder gives them.
        width: Columns as the decoder gives them.
        channels: Samples per pixel: 1 gray, 2 gray and alpha, 3 colour, 4 colour and alpha or CMYK.
        bits: Bits per sample.
        orientation: How to turn the decoded picture upright, EXIF's 1 to 8.
        profile: The ICC profile that the file embeds; empty if it embeds none.
        adobe_rgb: Whether Exif says, instead of a profile, that colours are Adobe RGB (1998).
    """

    kind: str
    height: int
    width: int
    channels: int
    bits: int
    orientation: int = 1
    profile: bytes = field(default=b"", repr=False)
    adobe_rgb: bool = False

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
        InputError: If it cannot be opened, is of no kind that is read, or is cut short.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(12)
            if start.startswith(PNG_SIGNATURE):
                return _probe_png(file, path)
            if start.startswith(JPEG_START):
                return _probe_jpeg(file, path)
            if start[:4] == b"RIFF" and start[8:] == b"WEBP":
                return _probe_webp(file, path)
            if start[:4] in _TIFF_SIGNATURES:
                return _probe_tiff(path)
            if start[4:8] == b"ftyp":
                return _probe_heic(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except struct.error as error:
        raise InputError(f"{path}: the file ends within its header: truncated?") from error
    if not start:
        raise InputError(f"{path}: the file is empty")
    raise InputError(
        f"{path}: neither a PNG nor a JPEG, WebP, TIFF or HEIC file, whatever its name says"
    )


def jpeg_segments(file: BinaryIO, path: str | Path) -> Iterator[tuple[int, int, int]]:
    """The marker segments of a JPEG before its first scan's data, the scan's own header last.

    Yields:
        (marker, place of its content, bytes of its content); the file may be read meanwhile.

    Raises:
        InputError: If the header is damaged.
        struct.error: If the file ends within it.
    """
    place, marker = 2, 0
    while marker != JPEG_SCAN:
        file.seek(place)
        marker = _next_marker(file, path)
        (length,) = struct.unpack(">H", file.read(2))
        body = file.tell()
        yield marker, body, max(length - 2, 0)
        place = body + max(length, 2) - 2


def _probe_png(file: BinaryIO, path: str | Path) -> ImageInfo:
    file.seek(8)
    length, name, width, height, bits, colour = struct.unpack(">I4sIIBB", file.read(18))
    if name != b"IHDR" or length != 13 or colour not in _PNG_CHANNELS or not width or not height:
        raise InputError(f"{path}: the PNG header makes no sense")
    file.seek(7, 1)  # compression, filter, interlace and the header's checksum
    exif, profile = Exif(), b""
    while len(head := file.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        after = file.tell() + length + 4
        if name == b"eXIf":
            exif = read_exif(file.read(length))
        elif name == b"iCCP":
            profile = _inflated(file.read(min(length, _MOST_PROFILE)))
        elif name in (b"IDAT", b"IEND"):
            break
        file.seek(after)
    if PNG_TRAILER not in _tail(file, file.tell()):
        raise InputError(f"{path}: the PNG has no end: truncated?")
    channels = _PNG_CHANNELS[colour]
    return ImageInfo(
        "PNG", height, width, channels, bits, exif.orientation, profile, exif.adobe_rgb
    )


def _inflated(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk: a name, a zero, the method, zlib's stream; empty if damaged."""
    _, _, rest = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(rest[1:], _MOST_PROFILE)
    except zlib.error:
        return b"damaged"  # a profile there is, and it cannot be read


def _probe_jpeg(file: BinaryIO, path: str | Path) -> ImageInfo:
    size, exif = None, Exif()
    profile: dict[int, bytes] = {}
    for marker, place, length in jpeg_segments(file, path):
        body = place
        file.seek(place)
        if marker in _JPEG_FRAMES:
            bits, height, width, channels = struct.unpack(">BHHB", file.read(6))
            size = height, width, channels, bits
        elif marker == 0xE1 and file.read(6) == b"Exif\0\0":
            exif = read_exif(file.read(max(length - 6, 0)))
        elif marker == 0xE2 and file.read(12) == b"ICC_PROFILE\0" and length > 14:
            number = file.read(2)[0]
            profile[number] = file.read(length - 14)
    if size is None or not size[0] or not size[1]:
        raise InputError(f"{path}: the JPEG states no size")
    if _JPEG_END not in _tail(file, body) and not _has_end_after(file, body):
        raise InputError(f"{path}: the JPEG has no end: truncated?")
    icc = b"".join(profile[number] for number in sorted(profile))
    return ImageInfo("JPEG", *size, exif.orientation, icc, exif.adobe_rgb)


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


def _probe_webp(file: BinaryIO, path: str | Path) -> ImageInfo:
    file.seek(4)
    (length,) = struct.unpack("<I", file.read(4))
    if file.seek(0, 2) < length + 8:
        raise InputError(f"{path}: {file.tell()} bytes of the {length + 8} it states: truncated?")
    size, channels, exif, profile, place = None, 3, Exif(), b"", 12
    while place + 8 <= length + 8:
        file.seek(place)
        name, bytes_ = struct.unpack("<4sI", file.read(8))
        if name == b"VP8X" and file.read(1)[0] & 2:
            raise InputError(f"{path}: an animated WebP, expected a photograph")
        if name == b"VP8 " and size is None:
            width, height = struct.unpack("<6xHH", file.read(10))
            size = height & 0x3FFF, width & 0x3FFF
        elif name == b"VP8L" and size is None:
            (word,) = struct.unpack("<xI", file.read(5))
            size = (word >> 14 & 0x3FFF) + 1, (word & 0x3FFF) + 1
            channels = 4 if word >> 28 & 1 else 3
        elif name == b"ICCP":
            profile = file.read(min(bytes_, _MOST_PROFILE))
        elif name == b"EXIF":
            exif = read_exif(file.read(bytes_).removeprefix(b"Exif\0\0"))
        place += 8 + bytes_ + bytes_ % 2
    if size is None or not size[0] or not size[1]:
        raise InputError(f"{path}: the WebP states no size")
    # OpenCV's decoder turns no WebP, so the orientation is ours to apply, as for the others.
    return ImageInfo("WebP", *size, channels, 8, exif.orientation, profile, exif.adobe_rgb)


def _probe_tiff(path: str | Path) -> ImageInfo:
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages[0].aspage()
            if page.photometric == tifffile.PHOTOMETRIC.CFA:
                raise InputError(f"{path}: holds RAW samples, expected a photograph")
            height, width = page.imagelength, page.imagewidth
            if page.tags.valueof(274, default=1) in (5, 6, 7, 8):
                height, width = width, height
            # OpenCV turns pictures in TIFF upright by itself, and cannot be told not to.
            return ImageInfo(
                kind="TIFF",
                height=height,
                width=width,
                channels=page.samplesperpixel,
                bits=page.bitspersample,
                profile=page.tags.valueof(34675, default=b"") or b"",
                adobe_rgb=_tiff_adobe_rgb(path),
            )
    except InputError:
        raise
    # tifffile raises errors of many kinds for damaged files.
    except Exception as error:
        raise InputError(f"{path}: the TIFF header is damaged: {error}") from error


def _tiff_adobe_rgb(path: str | Path) -> bool:
    """What the Exif part of a TIFF file says of its colours; the file is one large Exif block."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return read_exif(data).adobe_rgb


def _probe_heic(path: str | Path) -> ImageInfo:
    heif = pillow_heif(path)
    try:
        picture = heif.open_heif(io.BytesIO(Path(path).read_bytes()), convert_hdr_to_8bit=True)
        width, height = picture.size
    # libheif's errors come as ValueError, EOFError, RuntimeError and SyntaxError.
    except Exception as error:
        raise InputError(f"{path}: the HEIC file is damaged: {error}") from error
    channels = {"L": 1, "RGB": 3, "RGBA": 4}.get(picture.mode, 3)
    # libheif turns pictures upright by itself.
    return ImageInfo("HEIC", height, width, channels, 8, 1, picture.info.get("icc_profile") or b"")


def pillow_heif(path: str | Path) -> ModuleType:
    """The module that reads HEIC.

    Raises:
        InputError: If it is not installed.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise InputError(f"{path}: reading HEIC needs: pip install 'tfisp[heic]'") from error
    return pillow_heif
