"""The last step for generators of output "camera": from their camera RGB to sRGB.

Such a generator gives white-balanced camera RGB under the curve of companding "sqrt"
(`tfisp.contract`), for whatever camera recorded the mosaic. Its file knows the matrix:

    network's output -> expand -> matrix to linear sRGB, exposure gain -> encode_srgb

As the rows of the matrix have one sum, greys stay as grey as they are.
"""

import cv2
import numpy as np

from tfisp.color import (
    ENCODED_OFFSET,
    ENCODED_POWER,
    ENCODED_SLOPE,
    LINEAR_END,
    camera_to_srgb,
)
from tfisp.companding import companding_numbers
from tfisp.sensor import Sensor

_LINEAR_END = np.float32(LINEAR_END)


def finishing_matrix(sensor: Sensor, exposure: float = 0.0) -> np.ndarray:
    """Balanced camera RGB to linear sRGB, exposed: float32 `[3, 3]`.

    Args:
        sensor: Without a matrix its colours are taken for those of sRGB.
        exposure: EV by which to brighten.

    Raises:
        InputError: If the stated matrix cannot be inverted.
    """
    stated = sensor.xyz_to_camera
    matrix = np.eye(3) if stated is None else camera_to_srgb(stated)
    return (2.0**exposure * matrix).astype(np.float32)


def to_srgb(values: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Finishes a network's output.

    Args:
        values: float32 `[H, W, 3]`, as a generator of output "camera" gives it.
        matrix: `[3, 3]` of `finishing_matrix`.

    Returns:
        float32 `[H, W, 3]` sRGB-encoded, nominally 0..1, not clipped.
    """
    # In place and without branches: a picture of 12 megapixels takes a quarter of the time.
    root, span = companding_numbers()
    out = np.abs(values)
    out *= np.float32(span * span)
    out += np.float32(2 * span * root)
    out *= values
    linear: np.ndarray = cv2.transform(out, matrix)
    # sRGB's curve above its linear part, and below it what is missing to the line.
    np.maximum(linear, _LINEAR_END, out=out)
    np.power(out, np.float32(1 / ENCODED_POWER), out=out)
    out *= np.float32(1 + ENCODED_OFFSET)
    out -= np.float32(ENCODED_OFFSET)
    np.minimum(linear, _LINEAR_END, out=linear)
    linear -= _LINEAR_END
    linear *= np.float32(ENCODED_SLOPE)
    out += linear
    return out
