"""Validation measures what a user would get: pictures rounded to 8 bits, each pair alike."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfisp.training.validation import Validation


def validation(*truths, images=99):
    raw = np.zeros((8, 8, 4), np.float32)
    pairs = [(str(index), raw + index, None, truth) for index, truth in enumerate(truths)]
    return Validation(SimpleNamespace(pairs={"val": pairs}), "val", images)


def picture(level):
    return np.full((16, 16, 3), level / 255, np.float32)


@pytest.mark.parametrize(("offset", "levels"), [(0.4, 0), (-0.4, 0), (0.6, 1), (1.4, 1), (-0.6, 1)])
def test_output_is_rounded_to_8_bits_before_it_is_measured(offset, levels):
    found = validation(picture(100)).measure(lambda raw: picture(100 + offset)[None], "val")
    if levels:
        assert found["val/psnr"] == pytest.approx(20 * np.log10(255 / levels), abs=1e-3)
        assert found["val/color_error"] == pytest.approx(levels * np.sqrt(3), abs=1e-3)
    else:
        assert found["val/psnr"] == np.inf
        assert found["val/color_error"] == 0


def test_values_beyond_the_range_are_cut_off():
    found = validation(picture(255)).measure(lambda raw: picture(400)[None], "val")
    assert found["val/psnr"] == np.inf


def test_the_mean_is_taken_over_the_first_pairs():
    made = lambda raw: picture(100)[None]  # noqa: E731
    errors = (1, 2, 9, 200)
    shown = validation(*(picture(100 + error) for error in errors), images=3)
    expected = np.mean([20 * np.log10(255 / error) for error in errors[:3]])
    assert shown.measure(made, "val")["val/psnr"] == pytest.approx(expected, abs=1e-3)
    assert validation().measure(made, "val") == {}
