"""Blurring and resizing as one matrix per image axis.

A separable linear filter of an image `x` `[H, W]` is `R x C^T` with one matrix for the rows and one
for the columns; filters in a row multiply into one such pair. TensorFlow's own bilinear resize has
no second derivative (it silently gives None), which a gradient penalty in image space needs; a
product of matrices has all of them, on every device.

The matrices are float64 NumPy, made once per size.
"""

import functools
import math

import numpy as np
import tensorflow as tf

from tfisp.naming import choose

PADDINGS = ("reflect", "zero")

# gauss_kernel(21, nsig=3) of DPED (aiff22/DPED, utils.py), taken over by the paper's colour loss.
_BLUR_SIZE, _BLUR_NSIG = 21, 3.0


@functools.cache
def blur_kernel() -> np.ndarray:
    """The 21 weights, summing to 1, whose outer product is DPED's blur.

    DPED cuts the normal distribution between -3 1/6 and 3 1/6 deviations into 21 bins, takes the
    outer product of their masses, then its *square root*, then normalises. The root of an outer
    product is the outer product of the roots: a separable Gaussian, wider by sqrt(2), of deviation
    4.71 pixels before it is cut off and 4.34 after.
    """
    edge = _BLUR_NSIG + (2.0 * _BLUR_NSIG + 1.0) / _BLUR_SIZE / 2.0
    bins = np.linspace(-edge, edge, _BLUR_SIZE + 1)
    cumulative = np.array([0.5 * (1.0 + math.erf(x / math.sqrt(2.0))) for x in bins])
    weights = np.sqrt(np.diff(cumulative))
    return weights / weights.sum()


@functools.lru_cache(maxsize=32)
def blur_matrix(size: int, padding: str = "reflect") -> np.ndarray:
    """DPED's blur along an axis of `size` pixels.

    Args:
        size: Number of pixels, at least 1.
        padding: Beyond the border, `reflect` mirrors the image about its outermost pixels (as often
            as a small one needs it); `zero` is black there, as in the published code, and darkens
            the border.

    Returns:
        `[size, size]` float64; rows sum to 1 under `reflect`.

    Raises:
        InputError: for another padding.
    """
    choose("padding", padding, PADDINGS)
    kernel = blur_kernel()
    radius = len(kernel) // 2
    matrix = np.zeros((size, size))
    for row in range(size):
        for weight, source in zip(kernel, range(row - radius, row + radius + 1), strict=True):
            if padding == "reflect":
                matrix[row, _mirrored(source, size)] += weight
            elif 0 <= source < size:
                matrix[row, source] += weight
    return matrix


def _mirrored(index: int, size: int) -> int:
    """The pixel that a position outside the image shows: ... 2 1 | 0 1 2 ... n-1 | n-2 n-3 ..."""
    period = max(2 * (size - 1), 1)
    index %= period
    return min(index, period - index) if size > 1 else 0


@functools.lru_cache(maxsize=32)
def resize_matrix(source: int, target: int) -> np.ndarray:
    """Bilinear interpolation from `source` to `target` pixels along an axis.

    Pixel centres lie at half-integers and nothing is smoothed beforehand (`align_corners=False`,
    `antialias=False` in PyTorch's and TensorFlow's words), so reducing a picture aliases unless it
    was blurred.

    Returns:
        `[target, source]` float64; rows sum to 1.
    """
    position = (np.arange(target) + 0.5) * (source / target) - 0.5
    position = np.clip(position, 0.0, source - 1.0)
    low = np.floor(position).astype(int)
    high = np.minimum(low + 1, source - 1)
    matrix = np.zeros((target, source))
    np.add.at(matrix, (np.arange(target), low), 1.0 - (position - low))
    np.add.at(matrix, (np.arange(target), high), position - low)
    return matrix


@functools.lru_cache(maxsize=32)
def mean_matrix(size: int, block: int) -> np.ndarray:
    """Means of each `block` pixels along an axis; the last of what is left there.

    Returns:
        `[size / block, size]` float64, rounded up; rows sum to 1.
    """
    row = np.arange(size) // block
    matrix = (row == np.arange(row[-1] + 1)[:, None]).astype(float)
    return matrix / matrix.sum(axis=1, keepdims=True)


def filter_axes(images: tf.Tensor, rows: np.ndarray, columns: np.ndarray) -> tf.Tensor:
    """Applies one matrix along the height and one along the width.

    Args:
        images: `[B, H, W, C]` floating point.
        rows: `[P, H]`.
        columns: `[Q, W]`.

    Returns:
        `[B, P, Q, C]` of the images' dtype.
    """
    images = tf.einsum("ph,bhwc->bpwc", tf.constant(rows, images.dtype), images)
    return tf.einsum("qw,bpwc->bpqc", tf.constant(columns, images.dtype), images)


def resize(images: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Bilinear resize of `[B, H, W, C]` to `[B, height, width, C]`; has all derivatives."""
    source_height, source_width = static_size(images)
    if (source_height, source_width) == (height, width):
        return images
    return filter_axes(
        images, resize_matrix(source_height, height), resize_matrix(source_width, width)
    )


def static_size(images: tf.Tensor) -> tuple[int, int]:
    """Height and width of a batch.

    Raises:
        ValueError: if they are not known while a graph is being traced; matrices are made for one
            size.
    """
    height, width = images.shape[1], images.shape[2]
    if height is None or width is None:
        raise ValueError(f"the image size must be known when tracing, got shape {images.shape}")
    return height, width
