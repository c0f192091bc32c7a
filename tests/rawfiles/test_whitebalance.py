"""White balance and colour matrix of a DNG, beside the specification's own formulas."""

import colour
import numpy as np
import pytest

from tests.helpers.dngs import rationals, scene
from tests.helpers.tiffs import ASCII, RATIONAL, SHORT, SRATIONAL, write_frame
from tfisp.color import camera_to_srgb
from tfisp.rawfiles import whitebalance
from tfisp.rawfiles.camerafile import read_camera_file

MOSAIC = scene(64, 72, 64, 1000)
NEUTRAL, WHITE_XY, ANALOG = 50728, 50729, 50727
D65, STANDARD_A, D50 = 21, 17, 23
MATRIX = np.array([[0.65, -0.12, -0.09], [-0.38, 1.16, 0.25], [-0.04, 0.15, 0.60]])
WARM = np.array([[0.75, -0.22, -0.05], [-0.30, 1.10, 0.20], [-0.02, 0.10, 0.50]])


def matrix(values):
    return SRATIONAL, list(rationals(np.ravel(values)))


def xy(x, y):
    return RATIONAL, list(rationals([x, y]))


@pytest.fixture
def read(tmp_path):
    def write_and_read(tags):
        tags = {50721: None, 50722: None, 50778: None, 50779: None, **tags}
        return read_camera_file(write_frame(tmp_path / "x.dng", MOSAIC, tags=tags))

    return write_and_read


def two_lights(first=STANDARD_A, second=D65):
    matrices = {STANDARD_A: WARM, D65: MATRIX, D50: WARM}
    return {
        50721: matrix(matrices[first]),
        50778: (SHORT, [first]),
        50722: matrix(matrices[second]),
        50779: (SHORT, [second]),
    }


def test_the_neutral_becomes_gains_of_which_the_smallest_is_one(read):
    frame = read({NEUTRAL: (RATIONAL, list(rationals([0.5, 1, 0.8])))})
    np.testing.assert_allclose(frame.capture.gains, (2, 1, 1.25))


@pytest.mark.parametrize("neutral", [[0, 1, 1], [1, 1], [1, 1, 1, 1]])
def test_an_unusable_neutral_is_none_and_noted(read, neutral):
    frame = read({NEUTRAL: (RATIONAL, list(rationals(neutral)))})
    assert frame.capture.gains is None
    assert frame.notes == ("AsShotNeutral is no usable white balance: none is taken",)


def test_a_file_that_states_no_white_balance_has_none(read):
    frame = read({NEUTRAL: None})
    assert frame.capture.gains is None
    assert frame.notes == ()


def test_a_white_of_known_chromaticity_goes_through_the_matrix(read):
    x, y = 0.3127, 0.3290
    frame = read({NEUTRAL: None, WHITE_XY: xy(x, y), 50721: matrix(MATRIX), 50778: (SHORT, [D65])})
    gains = 1 / (MATRIX @ [x / y, 1, (1 - x - y) / y])
    np.testing.assert_allclose(frame.capture.gains, gains / gains.min(), rtol=1e-6)


@pytest.mark.parametrize(
    ("white", "expected"), [((0.4476, 0.4074), WARM), ((0.3127, 0.3290), MATRIX)]
)
def test_the_matrix_is_the_one_of_the_light(read, white, expected):
    frame = read({NEUTRAL: None, WHITE_XY: xy(*white), **two_lights()})
    x, y = white
    gains = 1 / (expected @ [x / y, 1, (1 - x - y) / y])
    # 2856 K and 6504 K by McCamy's formula are met to some ten kelvin.
    np.testing.assert_allclose(frame.capture.gains, gains / gains.min(), rtol=2e-3)


def test_between_two_lights_the_matrix_lies_between_them(read):
    x, y = 0.3805, 0.3768  # about 4000 K on the Planckian locus
    frame = read({NEUTRAL: None, WHITE_XY: xy(x, y), **two_lights()})
    weight = (1e6 / 4000 - 1e6 / 2856) / (1e6 / 6504 - 1e6 / 2856)
    mixed = (1 - weight) * WARM + weight * MATRIX
    gains = 1 / (mixed @ [x / y, 1, (1 - x - y) / y])
    np.testing.assert_allclose(frame.capture.gains, gains / gains.min(), rtol=5e-3)


@pytest.mark.parametrize("white", [(0, 0), (0.3, 0)])
def test_an_impossible_white_is_noted(read, white):
    frame = read({NEUTRAL: None, WHITE_XY: xy(*white), 50721: matrix(MATRIX)})
    assert frame.capture.gains is None
    assert "AsShotWhiteXY is no usable white balance" in frame.notes[0]


