"""Each stage of unprocessing by hand, and the way back through the reference rendering."""

import cv2
import numpy as np
import pytest

from tfisp.color import decode_srgb, encode_srgb
from tfisp.data import unprocess as u
from tfisp.data.images import to_float
from tfisp.demosaic import reference
from tfisp.sensor import PATTERNS, SENSORS, Capture, Sensor

QUIET = u.Noise(0.0, 0.0)


def rng():
    return np.random.default_rng(0)


def test_reduction_is_the_mean_of_blocks_in_linear_light():
    pixels = rng().integers(0, 65535, (8, 12, 3)).astype(np.uint16)
    found = u.reduced_linear(pixels, 2, rng())
    linear = decode_srgb(pixels / 65535)
    expected = (
        linear[0::2, 0::2] + linear[1::2, 0::2] + linear[0::2, 1::2] + linear[1::2, 1::2]
    ) / 4
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_black_and_white_board_becomes_the_grey_of_half_the_light():
    board = np.indices((8, 8)).sum(0) % 2 * 255
    found = u.reduced_srgb(np.repeat(board[..., None], 3, 2).astype(np.uint8), 2, (0,))
    np.testing.assert_allclose(to_float(found), 0.7354, atol=1e-4)  # sRGB of 0.5


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [
        ((17, 23), 2, (8, 10)),
        ((17, 23), 3, (4, 6)),
        ((17, 23), 1, (17, 23)),
        ((12, 12), 2, (6, 6)),
    ],
)
def test_a_reduced_picture_has_even_sides(size, factor, expected):
    assert u.reduced_size(size, factor) == expected
    if factor > 1:
        assert u.reduced_linear(np.zeros((*size, 3), np.uint8), factor, rng()).shape[:2] == expected


def test_dither_fills_the_gaps_between_eight_bit_values_and_keeps_their_mean():
    pixels = np.full((400, 400, 3), 180, np.uint8)
    found = encode_srgb(u.reduced_linear(pixels, 1, rng())) * 255
    assert found.min() == pytest.approx(179.5, abs=0.01)
    assert found.max() == pytest.approx(180.5, abs=0.01)
    assert found.mean() == pytest.approx(180, abs=0.01)
    ends = np.array([0, 255], np.uint8).reshape(1, 2, 1).repeat(3, 2)
    np.testing.assert_array_equal(u.reduced_linear(ends, 1, rng())[0, :, 0], [0, 1])


def test_sixteen_bit_values_are_not_dithered():
    pixels = np.full((4, 4, 3), 30000, np.uint16)
    np.testing.assert_allclose(encode_srgb(u.reduced_linear(pixels, 2, rng())), 30000 / 65535)


def test_gains_are_inverted_exactly_below_the_highlights():
    colour = np.float32([[[0.5, 0.4, 0.3]]])
    found = u.safe_invert_gains(colour, (2.0, 1.0, 1.6))
    np.testing.assert_allclose(found, [[[0.25, 0.4, 0.1875]]], rtol=1e-6)


def test_white_stays_saturated_in_all_channels():
    np.testing.assert_allclose(u.safe_invert_gains(np.ones((1, 1, 3), np.float32), (2, 1, 1.6)), 1)


def test_between_the_two_the_gain_is_blended_by_the_square_of_the_brightness():
    # mean 0.95: half way from 0.9 to 1, so the mask is 0.25: 0.25 + 0.75 / 2 for a gain of 2.
    found = u.safe_invert_gains(np.full((1, 1, 3), 0.95, np.float32), (2.0, 1.0, 1.0))
    np.testing.assert_allclose(found, [[[0.95 * 0.625, 0.95, 0.95]]], rtol=1e-5)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_mosaic_keeps_of_each_pixel_the_colour_of_its_site(pattern):
    image = rng().random((6, 8, 3))
    found = u.mosaic_of(image, pattern)
    for row in range(6):
        for column in range(8):
            colour = pattern[2 * (row % 2) + column % 2]
            assert found[row, column] == image[row, column, "RGB".index(colour)]


