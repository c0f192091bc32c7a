"""The last step for generators of output "camera": from their camera RGB to sRGB.

Such a generator gives white-balanced camera RGB under the curve of companding "sqrt"
(`tfisp.contract`), for whatever camera recorded the mosaic. Its file knows the matrix:

    network's output -> expand -> matrix to linear sRGB -> encode_srgb

As the rows of the matrix sum to 1, greys stay as grey as they are, and white stays white.
"""

import numpy as np

from tfisp.color import apply_matrix, camera_to_srgb, encode_srgb
from tfisp.contract import expand
from tfisp.sensor import Sensor


def matrix_of(sensor: Sensor) -> np.ndarray:
    """Balanced camera RGB to linear sRGB: float32 `[3, 3]`; the identity where none is stated.

    Raises:
        InputError: If the stated matrix cannot be inverted.
    """
    if sensor.xyz_to_camera is None:
        return np.eye(3, dtype=np.float32)
    return camera_to_srgb(sensor.xyz_to_camera).astype(np.float32)


def to_srgb(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Finishes a network's output.

    Args:
        values: float32 `[..., 3]`, as a generator of output "camera" gives it.
        matrix: `[3, 3]` of `matrix_of`.

    Returns:
        float32 `[..., 3]` sRGB-encoded, nominally 0..1, not clipped.
    """
    return encode_srgb(apply_matrix(expand(values), matrix))
