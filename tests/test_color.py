"""Colour: against hand values of IEC 61966-2-1 and LibRaw's matrix, and every inverse."""

import numpy as np
import pytest

from tfisp.color import (
    SRGB_TO_XYZ,
    apply_gains,
    apply_matrix,
    camera_to_srgb,
    decode_srgb,
    encode_srgb,
    invert_gains,
    invert_matrix,
    srgb_to_camera,
)
from tfisp.errors import InputError
from tfisp.sensor import SENSORS

RNG = np.random.default_rng(0)
CANON = SENSORS["demo"].xyz_to_camera


def test_srgb_encoding_has_its_published_values():
    # 0.5 and 0.18 computed by hand from 1.055 x^(1/2.4) - 0.055; 0.002 lies on the linear part.
    linear = np.array([0.0, 0.002, 0.0031308, 0.18, 0.5, 1.0])
    encoded = np.array([0.0, 0.02584, 0.0404499, 0.4613561, 0.7353570, 1.0])
    np.testing.assert_allclose(encode_srgb(linear), encoded, atol=1e-6)
    np.testing.assert_allclose(decode_srgb(encoded), linear, atol=1e-6)
    assert decode_srgb(np.array(0.5)) == pytest.approx(0.2140411, abs=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_decoding_inverts_encoding_also_outside_the_range(dtype):
    values = np.linspace(-0.5, 2, 1001, dtype=dtype)
    back = decode_srgb(encode_srgb(values))
    assert back.dtype == dtype
    np.testing.assert_allclose(back, values, atol=1e-5 if dtype == np.float32 else 1e-9)


def test_encoding_is_continuous_and_rises():
    values = encode_srgb(np.linspace(0, 0.01, 10001))
    steps = np.diff(values)
    assert (steps > 0).all()
    assert steps.max() < 2e-5  # 12.92 per unit, no jump at the joint


def test_the_srgb_matrix_has_the_d65_white():
    # Chromaticity x 0.3127, y 0.3290, to the four digits the standard gives its matrix with.
    xyz = np.array(SRGB_TO_XYZ).sum(axis=1)
    np.testing.assert_allclose(xyz[:2] / xyz.sum(), [0.3127, 0.3290], atol=5e-5)


def test_a_camera_that_sees_srgb_needs_no_matrix():
    np.testing.assert_allclose(camera_to_srgb(np.linalg.inv(SRGB_TO_XYZ)), np.eye(3), atol=1e-9)


def test_the_canons_matrix_is_libraws():
    # rawpy's color_matrix for a DNG with this ColorMatrix; LibRaw's sRGB matrix has more digits.
    libraw = [
        [1.8177627, -0.9643030, 0.1465403],
        [-0.2289201, 1.7737942, -0.5448741],
        [-0.0195407, -0.4681417, 1.4876823],
    ]
    np.testing.assert_allclose(camera_to_srgb(CANON), libraw, atol=1e-3)


def test_camera_white_becomes_srgb_white_whatever_the_scale_of_the_rows():
    matrix = camera_to_srgb(CANON)
    np.testing.assert_allclose(matrix @ np.ones(3), 1, atol=1e-12)
    scaled = np.diag([2.0, 3.0, 0.5]) @ np.array(CANON)
    np.testing.assert_allclose(camera_to_srgb(scaled), matrix, atol=1e-12)


def test_matrices_and_gains_have_inverses():
    image = RNG.uniform(size=(5, 4, 3)).astype(np.float32)
    matrix = camera_to_srgb(CANON)
    np.testing.assert_allclose(srgb_to_camera(CANON) @ matrix, np.eye(3), atol=1e-12)
    moved = apply_matrix(image, matrix)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(invert_matrix(moved, matrix), image, atol=1e-6)
    np.testing.assert_allclose(moved[2, 3], matrix @ image[2, 3], rtol=1e-5)
    balanced = apply_gains(image, (2.0, 1.0, 1.5))
    np.testing.assert_allclose(balanced[1, 2], image[1, 2] * [2, 1, 1.5], rtol=1e-6)
    np.testing.assert_allclose(invert_gains(balanced, (2.0, 1.0, 1.5)), image, rtol=1e-6)


@pytest.mark.parametrize("matrix", [np.ones((3, 3)), -np.eye(3), np.zeros((3, 3))])
def test_a_matrix_without_inverse_is_refused(matrix):
    with pytest.raises(InputError, match="colour matrix"):
        camera_to_srgb(matrix)
