"""Writes a DNG of a mosaic, for programs that develop files."""

from pathlib import Path

import numpy as np
import tifffile

from tfisp.sensor import Gains, Sensor

# TIFF's types (TIFF 6.0, section 2).
_BYTE, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 3, 4, 5, 10
_CFA, _D65 = 32803, 21  # PhotometricInterpretation; CalibrationIlluminant

# Denominators: of matrices and neutral, and of levels, whose numerators must fit 32 bits.
_FINE, _COARSE = 10**6, 10**3


def write_dng(path: Path, mosaic: np.ndarray, sensor: Sensor, gains: Gains) -> Path:
    """Writes a DNG (specification 1.4), uncompressed, and returns its path.

    Args:
        path: The file.
        mosaic: uint16 `[H, W]`.
        sensor: What the file states of it; without a colour matrix it states none.
        gains: White balance as shot.
    """
    tags = [
        (33421, _SHORT, 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, _BYTE, 4, bytes("RGB".index(colour) for colour in sensor.pattern), True),
        (50706, _BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50713, _SHORT, 2, (2, 2), True),  # BlackLevelRepeatDim
        (50714, _RATIONAL, 4, _rationals(np.array(sensor.black_level), _COARSE), True),
        (50717, _LONG, 1, round(float(sensor.white_level)), True),  # WhiteLevel
        (50728, _RATIONAL, 3, _rationals(1 / np.array(gains), _FINE), True),  # AsShotNeutral
        (50778, _SHORT, 1, _D65, True),  # CalibrationIlluminant1
    ]
    if sensor.xyz_to_camera is not None:
        matrix = _rationals(np.array(sensor.xyz_to_camera), _FINE)
        tags.append((50721, _SRATIONAL, 9, matrix, True))  # ColorMatrix1
    tifffile.imwrite(path, mosaic, photometric=_CFA, extratags=tags)
    return path


def _rationals(values: np.ndarray, parts: int) -> tuple[int, ...]:
    """Numerators and denominators by turns."""
    return tuple(n for value in np.ravel(values) for n in (round(float(value) * parts), parts))
