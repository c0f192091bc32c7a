"""Test charts: each measure against a picture of which it is known."""

import cv2
import numpy as np
import pytest
from preset_charts import mtf50, patch, ramp, recorded, slanted_edge, zone_plate

from tfisp.metrics.color_difference import chroma


@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("degrees", [5.0, -8.0])
def test_the_resolution_of_a_blurred_edge_is_that_of_the_blur(sigma, degrees):
    kernel = cv2.getGaussianKernel(2 * round(4 * sigma) + 1, sigma).ravel()
    edge = slanted_edge(160, degrees)[..., 1].astype(np.float64)
    blurred = cv2.sepFilter2D(edge, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    # What the kernel leaves of a frequency, and the pixel, is half.
    f = np.linspace(0, 0.6, 6001)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    response = np.cos(2 * np.pi * np.outer(f, offsets)) @ kernel * np.sinc(f)
    assert mtf50(blurred) == pytest.approx(f[np.argmax(response < 0.5)], rel=0.03)


def test_greys_have_no_chroma_and_colours_their_own():
    assert chroma(zone_plate(64)).max() < 0.01
    # sRGB's red: L* 53.24, a* 80.09, b* 67.20.
    red = np.broadcast_to([1.0, 0.0, 0.0], (2, 2, 3))
    np.testing.assert_allclose(chroma(red), np.hypot(80.09, 67.20), rtol=1e-3)


def test_a_ramp_saturates_the_sensor_and_a_patch_does_not():
    full = recorded(ramp(64), "Nikon D750", (2.4, 1.0, 1.3), 0.0).mosaic
    assert (full[:, -1] == 16383).all() and (full[:, 0] < 8000).all()
    dark = recorded(patch(64), "Nikon D750", (2.4, 1.0, 1.3), 3e-3)
    green = dark.mosaic[::2, 1::2].astype(float)
    share = (green.mean() - 512) / (16383 - 512)
    assert share == pytest.approx(0.05, rel=0.02)
    assert green.std() / (16383 - 512) == pytest.approx(
        np.sqrt(dark.noise.shot * 0.05 + dark.noise.read), rel=0.1
    )
