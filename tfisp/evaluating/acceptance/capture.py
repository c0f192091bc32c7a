"""What a camera would record of a ColorChecker and of slanted edges, in some light and exposure.

    Lab under D50 -> XYZ -> Bradford's adaptation to the light -> camera's matrix -> mosaic -> noise

The camera is known by its one matrix for D65, as in most files; the white balance it states is that
of the light. Where the matrix does not suit the light, colours come out wrong as they do with a
real camera. Reflectances are no spectra here: metamerism of lamps is not simulated.
"""

from typing import NamedTuple

import numpy as np

from tfisp.color import D50_XY, SRGB_TO_XYZ, adaptation, xyz_of_xy
from tfisp.data.noise import noise_of
from tfisp.data.unprocess import Noise, mosaic_of, read_noise
from tfisp.evaluating.acceptance.colorchecker import COLUMNS, GAP, ROWS, Corners, xyz_d50
from tfisp.evaluating.acceptance.edge import slanted_edge
from tfisp.evaluating.cases import Frame
from tfisp.sensor import Capture, Sensor, smallest_one


class Light(NamedTuple):
    """A CIE illuminant: chromaticity and correlated colour temperature in kelvin."""

    xy: tuple[float, float]
    kelvin: float


# CIE 15:2004.
LIGHTS = {
    "A": Light((0.44758, 0.40745), 2856),
    "F11": Light((0.38052, 0.37713), 4000),
    "D50": Light((0.34567, 0.35850), 5003),
    "D55": Light((0.33242, 0.34743), 5503),
    "D65": Light((0.31271, 0.32902), 6504),
    "D75": Light((0.29902, 0.31485), 7504),
}

# Where a file states no ISO speed, and where there is no file: 1e-3 is about a phone's at ISO 400.
_ISO, _SHOT = 100.0, 2.5e-4

_SIDE = 48  # pixels of a patch
_LINE = round(_SIDE * GAP)
# Pixels of an edge's square, and how many lie beside and below each other.
EDGE, EDGES = 128, 4
_WHITE = xyz_of_xy(*D50_XY)
_GROUND = 0.03  # reflectance between the patches


class Camera(NamedTuple):
    """A camera to record charts with.

    Attributes:
        sensor: Levels, pattern and matrix.
        noise: At `iso`.
        iso: ISO speed of that noise.
        measured: Whether the noise is a file's, so that read noise goes with the square of the
            speed; else with the shot noise as `tfisp.data.unprocess.read_noise` says.
    """

    sensor: Sensor
    noise: Noise
    iso: float = _ISO
    measured: bool = False

    def noise_at(self, iso: float) -> Noise:
        """The noise at another ISO speed: a sample stands for fewer electrons."""
        share = iso / self.iso
        shot = self.noise.shot * share
        read = self.noise.read * share**2 if self.measured else read_noise(shot)
        return Noise(shot, read)


class Exposure(NamedTuple):
    """How the chart is taken.

    Attributes:
        light: One of `LIGHTS`.
        iso: ISO speed.
        ev: 0 puts a perfect white just below the sensor's.
    """

    light: str = "D50"
    iso: float = _ISO
    ev: float = 0.0


def camera_of_sensor(sensor: Sensor) -> Camera:
    """A camera of which no file is at hand, with a phone's noise."""
    return Camera(sensor, Noise(_SHOT, read_noise(_SHOT)))


def camera_of_file(frame: Frame) -> Camera:
    """The camera that recorded a file, with the noise that it states, or else shows."""
    noise = noise_of(frame.mosaic, frame.sensor, frame.capture)
    return Camera(frame.sensor, noise, frame.capture.iso or _ISO, measured=True)


def chart_corners() -> Corners:
    """Where the computed chart lies in its picture: the first and last pixel of its patches."""
    pitch = _SIDE + _LINE
    right, bottom = COLUMNS * pitch - 1, ROWS * pitch - 1
    return Corners((_LINE, _LINE), (right, _LINE), (right, bottom), (_LINE, bottom))


def chart_xyz() -> np.ndarray:
    """The chart: XYZ under D50, `[H, W, 3]`, sides even."""
    pitch = _SIDE + _LINE
    out = np.tile(_GROUND * _WHITE, (ROWS * pitch + _LINE, COLUMNS * pitch + _LINE, 1))
    for (row, column), colour in zip(np.ndindex(ROWS, COLUMNS), xyz_d50(), strict=True):
        top, left = _LINE + row * pitch, _LINE + column * pitch
        out[top : top + _SIDE, left : left + _SIDE] = colour
    return out


def edges_xyz() -> np.ndarray:
    """`EDGES` x `EDGES` slanted edges of the same place and angle, as `chart_xyz`."""
    return np.tile(slanted_edge(EDGE) * _WHITE, (EDGES, EDGES, 1))


def record(scene: np.ndarray, camera: Camera, exposure: Exposure, seed: int = 0) -> Frame:
    """What a camera records of a scene.

    Args:
        scene: XYZ under D50, `[H, W, 3]`, sides even.
        camera: With a matrix; without one its colours are those of sRGB.
        exposure: Light, ISO speed and exposure.
        seed: Of the noise.
    """
    sensor, light = camera.sensor, LIGHTS[exposure.light].xy
    stated = sensor.xyz_to_camera
    matrix = np.linalg.inv(SRGB_TO_XYZ) if stated is None else np.array(stated)
    neutral = matrix @ xyz_of_xy(*light)
    seen = scene @ (matrix @ adaptation(D50_XY, light)).T
    values = mosaic_of(seen / neutral.max() * 2.0**exposure.ev, sensor.pattern)
    values = np.clip(values, 0, 1)
    noise = camera.noise_at(exposure.iso)
    random = np.random.default_rng(seed)
    values += np.sqrt(noise.shot * values + noise.read) * random.standard_normal(values.shape)
    black = np.tile(sensor.black_level, (values.shape[0] // 2, values.shape[1] // 2))
    samples = np.clip(values * (sensor.white_level - black) + black, 0, sensor.white_level)
    gains = smallest_one((1 / neutral).tolist())
    capture = Capture(gains=gains, iso=exposure.iso, frame_size=values.shape)
    return Frame(np.rint(samples).astype(np.uint16), sensor, capture)
