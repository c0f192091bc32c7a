"""Black, white, linearisation and CFA tile, as the tags state them."""

import numpy as np
import pytest

from tests.helpers.dngs import rationals, scene
from tests.helpers.tiffs import BYTE, LONG, RATIONAL, SHORT, SRATIONAL, write_frame
from tfisp.errors import InputError
from tfisp.rawfiles.camerafile import read_camera_file

MOSAIC = scene(64, 72, 64, 1000)
DELTA_H, DELTA_V = 50715, 50716


def ratios(values):
    return SRATIONAL, list(rationals(values))


@pytest.fixture
def read(tmp_path):
    def write_and_read(tags, mosaic=MOSAIC, **options):
        return read_camera_file(write_frame(tmp_path / "x.dng", mosaic, tags=tags, **options))

    return write_and_read


def test_differences_by_row_and_column_are_added(read):
    frame = read(
        {
            50713: (SHORT, [1, 2]),  # one row of two
            50714: (SHORT, [100, 200]),
            DELTA_H: ratios([1, 3] * 36),
            DELTA_V: ratios([10, 30] * 32),
        }
    )
    assert frame.sensor.black_level == ((111, 213), (131, 233))
    assert frame.notes == ()


def test_differences_alone_are_differences_to_zero(read):
    frame = read({50714: None, DELTA_H: ratios([60, 64] * 36)})
    assert frame.sensor.black_level == ((60, 64), (60, 64))
    assert frame.notes == ()


def test_a_ramp_is_averaged_and_noted(read):
    frame = read({DELTA_V: ratios(np.arange(64) / 4)})
    np.testing.assert_allclose(frame.sensor.black_level, [[71.75] * 2, [72] * 2])
    assert frame.notes == (
        "BlackLevelDeltaV varies by up to 7.75 along the frame: its mean is taken",
    )


def test_half_a_count_of_difference_needs_no_note(read):
    assert read({50713: (SHORT, [4, 1]), 50714: (SHORT, [64, 64, 65, 64])}).notes == ()


def test_a_larger_tile_of_levels_is_averaged_and_noted(read):
    frame = read({50713: (SHORT, [4, 2]), 50714: (SHORT, [60, 61, 62, 63, 64, 65, 66, 67])})
    assert frame.sensor.black_level == ((62, 63), (64, 65))
    assert "BlackLevel varies by up to 2" in frame.notes[0]


def test_levels_that_are_not_stated_are_the_specifications_and_noted(read):
    frame = read({50714: None, 50717: None}, bits=12)
    assert frame.sensor.black_level == ((0, 0), (0, 0))
    assert frame.sensor.white_level == 4095
    assert "the file states no black level: 0 is taken" in frame.notes
    assert "the file states no white level: 4095 is taken, of 12 bits" in frame.notes


@pytest.mark.parametrize("area", [(0, 0, 64, 20), (3, 5, 20, 72), (63 - 20, 1, 64, 72)])
def test_the_active_area_may_lie_anywhere_in_the_frame(read, area):
    top, left, bottom, right = area
    frame = read({50829: (LONG, list(area))})
    np.testing.assert_array_equal(frame.mosaic, MOSAIC[top:bottom, left:right])


def test_a_linearisation_table_is_applied_and_holds_beyond_its_end(read):
    table = [*range(0, 3600, 4), 65535]
    frame = read({50712: (SHORT, table), 50714: (SHORT, [256]), 50717: (LONG, [65535])})
    np.testing.assert_array_equal(frame.mosaic, np.array(table)[np.minimum(MOSAIC, 900)])


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({50717: (LONG, [0])}, "white level 0.0 is not a number above the black level"),
        ({50717: (LONG, [1 << 31])}, "white level 2147483648.0 is above 65535"),
        ({50714: (RATIONAL, [1, 0])}, "black level is not a number"),
        ({50714: (LONG, [70000])}, "not a number above the black level"),
        ({DELTA_V: ratios([-100] * 64)}, "below 0"),
        ({50713: (SHORT, [2, 2])}, "1 black levels for a tile of 2x2 sites"),
        ({50713: (SHORT, [2])}, "1 black levels for a tile of 2 sites"),
        ({50713: (SHORT, [0, 0])}, "black levels for a tile of 0x0"),
        ({DELTA_H: ratios([1, 2, 3])}, "3 values of BlackLevelDeltaH for 72 samples"),
        ({50712: (SHORT, [])}, "LinearizationTable is empty"),
        ({33421: (LONG, [1728])}, "4 CFA colours for a tile of 1728"),
        ({33421: (SHORT, [2, 3])}, "4 CFA colours for a tile of 2x3"),
        ({33422: (BYTE, [0, 1, 1])}, "3 CFA colours"),
        ({33422: (BYTE, [0, 1, 1, 5])}, r"CFA RGG\?"),
        ({50711: (SHORT, [2])}, "CFA layout 2 is staggered"),
        ({50829: (LONG, [0, 0, 65, 72])}, "active area"),
        ({50829: (LONG, [10, 10, 10, 20])}, "active area"),
        ({50829: (LONG, [0, 0, 64])}, "active area"),
        ({50829: (LONG, [0, 30, 10, 20])}, "active area"),
        ({50829: (LONG, [0, 0, 64, 73])}, "active area"),
    ],
)
def test_what_cannot_be_true_is_refused(read, tags, message):
    with pytest.raises(InputError, match=rf"x\.dng: .*{message}"):
        read(tags)


def test_the_default_crop_is_read_column_first(read):
    area = {50829: (LONG, [2, 4, 62, 70])}
    frame = read({**area, 50719: (SHORT, [5, 3]), 50720: (SHORT, [40, 50])})
    assert frame.capture.default_crop == (3, 5, 50, 40)
    assert frame.mosaic.shape == (60, 66)
    frame = read({50719: (RATIONAL, [9, 2, 0, 1]), 50720: (RATIONAL, [60, 1, 119, 2])})
    assert frame.capture.default_crop == (0, 4, 60, 60)  # halves go to the even number
    assert frame.notes == ()


@pytest.mark.parametrize(
    "crop",
    [
        {50719: (SHORT, [0, 0]), 50720: (SHORT, [72, 64])},  # all of it
        {50719: (SHORT, [4, 4])},
        {50720: (SHORT, [60, 60])},
    ],
)
def test_a_crop_that_is_none_needs_no_note(read, crop):
    frame = read(crop)
    assert frame.capture.default_crop is None
    assert frame.notes == ()


@pytest.mark.parametrize("origin, size", [([20, 0], [60, 60]), ([0, 0], [0, 60]), ([0], [1, 1])])
def test_a_crop_outside_of_the_frame_is_noted(read, origin, size):
    frame = read({50719: (SHORT, origin), 50720: (SHORT, size)})
    assert frame.capture.default_crop is None
    assert "all of it is shown" in frame.notes[0]
