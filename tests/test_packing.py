"""Packing: no crop, flip or padding changes which colour a sample has or where it lies."""

import numpy as np
import pytest

from tfisp.contract import AS_SHOT, INPUT_FORMS, PUBLISHED, Contract, normalise
from tfisp.errors import InputError
from tfisp.packing import (
    arrange,
    crop_mosaic,
    crop_phase,
    disorient,
    flip_mosaic,
    orient,
    pack,
    pad_phase,
    phase_padding,
    prepare,
    split,
    unpack,
    upright,
)
from tfisp.sensor import PATTERNS, Capture, Sensor

RNG = np.random.default_rng(0)
BLACK = ((60, 61), (62, 63))


def mosaic_of(rgb, pattern):
    """What a sensor of `pattern` would record of an image [H, W, 3]."""
    channel = np.array(["RGB".index(c) for c in pattern]).reshape(2, 2)
    height, width = rgb.shape[:2]
    tile = np.tile(channel, (height // 2 + 1, width // 2 + 1))[:height, :width]
    return np.take_along_axis(rgb, tile[..., None], axis=2)[..., 0]


def stand_in_renderer(packed):
    """Any fixed function of 3x3 packed neighbourhoods to 2x2 RGB pixels: what a generator is."""
    weights = np.random.default_rng(1).normal(size=(3, 3, 4, 12)).astype(np.float32)
    padded = np.pad(packed, ((1, 1), (1, 1), (0, 0)))
    h, w, _ = packed.shape
    out = sum(padded[i : i + h, j : j + w] @ weights[i, j] for i in range(3) for j in range(3))
    return np.tanh(out).reshape(h, w, 2, 2, 3).swapaxes(1, 2).reshape(2 * h, 2 * w, 3)


def render(mosaic, sensor):
    packed = pack(mosaic, sensor, AS_SHOT, Capture(gains=(2, 1, 1.5)))
    return crop_phase(stand_in_renderer(packed), mosaic.shape, sensor.pattern)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(26, 30), (27, 30), (26, 31), (27, 31)])
@pytest.mark.parametrize("start", [(0, 0), (0, 1), (1, 0), (1, 1), (3, 2)])
def test_rendering_a_crop_is_cropping_the_rendering(pattern, size, start):
    sensor = Sensor(pattern, BLACK, 1023)
    mosaic = RNG.integers(0, 1024, size).astype(np.uint16)
    whole = render(mosaic, sensor)
    top, left = start
    part, part_sensor = crop_mosaic(
        mosaic, sensor, top, left, size[0] - top - 1, size[1] - left - 2
    )
    rendered = render(part, part_sensor)
    assert rendered.shape[:2] == part.shape
    inner = (slice(4, -4), slice(4, -4))
    expected = whole[top : top + part.shape[0], left : left + part.shape[1]]
    np.testing.assert_allclose(rendered[inner], expected[inner], atol=1e-6)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(6, 8), (7, 8), (6, 9), (7, 9)])
def test_packed_planes_hold_their_colours_even_in_the_padding(pattern, size):
    rgb = np.broadcast_to(np.array([10, 20, 30], np.uint16), (*size, 3))
    packed = pack(mosaic_of(rgb, pattern), Sensor(pattern))
    assert (packed == [30, 20, 10, 20]).all()


def test_the_two_greens_are_told_apart():
    mosaic = np.arange(16).reshape(4, 4)  # R 0, G of the red row 1, G of the blue row 4, B 5
    np.testing.assert_array_equal(pack(mosaic, Sensor("RGGB"))[0, 0], [5, 1, 0, 4])
    # As GBRG, row 1 is a red row: reflected in front, the first cell is rows 1 and 0.
    np.testing.assert_array_equal(pack(mosaic, Sensor("GBRG"))[0, 0], [1, 5, 4, 0])


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(6, 8), (7, 8), (6, 9), (7, 9)])
def test_unpack_inverts_pack(pattern, size):
    sensor = Sensor(pattern, BLACK, 1023)
    mosaic = RNG.integers(0, 1024, size).astype(np.uint16)
    capture = Capture(gains=(2, 1, 1.5))
    np.testing.assert_array_equal(unpack(pack(mosaic, sensor), sensor, size), mosaic)
    packed = pack(mosaic, sensor, PUBLISHED, capture)
    back = unpack(packed, sensor, size, PUBLISHED, capture)
    np.testing.assert_array_equal(np.rint(back), mosaic)


