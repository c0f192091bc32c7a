"""Test charts for presets: resolution, false colour, noise in the dark, and clipped highlights.

    python scripts/preset_charts.py

Each chart is computed, recorded by simulated cameras (`simulated_cameras`), and developed by the
presets and by classical ways. All charts are grey, so that whatever colour a picture has is false.
Prints a Markdown table of means over the cameras:

    MTF50           cycles per pixel at which an edge's contrast has fallen to half, without noise
    noise           standard deviation of CIELAB L* in a dark patch (5 % reflectance), much noise
    coloured noise  the same of its chroma, sqrt(var a* + var b*)
    false colour    mean CIELAB chroma of a zone plate, without noise
    highlights      largest mean chroma along a ramp from mid grey to two stops above white

Noise can be had less of by blurring. So the classical ways are measured a second time, blurred by a
Gaussian until their MTF50 is that of the default preset.
"""

from collections.abc import Mapping

import cv2
import numpy as np
from preset_measures import CLASSICAL, Develop, by_renderer
from simulated_cameras import COLOUR_MATRICES, Recording

from tfisp import models
from tfisp.color import decode_srgb
from tfisp.data.unprocess import Noise, mosaic_of, read_noise
from tfisp.evaluating.acceptance.edge import FINE, grey, mtf50, places, slanted_edge
from tfisp.metrics.color_difference import chroma, srgb_to_lab
from tfisp.models.presets import DEFAULT_PRESET, preset_names
from tfisp.rendering import Renderer
from tfisp.rendering.camera_colour import finishing_matrix
from tfisp.sensor import Gains, Sensor

SIDE = 256
# Cameras and lights: daylight, shade and tungsten.
CAMERAS: tuple[tuple[str, Gains], ...] = (
    ("Canon EOS 50D", (2.1, 1.0, 1.6)),
    ("Nikon D750", (2.4, 1.0, 1.3)),
    ("Olympus TG-4", (1.4, 1.0, 2.6)),
)
_BLACK, _WHITE = 512.0, 16383.0
_NOISELESS, _MUCH = 0.0, 3e-3  # shot noise; the second is about ISO 1600 of a phone


def zone_plate(side: int = SIDE) -> np.ndarray:
    """Rings whose frequency rises from 0 in the middle to Nyquist's at the sides."""
    down, across = places(side)
    squared = (down - side / 2) ** 2 + (across - side / 2) ** 2
    return grey(0.3 + 0.25 * np.cos(np.pi * squared / side))


def ramp(side: int = SIDE) -> np.ndarray:
    """Greys from 0.2 at the left to 4 times white at the right; the sensor clips what it cannot."""
    return grey(np.broadcast_to(np.geomspace(0.2, 4.0, side * FINE), (side * FINE,) * 2))


def patch(side: int = SIDE, reflectance: float = 0.05) -> np.ndarray:
    """One grey."""
    return np.full((side, side, 3), reflectance, np.float32)


def measure(develop: Develop) -> dict[str, float]:
    """All measures of a way of developing, each the mean over the cameras."""
    found: dict[str, list[float]] = {}
    for camera, gains in CAMERAS:
        for name, value in _of_camera(develop, camera, gains).items():
            found.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in found.items()}


def recorded(scene: np.ndarray, camera: str, gains: Gains, shot: float) -> Recording:
    """What a camera records of a grey scene, linear `[H, W, 3]`; green clips at 1."""
    matrix = np.array(COLOUR_MATRICES[camera], float).reshape(3, 3) / 1e4
    black = ((_BLACK, _BLACK), (_BLACK, _BLACK))
    sensor = Sensor("RGGB", black, _WHITE, camera, tuple(map(tuple, matrix.tolist())))
    noise = Noise(shot, read_noise(shot))
    # The colour matrix leaves greys as they are.
    values = mosaic_of(np.minimum(scene / np.asarray(gains), 1), sensor.pattern)
    random = np.random.default_rng(0)
    values = values + np.sqrt(noise.shot * values + noise.read) * random.normal(size=values.shape)
    samples = np.clip(values * (_WHITE - _BLACK) + _BLACK, 0, _WHITE)
    mosaic = np.rint(samples).astype(np.uint16)
    return Recording(mosaic, sensor, gains, noise, finishing_matrix(sensor), scene)


def as_soft(develop: Develop, wanted: float) -> Develop:
    """A way of developing, blurred until its `MTF50` is the wanted one."""

    def blurred(sigma: float) -> Develop:
        return lambda recording: cv2.GaussianBlur(develop(recording), (0, 0), sigma)

    low, high = 0.2, 3.0
    for _ in range(12):
        middle = (low + high) / 2
        too_sharp = measure(blurred(middle))["MTF50"] > wanted
        low, high = (middle, high) if too_sharp else (low, middle)
    return blurred(high)


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown of several ways of developing."""
    names = list(next(iter(rows.values())))
    lines = [f"| | {' | '.join(names)} |", "|---|" + "---:|" * len(names)]
    for way, row in rows.items():
        digits = [3 if name == "MTF50" else 2 for name in names]
        cells = [f"{row[name]:.{d}f}" for name, d in zip(names, digits, strict=True)]
        lines.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures every preset and every classical way."""
    rows = {
        name: measure(by_renderer(Renderer(models.from_preset(name)))) for name in preset_names()
    }
    wanted = rows[DEFAULT_PRESET]["MTF50"]
    rows |= {name: measure(develop) for name, develop in CLASSICAL.items()}
    rows |= {f"{name}, as soft": measure(as_soft(way, wanted)) for name, way in CLASSICAL.items()}
    print(table(rows))


def _of_camera(develop: Develop, camera: str, gains: Gains) -> dict[str, float]:
    def shown(scene: np.ndarray, shot: float = _NOISELESS) -> np.ndarray:
        picture = np.clip(develop(recorded(scene, camera, gains, shot)), 0, 1)
        return picture[16:-16, 16:-16]

    dark = srgb_to_lab(shown(patch(), _MUCH)).reshape(-1, 3)
    edge = decode_srgb(shown(slanted_edge(SIDE)).astype(np.float32)) @ np.array(
        [0.2126, 0.7152, 0.0722]
    )
    bright = srgb_to_lab(shown(ramp())).mean(axis=0)  # of columns: single pixels do not count
    return {
        "MTF50": mtf50(edge),
        "noise": float(dark[:, 0].std()),
        "coloured noise": float(np.sqrt(dark[:, 1:].var(axis=0).sum())),
        "false colour": float(chroma(shown(zone_plate())).mean()),
        "highlights": float(np.hypot(bright[:, 1], bright[:, 2]).max()),
    }


if __name__ == "__main__":
    main()
