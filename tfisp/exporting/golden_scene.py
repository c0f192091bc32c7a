"""The scene that a phone and the desktop are compared on, and how far they may be apart."""

from typing import NamedTuple

import numpy as np

from tfisp.sensor import Capture, Sensor, all_sites


class Limits(NamedTuple):
    """How far a phone may be from the desktop, in code values of 8 bits on output cut to 0..1.

    Attributes:
        max_float32: Largest difference under backends that compute in float32.
        mean_float32: Mean difference under them.
        max_float16: Largest difference where float16 is allowed.
        mean_float16: Mean difference there.
    """

    max_float32: float
    mean_float32: float
    max_float16: float
    mean_float16: float


# Float files: in float32 only the order of sums differs, a few millionths of the range. In float16
# on a CPU the released networks move by up to 0.4 code values, 0.03 in the mean; a GPU that adds up
# in float16 as well may be some times as far off. Files with integers: a rounding that falls the
# other way moves a value by a whole step of its layer, whatever computes.
FLOAT_LIMITS = Limits(0.05, 0.005, 4.0, 0.5)
INTEGER_LIMITS = Limits(8.0, 1.0, 8.0, 1.0)

# The sensor of the made-up scene.
SCENE_SENSOR = Sensor("RGGB", all_sites(64), 1023)
SCENE_CAPTURE = Capture(gains=(2.0, 1.0, 1.6))


def scene(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A mosaic uint16 `[height, width]` with all that a photo has, for `SCENE_SENSOR`.

    Smooth waves, edges, a band without light and a disc of saturation, with shot noise.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[:height, :width]
    light = 0.35 + 0.25 * np.sin(rows / 31) * np.cos(columns / 47)
    light = light + 0.15 * ((rows // 24 + columns // 40) % 2)
    light[height * 3 // 4 : height * 7 // 8] = 0
    away = (rows / height - 0.3) ** 2 + (columns / width - 0.6) ** 2
    light = np.where(away < 0.02, 1.3, light)
    counts = 64 + 959 * light + rng.normal(0, 1, (height, width)) * (3 + 12 * np.sqrt(light))
    return np.clip(np.rint(counts), 0, 1023).astype(np.uint16)
