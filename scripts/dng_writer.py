"""A DNG of a mosaic, for programs that develop files."""

from pathlib import Path

import numpy as np
import tifffile

from tfisp.sensor import Gains, Sensor

_BYTE, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 1, 3, 4, 5, 10
_CFA, _D65 = 32803, 21  # PhotometricInterpretation; CalibrationIlluminant


def write_dng(path: Path, mosaic: np.ndarray, sensor: Sensor, gains: Gains) -> Path:
    """Writes a DNG (specification 1.4), uncompressed, and returns its path.

    Args:
        path: The file.
        mosaic: uint16 `[H, W]`.
        sensor: What the file states of it, with a colour matrix.
        gains: White balance as shot.
    """
    matrix = _rationals(np.array(sensor.xyz_to_camera))
    black = tuple(int(level) for level in np.ravel(sensor.black_level))
    tags = [
        (33421, _SHORT, 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, _BYTE, 4, bytes("RGB".index(colour) for colour in sensor.pattern), True),
        (50706, _BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50713, _SHORT, 2, (2, 2), True),  # BlackLevelRepeatDim
        (50714, _LONG, 4, black, True),  # BlackLevel
        (50717, _LONG, 1, int(sensor.white_level), True),  # WhiteLevel
        (50721, _SRATIONAL, 9, matrix, True),  # ColorMatrix1
        (50728, _RATIONAL, 3, _rationals(1 / np.array(gains)), True),  # AsShotNeutral
        (50778, _SHORT, 1, _D65, True),  # CalibrationIlluminant1
    ]
    tifffile.imwrite(path, mosaic, photometric=_CFA, extratags=tags)
    return path


def _rationals(values: np.ndarray) -> tuple[int, ...]:
    """Numerators and denominators by turns."""
    return tuple(n for value in np.ravel(values) for n in (round(float(value) * 1e6), 10**6))
