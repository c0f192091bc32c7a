"""GainMap opcodes: read back as written, brought to one grid, refused when damaged."""

import numpy as np
import pytest

from tests.helpers.dngs import gain_map, opcode_list
from tfisp.rawfiles.gainmap import parse_gain_map
from tfisp.rawfiles.gainmap import shading_map as brought_together
from tfisp.rawfiles.opcodes import parse_opcodes

RNG = np.random.default_rng(0)
SITES = ((0, 0), (0, 1), (1, 0), (1, 1))


def shading_map(maps, height, width):
    return brought_together([(m, None) for m in maps], (height, width))


def parsed(*maps):
    return [parse_gain_map(item.body) for item in parse_opcodes(opcode_list(*maps))]


def test_four_maps_become_the_four_planes():
    gains = RNG.uniform(1, 4, (4, 3, 5)).astype(np.float32)
    maps = parsed(*(gain_map(g, site=s) for g, s in zip(gains, SITES, strict=True)))
    np.testing.assert_array_equal(shading_map(maps, 64, 64), np.moveaxis(gains, 0, -1))


def test_one_map_of_pitch_one_holds_for_all_sites():
    gains = RNG.uniform(1, 4, (3, 5)).astype(np.float32)
    result = shading_map(parsed(gain_map(gains, pitch=1)), 64, 64)
    np.testing.assert_array_equal(result, np.repeat(gains[..., None], 4, axis=-1))


def test_sites_without_a_map_stay_as_they_are_and_two_maps_multiply():
    two = np.full((2, 2), 2, np.float32)
    result = shading_map(parsed(gain_map(two, site=(0, 1)), gain_map(two, site=(0, 1))), 64, 64)
    np.testing.assert_array_equal(result[0, 0], [1, 4, 1, 1])


@pytest.mark.parametrize("points", [1, 2, 3])
def test_maps_of_different_sizes_are_brought_to_the_larger(points):
    gains = RNG.uniform(1, 4, (2, 2)).astype(np.float32)
    other = np.broadcast_to(np.linspace(1, 2, points, dtype=np.float32)[:, None], (points, points))
    spacing = (1 / max(points - 1, 1),) * 2
    maps = parsed(gain_map(gains, site=(0, 0)), gain_map(other, site=(1, 1), spacing=spacing))
    found = shading_map(maps, 64, 64)
    side = max(points, 2)
    assert found.shape == (side, side, 4)
    np.testing.assert_allclose(found[[0, 0, -1, -1], [0, -1, 0, -1], 0], gains.ravel(), rtol=1e-6)
    ends = [1, 2] if points > 1 else [1, 1]
    np.testing.assert_allclose(found[[0, -1], 0, 3], ends, rtol=1e-6)


def test_a_map_with_its_own_origin_is_interpolated_and_held_at_its_ends():
    # Entries 1, 2, 3 at 0.25, 0.5, 0.75 of the height.
    gains = np.array([[1], [2], [3]], np.float32)
    (m,) = parsed(gain_map(gains, pitch=1, origin=(0.25, 0), spacing=(0.25, 1)))
    column = shading_map([m], 64, 64)[:, 0, 0]
    at = np.linspace(0, 1, len(column))
    np.testing.assert_allclose(column, np.interp(at, [0.25, 0.5, 0.75], [1, 2, 3]), rtol=1e-6)


def test_the_last_map_plane_holds_for_all_further_planes():
    body = bytearray(parse_opcodes(opcode_list(gain_map(np.full((1, 1), 2))))[0].body)
    body[16:24] = (1).to_bytes(4, "big") + (3).to_bytes(4, "big")  # planes 1 to 3
    body[-8:-4] = (2).to_bytes(4, "big")  # two map planes: 2 and 3
    m = parse_gain_map(bytes(body) + np.array([3], ">f4").tobytes())
    assert [m.of_plane(k) for k in (0, 4)] == [None, None]
    assert [m.of_plane(k).tolist() for k in (1, 2, 3)] == [[[2]], [[3]], [[3]]]


def test_an_opcode_too_small_for_its_entries_is_refused():
    body = parse_opcodes(opcode_list(gain_map(np.ones((4, 4)))))[0].body
    for short in (body[:20], body[:-4], body + bytes(4)):
        with pytest.raises(ValueError, match="GainMap"):
            parse_gain_map(short)


@pytest.mark.parametrize("gain", [0.0, -1.0, np.nan, np.inf])
def test_gains_that_are_no_gains_are_refused(gain):
    with pytest.raises(ValueError, match="not a positive number"):
        parsed(gain_map(np.array([[1, gain]])))


def test_maps_that_do_not_cover_the_frame_are_refused():
    with pytest.raises(ValueError, match="covers 32x80 of a 64x80 frame"):
        shading_map(parsed(gain_map(np.ones((2, 2)), size=(32, 80))), 64, 80)
    for site in ((5, 0), (2, 0), (0, 2)):
        with pytest.raises(ValueError, match="begins at"):
            shading_map(parsed(gain_map(np.ones((2, 2)), site=site)), 64, 64)
