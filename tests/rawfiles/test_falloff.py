"""Corner over centre of shading maps and of evenly lit frames, whose fall-off is planted."""

import numpy as np
import pytest

from tests.helpers.dngs import scene
from tests.helpers.shared import shared
from tfisp.raw import read_raw
from tfisp.rawfiles.diagnosis import is_phone
from tfisp.rawfiles.falloff import of_frame, of_map
from tfisp.sensor import PATTERNS, Sensor

SIZE = (288, 384)
BLACK, WHITE = 64, 1023
LEVELS = {"R": 0.4, "Gr": 0.7, "Gb": 0.72, "B": 0.5}
LOSS = {"R": 0.6, "Gr": 0.5, "Gb": 0.5, "B": 0.45}


def names(pattern):
    red_row = pattern.index("R") // 2
    return [c if c != "G" else "Gr" if k // 2 == red_row else "Gb" for k, c in enumerate(pattern)]


def even_surface(pattern, tilt=0.0):
    """Light that falls off with the square of the distance, by its share of LOSS in the corner."""
    rng = np.random.default_rng(0)
    y, x = (np.linspace(-1, 1, side) for side in SIZE)
    square = (y[:, None] ** 2 + x**2) / 2
    mosaic = np.empty(SIZE)
    for k, name in enumerate(names(pattern)):
        light = LEVELS[name] * (1 - LOSS[name] * square) * (1 + tilt * x)
        row, column = divmod(k, 2)
        mosaic[row::2, column::2] = light[row::2, column::2]
    counts = BLACK + (WHITE - BLACK) * mosaic + rng.normal(0, 8, SIZE)
    return np.rint(counts).astype(np.uint16)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_of_an_even_surface_the_light_of_each_channel_is_measured(pattern):
    found = of_frame(even_surface(pattern), Sensor(pattern, BLACK, WHITE))
    assert found.of == "frame"
    for name, ratio in found.ratios.items():
        assert ratio == pytest.approx(1 - LOSS[name], abs=0.01)


def test_of_a_scene_nothing_is_said():
    sensor = Sensor("RGGB", BLACK, WHITE)
    assert of_frame(scene(*SIZE, 100, 900), sensor) is None
    assert of_frame(even_surface("RGGB", tilt=0.9), sensor) is None  # lit from one side
    assert of_frame(np.full(SIZE, WHITE), sensor) is None
    assert of_frame(np.full((32, 32), 500), sensor) is None
    for name in ("dng/canon_colorchart.dng", "frames/nikon_768x512_rggb.raw"):
        mosaic, camera, _ = read_raw(shared(f"raw/{name}"))
        assert of_frame(mosaic, camera) is None


@pytest.mark.parametrize("rows, columns", [(13, 17), (12, 16), (2, 2), (1, 1)])
def test_a_map_has_its_corners_and_its_centre(rows, columns):
    y, x = (np.linspace(-1, 1, n) if n > 1 else np.zeros(1) for n in (rows, columns))
    square = (y[:, None] ** 2 + x**2) / 2
    strength = np.array([0.5, 1.0, 2.0, 3.0])
    gains = (1 + strength * square[..., None]).astype(np.float32)
    found = of_map(gains, Sensor("BGGR"))
    centre = gains[(rows - 1) // 2, (columns - 1) // 2]
    expected = gains[0, 0] / centre
    assert found.of == "map"
    np.testing.assert_allclose(
        [found.ratios[name] for name in ("B", "Gb", "Gr", "R")], expected, atol=1e-4
    )


def test_phones_are_known_by_name():
    for name in ("Apple iPhone 14 Pro", "samsung Galaxy S24", "Google Pixel 8", "Xiaomi 13"):
        assert is_phone(name)
    for name in ("Canon EOS Kiss X4", "NIKON D850", "SONY ILCE-7M4", "SAMSUNG NX1", "", "zrr"):
        assert not is_phone(name)
