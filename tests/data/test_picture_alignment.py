"""Pictures laid over their RAW files: the planted turn, scale and shift are found exactly."""

import cv2
import numpy as np
import pytest

from tests.helpers.pair_files import BLACK, WHITE, mosaic_of, textured
from tfisp.data.matching import match_squares
from tfisp.data.picture_alignment import BLOCK, align
from tfisp.data.placement import Placement, place
from tfisp.errors import InputError
from tfisp.packing import orient
from tfisp.sensor import Capture, Sensor

HEIGHT, WIDTH, MARGIN = 250, 322, 20
LARGE = textured(HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN)
SENSOR = Sensor("GRBG", BLACK, WHITE)


def part(top=0, left=0, height=HEIGHT, width=WIDTH):
    """What lies at a place of the frame, or beside it."""
    return LARGE[MARGIN + top :, MARGIN + left :][:height, :width]


MOSAIC = mosaic_of(part(), "GRBG")


@pytest.mark.parametrize("shift", [(0, 0), (5, -3), (-7, 12), (-16, -15)])
def test_a_planted_shift_is_found_and_undone(shift):
    found = align(MOSAIC, SENSOR, Capture(), part(*shift))
    assert found.placement == ("upright", 1.0, *shift)
    top, left, height, width = found.area
    assert (top, left) == (max(shift[0], 0), max(shift[1], 0))
    assert (height, width) == (HEIGHT - abs(shift[0]), WIDTH - abs(shift[1]))
    assert not found.misplaced.any()
    within = found.placement._replace(
        top=found.placement.top - top, left=found.placement.left - left
    )
    laid = place(part(*shift), within, (height, width))
    np.testing.assert_array_equal(laid, part(top, left, height, width))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_back(orientation):
    capture = Capture(orientation=orientation)
    found = align(MOSAIC, SENSOR, capture, orient(part(4, 6), orientation))
    assert found.placement == ("upright", 1.0, 4, 6)


def test_a_picture_that_lies_as_stored_is_found():
    found = align(MOSAIC, SENSOR, Capture(orientation=6), part(4, 6))
    assert found.placement == ("stored", 1.0, 4, 6)


@pytest.mark.parametrize("crop", [(8, 12, 220, 290), (0, 0, 240, 322), (30, 0, 181, 322)])
@pytest.mark.parametrize("stated", [True, False])
def test_a_crop_is_found_whether_it_is_stated_or_not(crop, stated):
    capture = Capture(default_crop=crop if stated else None)
    found = align(MOSAIC, SENSOR, capture, part(*crop))
    assert found.placement == ("upright", 1.0, *crop[:2])
    assert found.area == crop


@pytest.mark.parametrize("size, scale", [((125, 161), 2.0), ((500, 644), 0.5)])
def test_half_and_double_size_are_exact(size, scale):
    picture = cv2.resize(part(), size[::-1], interpolation=cv2.INTER_AREA)
    found = align(MOSAIC, SENSOR, Capture(), picture)
    assert found.placement == ("upright", scale, 0, 0)
    laid = place(picture, found.placement, (HEIGHT, WIDTH))
    assert laid.dtype == np.uint8
    error = np.abs(laid.astype(int) - part()).mean()
    assert error < (6 if scale == 2 else 0.5)


