"""What a DNG's tags say about colour: the matrix from XYZ to the camera, and the light's white.

Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapter 6, "Mapping Camera
Color Space to CIE XYZ Space".
"""

import numpy as np

from tfisp.rawfiles.tiff import Directory
from tfisp.sensor import Gains, Matrix3, matrix3_of, smallest_one

_COLOR_MATRICES, _CALIBRATIONS, _ILLUMINANTS = (50721, 50722), (50723, 50724), (50778, 50779)
_ANALOG_BALANCE, _NEUTRAL, _WHITE_XY = 50727, 50728, 50729
_SIGNATURES = (50931, 50932)

TAGS = {
    *(*_COLOR_MATRICES, *_CALIBRATIONS, *_ILLUMINANTS, *_SIGNATURES),
    *(_ANALOG_BALANCE, _NEUTRAL, _WHITE_XY),
}

# Correlated colour temperature in kelvin of the EXIF LightSource codes (EXIF 2.3, tag 37384) used
# as calibration illuminants.
_ILLUMINANT_KELVIN = {
    1: 5500,
    2: 4200,
    3: 2850,
    4: 5500,
    9: 5500,
    10: 6500,
    11: 7500,
    12: 6400,
    13: 5050,
    14: 4150,
    15: 3525,
    17: 2856,
    18: 4874,
    19: 6774,
    20: 5503,
    21: 6504,
    22: 7504,
    23: 5003,
    24: 3200,
}
_D65_KELVIN = 6504


def xyz_to_camera(main: Directory) -> Matrix3 | None:
    """The matrix calibrated for the light nearest to D65; None if none is usable."""
    found = _matrices(main)
    if not found:
        return None
    mired = 1e6 / _D65_KELVIN
    nearest = min(found, key=lambda item: abs(item[0] - mired) if item[0] else np.inf)[1]
    return matrix3_of(nearest)


def as_shot_gains(main: Directory) -> tuple[Gains | None, list[str]]:
    """White balance R, G, B, smallest 1, from AsShotNeutral or else AsShotWhiteXY; and notes."""
    if _NEUTRAL in main.tags:
        neutral, name = main.numbers(_NEUTRAL), "AsShotNeutral"
    elif _WHITE_XY in main.tags:
        neutral, name = _neutral_of_xy(main), "AsShotWhiteXY"
    else:
        return None, []
    if neutral.shape != (3,) or not (np.isfinite(neutral).all() and (neutral > 0).all()):
        return None, [f"{name} is no usable white balance: none is taken"]
    return smallest_one((1 / neutral).tolist()), []


def _neutral_of_xy(main: Directory) -> np.ndarray:
    """Camera values of the white of chromaticity (x, y); empty if they cannot be had."""
    white, matrices = main.numbers(_WHITE_XY), _matrices(main)
    if white.size != 2 or not np.isfinite(white).all() or white[1] <= 0 or not matrices:
        return np.empty(0)
    x, y = white
    # McCamy (1992), https://doi.org/10.1002/col.5080170211
    n = (x - 0.3320) / (0.1858 - y)
    kelvin = 449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33
    matrix = _interpolated(matrices, 1e6 / max(kelvin, 1.0))
    return matrix @ np.array([x / y, 1, (1 - x - y) / y])


def _interpolated(matrices: list[tuple[float, np.ndarray]], mired: float) -> np.ndarray:
    """The matrix for a light, linear in its inverse temperature between the two calibrations."""
    known = [item for item in matrices if item[0]]
    if len(known) < 2 or known[0][0] == known[1][0]:
        return (known or matrices)[0][1]
    (first, a), (second, b) = known
    weight = np.clip((mired - first) / (second - first), 0, 1)
    return (1 - weight) * a + weight * b


def _matrices(main: Directory) -> list[tuple[float, np.ndarray]]:
    """(mired of its light or 0, XYZ to camera `[3, 3]`) of each usable calibration."""
    balance = main.numbers(_ANALOG_BALANCE)
    usable = balance.shape == (3,) and np.isfinite(balance).all() and (balance > 0).all()
    analog = np.diag(balance) if usable else np.eye(3)
    same_profile = main.text(_SIGNATURES[0]) == main.text(_SIGNATURES[1])
    found = []
    for code, calibration, illuminant in zip(
        _COLOR_MATRICES, _CALIBRATIONS, _ILLUMINANTS, strict=True
    ):
        values, own = main.numbers(code), main.numbers(calibration)
        if values.size != 9 or not np.isfinite(values).all() or not values.any():
            continue
        of_camera = own.size == 9 and np.isfinite(own).all() and own.any() and same_profile
        matrix = (own.reshape(3, 3) if of_camera else np.eye(3)) @ values.reshape(3, 3)
        kelvin = _ILLUMINANT_KELVIN.get(int(main.first(illuminant) or 0))
        found.append((1e6 / kelvin if kelvin else 0.0, analog @ matrix))
    return found