@pytest.mark.parametrize("order", [(STANDARD_A, D65), (D65, STANDARD_A), (D50, D65)])
def test_without_a_white_balance_the_matrix_for_d65_is_preferred(read, order):
    frame = read(two_lights(*order) | {NEUTRAL: None})
    np.testing.assert_allclose(frame.sensor.xyz_to_camera, MATRIX)


def test_without_d65_the_nearest_light_is_taken(read):
    tags = {50721: matrix(MATRIX), 50778: (SHORT, [STANDARD_A]), NEUTRAL: None}
    tags |= {50722: matrix(WARM), 50779: (SHORT, [D50])}
    np.testing.assert_allclose(read(tags).sensor.xyz_to_camera, WARM)
    tags.pop(50722)
    np.testing.assert_allclose(read(tags).sensor.xyz_to_camera, MATRIX)


def test_a_matrix_of_zeros_counts_as_not_stated(read):
    assert read({50721: matrix(np.zeros((3, 3)))}).sensor.xyz_to_camera is None
    assert read({}).sensor.xyz_to_camera is None


def test_analog_balance_and_calibration_of_the_single_camera_count(read):
    own = np.diag([1.02, 1, 0.97])
    tags = {
        50721: matrix(MATRIX),
        50723: matrix(own),
        ANALOG: (RATIONAL, list(rationals([1.5, 1, 1.25]))),
    }
    expected = np.diag([1.5, 1, 1.25]) @ own @ MATRIX
    np.testing.assert_allclose(read(tags).sensor.xyz_to_camera, expected)
    # A calibration for another profile does not.
    tags[50931] = (ASCII, [*b"elsewhere\0"])
    expected = np.diag([1.5, 1, 1.25]) @ MATRIX
    np.testing.assert_allclose(read(tags).sensor.xyz_to_camera, expected)


@pytest.mark.parametrize(
    ("code", "low", "high"),
    [
        # EXIF 2.3: the ranges of the fluorescent lamps; CIE 15: the standard illuminants.
        *((12, 5700, 7100), (13, 4600, 5500), (14, 3800, 4500), (15, 3250, 3800)),
        *((17, 2856, 2856), (18, 4874, 4874), (19, 6774, 6774), (20, 5503, 5503)),
        *((21, 6504, 6504), (22, 7504, 7504), (23, 5003, 5003), (24, 3200, 3200)),
        # Daylight, fluorescent, tungsten, flash, fine, cloudy, shade: nominal.
        *((1, 5500, 5500), (2, 4200, 4200), (3, 2850, 2850), (4, 5500, 5500)),
        *((9, 5500, 5500), (10, 6500, 6500), (11, 7500, 7500)),
    ],
)
def test_the_lights_have_the_temperatures_of_their_standards(code, low, high):
    assert whitebalance._ILLUMINANT_KELVIN[code] == (low + high) / 2


@pytest.mark.parametrize(
    ("kelvin", "weight_of_warm"), [(2856, 1.0), (2200, 1.0), (4000, None), (6504, 0.0)]
)
def test_colours_under_any_light_between_two_calibrations_come_back(read, kelvin, weight_of_warm):
    x, y = colour.temperature.CCT_to_xy(kelvin, method="Kang 2002")
    white = np.array([x / y, 1, (1 - x - y) / y])
    if weight_of_warm is None:
        weight_of_warm = (1e6 / kelvin - 1e6 / 6504) / (1e6 / 2856 - 1e6 / 6504)
    camera = weight_of_warm * WARM + (1 - weight_of_warm) * MATRIX
    # Patches as they look under D65, and what reaches the camera of them under this light.
    patches = np.array([[0.2, 0.5, 0.3], [0.9, 0.4, 0.1], [0.1, 0.2, 0.8], [1, 1, 1]])
    daylight = colour.sRGB_to_XYZ(patches, apply_cctf_decoding=False)
    adapt = colour.adaptation.matrix_chromatic_adaptation_VonKries(
        colour.sRGB_to_XYZ([1, 1, 1]), white, transform="Bradford"
    )
    seen = daylight @ adapt.T @ camera.T
    frame = read(two_lights() | {NEUTRAL: (RATIONAL, list(rationals(seen[3] / seen[3].max())))})
    balanced = seen * np.array(frame.capture.gains)
    shown = balanced / balanced[3, 1] @ camera_to_srgb(frame.sensor.xyz_to_camera).T
    # McCamy's formula is some kelvin off; blue of 2200 K leaves little to see.
    np.testing.assert_allclose(shown, patches, atol=0.01)


def test_a_neutral_that_no_light_has_leaves_the_matrix_of_d65(read):
    frame = read(two_lights() | {NEUTRAL: (RATIONAL, list(rationals([0.01, 1, 0.01])))})
    np.testing.assert_allclose(frame.sensor.xyz_to_camera, MATRIX)
