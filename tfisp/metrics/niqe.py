"""NIQE: how far a picture's local statistics are from those of photographs, without any truth.

A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'completely blind' image quality analyzer", IEEE
Signal Processing Letters 20(3), 2013, with the constants of the authors' release. Patches of 96x96
pixels, at two scales, are described by 36 parameters of the distributions of their normalised
luma; the distance is between the normal distributions of these over the patches of the picture, and
over the sharp patches of pristine photographs.

The authors' own photographs gave the parameters that published figures are computed with: a file
`modelparameters.mat` of their release. `fit` computes such parameters from photographs of one's own
choice, as the authors did; figures by different parameters are not to be held against each other.
"""

import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tfisp.errors import InputError

PATCH = 96
FEATURES = 36
# Of the photographs, patches that are sharper than this share of the sharpest one.
SHARP = 0.75

# Window of local mean and deviation: MATLAB's fspecial("gaussian", 7, 7/6), along one axis.
_WINDOW = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
_WINDOW /= _WINDOW.sum()
# Neighbours whose products are looked at, as (down, across).
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (-1, 1))
# Shapes of distributions that are tried: 0.2, 0.201, ... 10.
_SHAPES = np.arange(200, 10_001) / 1000
_gamma = np.vectorize(math.gamma, otypes=[np.float64])


@dataclass(frozen=True)
class Model:
    """What patches of pristine photographs are like.

    Attributes:
        mean: float64 `[36]`.
        covariance: float64 `[36, 36]`.
        origin: Where it comes from, for reports.
    """

    mean: np.ndarray
    covariance: np.ndarray
    origin: str


def read_model(path: Path) -> Model:
    """Parameters in a file of the authors' form: MATLAB 5, `mu_prisparam` and `cov_prisparam`.

    Raises:
        InputError: it is no such file; names it.
    """
    from scipy.io import loadmat

    try:
        stored = loadmat(path)
        mean = np.asarray(stored["mu_prisparam"], np.float64).reshape(FEATURES)
        covariance = np.asarray(stored["cov_prisparam"], np.float64).reshape(FEATURES, FEATURES)
    except OSError:
        raise
    # SciPy raises many kinds of error on what is no such file.
    except Exception as error:
        raise InputError(
            f"{path}: not a model of NIQE; expected a MATLAB file with mu_prisparam [1, 36] and"
            " cov_prisparam [36, 36]"
        ) from error
    return Model(mean, covariance, str(path))


def fit(photographs: Iterable[np.ndarray], origin: str) -> Model:
    """The model of pristine photographs.

    Args:
        photographs: `[H, W, 3]` sRGB 0..1 each; those without a whole patch are left out.
        origin: See `Model`.

    Raises:
        InputError: if they have fewer than two sharp patches.
    """
    rows = [np.zeros((0, FEATURES))]
    for photograph in photographs:
        if min(photograph.shape[:2]) >= PATCH:
            features, sharpness = describe(photograph)
            rows.append(features[sharpness > SHARP * sharpness.max()])
    patches = np.concatenate(rows)
    if len(patches) < 2:
        raise InputError(f"niqe: {origin}: fewer than two sharp patches of {PATCH}x{PATCH} pixels")
    return Model(*_moments(patches), origin)


