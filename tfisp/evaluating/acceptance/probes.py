"""Develops charts by each system and measures them: computed ones over a range, and real ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tfisp.color import encode_srgb
from tfisp.evaluating.acceptance import capture, measures
from tfisp.evaluating.acceptance.colorchecker import Corners, to_linear_srgb
from tfisp.evaluating.cases import Case, Frame
from tfisp.evaluating.systems import System
from tfisp.packing import orient
from tfisp.rendering.runtime import to_8bit

# How the pictures of a real chart are called.
AS_SHOT = "as shot"

_SPEEDS = (100, 200, 400, 800, 1600, 3200, 6400)
_EVS = (-4, -3, -2, -1, 0, 1, 2)


class Setting(NamedTuple):
    """A place within a probe.

    Attributes:
        name: In reports.
        x: In charts.
        exposure: How the chart is taken.
    """

    name: str
    x: float
    exposure: capture.Exposure


class Probe(NamedTuple):
    """What varies.

    Attributes:
        title: Of its charts.
        settings: In their order.
    """

    title: str
    settings: tuple[Setting, ...]


PROBES = {
    "illuminant": Probe(
        "Illuminant (colour temperature in kelvin)",
        tuple(
            Setting(name, light.kelvin, capture.Exposure(light=name))
            for name, light in capture.LIGHTS.items()
        ),
    ),
    "iso": Probe(
        "ISO speed",
        tuple(Setting(f"ISO {n}", float(n), capture.Exposure(iso=float(n))) for n in _SPEEDS),
    ),
    "exposure": Probe(
        "Exposure (EV; at 0 a perfect white is just below the sensor's)",
        tuple(Setting(f"{n:+d} EV", float(n), capture.Exposure(ev=float(n))) for n in _EVS),
    ),
}


class Result(NamedTuple):
    """What was measured on a picture; `values` by the names of `measures.MEASURES`."""

    probe: str
    setting: str
    x: float
    system: str
    values: dict[str, float | None]


class Findings(NamedTuple):
    """All results, and per probe the pictures: name -> one for each setting."""

    results: list[Result]
    pictures: dict[str, dict[str, list[np.ndarray]]]


def measure_probes(
    systems: Mapping[str, System],
    camera: capture.Camera,
    names: Sequence[str],
    progress: Callable[[int, int, str], None],
) -> Findings:
    """Measures computed charts.

    Args:
        systems: What develops them, by name.
        camera: That records them.
        names: Of `PROBES`.
        progress: Called as progress(done, total, what).

    Raises:
        InputError: A system cannot develop such a frame.
    """
    found = Findings([], {})
    total = sum(len(PROBES[name].settings) for name in names)
    corners, chart, edges = capture.chart_corners(), capture.chart_xyz(), capture.edges_xyz()
    done = 0
    for name in names:
        pictures: dict[str, list[np.ndarray]] = {"truth": [], **{s: [] for s in systems}}
        for setting in PROBES[name].settings:
            ev = setting.exposure.ev
            pictures["truth"].append(true_picture(ev))
            frames = [capture.record(scene, camera, setting.exposure) for scene in (chart, edges)]
            for system, develop in systems.items():
                picture, sharp = (
                    develop.picture(setting.name, Case(np.empty(0), frame)) for frame in frames
                )
                values = measures.measure(picture, corners, exposure=ev, edges=sharp)
                found.results.append(Result(name, setting.name, setting.x, system, values))
                pictures[system].append(picture)
            done += 1
            progress(done, total, "charts")
        found.pictures[name] = pictures
    return found


def measure_file(
    systems: Mapping[str, System], frame: Frame, corners_of: Callable[[np.ndarray], Corners]
) -> Findings:
    """Measures a RAW file of a real chart, in the light in which it was taken.

    Args:
        systems: What develops it, by name.
        frame: The file.
        corners_of: Finds the chart in a picture as it is shown, upright and cropped.

    Raises:
        InputError: A system cannot develop the frame, or the chart does not lie in its picture.
    """
    found = Findings([], {AS_SHOT: {}})
    crop, orientation = frame.capture.default_crop, frame.capture.orientation
    lying = frame._replace(capture=replace(frame.capture, orientation=1))
    corners: Corners | None = None
    for system, develop in systems.items():
        picture = develop.picture(AS_SHOT, Case(np.empty(0), lying))
        if crop is not None:
            top, left, height, width = crop
            picture = picture[top : top + height, left : left + width]
        picture = np.ascontiguousarray(orient(picture, orientation))
        corners = corners or corners_of(picture)
        values = measures.measure(picture, corners, exposure=None)
        found.results.append(Result(AS_SHOT, AS_SHOT, 0.0, system, values))
        found.pictures[AS_SHOT][system] = [picture]
    return found


def true_picture(ev: float) -> np.ndarray:
    """The computed chart as it should be shown: uint8 `[H, W, 3]`."""
    linear = to_linear_srgb(capture.chart_xyz())
    return to_8bit(encode_srgb(np.clip(linear * 2.0**ev, 0, 1)))
