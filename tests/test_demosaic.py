"""Demosaicing and the reference rendering: other implementations, constants, crops, neutrality."""

import cv2
import numpy as np
import pytest

from tfisp import demosaic as module
from tfisp.color import camera_to_srgb
from tfisp.demosaic import METHODS, demosaic, reference
from tfisp.errors import InputError
from tfisp.menon import menon2007
from tfisp.packing import crop_mosaic
from tfisp.sensor import PATTERNS, SENSORS, Capture, Sensor

RNG = np.random.default_rng(0)


def smooth_image(height=48, width=56):
    y, x = np.mgrid[:height, :width]
    planes = [0.5 + 0.3 * np.sin(x / 7 + k) * np.cos(y / 9 - k) for k in range(3)]
    return (np.stack(planes, axis=-1) * np.array([0.5, 0.9, 0.7])).astype(np.float32)


def mosaic_of(rgb, pattern):
    out = np.empty(rgb.shape[:2], rgb.dtype)
    for site, colour in enumerate(pattern):
        i, j = divmod(site, 2)
        out[i::2, j::2] = rgb[i::2, j::2, "RGB".index(colour)]
    return out


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(48, 56), (47, 55)])
def test_a_smooth_image_comes_back(method, pattern, size):
    rgb = smooth_image(*size)
    result = demosaic(mosaic_of(rgb, pattern), pattern, method)
    assert result.dtype == np.float32
    assert np.abs(result - rgb)[2:-2, 2:-2].max() < 0.02
    assert np.abs(result - rgb).max() < 0.1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_flat_colour_is_exact_to_the_edge(method, pattern):
    rgb = np.broadcast_to(np.array([0.2, 0.4, 0.6], np.float32), (9, 11, 3))
    np.testing.assert_allclose(demosaic(mosaic_of(rgb, pattern), pattern, method), rgb, atol=1e-5)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("size", [(4, 4), (4, 5), (5, 4), (7, 9), (48, 56), (47, 55)])
def test_menon_equals_colour_demosaicings_bit_for_bit(size, pattern):
    from colour_demosaicing import demosaicing_CFA_Bayer_Menon2007

    noise = RNG.uniform(-0.1, 1, size).astype(np.float32)
    # In steps and with clipped parts the gradients that are compared tie.
    for mosaic in (noise, np.rint(noise * 8), np.clip(noise * 3, 0, 1)):
        expected = demosaicing_CFA_Bayer_Menon2007(mosaic, pattern).astype(np.float32)
        np.testing.assert_array_equal(menon2007(mosaic, pattern), expected)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_tiles_equal_the_whole_image(pattern, monkeypatch):
    from colour_demosaicing import demosaicing_CFA_Bayer_Menon2007

    mosaic = RNG.uniform(size=(75, 101)).astype(np.float32)
    whole = demosaicing_CFA_Bayer_Menon2007(mosaic, pattern)
    monkeypatch.setattr(module, "_MENON_TILE", 32)
    np.testing.assert_array_equal(demosaic(mosaic, pattern), whole.astype(np.float32))


