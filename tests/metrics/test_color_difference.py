"""CIEDE2000 against its published test data, and CIELAB against colour-science."""

import colour
import numpy as np
import pytest

from tfisp.metrics.color_difference import ciede2000, mean_ciede2000, srgb_to_lab

# Sharma, Wu and Dalal 2005, table 1: L, a, b of two colours, and their difference to four digits.
# The pairs try each branch: greys, hues to both sides of 0 and 180 degrees, blue, large and small.
PUBLISHED = np.array(
    [
        (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
        (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
        (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
        (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
        (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
        (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
        (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
        (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
        (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
        (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
        (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
        (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
        (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)


def test_the_published_differences():
    first, second, expected = PUBLISHED[:, :3], PUBLISHED[:, 3:6], PUBLISHED[:, 6]
    np.testing.assert_allclose(ciede2000(first, second), expected, atol=5.1e-5)
    np.testing.assert_allclose(ciede2000(second, first), expected, atol=5.1e-5)


def test_any_colours_give_what_colour_science_gives():
    first, second = np.random.default_rng(0).uniform(-100, 100, (2, 5000, 3))
    first[:, 0], second[:, 0] = np.abs(first[:, 0]), np.abs(second[:, 0])
    first[:50, 1:] = 0
    expected = colour.delta_E(first, second, method="CIE 2000")
    np.testing.assert_allclose(ciede2000(first, second), expected, atol=1e-9)


def test_cielab_is_colour_sciences_and_greys_are_grey():
    image = np.random.default_rng(0).uniform(0, 1, (40, 40, 3))
    expected = colour.XYZ_to_Lab(colour.sRGB_to_XYZ(image))
    np.testing.assert_allclose(srgb_to_lab(image), expected, atol=0.01)
    greys = srgb_to_lab(np.repeat(np.linspace(0, 1, 9)[:, None], 3, axis=1))
    np.testing.assert_allclose(greys[:, 1:], 0, atol=1e-12)
    assert greys[0, 0] == pytest.approx(0) and greys[-1, 0] == pytest.approx(100)


def test_the_mean_is_over_all_pixels_of_each_picture():
    # More pixels than are worked through at a time, and no multiple.
    first, second = np.random.default_rng(0).uniform(0, 1, (2, 2, 129, 151, 3)).astype(np.float32)
    everywhere = ciede2000(srgb_to_lab(first), srgb_to_lab(second))
    np.testing.assert_allclose(mean_ciede2000(first, second), everywhere.mean((1, 2)))
