"""The noise of frames against noise that was drawn."""

import numpy as np
import pytest

from tfisp.data.noise import _SELECTION, estimate_noise, noise_of
from tfisp.data.unprocess import Noise
from tfisp.sensor import Capture, Sensor

SENSOR = Sensor("GRBG", ((60, 64), (62, 58)), 1023)


def recorded(picture, shot, read, seed=0):
    """Samples of a picture 0..1 with Gaussian noise of variance shot x + read."""
    random = np.random.default_rng(seed)
    black = np.tile(SENSOR.black_level, (picture.shape[0] // 2, picture.shape[1] // 2))
    noisy = picture + np.sqrt(shot * picture + read) * random.normal(size=picture.shape)
    return np.rint(np.clip(noisy * (1023 - black) + black, 0, 1023)).astype(np.uint16)


@pytest.mark.parametrize(("shot", "read"), [(0.001, 0.0001), (0.01, 0.00001), (0.0001, 0.0004)])
def test_noise_of_a_ramp_is_found(shot, read):
    ramp = np.tile(np.linspace(0.02, 0.9, 640), (480, 1))
    found = estimate_noise(recorded(ramp, shot, read), SENSOR)
    for x in (0.1, 0.5, 0.8):
        assert np.sqrt(found.shot * x + found.read) == pytest.approx(
            np.sqrt(shot * x + read), rel=0.1
        )


def test_texture_in_a_part_of_a_picture_is_not_noise():
    ramp = np.tile(np.linspace(0.02, 0.9, 640), (480, 1))
    ramp[:, ::8] *= 0.7  # stripes
    ramp[:240] = np.tile(np.linspace(0.02, 0.9, 640), (240, 1))
    found = estimate_noise(recorded(ramp, 0.001, 0.0001), SENSOR)
    assert np.sqrt(found.shot * 0.5 + found.read) == pytest.approx(np.sqrt(0.0006), rel=0.15)


def test_the_selection_is_that_of_pure_noise():
    random = np.random.default_rng(1)
    noise = random.normal(size=(2400, 2400))
    lap = sum(
        a * b * np.roll(noise, (i, j), (0, 1))
        for i, a in zip((-1, 0, 1), (1, -2, 1), strict=True)
        for j, b in zip((-1, 0, 1), (1, -2, 1), strict=True)
    )
    blocks = np.square(lap / 6).reshape(300, 8, 300, 8).mean(axis=(1, 3)).ravel()
    assert blocks.mean() == pytest.approx(1, rel=0.01)
    assert np.sort(blocks)[: len(blocks) // 10].mean() == pytest.approx(_SELECTION, rel=0.03)


def test_stated_noise_is_taken_and_colours_are_averaged():
    mosaic = np.full((64, 64), 100, np.uint16)
    assert noise_of(mosaic, SENSOR, Capture(noise=(0.01, 0.002))) == Noise(0.01, 0.002)
    three = Capture(noise=(0.01, 0.001, 0.02, 0.002, 0.03, 0.003))
    assert noise_of(mosaic, SENSOR, three) == pytest.approx((0.02, 0.002))


def test_a_frame_too_small_to_tell_has_none():
    assert estimate_noise(np.full((8, 8), 100, np.uint16), SENSOR) == Noise(0, 0)
    assert estimate_noise(np.full((640, 640), 1023, np.uint16), SENSOR) == Noise(0, 0)