def test_unpack_refuses_a_packed_image_of_another_mosaic():
    with pytest.raises(InputError, match="packs to"):
        unpack(np.zeros((4, 4, 4)), Sensor("BGGR"), (8, 8))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_padding_puts_red_first_and_makes_sides_even(pattern):
    for size in ((6, 8), (7, 8), (6, 9), (7, 9)):
        mosaic = RNG.integers(0, 99, size)
        top, bottom, left, right = phase_padding(size, pattern)
        padded = pad_phase(mosaic, pattern)
        assert padded.shape == (size[0] + top + bottom, size[1] + left + right)
        assert padded.shape[0] % 2 == padded.shape[1] % 2 == 0
        assert Sensor(pattern).shifted(-top, -left).pattern == "RGGB"
        np.testing.assert_array_equal(crop_phase(padded, size, pattern), mosaic)


def test_packing_scales_like_normalise():
    sensor = Sensor("RGGB", BLACK, 1023)
    mosaic = RNG.integers(0, 1024, (8, 10)).astype(np.uint16)
    capture = Capture(gains=(2, 1, 1.5), shading=RNG.uniform(1, 2, (3, 3, 4)).astype(np.float32))
    values = normalise(mosaic, sensor, capture, AS_SHOT)
    np.testing.assert_array_equal(pack(mosaic, sensor, AS_SHOT, capture), pack(values, sensor))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_split_has_each_sample_in_its_channel_and_ones_elsewhere(pattern):
    rgb = RNG.uniform(0, 0.9, (6, 8, 3))
    mosaic = mosaic_of(rgb, pattern)
    result = crop_phase(split(mosaic, Sensor(pattern)), mosaic.shape, pattern)
    known = result != 1
    assert (known.sum(axis=-1) == 1).all()
    np.testing.assert_allclose(result[known], rgb[known], rtol=1e-6)


def test_split_of_an_even_rggb_mosaic_keeps_its_size():
    assert split(np.zeros((6, 8)), Sensor()).shape == (6, 8, 3)


@pytest.mark.parametrize(
    ("form", "shape"), [("packed", (4, 5, 4)), ("split", (8, 10, 3)), ("mosaic", (8, 10, 1))]
)
def test_prepare_gives_the_form_of_the_contract_in_rggb_geometry(form, shape):
    mosaic = RNG.integers(0, 1024, (7, 9)).astype(np.uint16)
    result = prepare(mosaic, Sensor("BGGR", 64, 1023), Capture(), Contract(form))
    assert result.shape == shape
    assert result.dtype == np.float32


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(6, 8), (7, 8), (6, 9), (7, 9)])
@pytest.mark.parametrize("flips", [(True, False), (False, True), (True, True)])
def test_flipping_a_mosaic_is_the_mosaic_of_the_flipped_image(pattern, size, flips):
    horizontal, vertical = flips
    rgb = RNG.uniform(size=(*size, 3))
    mosaic, sensor = flip_mosaic(
        mosaic_of(rgb, pattern), Sensor(pattern), horizontal=horizontal, vertical=vertical
    )
    flipped = rgb[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    np.testing.assert_array_equal(mosaic, mosaic_of(flipped, sensor.pattern))


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, 0, 7, 2), (0, 7, 2, 2), (0, 0, 0, 2)])
def test_a_crop_outside_the_mosaic_is_refused(box):
    with pytest.raises(InputError, match="crop of"):
        crop_mosaic(np.zeros((6, 8)), Sensor(), *box)