@pytest.mark.parametrize("pattern", PATTERNS)
def test_bilinear_equals_colour_demosaicings(pattern):
    from colour_demosaicing import demosaicing_CFA_Bayer_bilinear

    mosaic = RNG.uniform(-1, 3, size=(20, 24)).astype(np.float32)
    expected = demosaicing_CFA_Bayer_bilinear(mosaic, pattern)
    result = demosaic(mosaic, pattern, "bilinear")
    np.testing.assert_allclose(result[1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-5)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_opencv_is_bilinear_to_its_16_bits(pattern):
    mosaic = RNG.uniform(size=(21, 24)).astype(np.float32)
    opencv, exact = (demosaic(mosaic, pattern, method) for method in ("opencv", "bilinear"))
    np.testing.assert_allclose(opencv, exact, atol=2 / 65535)


def test_rggb_is_what_opencv_calls_bayer_bg():
    mosaic = RNG.integers(0, 65536, (20, 24)).astype(np.uint16)
    old = cv2.demosaicing(mosaic, cv2.COLOR_BayerBG2RGB) / 65535
    new = demosaic((mosaic / 65535).astype(np.float32), "RGGB", "opencv")
    np.testing.assert_allclose(new[2:-2, 2:-2], old[2:-2, 2:-2], atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_demosaicing_a_crop_is_cropping_the_demosaiced(method):
    mosaic = RNG.uniform(size=(50, 60)).astype(np.float32)
    whole = demosaic(mosaic, "RGGB", method)
    for top, left in ((1, 0), (0, 1), (1, 1)):
        part, sensor = crop_mosaic(mosaic, Sensor("RGGB"), top, left, 48, 58)
        result = demosaic(part, sensor.pattern, method)
        expected = whole[top : top + 48, left : left + 58]
        np.testing.assert_allclose(result[8:-8, 8:-8], expected[8:-8, 8:-8], atol=1e-6)


def test_the_reference_follows_its_recipe():
    sensor = Sensor("GRBG", ((60, 61), (62, 63)), 1023, "", SENSORS["demo"].xyz_to_camera)
    capture = Capture(gains=(2.0, 1.0, 1.5), baseline_exposure=0.5)
    mosaic = RNG.integers(40, 1024, (16, 18)).astype(np.uint16)
    result = reference(mosaic, sensor, capture, "bilinear")
    # The same in float64, step by step.
    black = np.tile([[60.0, 61.0], [62.0, 63.0]], (8, 9))
    gains = np.tile([[1.0, 2.0], [1.5, 1.0]], (8, 9))  # G R / B G
    linear = np.clip((mosaic - black) / (1023 - black) * gains, 0, 1)
    rgb = demosaic(linear, "GRBG", "bilinear").astype(np.float64)
    rgb = np.clip(rgb @ camera_to_srgb(sensor.xyz_to_camera).T * 2**0.5, 0, 1)
    expected = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    np.testing.assert_allclose(result, expected, atol=2e-5)
    assert result.min() >= 0
    assert result.max() <= 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_grey_is_grey_and_saturation_is_white(pattern):
    gains = (2.0, 1.0, 1.5)
    sensor = Sensor(pattern, 64, 1023, "", SENSORS["demo"].xyz_to_camera)
    grey = np.broadcast_to(0.2 / np.array(gains), (12, 14, 3))
    mosaic = np.rint(64 + 959 * mosaic_of(grey, pattern)).astype(np.uint16)
    picture = reference(mosaic, sensor, Capture(gains=gains))
    assert np.ptp(picture, axis=2).max() < 0.01
    white = reference(np.full((12, 14), 1023, np.uint16), sensor, Capture(gains=gains))
    np.testing.assert_allclose(white, 1, atol=1e-5)


def test_default_gains_are_used_as_they_are_documented():
    sensor = SENSORS["zrr"]  # 1.6, 1.2, 1.4
    flat = np.full((8, 8), 300, np.uint16)
    result = reference(flat, sensor, Capture(), "bilinear")
    green = (300 - 60.5) / 962.5 * 1.2  # mean of the two greens' levels
    expected = 1.055 * green ** (1 / 2.4) - 0.055
    assert result[4, 4, 1] == pytest.approx(expected, abs=1e-3)


def test_shading_brightens_the_corners_of_the_reference():
    shading = np.ones((3, 3, 4), np.float32)
    shading[0, 0] = 2
    flat = np.full((32, 32), 300, np.uint16)
    plain = reference(flat, Sensor(white_level=1023), Capture(), "bilinear")
    shaded = reference(flat, Sensor(white_level=1023), Capture(shading=shading), "bilinear")
    assert (shaded[0, 0] > plain[0, 0] * 1.2).all()
    np.testing.assert_allclose(shaded[-8:, -8:], plain[-8:, -8:], atol=1e-6)


def test_wrong_names_and_sizes_are_refused():
    mosaic = np.zeros((8, 8), np.float32)
    with pytest.raises(InputError, match="did you mean menon2007"):
        demosaic(mosaic, "RGGB", "menon")
    with pytest.raises(InputError, match="pattern 'RGGR'"):
        demosaic(mosaic, "RGGR")
    with pytest.raises(InputError, match="too small"):
        demosaic(mosaic[:3], "RGGB")
