"""Opcode lists: gains of the second and third become shading, the rest is named."""

import struct

import numpy as np
import pytest

from tests.helpers.dngs import gain_map, opcode, opcode_list
from tfisp.rawfiles.opcodes import parse_opcodes, shading_of

SIZE = (64, 96)
SITES = ((0, 0), (0, 1), (1, 0), (1, 1))


def on_plane(first, count, gains, **options):
    """A GainMap opcode for other planes than the first."""
    data = bytearray(gain_map(gains, size=SIZE, **options))
    data[32:40] = struct.pack(">2I", first, count)  # behind the header of 16 and the area of 16
    return bytes(data)


def vignette(factors, x=0.5, y=0.5):
    return opcode(3, struct.pack(">7d", *factors, x, y))


def test_names_are_the_specifications():
    found = parse_opcodes(opcode_list(*(opcode(number, b"") for number in range(1, 16))))
    assert [o.name for o in found] == [
        "WarpRectilinear",
        "WarpFisheye",
        "FixVignetteRadial",
        "FixBadPixelsConstant",
        "FixBadPixelsList",
        "TrimBounds",
        "MapTable",
        "MapPolynomial",
        "GainMap",
        "DeltaPerRow",
        "DeltaPerColumn",
        "ScalePerRow",
        "ScalePerColumn",
        "WarpRectilinear2",
        "opcode 15",
    ]


@pytest.mark.parametrize("cut", [3, 10, 30, -1])
def test_a_list_of_another_length_is_refused(cut):
    data = opcode_list(gain_map(np.ones((2, 2))), gain_map(np.ones((2, 2))))
    with pytest.raises(ValueError, match="ends within"):
        parse_opcodes(data[:cut])
    with pytest.raises(ValueError, match="take"):
        parse_opcodes(data + b"\0")


def test_maps_of_the_second_list_are_the_shading():
    gains = np.random.default_rng(0).uniform(1, 3, (4, 5, 6)).astype(np.float32)
    maps = [gain_map(g, site=s, size=SIZE) for g, s in zip(gains, SITES, strict=True)]
    shading, notes = shading_of((b"", opcode_list(*maps), b""), "RGGB", SIZE)
    np.testing.assert_array_equal(shading, np.moveaxis(gains, 0, -1))
    assert notes == []


def test_a_map_of_a_plane_that_a_mosaic_has_not_is_noted_and_left():
    data = opcode_list(on_plane(1, 1, np.full((2, 2), 2), pitch=1))
    shading, notes = shading_of((b"", data, b""), "RGGB", SIZE)
    assert shading is None
    assert notes == ["OpcodeList2 is not applied in full: GainMap"]


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_maps_of_the_third_list_hold_for_colours(pattern):
    maps = [on_plane(k, 1, np.full((2, 2), 2 + k), pitch=1) for k in range(3)]
    shading, notes = shading_of((b"", b"", opcode_list(*maps)), pattern, SIZE)
    expected = [2 + "RGB".index(colour) for colour in pattern]
    np.testing.assert_array_equal(shading, np.broadcast_to(expected, shading.shape))
    assert notes == ["OpcodeList3: GainMap applied before demosaicing, not after"]


def test_one_map_of_the_third_list_may_hold_for_all_colours():
    data = opcode_list(on_plane(0, 3, np.full((2, 2), 1.5), pitch=1))
    shading, _ = shading_of((b"", b"", data), "GRBG", SIZE)
    assert (shading == 1.5).all()


def test_maps_of_sites_make_no_sense_in_the_third_list():
    data = opcode_list(gain_map(np.full((2, 2), 2), site=(0, 1), size=SIZE))
    shading, notes = shading_of((b"", b"", data), "RGGB", SIZE)
    assert shading is None
    assert notes == ["OpcodeList3 is not applied in full: GainMap"]


def test_radial_vignetting_becomes_gains():
    factors, x, y = (0.3, 0.2, -0.05, 0.02, 0.01), 0.4, 0.55
    lists = (b"", b"", opcode_list(vignette(factors, x, y)))
    shading, notes = shading_of(lists, "RGGB", SIZE)
    # The specification's formula at the grid's entries, one by one.
    height, width = SIZE
    corners = [np.hypot((a - y) * height, (b - x) * width) for a in (0, 1) for b in (0, 1)]
    rows, columns = shading.shape[:2]
    for i in (0, 7, rows // 2, rows - 1):
        for j in (0, 11, columns - 1):
            away = ((i / (rows - 1) - y) * height, (j / (columns - 1) - x) * width)
            r = np.hypot(*away) / max(corners)
            gain = 1 + sum(k * r ** (2 * n + 2) for n, k in enumerate(factors))
            np.testing.assert_allclose(shading[i, j], gain, rtol=1e-6)
    assert "FixVignetteRadial applied before demosaicing" in notes[0]


def test_gains_of_several_lists_multiply():
    second = opcode_list(gain_map(np.full((2, 2), 2), pitch=1, size=SIZE))
    third = opcode_list(vignette((1, 0, 0, 0, 0)))
    shading, _ = shading_of((b"", second, third), "RGGB", SIZE)
    np.testing.assert_allclose(shading[0, 0], 4)  # 2, times 1 + 1 in the corner
    np.testing.assert_allclose(shading[32, 32], 2)


def test_what_is_not_applied_is_named_with_its_list():
    first = opcode_list(opcode(5, b"1234"), gain_map(np.ones((2, 2)), pitch=1, size=SIZE))
    second = opcode_list(opcode(8, b"1234"))
    third = opcode_list(opcode(1, b"1234"), opcode(2, b""))
    shading, notes = shading_of((first, second, third), "RGGB", SIZE)
    assert shading is None
    assert notes == [
        "OpcodeList1 is not applied in full: FixBadPixelsList, GainMap",
        "OpcodeList2 is not applied in full: MapPolynomial",
        "OpcodeList3 is not applied in full: WarpFisheye, WarpRectilinear",
    ]


def test_a_map_of_a_part_of_the_frame_is_noted():
    data = opcode_list(gain_map(np.ones((2, 2)), pitch=1, size=(8, 8)))
    shading, notes = shading_of((b"", data, b""), "RGGB", SIZE)
    assert shading is None
    assert "lens shading is not applied: GainMap covers 8x8" in notes[0]


@pytest.mark.parametrize(
    "item",
    [
        opcode(3, b"short"),
        vignette((np.nan, 0, 0, 0, 0)),
        vignette((-1, 0, 0, 0, 0)),  # 0 in the corner
        vignette((0.1, 0, 0, 0, 0), x=7),
        gain_map(np.zeros((2, 2)), pitch=1, size=SIZE),
    ],
)
def test_gains_that_are_none_are_refused(item):
    with pytest.raises(ValueError, match=r"FixVignetteRadial|GainMap"):
        shading_of((b"", b"", opcode_list(item)), "RGGB", SIZE)
