"""SSIM in strips: the values of whole pictures, which are tested against scikit-image and SciPy."""

import numpy as np
import pytest

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.metrics import strips
from tfisp.perceptual import similarity


@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
@pytest.mark.parametrize("pixels", [1, 2 * 175 * 11, 1 << 14])
def test_strips_of_any_height_give_the_same_bits(monkeypatch, name, pixels):
    monkeypatch.setattr(strips, "_STRIP", pixels)
    reference = images(2, 186, 175, 3)
    image = np.clip(reference + images(2, 186, 175, 3, low=-0.3, high=0.3, seed=1), 0, 1)
    whole = getattr(similarity, name)(image, reference).numpy()
    np.testing.assert_array_equal(getattr(strips, name)(image, reference).numpy(), whole)


def test_no_more_than_a_strip_is_held(monkeypatch):
    seen = []
    real = similarity.similar_rows

    def watched(x, y, with_luminance=True):
        seen.append(x.shape[1])
        return real(x, y, with_luminance)

    monkeypatch.setattr(similarity, "similar_rows", watched)
    monkeypatch.setattr(strips, "_STRIP", 64 * 20)
    strips.ssim(images(1, 75, 64, 3), images(1, 75, 64, 3, seed=1))
    assert seen == [26, 26, 26, 27]  # 65 rows in four, and the 10 that the window reaches over


def test_pictures_smaller_than_the_window_are_refused():
    with pytest.raises(InputError, match="10x11 pixels are smaller"):
        strips.ssim(images(1, 10, 11, 3), images(1, 10, 11, 3))
