"""Measures of luma, and the range that pictures must have."""

import numpy as np
import pytest

from tests.helpers.images import images
from tfisp import metrics
from tfisp.errors import InputError
from tfisp.metrics import strips


def test_luma_is_that_of_scikit_image():
    color = pytest.importorskip("skimage.color")
    picture = images(20, 24, 3)
    expected = color.rgb2ycbcr(picture.astype(np.float64))[..., :1] / 255
    np.testing.assert_allclose(strips.luma(picture), expected, atol=1e-6)


def test_the_psnr_of_luma_by_hand():
    black = np.zeros((4, 4, 3), np.float32)
    green = black + np.float32([0, 0.5, 0])  # 128.553 / 2 levels of 255 apart
    expected = -20 * np.log10(0.5 * 128.553 / 255)
    assert metrics.compute(["psnr_y"], green, black)["psnr_y"] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda x: x * 255, "from 0 to 255"),
        (lambda x: 2 * x - 1, "from -1 to 1"),
        (lambda x: np.where(x == 1, np.nan, x), "nan"),
    ],
)
def test_pictures_of_another_range_are_refused(change, said):
    picture = np.zeros((4, 4, 3), np.float32)
    picture[0] = 1
    for sides in ((change(picture), picture), (picture, change(picture))):
        with pytest.raises(InputError, match=f"pictures of 0..1, got values .*{said}"):
            metrics.compute(["psnr"], *sides)
    metrics.compute(["psnr"], picture * 1.1 - 0.05, picture)  # as a generator may make it
