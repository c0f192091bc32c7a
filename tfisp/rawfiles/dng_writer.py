"""Writes DNGs: of a mosaic, or of a demosaicked picture in linear light.

The files are plain, so that many programs open them: one picture, little-endian, one uncompressed
strip of 16 bits, make and model always stated. dnglab, for one, reads neither several uncompressed
strips nor a DNG without make or model (https://github.com/dnglab/dnglab, rawler, `dng.rs`), and
LibRaw deflate only of floating-point samples. Tag numbers and meanings: Adobe, "Digital Negative
(DNG) Specification", version 1.4.0.0.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from tfisp.files import atomic_file
from tfisp.rawfiles.exif import shot_directory, split_tags, tiff_tags
from tfisp.rawfiles.gainmap import gain_maps_of
from tfisp.rawfiles.opcodes import GAIN_MAP, opcode_list
from tfisp.sensor import MAX_SAMPLE, Capture, Sensor

# TIFF's types (TIFF 6.0, section 2).
_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL = 1, 2, 3, 4, 5
_UNDEFINED, _SRATIONAL, _DOUBLE = 7, 10, 12

_CFA, _LINEAR_RAW, _D65 = 32803, 34892, 21  # PhotometricInterpretation; CalibrationIlluminant
_MAKE, _MODEL, _EXPOSURE_TIME, _ISO, _EXIF = 271, 272, 33434, 34855, 34665
_UNKNOWN = "unknown"

# Stands for `_EXIF`, which tifffile does not write, until all else is written.
_PLACE = _EXIF - 1

# Denominators: of matrices and neutral, and of levels, whose numerators must fit 32 bits.
_FINE, _COARSE = 10**6, 10**3

_Tag = tuple[int, int, int, Any, bool]


def write_dng(
    path: Path,
    samples: np.ndarray,
    sensor: Sensor,
    capture: Capture,
    exif: Mapping[int, Any] | None = None,
) -> Path:
    """Writes a DNG, atomically, and returns its path.

    Args:
        path: The file.
        samples: uint16, a mosaic `[H, W]`; or `[H, W, 3]` camera R, G, B in linear light, before
            white balance, for a LinearDNG.
        sensor: What the file states of the samples; without a colour matrix it states none. Of a
            LinearDNG the pattern says nothing.
        capture: What the file states of the shot; without gains it states no white balance.
        exif: Tags of `tfisp.rawfiles.exif.read_exif`, to be copied.

    Raises:
        InputError: If the file cannot be written.
    """
    linear = samples.ndim == 3
    tags = [*_of_levels(sensor, linear), *_of_colour(sensor, capture)]
    opcodes = b""
    if capture.shading is not None and not linear:
        maps = gain_maps_of(capture.shading, capture.frame_size, capture.origin, samples.shape)
        opcodes = opcode_list([(GAIN_MAP, body) for body in maps])
        tags.append((51009, _UNDEFINED, len(opcodes), opcodes, True))  # OpcodeList2
    main, shot = split_tags(_facts(sensor, capture, exif or {}))
    tags += [
        (50706, _BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50707, _BYTE, 4, bytes((1, 3 if opcodes else 1, 0, 0)), True),  # DNGBackwardVersion
        (_PLACE, _LONG, 1, 0, True),
        (50708, _ASCII, 0, sensor.name or str(main[_MODEL]), True),  # UniqueCameraModel
        *tiff_tags(main),
        *_of_picture(capture),
    ]
    with atomic_file(path) as temporary:
        tifffile.imwrite(
            temporary,
            samples,
            byteorder="<",
            photometric=_LINEAR_RAW if linear else _CFA,
            planarconfig="contig",
            rowsperstrip=len(samples),
            subfiletype=0,
            software="tfisp",
            metadata=None,
            extratags=tags,
        )
        _append_exif(temporary, shot)
    return path


def _of_levels(sensor: Sensor, linear: bool) -> Iterator[_Tag]:
    """Black, white, and the CFA of a mosaic."""
    black = np.array(sensor.black_level)
    repeat, colours = ((1, 1), 3) if linear else ((2, 2), 1)
    levels = np.full(3, black.mean()) if linear else black
    yield 50713, _SHORT, 2, repeat, True  # BlackLevelRepeatDim
    yield 50714, _RATIONAL, levels.size, _rationals(levels, _COARSE), True  # BlackLevel
    yield 50717, _LONG, colours, (round(float(sensor.white_level)),) * colours, True  # WhiteLevel
    if not linear:
        cfa = bytes("RGB".index(colour) for colour in sensor.pattern)
        yield 33421, _SHORT, 2, (2, 2), True  # CFARepeatPatternDim
        yield 33422, _BYTE, 4, cfa, True  # CFAPattern
        yield 50710, _BYTE, 3, bytes((0, 1, 2)), True  # CFAPlaneColor
        yield 50711, _SHORT, 1, 1, True  # CFALayout: rectangular


def _of_colour(sensor: Sensor, capture: Capture) -> Iterator[_Tag]:
    """White balance, colour matrix and exposure."""
    if capture.gains is not None:
        neutral = min(capture.gains) / np.array(capture.gains)
        yield 50728, _RATIONAL, 3, _rationals(neutral, _FINE), True  # AsShotNeutral
    if sensor.xyz_to_camera is not None:
        matrix = _rationals(np.array(sensor.xyz_to_camera), _FINE)
        yield 50721, _SRATIONAL, 9, matrix, True  # ColorMatrix1
        yield 50778, _SHORT, 1, _D65, True  # CalibrationIlluminant1
    exposure = _rationals(np.array(capture.baseline_exposure), _FINE)
    yield 50730, _SRATIONAL, 1, exposure, True  # BaselineExposure
    if capture.noise is not None:
        noise = tuple(np.ravel(capture.noise).tolist())  # a pair, or one for each colour
        yield 51041, _DOUBLE, len(noise), noise, True  # NoiseProfile


def _facts(sensor: Sensor, capture: Capture, exif: Mapping[int, Any]) -> dict[int, Any]:
    """What Exif says, and what it must or can say besides."""
    facts = dict(exif)
    name = sensor.name or str(facts.get(_MODEL, "")) or _UNKNOWN
    facts.setdefault(_MODEL, name)
    facts.setdefault(_MAKE, name.split()[0])
    if capture.iso is not None:
        facts.setdefault(_ISO, min(round(capture.iso), MAX_SAMPLE))
    if capture.exposure_time is not None:
        facts.setdefault(_EXPOSURE_TIME, float(capture.exposure_time))
    return facts


def _of_picture(capture: Capture) -> Iterator[_Tag]:
    """Orientation and crop."""
    yield 274, _SHORT, 1, capture.orientation, True  # Orientation
    if capture.default_crop is not None:
        top, left, height, width = capture.default_crop
        yield 50719, _LONG, 2, (left, top), True  # DefaultCropOrigin
        yield 50720, _LONG, 2, (width, height), True  # DefaultCropSize


def _append_exif(path: Path, shot: Mapping[int, Any]) -> None:
    """Appends the Exif directory, and says in the first one where it is."""
    with tifffile.TiffFile(path) as tiff:
        entry = tiff.pages.first.tags[_PLACE].offset
    at = path.stat().st_size
    at += at % 2
    with path.open("r+b") as file:
        file.seek(at)
        file.write(shot_directory(shot, at))
        file.seek(entry)
        file.write(struct.pack("<HHII", _EXIF, _LONG, 1, at))


def _rationals(values: np.ndarray, parts: int) -> tuple[int, ...]:
    """Numerators and denominators by turns."""
    return tuple(n for value in np.ravel(values) for n in (round(float(value) * parts), parts))
