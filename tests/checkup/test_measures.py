"""What a checkup measures of pictures."""

import cv2
import numpy as np

from tests.helpers.checkup_files import natural
from tfisp.checkup.blocking import blockiness
from tfisp.checkup.likeness import COPIES, difference_hash, groups, pairs_within, stacked
from tfisp.checkup.picture import measure
from tfisp.checkup.spectrum import BINS, fall, luma, power_spectrum


def test_the_spectrum_of_noise_is_flat_and_its_power_that_of_the_samples():
    noise = np.random.default_rng(0).normal(0.5, 0.1, (300, 400)).astype(np.float32)
    found = power_spectrum(noise)
    assert found.shape == (BINS,)
    # The first band has the mean, which is taken away.
    np.testing.assert_allclose(found[1:], 0.01, rtol=0.06)
    assert abs(fall(found)) < 0.2
    assert power_spectrum(noise[:31]) is None


def test_a_wave_lies_in_the_band_of_its_frequency():
    for band in (1, 7, 15):
        frequency = (band + 0.5) / (2 * BINS)
        wave = np.sin(2 * np.pi * frequency * np.arange(256), dtype=np.float32)
        assert power_spectrum(np.tile(wave, (256, 1))).argmax() == band


def test_power_falls_by_an_octave_s_share_and_more_where_a_picture_was_enlarged():
    picture = natural(0, 128)
    # 1 / f^2 from 0.14 to 0.4 cycles a pixel is 9 dB.
    assert 8 < fall(power_spectrum(luma(picture))) < 11
    assert fall(power_spectrum(luma(cv2.resize(picture, None, fx=2, fy=2)))) > 23


def test_blocks_are_seen_also_where_a_picture_was_cropped_or_turned():
    picture = natural(0, 128)
    strong = cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 10])[1], 1)
    assert blockiness(luma(picture)) < 0.1
    whole, part = blockiness(luma(strong)), blockiness(luma(strong[3:, 5:]))
    assert whole > 0.5
    np.testing.assert_allclose(part, whole, rtol=0.15)
    np.testing.assert_allclose(blockiness(luma(strong).T), whole, rtol=1e-5)
    assert blockiness(np.zeros((64, 64), np.float32)) == 0
    assert blockiness(np.zeros((47, 64), np.float32)) is None


def test_copies_are_alike_and_scenes_are_not():
    pictures = [natural(seed) for seed in range(6)]
    tone = (255 * (pictures[1] / 255) ** 1.5).astype(np.uint16) * 257
    small = cv2.resize(pictures[1], (40, 40), interpolation=cv2.INTER_AREA)
    hashes = stacked([difference_hash(one) for one in (*pictures, tone, small)])
    assert groups(hashes, COPIES) == [[0], [1, 6, 7], [2], [3], [4], [5]]
    assert pairs_within(hashes[:2], hashes[5:], COPIES) == [(1, 1), (1, 2)]
    assert groups(stacked([]), COPIES) == []


def test_a_picture_s_light_and_corners(tmp_path):
    at = np.linspace(-1, 1, 128)
    even = np.full((128, 128, 3), 0.5)
    even[(at[:, None] ** 2 > 0.5) & (at**2 > 0.5)] = 0.125  # two stops
    even[::16] *= 0.5  # edges
    gains = np.array([1.2, 1, 0.6])
    encoded = np.where(even * gains > 0.0031308, 1.055 * (even * gains) ** (1 / 2.4) - 0.055, 0)
    found = measure(np.rint(encoded * 65535).astype(np.uint16), "a", tmp_path)
    np.testing.assert_allclose(found.light, np.log2([1.2, 0.6]), atol=0.03)
    np.testing.assert_allclose(found.corners, -2, atol=0.05)
    assert found.colour < 0.002
    assert found.thumbnail.dtype == np.uint8
