"""Local contrast: what was strengthened is found, what was not is left alone."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from tfisp.looks.detail import SCALES, Detail, bands, energies, fit_detail

LUMA = np.array([0.299, 0.587, 0.114])


def scenes(count, seed, side=96):
    """Pictures with the spectrum of natural scenes (amplitude 1/f), each another one."""
    random = np.random.default_rng(seed)
    down, along = np.meshgrid(*[np.fft.fftfreq(side)] * 2, indexing="ij")
    amplitude = 1 / np.maximum(np.hypot(down, along), 1 / side)
    found = []
    for _ in range(count):
        waves = np.fft.ifft2(amplitude * np.fft.fft2(random.normal(size=(side, side)))).real
        grey = 0.5 + random.uniform(0.06, 0.1) * waves / waves.std()
        found.append(np.clip(grey[..., None] * (1.05, 1, 0.9), 0, 1).astype(np.float32))
    return found


def blurred(image):
    return gaussian_filter(image, (1.2, 1.2, 0), mode="mirror")


def test_bands_are_differences_of_gaussians_of_luma():
    image = scenes(1, 0)[0]
    luma = image.astype(float) @ LUMA
    levels = [luma, *(gaussian_filter(luma, s, mode="mirror", truncate=4) for s in SCALES)]
    for band, finer, coarser in zip(bands(image), levels[:-1], levels[1:], strict=True):
        np.testing.assert_allclose(band, finer - coarser, atol=2e-5)


def test_only_luma_is_strengthened_and_only_within_range():
    image = scenes(1, 1)[0]
    np.testing.assert_array_equal(Detail().apply(image), image)
    sharp = Detail((1.6, 1.2, 1, 1)).apply(image)
    added = (sharp - image)[(sharp > 0) & (sharp < 1)].reshape(-1, 3)
    assert np.ptp(added, axis=1).max() < 1e-6 and np.abs(added).max() > 0.01
    assert sharp.min() >= 0 and sharp.max() <= 1


def test_the_gains_of_a_look_are_found_on_other_scenes():
    look = Detail((1.7, 1.3, 1.0, 0.8))
    photographs = energies([look.apply(image) for image in scenes(150, 2)])
    plain = energies(scenes(150, 3))
    simulated = energies(scenes(60, 4))
    found = fit_detail(photographs, plain, simulated, simulated)
    # Sharpening a band spreads into its neighbours: the energies see the sum of both.
    strengthened = energies([found.apply(image) for image in scenes(150, 5)])
    np.testing.assert_allclose(strengthened.mean(0) / 2, photographs.mean(0) / 2, atol=0.1)


def test_what_a_network_loses_by_itself_is_not_taken_for_the_photographs_look():
    photographs, clean = energies(scenes(150, 6)), scenes(60, 8)
    shown = energies([blurred(image) for image in scenes(150, 7)])
    shown_of_clean = energies([blurred(image) for image in clean])
    found = fit_detail(photographs, shown, energies(clean), shown_of_clean)
    np.testing.assert_allclose(found.gains, 1, atol=0.04)


def test_scenes_that_differ_by_chance_change_little():
    plain = energies(scenes(12, 100))
    drawn = [
        fit_detail(energies(scenes(12, seed)), energies(scenes(12, seed + 50)), plain, plain).gains
        for seed in range(10, 20)
    ]
    assert np.abs(np.log(drawn)).mean() < 0.02


def test_of_a_few_scenes_nothing_is_said():
    sharp, plain = np.full((7, 4), -2.0), np.full((20, 4), -4.0)
    assert fit_detail(sharp, plain, plain, plain) == Detail()
    assert fit_detail(plain + 2, plain[:7], plain[:7], plain[:7]) == Detail()
    assert fit_detail(plain + 2, plain, plain, plain) != Detail()


def test_gains_are_bounded():
    flat = np.full((40, len(SCALES)), -13.0)
    gains = fit_detail(flat + 9, flat, flat, flat).gains
    assert gains == pytest.approx((2.0,) * 4)
