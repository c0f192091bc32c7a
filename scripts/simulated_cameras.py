"""Cameras that could exist, and what they would have recorded of a photograph.

A generator that is to serve every camera must not learn one camera's colours. Its RAW is simulated
for cameras drawn between pairs of known ones, under illuminants, exposures and noise levels drawn
for each patch (`tfisp.data.unprocess`, after Brooks et al. 2019, https://arxiv.org/abs/1811.11127).
"""

from typing import NamedTuple

import numpy as np

from tfisp.color import SRGB_TO_XYZ
from tfisp.data.unprocess import Noise, random_noise, unprocess
from tfisp.rendering.camera_colour import finishing_matrix
from tfisp.sensor import Gains, Sensor

# Adobe's ColorMatrix (XYZ, D65, to camera) times 10,000, as dcraw and LibRaw list them
# (https://github.com/LibRaw/LibRaw, src/tables/colordata.cpp): sensors of many makers and years.
COLOUR_MATRICES = {
    "Canon EOS 10D": (8197, -2000, -1118, -6714, 14335, 2592, -2536, 3178, 8266),
    "Canon EOS 50D": (4920, 616, -593, -6493, 13964, 2784, -1774, 3178, 7005),
    "Canon EOS 5D Mark II": (4716, 603, -830, -7798, 15474, 2480, -1496, 1937, 6651),
    "Canon EOS 5D Mark III": (6722, -635, -963, -4287, 12460, 2028, -908, 2162, 5668),
    "Canon EOS 7D Mark II": (7268, -1082, -969, -4186, 11839, 2663, -825, 2029, 5839),
    "Nikon COOLPIX P7100": (11053, -4269, -1024, -1976, 10182, 2088, -526, 1263, 4469),
    "Nikon D2H": (5733, -911, -629, -7967, 15987, 2055, -3050, 4013, 7048),
    "Nikon D3X": (7171, -1986, -648, -8085, 15555, 2718, -2170, 2512, 7457),
    "Nikon D500": (8813, -3210, -1036, -4703, 12868, 2021, -1054, 1940, 6129),
    "Nikon D750": (9020, -2890, -715, -4535, 12436, 2348, -934, 1919, 7086),
    "Nikon Z 7": (13705, -6004, -1400, -5464, 13568, 2062, -940, 1706, 7618),
    "Olympus E-M1 Mark III": (11896, -5110, -1076, -3181, 11378, 2048, -519, 1224, 5166),
    "Olympus E-M5": (8380, -2630, -639, -2887, 10725, 2496, -627, 1427, 5438),
    "Olympus TG-4": (11426, -4159, -1126, -2066, 10678, 1593, -120, 1327, 4998),
    "Pentax K-01": (8134, -2728, -645, -4365, 11987, 2694, -838, 1509, 6498),
}  # The matrices of phones are in their own files only; these span them.
# Standard deviation of what is added to each entry of a row that sums to 1.
_JITTER = 0.03

# Ranges of what is drawn. Gains: from tungsten to shade. Exposure in stops, so that all levels
# occur, and clipping does. Shot noise: the logarithm is uniform; the upper end is about ISO 6400 of
# a phone (Brooks et al., section 3.1, whose line gives the read noise and its spread).
_RED_GAINS, _BLUE_GAINS = (1.2, 3.0), (1.1, 3.2)
_EXPOSURES = (-4.0, 0.5)
_SHOT_NOISE = (2e-5, 0.012)
_BLACK, _WHITE = 1024.0, 16383.0


class Recording(NamedTuple):
    """What a camera recorded, and what it is to be rendered to.

    Attributes:
        mosaic: uint16 `[H, W]`, red at (0, 0).
        sensor: That recorded it.
        gains: Its white balance, smallest 1.
        noise: Of the recording.
        matrix: float32 `[3, 3]`, balanced camera RGB to linear sRGB.
        linear: float32 `[H, W, 3]`, the scene as exposed, linear sRGB 0..1.
    """

    mosaic: np.ndarray
    sensor: Sensor
    gains: Gains
    noise: Noise
    matrix: np.ndarray
    linear: np.ndarray


def random_camera(random: np.random.Generator) -> Sensor:
    """A sensor whose colours lie between those of two known ones, a little beside the line."""
    known = np.array(list(COLOUR_MATRICES.values()), np.float64).reshape(-1, 3, 3)
    first, second = known[random.choice(len(known), 2, replace=False)]
    share = random.random()
    matrix = share * _normalised(first) + (1 - share) * _normalised(second)
    matrix += random.normal(0, _JITTER, (3, 3)) @ np.linalg.inv(SRGB_TO_XYZ)
    return Sensor(
        black_level=((_BLACK, _BLACK), (_BLACK, _BLACK)),
        white_level=_WHITE,
        xyz_to_camera=tuple(map(tuple, matrix.tolist())),
    )


def record(scene: np.ndarray, random: np.random.Generator) -> Recording:
    """Records a scene with a camera, an illuminant, an exposure and noise of chance.

    Args:
        scene: float32 `[H, W, 3]` linear sRGB 0..1, sides even.
        random: For all that is drawn.
    """
    sensor = random_camera(random)
    gains = (_uniform_log(random, *_RED_GAINS), 1.0, _uniform_log(random, *_BLUE_GAINS))
    noise = random_noise(random, _SHOT_NOISE)
    linear = np.minimum(scene * np.float32(2 ** random.uniform(*_EXPOSURES)), 1)
    mosaic = unprocess(linear, sensor, gains, noise, random)
    return Recording(mosaic, sensor, gains, noise, finishing_matrix(sensor), linear)


def _normalised(matrix: np.ndarray) -> np.ndarray:
    """XYZ to a camera whose response to sRGB white is 1 in each channel."""
    return matrix / (matrix @ np.asarray(SRGB_TO_XYZ)).sum(axis=1, keepdims=True)


def _uniform_log(random: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