def distance(image: np.ndarray, model: Model) -> float:
    """The NIQE of a picture.

    Args:
        image: `[H, W, 3]` sRGB 0..1.
        model: Of pristine photographs.

    Returns:
        0 or more, lower is better; NaN where the picture has fewer than two whole patches.
    """
    height, width = (side // PATCH for side in image.shape[:2])
    if height * width < 2:
        return math.nan
    mean, covariance = _moments(describe(image)[0])
    difference = model.mean - mean
    pooled = np.linalg.pinv((model.covariance + covariance) / 2)
    return float(np.sqrt(max(difference @ pooled @ difference, 0.0)))


def describe(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parameters of a picture's patches, and how sharp they are.

    Args:
        image: `[H, W, 3]` sRGB 0..1, a patch or more; what is left at the right and at the bottom
            does not count.

    Returns:
        float64 `[patches, 36]`, NaN where a patch has no structure, and `[patches]`: the mean local
        deviation, in levels of 8 bits.
    """
    height, width = (side // PATCH * PATCH for side in image.shape[:2])
    # MATLAB's rgb2gray: ITU-R BT.601 of encoded values.
    luma = 255 * (
        np.asarray(image[:height, :width], np.float64) @ np.array([0.2989, 0.5870, 0.1140])
    )
    parts, sharpness = [], np.zeros(0)
    for patch in (PATCH, PATCH // 2):
        normalised, deviation = _normalised(luma)
        parts.append(_parameters(_patches(normalised, patch)))
        if patch == PATCH:
            sharpness = _patches(deviation, patch).mean(axis=(1, 2))
            luma = _halved(luma)
    return np.concatenate(parts, axis=1), sharpness


def _moments(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean, and unbiased covariance over the patches without NaN."""
    whole = patches[~np.isnan(patches).any(axis=1)]
    if len(whole) < 2:  # a picture of nothing
        return np.nanmean(patches, axis=0), np.zeros((FEATURES, FEATURES))
    return np.nanmean(patches, axis=0), np.cov(whole, rowvar=False)


def _normalised(luma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luma less its local mean over its local deviation and 1, and that deviation."""

    def windowed(x: np.ndarray) -> np.ndarray:
        return cv2.sepFilter2D(x, -1, _WINDOW, _WINDOW, borderType=cv2.BORDER_REPLICATE)

    mean = windowed(luma)
    deviation = np.sqrt(np.abs(windowed(luma * luma) - mean * mean))
    return (luma - mean) / (deviation + 1), deviation


def _halved(luma: np.ndarray) -> np.ndarray:
    """MATLAB's imresize(luma, 0.5): bicubic (a = -1/2), widened to 8 pixels against aliasing."""
    x = np.abs(np.arange(8) - 3.5) / 2
    kernel = np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)
    kernel /= kernel.sum()
    # Every second result; the kernel of even length begins three pixels before its own.
    wide = cv2.copyMakeBorder(luma, 3, 4, 3, 4, cv2.BORDER_REFLECT)
    filtered = cv2.sepFilter2D(wide, -1, kernel, kernel, anchor=(0, 0))
    return filtered[: luma.shape[0] : 2, : luma.shape[1] : 2]


def _patches(plane: np.ndarray, side: int) -> np.ndarray:
    """`[H, W]` -> `[patches, side, side]`."""
    rows, columns = (length // side for length in plane.shape)
    cut = plane.reshape(rows, side, columns, side).swapaxes(1, 2)
    return cut.reshape(rows * columns, side, side)


def _parameters(patches: np.ndarray) -> np.ndarray:
    """The 18 parameters of each patch at one scale."""
    shape, left, right = _asymmetric(patches)
    found = [shape, (left + right) / 2]
    for shift in _NEIGHBOURS:
        shape, left, right = _asymmetric(patches * np.roll(patches, shift, axis=(1, 2)))
        mean = (right - left) * _gamma(2 / shape) / _gamma(1 / shape)
        found += [shape, mean, left, right]
    return np.stack(found, axis=1)


def _asymmetric(patches: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shape and both widths of the asymmetric generalised Gaussian that fits each patch's values.

    N. Lasmar, Y. Stitou, Y. Berthoumieu, "Multiscale skewed heavy tailed model for texture
    analysis", ICIP 2009: by moments.
    """
    values = patches.reshape(len(patches), -1)
    with np.errstate(divide="ignore", invalid="ignore"):  # patches without structure
        left, right = (
            np.sqrt((values**2 * side).sum(axis=1) / side.sum(axis=1))
            for side in (values < 0, values > 0)
        )
        balance = left / right
        ratio = np.abs(values).mean(axis=1) ** 2 / (values**2).mean(axis=1)
        ratio *= (balance**3 + 1) * (balance + 1) / (balance**2 + 1) ** 2
    known = _ratios()  # they rise with the shape
    above = np.clip(np.searchsorted(known, ratio), 1, len(known) - 1)
    nearer = ratio - known[above - 1] <= known[above] - ratio
    shape = np.where(np.isnan(ratio), np.nan, _SHAPES[above - nearer])
    scale = np.sqrt(_gamma(1 / shape) / _gamma(3 / shape))
    return shape, left * scale, right * scale


@functools.cache
def _ratios() -> np.ndarray:
    """The ratio of moments, `E|x|^2 / E x^2`, of each of `_SHAPES`."""
    return _gamma(2 / _SHAPES) ** 2 / (_gamma(1 / _SHAPES) * _gamma(3 / _SHAPES))
