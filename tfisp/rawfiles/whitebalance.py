"""What a DNG's tags say about colour: the matrix from XYZ to the camera, and the light's white.

Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapter 6, "Mapping Camera
Color Space to CIE XYZ Space".
"""

import numpy as np

from tfisp.color import D50_XY, D65_XY, adaptation, xyz_of_xy
from tfisp.rawfiles.tiff import Directory
from tfisp.sensor import Gains, Matrix3, matrix3_of, smallest_one

_COLOR_MATRICES, _CALIBRATIONS, _ILLUMINANTS = (50721, 50722), (50723, 50724), (50778, 50779)
_ANALOG_BALANCE, _NEUTRAL, _WHITE_XY = 50727, 50728, 50729
_SIGNATURES = (50931, 50932)

# A profile's rendering beyond the ColorMatrix: another fit of the same matrix, whose white is D50,
# and tables that are a look. The reference is the plain colorimetry of ColorMatrix.
_UNUSED = {
    50964: "ForwardMatrix1",
    50965: "ForwardMatrix2",
    50938: "ProfileHueSatMapData1",
    50939: "ProfileHueSatMapData2",
    50940: "ProfileToneCurve",
    50982: "ProfileLookTableData",
}

TAGS = {
    *(*_COLOR_MATRICES, *_CALIBRATIONS, *_ILLUMINANTS, *_SIGNATURES),
    *(_ANALOG_BALANCE, _NEUTRAL, _WHITE_XY, *_UNUSED),
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

# The light of a neutral is found when its chromaticity moves by less than this; it does within
# some ten rounds.
_SETTLED, _ROUNDS = 1e-7, 50


def xyz_to_camera(main: Directory) -> Matrix3 | None:
    """The matrix from XYZ, its white D65, to the camera under the light of the picture.

    With two calibrations and a known neutral, the matrix between them for that light, behind the
    adaptation of its white to D65. Otherwise the one calibrated nearest to D65, as dcraw and LibRaw
    use it. None if none is usable.
    """
    found = _matrices(main)
    if not found:
        return None
    gains, _ = as_shot_gains(main)
    white = _white_of(1 / np.asarray(gains), found) if gains and _are_two(found) else None
    if white is not None:
        seen = _interpolated(found, _mired(*white)) @ adaptation(D65_XY, white)
        return matrix3_of(seen)
    mired = 1e6 / _D65_KELVIN
    nearest = min(found, key=lambda item: abs(item[0] - mired) if item[0] else np.inf)[1]
    return matrix3_of(nearest)


def unused(main: Directory) -> tuple[str, ...]:
    """Names of what a profile states and the rendering leaves out."""
    return tuple(name for code, name in _UNUSED.items() if code in main.tags)


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
    x, y = map(float, white)
    return _interpolated(matrices, _mired(x, y)) @ xyz_of_xy(x, y)


def _white_of(
    neutral: np.ndarray, matrices: list[tuple[float, np.ndarray]]
) -> tuple[float, float] | None:
    """Chromaticity of the light whose white the camera records as `neutral`; None if there is none.

    By turns the matrix for a light, and the light for that matrix, as the specification says.
    """
    x, y = D50_XY
    for _ in range(_ROUNDS):
        try:
            seen = np.linalg.solve(_interpolated(matrices, _mired(x, y)), neutral)
        except np.linalg.LinAlgError:
            return None
        if not np.isfinite(seen).all() or (seen <= 0).any():
            return None
        before, (x, y) = (x, y), (float(part) for part in seen[:2] / seen.sum())
        if abs(x - before[0]) + abs(y - before[1]) < _SETTLED:
            return x, y
    return None


def _mired(x: float, y: float) -> float:
    """A million over the correlated colour temperature in kelvin.

    C. S. McCamy, 1992, https://doi.org/10.1002/col.5080170211.
    """
    n = (x - 0.3320) / (0.1858 - y) if y != 0.1858 else np.inf
    return float(1e6 / max(449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33, 1.0))


def _are_two(matrices: list[tuple[float, np.ndarray]]) -> bool:
    """Whether there are calibrations for two known lights."""
    return len({mired for mired, _ in matrices if mired}) == 2


def _interpolated(matrices: list[tuple[float, np.ndarray]], mired: float) -> np.ndarray:
    """The matrix for a light, linear in its inverse temperature between the two calibrations."""
    known = [item for item in matrices if item[0]]
    if not _are_two(matrices):
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