def test_samples_are_what_the_matrix_the_gains_and_the_levels_make_of_a_colour():
    # One colour, worked out by hand: the matrix's rows sum to 1 in sRGB terms once scaled.
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    sensor = SENSORS["demo"]
    matrix = np.array(sensor.xyz_to_camera) @ to_xyz
    camera = matrix / matrix.sum(axis=1, keepdims=True) @ [0.3, 0.2, 0.1]
    red, green, blue = camera / [2.0, 1.0, 1.5] * (4095 - 256) + 256
    linear = np.tile(np.float32([0.3, 0.2, 0.1]), (4, 4, 1))
    found = u.unprocess(linear, sensor, (2.0, 1.0, 1.5), QUIET, rng())
    assert found.dtype == np.uint16
    expected = np.rint([[red, green], [green, blue]])
    np.testing.assert_array_equal(found, np.tile(expected, (2, 2)))


def test_each_site_has_its_own_pedestal_and_white_is_the_white_level():
    sensor = Sensor("RGGB", ((58, 60), (61, 62)), 1023)
    black = u.unprocess(np.zeros((4, 4, 3), np.float32), sensor, (2, 1, 1.5), QUIET, rng())
    np.testing.assert_array_equal(black, np.tile([[58, 60], [61, 62]], (2, 2)))
    white = u.unprocess(np.ones((4, 4, 3), np.float32), sensor, (2, 1, 1.5), QUIET, rng())
    assert (white == 1023).all()


def test_noise_goes_below_the_pedestal_and_never_below_zero_or_above_white():
    sensor = Sensor("RGGB", 16, 255)
    dark = u.unprocess(
        np.zeros((200, 200, 3), np.float32), sensor, (1, 1, 1), u.Noise(0, 1e-4), rng()
    )
    assert dark.min() < 16
    assert dark.mean() == pytest.approx(16, abs=0.05)
    wild = u.unprocess(np.ones((50, 50, 3), np.float32), sensor, (1, 1, 1), u.Noise(0, 1.0), rng())
    assert (wild.min(), wild.max()) == (0, 255)


def test_the_noises_variance_is_shot_times_signal_plus_read():
    sensor = Sensor("RGGB", 2000, 60000)
    linear = np.full((500, 500, 3), 0.4, np.float32)
    found = u.unprocess(linear, sensor, (1, 1, 1), u.Noise(0.01, 0.002), rng())
    assert (found / 58000).var() == pytest.approx(0.01 * 0.4 + 0.002, rel=0.02)
    assert ((found - 2000.0) / 58000).mean() == pytest.approx(0.4, abs=1e-3)


def test_drawn_captures_are_within_the_papers_ranges():
    gains = np.array([u.random_gains(np.random.default_rng(i)) for i in range(200)])
    assert (gains.min(0) >= [1.9, 1, 1.5]).all()
    assert (gains.max(0) <= [2.4, 1, 1.9]).all()
    noise = np.array([u.random_noise(np.random.default_rng(i)) for i in range(200)])
    assert 0.0001 <= noise[:, 0].min() < noise[:, 0].max() <= 0.012
    excess = np.log(noise[:, 1]) - (2.18 * np.log(noise[:, 0]) + 1.20)
    assert excess.std() == pytest.approx(0.26, rel=0.2)
    assert u.read_noise(0) == 0


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_reference_of_a_smooth_scene_comes_back_to_the_truth(pattern):
    colours = 0.15 + 0.4 * rng().random((4, 5, 3)).astype(np.float32)  # within any camera's gamut
    linear = cv2.resize(colours, (60, 48), interpolation=cv2.INTER_CUBIC)
    sensor = Sensor(pattern, 256, 4095, xyz_to_camera=SENSORS["demo"].xyz_to_camera)
    gains = (2.1, 1.0, 1.7)
    mosaic = u.unprocess(linear, sensor, gains, QUIET, rng())
    found = reference(mosaic, sensor, Capture(gains=gains), "bilinear")
    error = np.abs(found - encode_srgb(linear))[2:-2, 2:-2]
    assert error.mean() < 0.003
    assert error.max() < 0.02
