"""What is measured of one RAW file: levels, histogram, lens shading, and its reference."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfisp.checkup.picture import PictureFacts, measure
from tfisp.data.frames import Frame, Scene
from tfisp.packing import orient
from tfisp.rawfiles.falloff import Falloff, of_frame, of_map
from tfisp.sensor import Capture, Sensor

# Edges of the histogram, between black at 0 and white at 1.
EDGES = np.linspace(-0.1, 1.1, 61)

# Shares of the samples below which the lowest and the highest levels lie: single hot or dead
# pixels are not meant.
_LOW, _HIGH = 0.001, 0.999

# Samples this near to white are clipped.
_CLIPPED = 0.995


@dataclass(frozen=True)
class CaptureFacts:
    """What is known of a RAW file. Levels are shares of the range from black (0) to white (1).

    Attributes:
        reference: Of its reference, upright.
        sensor: Its sensor.
        capture: What the file says of itself.
        below_black: Largest share of a CFA plane's samples that lie below its black level.
        clipped: Share of all samples at white or above.
        low: The lowest level, 0.1 % of samples below, of the plane in which it is highest.
        high: The highest, 0.1 % of samples above, of the plane in which it is highest.
        histogram: Shares of all samples between `EDGES`, those beyond in the outer ones.
        falloff: Corner over centre of its shading map, or of an evenly lit surface; None if
            neither.
    """

    reference: PictureFacts
    sensor: Sensor
    capture: Capture
    below_black: float
    clipped: float
    low: float
    high: float
    histogram: np.ndarray
    falloff: Falloff | None


def measure_capture(frame: Frame) -> CaptureFacts:
    """Reads and measures a RAW file.

    Raises:
        InputError: If it is damaged.
    """
    scene = frame.load()
    reference = np.ascontiguousarray(orient(_rendered(scene), scene.capture.orientation))
    planes = [_levels(scene, site) for site in range(4)]
    histogram = np.sum([plane.histogram for plane in planes], axis=0)
    return CaptureFacts(
        reference=measure(reference, frame.name, Path(frame.path)),
        sensor=scene.sensor,
        capture=scene.capture,
        below_black=max(plane.below for plane in planes),
        clipped=float(np.mean([plane.clipped for plane in planes])),
        low=max(plane.low for plane in planes),
        high=max(plane.high for plane in planes),
        histogram=histogram / histogram.sum(),
        falloff=_falloff(scene),
    )


@dataclass(frozen=True)
class _Plane:
    """Levels of one CFA plane; see `CaptureFacts`."""

    below: float
    clipped: float
    low: float
    high: float
    histogram: np.ndarray


def _levels(scene: Scene, site: int) -> _Plane:
    """Of the samples at a site of the 2x2 tile, counted by value."""
    row, column = divmod(site, 2)
    counts = np.bincount(scene.mosaic[row::2, column::2].ravel())
    black = scene.sensor.black_level[row][column]
    level = (np.arange(len(counts)) - black) / (scene.sensor.white_level - black)
    share = np.cumsum(counts) / counts.sum()
    inside = np.clip(level, EDGES[0], np.nextafter(EDGES[-1], 0))
    return _Plane(
        below=float(counts[level < 0].sum() / counts.sum()),
        clipped=float(counts[level >= _CLIPPED].sum() / counts.sum()),
        low=float(level[np.searchsorted(share, _LOW)]),
        high=float(level[np.searchsorted(share, _HIGH)]),
        histogram=np.histogram(inside, EDGES, weights=counts)[0],
    )


def _rendered(scene: Scene) -> np.ndarray:
    """The reference of a scene that was loaded with it."""
    if scene.reference is None:
        raise ValueError("a scene without reference")
    return scene.reference


def _falloff(scene: Scene) -> Falloff | None:
    """What a shading map says of the corners, or an evenly lit frame."""
    if scene.capture.shading is not None:
        return of_map(scene.capture.shading, scene.sensor)
    return of_frame(scene.mosaic, scene.sensor)
