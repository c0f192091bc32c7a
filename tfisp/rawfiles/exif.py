"""What a RAW file says about how it was taken, to be copied into its picture.

RAW files of most makers, and all DNGs, are TIFFs with an Exif directory (Exif 2.32, CIPA DC-008),
or with the same tags among their first ones, as TIFF/EP has them (ISO 12234-2). Copied is what
photographers sort and compare pictures by. Left out are the place where it was taken, which should
not get into pictures unasked, and whatever describes the RAW file rather than the picture.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from PIL import Image

# Tags of the picture itself: make, model, date, artist, copyright.
_MAIN = (0x010F, 0x0110, 0x0132, 0x013B, 0x8298)
_EXIF = 0x8769
# TIFF's types (TIFF 6.0, section 2), and the tags whose rationals are signed: shutter and bias.
_ASCII, _SHORT, _LONG, _RATIONAL, _UNDEFINED, _SRATIONAL = 2, 3, 4, 5, 7, 10
# Where 0 is a statement: no bias, no flash.
_ZERO_SAYS = (0x9204, 0x9209)
_SIGNED, _LARGEST_SHORT = (0x9201, 0x9204), 65535
# Of the shot: exposure time, f-number, program, ISO, dates with offsets and fractions, shutter and
# aperture values, bias, metering, light source, flash, focal length (and in 35 mm), lens.
_SHOT = (
    *(0x829A, 0x829D, 0x8822, 0x8827, 0x9003, 0x9004, 0x9010, 0x9011, 0x9012, 0x9201, 0x9202),
    *(0x9204, 0x9207, 0x9208, 0x9209, 0x920A, 0x9290, 0x9291, 0x9292, 0xA405),
    *(0xA431, 0xA432, 0xA433, 0xA434, 0xA435),
)


def read_exif(path: str | os.PathLike) -> dict[int, Any]:
    """The tags of a RAW file that its picture should have.

    Args:
        path: The file.

    Returns:
        Tag -> value, in Pillow's types; empty where the file is no TIFF or states nothing. What is
        damaged counts as not stated.
    """
    try:
        with open(path, "rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged directories
            exif = Image.Exif()
            exif.load_from_fp(file)
            shot = exif.get_ifd(_EXIF)
            found = {tag: exif[tag] for tag in (*_MAIN, *_SHOT) if tag in exif}
            found |= {tag: shot[tag] for tag in _SHOT if tag in shot}
            return {tag: value for tag, value in found.items() if _says_something(tag, value)}
    # Pillow's TIFF reader raises many kinds of error on damaged directories.
    except Exception:
        return {}


def tiff_tags(tags: Mapping[int, Any]) -> Iterator[tuple[int, int, int, Any, bool]]:
    """Tags as `tifffile.imwrite` takes them: code, type, count, value, once.

    Args:
        tags: As `read_exif` gives them.
    """
    for tag, value in tags.items():
        if isinstance(value, str):
            yield tag, _ASCII, 0, value, True
        elif isinstance(value, bytes):
            yield tag, _UNDEFINED, len(value), value, True
        elif isinstance(value, int):
            yield tag, _LONG if value > _LARGEST_SHORT else _SHORT, 1, value, True
        else:
            several = value if isinstance(value, tuple) else (value,)
            parts = tuple(part for each in several for part in _fraction(each))
            kind = _SRATIONAL if tag in _SIGNED else _RATIONAL
            yield tag, kind, len(several), parts, True


def _fraction(value: Any) -> tuple[int, int]:
    """Numerator and denominator of a number, one of Pillow's rationals or a float."""
    if isinstance(value, float):
        value = Fraction(value).limit_denominator(1_000_000)
    return int(value.numerator), int(value.denominator)


def _says_something(tag: int, value: Any) -> bool:
    """Whether a value is more than a place kept for one, as cameras leave them."""
    if isinstance(value, str):
        return bool(value.strip("\0 "))
    if isinstance(value, float) or hasattr(value, "numerator"):
        return value == value and (value != 0 or tag in _ZERO_SAYS)  # 0/0 is unequal to itself
    return True


def split_tags(tags: Mapping[int, Any]) -> tuple[dict[int, Any], dict[int, Any]]:
    """Tags of the picture itself, and those of the shot, which stand in the Exif directory."""
    shot = {tag: value for tag, value in tags.items() if tag in _SHOT}
    return {tag: value for tag, value in tags.items() if tag not in shot}, shot


def shot_directory(shot: Mapping[int, Any], at: int) -> bytes:
    """An Exif directory as it stands at byte `at` of a little-endian TIFF.

    Args:
        shot: The second part of `split_tags`.
        at: Where it is to stand, an even number.
    """
    from PIL import TiffImagePlugin  # not needed to read

    directory = TiffImagePlugin.ImageFileDirectory_v2(ifh=b"II*\0\0\0\0\0")
    directory[0x9000] = b"0232"  # version
    for tag, value in sorted(shot.items()):
        fraction = isinstance(value, float) and TiffImagePlugin.IFDRational(*_fraction(value))
        directory[tag] = fraction or value
    return directory.tobytes(at)


def picture_exif(tags: Mapping[int, Any]) -> bytes:
    """An Exif block for a picture that is upright and in sRGB.

    Args:
        tags: As `read_exif` gives them.

    Returns:
        A TIFF header and its directories, without the name "Exif" in front.
    """
    exif = Image.Exif()
    exif[0x0112] = 1  # orientation: pictures are written as they are to be seen
    exif[0x0131] = "tfisp"  # software
    for tag in _MAIN:
        if tag in tags:
            exif[tag] = tags[tag]
    shot = exif.get_ifd(_EXIF)
    shot[0x9000] = b"0232"  # version
    shot[0xA001] = 1  # colour space: sRGB
    shot.update({tag: tags[tag] for tag in _SHOT if tag in tags})
    return exif.tobytes().removeprefix(b"Exif\0\0")
