"""A mosaic that is laid out or described wrongly is doubted, a good one is not."""

import cv2
import numpy as np
import pytest

from tests.helpers.dngs import scene
from tests.helpers.shared import shared
from tfisp.raw import read_raw
from tfisp.rawfiles.plausibility import displaced_rows, doubts, looks_quad, shifted_rows
from tfisp.sensor import PATTERNS, Sensor

SENSOR = Sensor("RGGB", 64, 1023)


def colourful(pattern, height=128, width=160):
    """A mosaic of the CFA `pattern`, tiled, of a scene whose colours differ."""
    scale = {"R": 0.5, "G": 1.0, "B": 0.7}
    side = int(len(pattern) ** 0.5)
    tile = np.array([scale[colour] for colour in pattern]).reshape(side, side)
    gains = np.tile(tile, (height // side + 1, width // side + 1))[:height, :width]
    return np.rint(64 + (scene(height, width, 200, 900) - 64) * gains).astype(np.uint16)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_good_mosaic_gives_no_doubts(pattern):
    assert doubts(colourful(pattern), Sensor(pattern, 64, 1023)) == []


def test_real_frames_give_no_doubts():
    for name in (
        "raw/dng/canon_colorchart.dng",
        "raw/frames/nikon_768x512_rggb.raw",
        "raw/frames/colorchecker_1920x1080_12bit_bggr.raw",
    ):
        mosaic, sensor, _ = read_raw(shared(name))
        assert doubts(mosaic, sensor) == []


@pytest.mark.parametrize("stated", [768 + 2, 768 + 16, 768 - 8, 768 + 128])
def test_a_wrong_width_shows_in_a_real_frame(stated):
    mosaic, sensor, _ = read_raw(shared("raw/frames/nikon_768x512_rggb.raw"))
    samples = mosaic.reshape(-1)
    sheared = samples[: samples.size // stated * stated].reshape(-1, stated)
    # Two rows on, the picture has moved by twice the difference.
    assert abs(displaced_rows(sheared)) == 2 * abs(stated - 768)
    assert "rows are displaced" in doubts(sheared, sensor)[0]


@pytest.mark.parametrize("column", [0, 1])
def test_one_textured_colour_is_enough_to_see_displaced_rows(column):
    mosaic = np.full((128, 160), 500, np.uint16)
    mosaic[:, column::2] = scene(128, 160, 200, 900)[:, column::2]
    assert displaced_rows(mosaic) == 0
    samples = mosaic.reshape(-1)
    sheared = samples[: samples.size // 164 * 164].reshape(-1, 164)
    assert abs(displaced_rows(sheared)) == 8


def test_small_and_flat_frames_are_not_judged():
    assert displaced_rows(scene(8, 200, 64, 1000)) == 0
    assert displaced_rows(scene(200, 16, 64, 1000)) == 0
    noise = np.random.default_rng(0).normal(200, 5, (300, 400)).astype(np.uint16)
    assert doubts(noise, SENSOR) == []
    assert doubts(np.full((64, 64), 1023, np.uint16), SENSOR) == []


def test_quad_data_are_told_from_bayer_data():
    quad = colourful("RRGGRRGGGGBBGGBB")
    assert looks_quad(quad, SENSOR)
    assert "quad-Bayer data, which RGGB does not describe" in doubts(quad, SENSOR)[-1]
    assert not looks_quad(colourful("RGGB"), SENSOR)
    # A grid of the scene with a period of four samples is no colour filter.
    stripes = colourful("RGGB")
    stripes[:, ::4] //= 2
    assert not looks_quad(stripes, SENSOR)


@pytest.mark.parametrize("step", [1, 2])  # both colours of a row, or one
@pytest.mark.parametrize("column", [0, 1, 16, 90])
def test_the_rest_of_a_row_that_is_shifted_is_found(step, column):
    mosaic = colourful("RGGB")
    assert shifted_rows(mosaic, [160]) == 0
    damaged = mosaic.copy()
    damaged[60, column::step] += 256
    assert shifted_rows(damaged, [160]) == 1
    assert shifted_rows(damaged, [80, 160]) == 1 + (column < 80)


@pytest.mark.parametrize(("second", "found"), [(256, 1), (270, 1), (340, 0), (200, 0)])
def test_a_damaged_difference_shifts_the_rest_of_its_row_by_one_amount(second, found):
    mosaic = np.full((64, 64), 400, np.uint16)
    mosaic[30, :32] += 256
    mosaic[30, 32:] += second
    assert shifted_rows(mosaic, [64]) == found


def test_edges_and_lines_of_a_scene_are_not_taken_for_shifted_rows():
    mosaic = colourful("RGGB")
    mosaic[64:] += 300  # an edge
    mosaic[20:23] += 200  # a line as thick as a lens can draw it
    mosaic[100] = np.rint(mosaic[100] * np.linspace(1, 2, 160))  # a glare
    assert shifted_rows(mosaic, [80, 160]) == 0
    assert shifted_rows(mosaic[:, :24], [24]) == 0


def photograph_mosaics():
    """RGGB mosaics with noise, made of every sixth photograph and of it turned by 90 degrees."""
    paths = sorted(p for p in shared("photos").rglob("*") if p.suffix in (".jpg", ".png"))
    for number, path in enumerate(paths[::6]):
        picture = cv2.imread(str(path))[..., ::-1]
        for upright in (picture, np.rot90(picture)):
            height, width = (side // 2 * 2 for side in upright.shape[:2])
            colours = np.tile([[0, 1], [1, 2]], (height // 2, width // 2))
            values = np.take_along_axis(upright[:height, :width], colours[..., None], 2)[..., 0]
            noise = np.random.default_rng(number).normal(0, 4, values.shape)
            yield np.clip(64 + values / 255 * 900 + noise, 0, 1023).astype(np.uint16)


@pytest.mark.slow
def test_how_often_photographs_are_doubted_and_wrong_widths_found():
    """The figures of docs/RELIABILITY.md."""
    doubted = lines = total = 0
    found = dict.fromkeys((2, 8, 128), 0)
    for mosaic in photograph_mosaics():
        total += 1
        doubted += displaced_rows(mosaic) != 0 or looks_quad(mosaic, SENSOR)
        lines += shifted_rows(mosaic, [mosaic.shape[1]]) > 0
        for more in found:
            width = mosaic.shape[1] + more
            samples = mosaic.reshape(-1)
            found[more] += (
                displaced_rows(samples[: samples.size // width * width].reshape(-1, width)) != 0
            )
    print(total, doubted, lines, {more: count / total for more, count in found.items()})
    assert total > 150
    assert doubted == 0
    assert lines <= 0.04 * total
    assert found[2] > 0.9 * total and found[8] > 0.9 * total and found[128] > 0.75 * total
