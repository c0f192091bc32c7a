"""Inputs on which exported files are compared with Keras, with the shadows in them marked."""

from dataclasses import dataclass

import numpy as np

from tfisp.packing import crop_phase, pad_phase, prepare
from tfisp.rendering.metadata import ModelMetadata
from tfisp.sensor import Capture, Matrix3, Sensor, all_sites

# A 2x2 cell of the mosaic is shadow if all its samples lie below this part of the range between
# black and white: 5.6 stops under saturation, code values up to 38 in a plain sRGB rendering.
SHADOW = 0.02

# The colour matrix of a real camera (Canon EOS 5D Mark III, Adobe's), by which the output of camera
# RGB is finished.
CAMERA_MATRIX: Matrix3 = (
    (0.6722, -0.0635, -0.0963),
    (-0.4287, 1.2460, 0.2028),
    (-0.0908, 0.2162, 0.5668),
)
_SENSOR = Sensor("RGGB", all_sites(64), 1023, xyz_to_camera=CAMERA_MATRIX)
_CAPTURE = Capture(gains=(2.0, 1.0, 1.6))


@dataclass(frozen=True)
class Trial:
    """One mosaic.

    Attributes:
        name: For the report.
        mosaic: uint16 `[H, W]`, RGGB, even sides.
        sensor: Its sensor.
        capture: The facts of its file.
        origin: Where it lies in its file's frame, for the shading map.
    """

    name: str
    mosaic: np.ndarray
    sensor: Sensor
    capture: Capture
    origin: tuple[int, int] = (0, 0)

    def raw(self, metadata: ModelMetadata) -> np.ndarray:
        """The input of a file with this metadata, float32 `[1, h, w, C]`."""
        contract = metadata.contract
        return prepare(self.mosaic, self.sensor, self.capture, contract, self.origin)[None]

    @property
    def shadows(self) -> np.ndarray:
        """Which pixels lie in the shadows: bool `[H, W]`, whole cells of 2x2."""
        return shadows(self.mosaic, self.sensor)


def shadows(mosaic: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Which pixels of a mosaic `[H, W]` lie in the shadows: bool `[H, W]`, whole 2x2 cells."""
    whole = pad_phase(mosaic, sensor.pattern).astype(np.float32)
    black = np.asarray(sensor.black_level, np.float32).min()
    dark = whole < black + SHADOW * (sensor.white_level - black)
    cells = dark[0::2, 0::2] & dark[0::2, 1::2] & dark[1::2, 0::2] & dark[1::2, 1::2]
    return crop_phase(cells.repeat(2, 0).repeat(2, 1), mosaic.shape, sensor.pattern)


def scene(size: tuple[int, int], seed: int = 0) -> Trial:
    """Something like a photograph: waves from below black to saturation with shot noise.

    Args:
        size: (H, W) in samples.
        seed: Of the noise.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[: size[0], : size[1]]
    slow = np.sin(6 * np.pi * rows / size[0]) * np.cos(4 * np.pi * columns / size[1])
    waves = 0.5 + 0.3 * slow + 0.3 * np.sin(columns / 5)  # of any size all of -0.1 to 1.1
    counts = 64 + 959 * waves**2 + rng.normal(0, 4 + 6 * waves)
    mosaic = np.clip(counts, 0, 1023).astype(np.uint16)
    return Trial("synthetic scene", mosaic, _SENSOR, _CAPTURE)


def noise(size: tuple[int, int], seed: int = 0) -> Trial:
    """Every sample by itself anywhere between 0 and a little above white.

    Args:
        size: (H, W) in samples.
        seed: Of the noise.
    """
    counts = np.random.default_rng(seed).integers(0, 1200, size)
    return Trial("noise", counts.astype(np.uint16), _SENSOR, _CAPTURE)


def trial_inputs(
    metadata: ModelMetadata, shape: tuple[int, ...], seed: int = 0
) -> list[np.ndarray]:
    """The inputs that `noise` and `scene` become for a generator.

    Args:
        metadata: Of the generator.
        shape: (1, h, w, C) of its input.
        seed: Of the noise.

    Returns:
        Two float32 arrays of that shape.
    """
    size = (shape[1] * metadata.step, shape[2] * metadata.step)
    return [trial(size, seed).raw(metadata) for trial in (noise, scene)]
