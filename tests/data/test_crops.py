"""Patches begin on a red site, mirrored or not, and input and pictures show the same part."""

import numpy as np
import pytest

from tfisp.contract import Contract
from tfisp.data.crops import (
    PatchGrid,
    Window,
    generator_input,
    places,
    room_needed,
    whole,
    window,
)
from tfisp.sensor import PATTERNS, Capture, Sensor

COLOURS = {"R": 1.0, "G": 2.0, "B": 3.0}
PLAIN = Contract(black_level=0, white_level=1)


def colour_mosaic(pattern, height, width):
    """Every sample is its colour's number."""
    tile = np.array([COLOURS[colour] for colour in pattern]).reshape(2, 2)
    return np.tile(tile, (-(-height // 2), -(-width // 2)))[:height, :width]


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("size", [(9, 10), (12, 9), (20, 21)])
def test_every_patch_is_in_rggb_geometry_without_padding(pattern, mirrored, size):
    sensor, capture = Sensor(pattern), Capture()
    mosaic = colour_mosaic(pattern, *size)
    grid = PatchGrid([size], 8)
    for index in range(len(grid)):
        for where in ((0, 0), (0.5, 0.5), (0.999, 0.999)):
            place = window(
                grid.cell(index), size, 8, where, phase=sensor.red_site, mirrored=mirrored
            )
            packed = generator_input(mosaic, sensor, capture, PLAIN, place)
            assert packed.shape == (4, 4, 4)
            assert (packed == [3, 2, 1, 2]).all()


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("flip", [False, True])
def test_the_room_needed_is_enough_and_no_more(pattern, flip):
    sensor = Sensor(pattern)
    size = room_needed(8, sensor.red_site, flip)
    outside = 0
    for mirrored in {False, flip}:
        for where in ((0, 0), (0.99, 0.99)):
            place = window(
                PatchGrid([size], 8).cell(0),
                size,
                8,
                where,
                phase=sensor.red_site,
                mirrored=mirrored,
            )
            assert min(place.top, place.left) >= 0
            assert place.top + 8 <= size[0]
            assert place.left + 8 <= size[1]
            outside += place.top + 8 > size[0] - 1 or place.left + 8 > size[1] - 1
    assert outside  # with one row or column less some patch would not fit


@pytest.mark.parametrize("form", ["packed", "split", "mosaic"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_input_shows_the_same_part_as_the_picture(form, mirrored):
    height, width = 14, 18
    mosaic = np.arange(height * width, dtype=np.float32).reshape(height, width)
    picture = np.repeat(mosaic[..., None], 3, axis=2)
    place = Window(2, 4 + mirrored, 8, 8, mirrored)
    contract = Contract(form, black_level=0, white_level=1)
    found = generator_input(mosaic, Sensor("RGGB"), Capture(), contract, place)
    seen = place.of(picture)
    if form == "packed":
        np.testing.assert_array_equal(found[..., 2], seen[0::2, 0::2, 0])
        np.testing.assert_array_equal(found[..., 1], seen[0::2, 1::2, 1])
        np.testing.assert_array_equal(found[..., 3], seen[1::2, 0::2, 1])
        np.testing.assert_array_equal(found[..., 0], seen[1::2, 1::2, 2])
    elif form == "split":
        assert found.shape == (8, 8, 3)
        np.testing.assert_array_equal(found[0::2, 0::2, 0], seen[0::2, 0::2, 0])
        np.testing.assert_array_equal(found[1::2, 1::2, 2], seen[1::2, 1::2, 2])
        assert (found[0::2, 0::2, 1:] == 1).all()
    else:
        np.testing.assert_array_equal(found, seen[..., :1])


def test_shading_belongs_to_the_place_in_the_frame_also_when_mirrored():
    shading = np.zeros((2, 2, 4), np.float32)
    shading[:, 0], shading[:, 1] = 1, 3  # brighter to the right
    capture = Capture(shading=shading, frame_size=(16, 16))
    contract = Contract("mosaic", black_level=0, white_level=1, shading=True)
    flat = np.ones((16, 16), np.float32)
    plain = generator_input(flat, Sensor(), capture, contract, Window(4, 6, 8, 8))
    mirrored = generator_input(flat, Sensor(), capture, contract, Window(4, 5, 8, 8, True))
    np.testing.assert_allclose(mirrored[:, :7], plain[:, 6::-1])  # columns 12 to 6 of the frame
    assert plain[0, 0, 0] == pytest.approx(1 + 2 * 6.5 / 16)


def test_frames_are_drawn_by_their_area_and_all_of_a_frame_is_seen():
    grid = PatchGrid([(8, 8), (25, 17), (8, 40)], 8)
    assert len(grid) == 1 + 3 * 2 + 5
    frames = [grid.cell(index).frame for index in range(len(grid))]
    assert frames == [0] + [1] * 6 + [2] * 5
    seen = np.zeros((25, 17), bool)
    for index in range(1, 7):
        for down in (0, 0.3, 0.6, 0.99):
            for along in (0, 0.3, 0.6, 0.99):
                window(grid.cell(index), (25, 17), 8, (down, along)).of(seen)[:] = True
    assert seen.all()
    assert len(PatchGrid([], 8)) == 0


@pytest.mark.parametrize("phase", [None, (0, 0), (1, 1)])
@pytest.mark.parametrize("size", [(8, 9), (25, 17), (33, 40), (80, 66)])
def test_fixed_places_reach_from_edge_to_edge_without_overlap(phase, size):
    room = room_needed(8, phase or (0, 0), flip=False)
    if size[0] < room[0] or size[1] < room[1]:
        pytest.skip("no patch fits")
    grid = PatchGrid([size], 8)
    found = [window(grid.cell(index), size, 8, phase=phase) for index in range(len(grid))]
    for axis, begins in enumerate(({w.top for w in found}, {w.left for w in found})):
        begins = sorted(begins)
        slack = 0 if phase is None else 2  # a red site is no farther
        assert len(begins) == size[axis] // 8
        assert begins[0] >= 0 and begins[-1] + 8 <= size[axis]
        if len(begins) == 1:
            assert abs(begins[0] - (size[axis] - 8) / 2) <= 1
        else:
            assert begins[0] <= slack and begins[-1] + 8 >= size[axis] - slack
            assert min(np.diff(begins)) >= 8 - slack
            assert max(np.diff(begins)) - min(np.diff(begins)) <= max(slack, 1)


@pytest.mark.parametrize("phase", [None, (0, 0), (1, 0)])
@pytest.mark.parametrize("size", [(8, 8), (9, 9), (10, 9), (12, 13)])
def test_the_places_counted_are_those_that_are_drawn(phase, size):
    fractions = np.linspace(0, 1, 50, endpoint=False)
    cell = PatchGrid([(8, 8)], 8).cell(0)
    if phase and size[0] < 8 + phase[0]:
        assert places(size, 8, phase) == 0
        return
    drawn = {window(cell, size, 8, (a, b), phase=phase)[:2] for a in fractions for b in fractions}
    assert places(size, 8, phase) == len(drawn)


def test_a_whole_frame_loses_at_most_a_row_and_a_column_at_each_end():
    assert whole(Sensor("RGGB"), (9, 11))[:4] == (0, 0, 8, 10)
    assert whole(Sensor("BGGR"), (8, 8))[:4] == (1, 1, 6, 6)
    assert whole(Sensor("GRBG"), (8, 9))[:4] == (0, 1, 8, 8)


def test_the_substitute_of_a_cell_lies_at_about_the_same_place():
    grid = PatchGrid([(32, 32), (8, 8), (80, 80)], 8)
    last = grid.cell(15)
    assert grid.same_place(last, 1)[1:] == (0, 1, 0, 1)
    assert grid.same_place(last, 2)[1:] == (7, 10, 7, 10)