def test_orientations_are_those_of_exif():
    stored = np.arange(6).reshape(2, 3)
    upright = {
        1: stored,
        2: np.fliplr(stored),
        3: np.rot90(stored, 2),
        4: np.flipud(stored),
        5: stored.T,
        6: np.rot90(stored, -1),  # a quarter turn clockwise
        7: np.rot90(stored, 2).T,
        8: np.rot90(stored, 1),
    }
    for orientation, expected in upright.items():
        np.testing.assert_array_equal(orient(stored, orientation), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_disorient_inverts_orient(orientation):
    image = RNG.uniform(size=(4, 5, 3))
    np.testing.assert_array_equal(disorient(orient(image, orientation), orientation), image)


def test_an_unknown_orientation_is_refused():
    with pytest.raises(InputError, match="orientation 0"):
        orient(np.zeros((2, 2)), 0)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_form_holds_each_sample_at_its_own_site(pattern):
    """Samples numbered by position: each is found where its form says, and nowhere else."""
    rgb = np.arange(1.0, 6 * 8 * 3 + 1).reshape(6, 8, 3)
    padded = pad_phase(mosaic_of(rgb, pattern), pattern)
    found = {
        name: arrange(mosaic_of(rgb, pattern), pattern, form) for name, form in INPUT_FORMS.items()
    }
    for name, values in found.items():
        assert values.shape == INPUT_FORMS[name].shape(*padded.shape)
        assert values.dtype == np.float32 and values.flags.c_contiguous
    np.testing.assert_array_equal(found["mosaic"][..., 0], padded)
    for row, column in np.ndindex(padded.shape):
        colour = {(0, 0): 0, (1, 1): 2}.get((row % 2, column % 2), 1)
        plane = {(1, 1): 0, (0, 1): 1, (0, 0): 2, (1, 0): 3}[row % 2, column % 2]
        expected = padded[row, column]
        assert found["packed"][row // 2, column // 2, plane] == expected
        assert found["split"][row, column, colour] == expected
        others = np.delete(found["split"][row, column], colour)
        np.testing.assert_array_equal(others, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(8, 10), (9, 10), (8, 11), (7, 9)])
def test_a_mosaic_is_turned_upright_with_all_that_describes_it(orientation, size):
    sensor = Sensor("GBRG", BLACK, 1023)
    mosaic = RNG.integers(60, 1023, size).astype(np.uint16)
    capture = Capture(
        gains=(2.0, 1.0, 1.5),
        orientation=orientation,
        shading=RNG.uniform(1, 2, (3, 4, 4)).astype(np.float32),
        frame_size=(size[0] + 5, size[1] + 4),
        origin=(2, 3),
    )
    contract = Contract(white_balance="as_shot", shading=True)
    expected = orient(normalise(mosaic, sensor, capture, contract), orientation)
    turned, own, facts = upright(mosaic, sensor, capture)
    assert facts.orientation == 1
    np.testing.assert_array_equal(turned, orient(mosaic, orientation))
    np.testing.assert_allclose(normalise(turned, own, facts, contract), expected, rtol=1e-5)
    colours = np.array(list(sensor.pattern)).reshape(2, 2)
    rows, columns = np.indices(size)
    expected = orient(colours[rows % 2, columns % 2], orientation)
    found = np.array(list(own.pattern)).reshape(2, 2)
    rows, columns = np.indices(expected.shape)
    np.testing.assert_array_equal(found[rows % 2, columns % 2], expected)


def test_a_patch_of_an_upright_mosaic_has_the_shading_of_its_place():
    shading = RNG.uniform(1, 2, (3, 4, 4)).astype(np.float32)
    capture = Capture(orientation=6, shading=shading)
    mosaic = np.full((12, 16), 500, np.uint16)
    turned, own, facts = upright(mosaic, Sensor("RGGB", 0, 1023), capture)
    contract = Contract(shading=True)
    whole = normalise(turned, own, facts, contract)
    part, of_part = crop_mosaic(turned, own, 4, 2, 6, 6)
    np.testing.assert_array_equal(
        normalise(part, of_part, facts, contract, (4, 2)), whole[4:10, 2:8]
    )
