"""Measures: values against scikit-image and NumPy, and the registry's promises."""

import subprocess
import sys

import numpy as np
import pytest

from tfisp import metrics
from tfisp.errors import InputError

RANDOM = dict.fromkeys(("alexnet", "lpips", "vgg16_torchvision", "dists"), "random")


def pair(*shape, seed=0):
    rng = np.random.default_rng(seed)
    reference = rng.uniform(0, 1, shape).astype(np.float32)
    image = np.clip(reference + rng.normal(0, 0.1, shape), 0, 1).astype(np.float32)
    return image, reference


def smallest(name):
    """A size that the measure can take."""
    return (161, 163) if name == "ms_ssim" else (40, 44)


def test_psnr_by_hand():
    reference = np.full((4, 4, 3), 0.5, np.float32)
    found = metrics.compute(["psnr"], reference + np.float32(0.1), reference)
    assert found["psnr"] == pytest.approx(20.0, abs=1e-4)


def test_psnr_and_ssim_equal_scikit_image():
    skimage_metrics = pytest.importorskip("skimage.metrics")
    image, reference = pair(40, 53, 3)
    found = metrics.compute(["psnr", "ssim"], image, reference)
    psnr = skimage_metrics.peak_signal_noise_ratio(
        reference.astype(float), image.astype(float), data_range=1.0
    )
    _, ssim = skimage_metrics.structural_similarity(
        reference.astype(float),
        image.astype(float),
        data_range=1.0,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    assert found["psnr"] == pytest.approx(psnr, abs=1e-4)
    # scikit-image also averages where the window reaches over the border; tfisp only inside
    assert found["ssim"] == pytest.approx(ssim[5:-5, 5:-5].mean(), abs=1e-4)


def test_the_mean_color_error_by_hand():
    reference = np.zeros((4, 6, 3), np.float32)
    image = reference + np.float32([3, 4, 12]) / 255
    image[0] *= 2  # ... and the same mean over all pixels
    image[1] *= 0
    assert metrics.compute(["color_error"], image, reference)["color_error"] == pytest.approx(
        13, abs=1e-3
    )


def test_large_pictures_keep_the_digits_of_small_ones():
    # The same tiles, many times: every mean over the picture stays what it is.
    image, reference = (np.float32(0.5 + 0.5 * side) for side in pair(16, 16, 3))
    image *= np.float32([1.0, 0.9, 0.8])
    large = [np.tile(side, (64, 64, 1)) for side in (image, reference)]
    found = metrics.compute(["psnr", "ssim", "color_error"], *large)
    small = [np.tile(side, (3, 3, 1)) for side in (image, reference)]
    expected = metrics.compute(["psnr", "color_error"], *small)
    assert found["psnr"] == pytest.approx(expected["psnr"], abs=1e-4)
    assert found["color_error"] == pytest.approx(expected["color_error"], abs=1e-4)
    # Where the window is inside, SSIM repeats with the tiles: 26 positions leave out 10.
    tiled = [np.tile(side, (4, 4, 1))[:26, :26] for side in (image, reference)]
    inside = metrics.compute(["ssim"], *tiled)["ssim"]
    assert found["ssim"] == pytest.approx(inside, abs=1e-4)


@pytest.mark.parametrize("name", metrics.names())
def test_equal_pictures_reach_the_better_end_of_the_range(name):
    image, reference = pair(*smallest(name), 3)
    metric = metrics.METRICS[name]
    best = metrics.compute([name], image, image, RANDOM)[name]
    worse = metrics.compute([name], image, reference, RANDOM)[name]
    assert best == pytest.approx(metric.range[0 if metric.lower_better else 1], abs=1e-6)
    assert worse > best if metric.lower_better else worse < best


@pytest.mark.parametrize("name", metrics.names())
def test_a_batch_is_measured_picture_by_picture(name):
    image, reference = pair(3, *smallest(name), 3)
    together = metrics.compute([name], image, reference, RANDOM)[name]
    alone = [
        metrics.compute([name], a, b, RANDOM)[name] for a, b in zip(image, reference, strict=True)
    ]
    assert together.shape == (3,)
    assert isinstance(alone[0], float)
    np.testing.assert_allclose(together, alone, rtol=1e-4)


def test_networks_are_loaded_once():
    assert metrics.create("lpips", RANDOM) is metrics.create("lpips", RANDOM)
    assert metrics.create("lpips", RANDOM) is not metrics.create("lpips+", RANDOM)


@pytest.mark.parametrize(
    ("image", "reference", "message"),
    [
        (np.zeros((4, 4, 3)), np.zeros((4, 5, 3)), "of one size"),
        (np.zeros((4, 4)), np.zeros((4, 4)), "RGB pictures"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 3)), "uint8"),
    ],
)
def test_what_cannot_be_compared_is_refused(image, reference, message):
    with pytest.raises(InputError, match=message):
        metrics.compute(["psnr"], image, reference)


def test_pictures_smaller_than_the_window_of_ssim_are_refused():
    with pytest.raises(InputError, match="10x11 pixels are smaller"):
        metrics.compute(["ssim"], *pair(10, 11, 3))


def test_a_mistyped_metric_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="psnr"):
        metrics.compute(["pnsr"], *pair(12, 12, 3))


def test_rounding_to_8_bits():
    values = np.array([-1.0, 0.0, 0.5 / 255, 1.5 / 255, 0.4999 / 255, 1.0, 7.0], np.float32)
    np.testing.assert_array_equal(
        metrics.quantise8(values) * 255, np.float32([0, 0, 0, 2, 0, 255, 255])
    )
    every_level = np.arange(256, dtype=np.float32) / np.float32(255)
    np.testing.assert_array_equal(metrics.quantise8(every_level), every_level)


def test_naming_measures_does_not_load_tensorflow():
    code = "import sys, tfisp.metrics as m; m.names(); print('tensorflow' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
