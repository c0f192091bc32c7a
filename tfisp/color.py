"""Colour on demosaicked images: white balance, camera matrix, sRGB encoding, and their inverses.

All functions take and return arrays `[..., 3]` of R, G, B (any leading shape) and keep float32 as
float32. Black subtraction belongs to the mosaic: `tfisp.contract.normalise` and `denormalise`.
"""

import numpy as np

from tfisp.errors import InputError
from tfisp.sensor import Gains, Matrix3

# Linear sRGB to CIE XYZ for a D65 white, IEC 61966-2-1:1999.
SRGB_TO_XYZ: Matrix3 = (
    (0.4124, 0.3576, 0.1805),
    (0.2126, 0.7152, 0.0722),
    (0.0193, 0.1192, 0.9505),
)

# Chromaticities of CIE illuminants (CIE 15:2004, tables T.1 and T.3).
D50_XY, D65_XY = (0.3457, 0.3585), (0.3127, 0.3290)

# XYZ to the cone responses that adapt, K. M. Lam 1985 ("Bradford"); as in ICC.1:2010, Annex E.
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)

# The sRGB transfer function, IEC 61966-2-1:1999: linear below the first number (the second,
# encoded), a power above.
LINEAR_END, ENCODED_END = 0.0031308, 0.04045
ENCODED_SLOPE, ENCODED_OFFSET, ENCODED_POWER = 12.92, 0.055, 2.4


def apply_gains(image: np.ndarray, gains: Gains) -> np.ndarray:
    """White-balances linear camera RGB: multiplies R, G, B by `gains`."""
    return image * np.asarray(gains, image.dtype)


def invert_gains(image: np.ndarray, gains: Gains) -> np.ndarray:
    """The inverse of `apply_gains`."""
    return image / np.asarray(gains, image.dtype)


def camera_to_srgb(xyz_to_camera: Matrix3) -> np.ndarray:
    """The matrix from white-balanced camera RGB to linear sRGB.

    xyz_to_camera times `SRGB_TO_XYZ` tells what the camera sees of the sRGB primaries. Its rows
    are scaled to sum 1, so that the camera's white (1, 1, 1) after white balance is sRGB's white;
    then it is inverted. This is how dcraw and LibRaw use such matrices (`cam_xyz_coeff`). The
    scaling also removes whatever multiplies whole rows, such as DNG's AnalogBalance and a diagonal
    CameraCalibration.

    Args:
        xyz_to_camera: 3x3 from CIE XYZ (D65) to camera R, G, B.

    Returns:
        float64 `[3, 3]`, rows summing to 1; use with `apply_matrix`.

    Raises:
        InputError: If the matrix cannot be scaled or inverted.
    """
    camera = np.asarray(xyz_to_camera, np.float64) @ np.asarray(SRGB_TO_XYZ)
    sums = camera.sum(axis=1, keepdims=True)
    if (sums <= 0).any() or np.linalg.cond(camera / sums) > 1e4:
        raise InputError(f"colour matrix {np.asarray(xyz_to_camera).tolist()} cannot be inverted")
    return np.linalg.inv(camera / sums)


def srgb_to_camera(xyz_to_camera: Matrix3) -> np.ndarray:
    """The inverse of `camera_to_srgb`: float64 `[3, 3]`, linear sRGB to balanced camera RGB."""
    return np.linalg.inv(camera_to_srgb(xyz_to_camera))


def xyz_of_xy(x: float, y: float) -> np.ndarray:
    """XYZ of a chromaticity, Y = 1."""
    return np.array([x / y, 1, (1 - x - y) / y])


def adaptation(source: tuple[float, float], wanted: tuple[float, float]) -> np.ndarray:
    """The matrix `[3, 3]` from XYZ under one white to those that look alike under another.

    Args:
        source: Chromaticity of the white that the colours were seen under.
        wanted: Chromaticity of the other.
    """
    ratio = (_BRADFORD @ xyz_of_xy(*wanted)) / (_BRADFORD @ xyz_of_xy(*source))
    return np.linalg.solve(_BRADFORD, ratio[:, None] * _BRADFORD)


def apply_matrix(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiplies every colour, as a column, by a 3x3 matrix from the left."""
    return image @ np.asarray(matrix, image.dtype).T


def invert_matrix(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The inverse of `apply_matrix`."""
    return apply_matrix(image, np.linalg.inv(matrix))


def encode_srgb(linear: np.ndarray) -> np.ndarray:
    """Encodes linear values as sRGB: 0..1 to 0..1, continued by the same formulas outside."""
    power = np.maximum(linear, LINEAR_END) ** (1 / ENCODED_POWER)
    high = power * (1 + ENCODED_OFFSET) - ENCODED_OFFSET
    return np.where(linear <= LINEAR_END, linear * ENCODED_SLOPE, high).astype(
        linear.dtype, copy=False
    )


def decode_srgb(encoded: np.ndarray) -> np.ndarray:
    """The inverse of `encode_srgb`."""
    power = (np.maximum(encoded, ENCODED_END) + ENCODED_OFFSET) / (1 + ENCODED_OFFSET)
    high = power**ENCODED_POWER
    return np.where(encoded <= ENCODED_END, encoded / ENCODED_SLOPE, high).astype(
        encoded.dtype, copy=False
    )
