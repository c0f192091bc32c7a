"""The exposure gain of least squares, by hand and by trial."""

import numpy as np
import pytest

from tfisp.color import decode_srgb, encode_srgb
from tfisp.evaluating.exposure import match_exposure


def test_a_picture_that_is_one_stop_darker_comes_back():
    # More rows than are decoded at a time.
    linear = np.random.default_rng(0).uniform(0.05, 0.9, (300, 40, 3)).astype(np.float32)
    truth = encode_srgb(linear)
    darker = np.rint(encode_srgb(linear / 2) * 255).astype(np.uint8)
    matched, gain = match_exposure(darker, truth)
    assert gain == pytest.approx(2, abs=0.005)
    assert np.abs(matched / 255 - truth).max() < 2.5 / 255


def test_no_other_gain_is_nearer():
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (20, 20, 3)).astype(np.uint8)
    truth = rng.uniform(0, 1, (20, 20, 3)).astype(np.float32)
    _, gain = match_exposure(picture, truth)
    p, t = decode_srgb(picture / 255.0), decode_srgb(truth)
    errors = [((g * p - t) ** 2).sum() for g in (0.999 * gain, gain, 1.001 * gain)]
    assert errors[1] == min(errors)


def test_a_black_picture_stays_as_it_is():
    matched, gain = match_exposure(np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.float32))
    assert gain == 1 and not matched.any()
