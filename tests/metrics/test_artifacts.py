"""Artifacts of developing, counted by hand on pictures of which they are known."""

import numpy as np
import pytest

from tfisp import metrics
from tfisp.errors import InputError

GREY = 0.5


def flat(*size, value=GREY):
    return np.full((*size, 3), value, np.float32)


def measured(name, image, reference):
    return metrics.compute([name], image, reference)[name]


@pytest.mark.parametrize("row", [5, 62, 63, 64, 65, 127])
def test_a_spot_zips_itself_and_the_pixel_that_is_compared_with_it(row):
    # In a flat truth the likest neighbour is the first one, above to the left: the spot's pair is
    # changed, and that of the pixel below it to the right.
    truth = flat(140, 12)
    picture = truth.copy()
    picture[row, 5] = 0.8
    assert measured("zipper", picture, truth) == pytest.approx(100 * 2 / (138 * 10))
    # The other way round what was there is washed out: of the spot alone, for other pixels have a
    # neighbour that is alike.
    assert measured("zipper", truth, picture) == pytest.approx(100 * 1 / (138 * 10))
    picture[row, 5] = GREY + 2 / 255  # L* 0.8 off: not noticed
    assert measured("zipper", picture, truth) == 0


def test_pixels_are_compared_with_the_likest_neighbour():
    # Beside an edge the likest neighbour is on the same side of it; so an edge that is too strong
    # is none of it, unless a zipper sets single pixels apart.
    truth, picture = flat(12, 12, value=0.3), flat(12, 12, value=0.3)
    truth[:, 6:], picture[:, 6:] = 0.6, 0.9
    assert measured("zipper", picture, truth) == 0
    picture[1:11:2, 6] = 0.6
    # The five pixels that were set apart and (in a flat half, left of column 7 is the first at
    # hand) those of column 7 below them; in column 6 the first neighbour alike is the one above.
    assert measured("zipper", picture, truth) == pytest.approx(100 * 15 / 100)


def test_zippers_need_neighbours():
    with pytest.raises(InputError, match="2x9 pixels have none inside"):
        measured("zipper", flat(2, 9), flat(2, 9))


@pytest.mark.parametrize("row", [0, 63, 64, 100])
def test_a_coloured_pixel_is_false_and_a_cast_is_not(row):
    truth = flat(101, 10)
    picture = truth.copy()
    assert measured("false_color", picture * np.float32([1.1, 1, 0.8]), truth) < 1e-5
    picture[row, 4] = (1, 0, 0)  # a* 80.09, b* 67.20
    expected = np.hypot(80.09, 67.20) / (101 * 10)
    assert measured("false_color", picture, truth) == pytest.approx(expected, rel=1e-3)


def test_highlights_are_held_against_bright_parts_of_the_truth_alone():
    truth = flat(100, 8)
    truth[:30] = 1.0
    picture = truth.copy()
    picture[30:] = (1, 0, 0)
    picture[:15] = (1, 0, 1)  # magenta: a* 98.23, b* -60.83
    expected = np.hypot(98.23, 60.83) / 2
    assert measured("highlight_color", picture, truth) == pytest.approx(expected, rel=1e-3)
    assert np.isnan(measured("highlight_color", picture, flat(100, 8)))


def test_centre_and_corners_are_parts_of_their_own():
    truth = flat(120, 160)
    picture = truth.copy()
    picture[:10, :10] += 0.1  # within 100 of the middle, corners are beyond 80, the centre below 40
    assert measured("psnr_center", picture, truth) == np.inf
    down, across = np.mgrid[:120, :160]
    corner = np.hypot(down - 59.5, across - 79.5) > 80
    expected = -10 * np.log10(0.01 * 100 / corner.sum())
    assert corner[:10, :10].all()
    assert measured("psnr_corners", picture, truth) == pytest.approx(expected, abs=1e-3)
    picture = truth.copy()
    picture[60, 118] += 0.1  # 38.5 from the middle
    assert measured("psnr_corners", picture, truth) == np.inf
    centre = np.hypot(down - 59.5, across - 79.5) < 40
    expected = -10 * np.log10(0.01 / centre.sum())
    assert measured("psnr_center", picture, truth) == pytest.approx(expected, abs=1e-3)