@pytest.mark.parametrize("scale", [0.93, 1.034, 1.25])
def test_any_scale_and_shift_is_found_to_half_a_sample_at_the_corners(scale):
    """The picture's pixel k lies at scale * (k + 0.5) + corner of the frame."""
    corner = np.array([3.3, -4.6])
    shape = tuple(int(side / scale) for side in (HEIGHT, WIDTH))
    first = corner + MARGIN + scale / 2 - 0.5
    matrix = np.array([[scale, 0, first[1]], [0, scale, first[0]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(LARGE, matrix, shape[::-1], flags=flags)
    found = align(MOSAIC, SENSOR, Capture(), picture).placement
    for corner_of in (np.zeros(2), np.array(shape)):
        expected = corner + scale * corner_of
        at = np.array([found.top, found.left]) + found.scale * corner_of
        np.testing.assert_allclose(at, expected, atol=0.5)


@pytest.mark.parametrize(
    "look",
    [
        lambda x: 255 * (x / 255) ** 1.8 * 0.8,
        lambda x: 255 * (x[..., ::-1] / 255) ** 0.6,
        lambda x: cv2.GaussianBlur(x, (0, 0), 1.0),
    ],
)
def test_tone_colour_and_sharpness_make_no_difference(look):
    picture = np.rint(np.clip(look(part(3, 2)), 0, 255)).astype(np.uint8)
    found = align(MOSAIC, SENSOR, Capture(), picture)
    assert found.placement == ("upright", 1.0, 3, 2)
    assert not found.misplaced.any()


def test_noise_makes_no_difference():
    noisy = mosaic_of(part(), "GRBG", noise=80)
    found = align(noisy, SENSOR, Capture(), part(3, 2))
    assert found.placement == ("upright", 1.0, 3, 2)
    assert not found.misplaced.any()


@pytest.mark.parametrize(
    "picture",
    [textured(HEIGHT, WIDTH, 1), orient(part(), 3), np.full((HEIGHT, WIDTH, 3), 90, np.uint8)],
)
def test_what_does_not_show_the_same_is_refused(picture):
    with pytest.raises(InputError, match=r"does not show the same \(likeness -?0\.\d"):
        align(MOSAIC, SENSOR, Capture(), picture)


@pytest.mark.parametrize("shift, expected", [((0, 0), False), ((1, 1), False), ((6, 0), True)])
def test_squares_that_lie_elsewhere_are_known(shift, expected):
    picture = part().copy()
    rows, columns = slice(64, 128), slice(128, 256)
    picture[rows, columns] = part(*shift)[rows, columns]
    wanted = np.zeros((4, 6), bool)
    wanted[1, 2:4] = expected
    np.testing.assert_array_equal(align(MOSAIC, SENSOR, Capture(), picture).misplaced, wanted)


def test_a_square_without_details_lies_where_its_neighbours_lie():
    large = LARGE.copy()
    large[: MARGIN + 96, : MARGIN + 96] = 128
    frame, lower = (large[MARGIN + k :, MARGIN:][:HEIGHT, :WIDTH] for k in (0, 6))
    picture = frame.copy()
    picture[:128, :192] = lower[:128, :192]
    found = align(mosaic_of(frame, "GRBG"), SENSOR, Capture(), picture).misplaced
    wanted = np.zeros((4, 6), bool)
    wanted[:2, :3] = True
    np.testing.assert_array_equal(found, wanted)


def test_squares_that_show_something_else_are_known():
    picture = part().copy()
    picture[64:128, 64:192] = textured(64, 128, 5)
    wanted = np.zeros((4, 6), bool)
    wanted[1, 1:3] = True
    np.testing.assert_array_equal(align(MOSAIC, SENSOR, Capture(), picture).misplaced, wanted)


def test_of_a_sky_nothing_is_said():
    large = LARGE.copy()
    large[: MARGIN + 130] = (120, 160, 220)
    frame, shown = (large[MARGIN + k :, MARGIN:][:HEIGHT, :WIDTH] for k in (0, 3))
    found = align(mosaic_of(frame, "GRBG"), SENSOR, Capture(), shown)
    assert found.placement == ("upright", 1.0, 3, 0)
    assert not found.misplaced.any()


def test_places_of_squares_are_found_to_parts_of_a_pixel():
    image = cv2.GaussianBlur(textured(128, 160)[..., 1].astype(np.float32) / 255, (0, 0), 1.5)
    matrix = np.array([[1, 0, -2.4], [0, 1, 3.3]])  # shown 2.4 to the right, 3.3 further up
    moved = cv2.warpAffine(image, matrix, (160, 128), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    found = match_squares(image, moved, 32, 6)
    assert found.grid == (4, 5)
    np.testing.assert_array_equal(found.centres[6], [48, 48])
    inner = np.array([6, 7, 8, 11, 12, 13])
    assert found.sure[inner].all() and found.elsewhere(1)[inner].all()
    np.testing.assert_allclose(found.shifts[inner], [[-3.3, 2.4]] * 6, atol=0.15)
    assert not match_squares(image * 0, moved, 32, 6).sure.any()


def test_whole_pixels_are_copied_and_sixteen_bits_stay():
    picture = np.random.default_rng(0).integers(0, 65535, (10, 12, 3), dtype=np.uint16)
    laid = place(picture, Placement("upright", 1.0, -2.0, 3.0), (8, 9))
    np.testing.assert_array_equal(laid[:, 3:], picture[2:, :6])
    half = place(picture, Placement("upright", 0.5, 0.0, 0.0), (5, 6))
    means = picture.reshape(5, 2, 6, 2, 3).mean(axis=(1, 3))
    assert half.dtype == np.uint16
    np.testing.assert_allclose(half, means, atol=1)
    assert BLOCK == 64  # the squares that the tests above plant
