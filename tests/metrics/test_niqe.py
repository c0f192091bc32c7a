"""NIQE beside a plain rendering of the paper's equations, patch by patch, with SciPy."""

import cv2
import numpy as np
import pytest
from scipy import ndimage, special
from scipy.io import savemat

from tfisp.errors import InputError
from tfisp.metrics import niqe


def scene(height, width, seed=0):
    """Structure at several scales, in colour, 0..1."""
    rng = np.random.default_rng(seed)
    sizes = ((9, 11, 0.6), (60, 70, 0.25), (height, width, 0.15))
    layers = [
        share * cv2.resize(rng.uniform(size=(h, w, 3)), (width, height)) for h, w, share in sizes
    ]
    return sum(layers)


def plain_shape(values):
    """Shape and widths by the moments of Lasmar et al. 2009, all shapes tried."""
    left = np.sqrt(np.mean(values[values < 0] ** 2))
    right = np.sqrt(np.mean(values[values > 0] ** 2))
    balance = left / right
    ratio = np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    ratio *= (balance**3 + 1) * (balance + 1) / (balance**2 + 1) ** 2
    shapes = np.arange(0.2, 10.0005, 0.001)
    tried = special.gamma(2 / shapes) ** 2 / (special.gamma(1 / shapes) * special.gamma(3 / shapes))
    shape = shapes[np.argmin((tried - ratio) ** 2)]
    scale = np.sqrt(special.gamma(1 / shape) / special.gamma(3 / shape))
    return shape, left * scale, right * scale


def plain_halved(plane):
    """imresize(plane, 0.5): each pixel a weighted mean along one axis, then along the other."""

    def cubic(x):
        x = np.abs(x)
        return np.where(
            x <= 1,
            1.5 * x**3 - 2.5 * x**2 + 1,
            np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0),
        )

    for _ in range(2):
        length = len(plane)
        weights = np.zeros((length // 2, length))
        for row in range(length // 2):
            for tap in range(2 * row - 5, 2 * row + 7):
                mirrored = -1 - tap if tap < 0 else 2 * length - 1 - tap if tap >= length else tap
                weights[row, mirrored] += cubic((tap - (2 * row + 0.5)) / 2)
        plane = (weights / weights.sum(axis=1, keepdims=True) @ plane).T
    return plane


def plain_features(image):
    """36 numbers per patch, and its sharpness."""
    rows, columns = (side // 96 for side in image.shape[:2])
    luma = 255 * (image[: 96 * rows, : 96 * columns] @ [0.2989, 0.5870, 0.1140])
    window = np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))
    window /= window.sum()
    found = [[] for _ in range(rows * columns)]
    sharp = []
    for side in (96, 48):

        def blur(x):
            for axis in (0, 1):
                x = ndimage.correlate1d(x, window, axis, mode="nearest")
            return x

        mean = blur(luma)
        deviation = np.sqrt(np.abs(blur(luma**2) - mean**2))
        normal = (luma - mean) / (deviation + 1)
        for index in range(rows * columns):
            top, left = side * (index // columns), side * (index % columns)
            patch = normal[top : top + side, left : left + side]
            if side == 96:
                sharp.append(deviation[top : top + side, left : left + side].mean())
            shape, low, high = plain_shape(patch)
            found[index] += [shape, (low + high) / 2]
            for shift in ((0, 1), (1, 0), (1, 1), (-1, 1)):
                shape, low, high = plain_shape(patch * np.roll(patch, shift, (0, 1)))
                mean_of = (high - low) * special.gamma(2 / shape) / special.gamma(1 / shape)
                found[index] += [shape, mean_of, low, high]
        luma = plain_halved(luma)
    return np.array(found), np.array(sharp)


def test_parameters_of_patches_are_those_of_the_equations():
    image = scene(200, 300)
    features, sharpness = niqe.describe(image)
    expected, sharp = plain_features(image)
    assert features.shape == (2 * 3, 36)
    np.testing.assert_allclose(features, expected, rtol=1e-6)
    np.testing.assert_allclose(sharpness, sharp, rtol=1e-9)


def test_the_distance_is_between_sharp_patches_of_photographs_and_all_of_the_picture():
    photographs, image = [scene(200, 300, seed) for seed in (1, 2)], scene(200, 300)
    photographs[0][:, :96] = cv2.GaussianBlur(photographs[0][:, :96], (0, 0), 3)
    pristine = []
    for photograph in photographs:
        features, sharp = plain_features(photograph)
        pristine.append(features[sharp > 0.75 * sharp.max()])
    assert len(pristine[0]) < len(pristine[1])
    pristine, ours = np.concatenate(pristine), plain_features(image)[0]
    off = pristine.mean(0) - ours.mean(0)
    pooled = (np.cov(pristine.T) + np.cov(ours.T)) / 2
    expected = np.sqrt(off @ np.linalg.pinv(pooled) @ off)
    model = niqe.fit([*photographs, scene(90, 300)], "two")
    assert niqe.distance(image, model) == pytest.approx(expected, rel=1e-5)


def test_a_model_is_read_from_the_authors_form(tmp_path):
    rng = np.random.default_rng(0)
    mean, covariance = rng.normal(size=(1, 36)), np.cov(rng.normal(size=(36, 50)))
    savemat(tmp_path / "m.mat", {"mu_prisparam": mean, "cov_prisparam": covariance})
    model = niqe.read_model(tmp_path / "m.mat")
    np.testing.assert_array_equal(model.mean, mean[0])
    np.testing.assert_array_equal(model.covariance, covariance)
    (tmp_path / "x.mat").write_bytes(b"not a matrix")
    with pytest.raises(InputError, match=r"x\.mat: not a model of NIQE"):
        niqe.read_model(tmp_path / "x.mat")


def test_pictures_without_two_patches_have_no_value_and_photographs_without_are_refused():
    model = niqe.Model(np.zeros(36), np.eye(36), "none")
    assert np.isnan(niqe.distance(scene(96, 191), model))
    assert np.isfinite(niqe.distance(scene(96, 192), model))
    with pytest.raises(InputError, match="small: fewer than two sharp patches"):
        niqe.fit([scene(95, 400)], "small")
