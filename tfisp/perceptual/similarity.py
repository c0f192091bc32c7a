"""Classical similarity of two pictures, per image and differentiable: PSNR, SSIM, mean colour."""

from typing import Protocol

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.perceptual.safe_math import positive_power
from tfisp.perceptual.separable import static_size

# Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity":
# window and deviation in pixels, constants K1 and K2.
SSIM_WINDOW, SSIM_DEVIATION, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03
# Exponents of the five scales, fine to coarse: Wang et al. 2003, "Multi-scale structural similarity
# for image quality assessment", section 3.2.
MS_SSIM_EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def psnr(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio: `-10 log10` of the mean squared difference.

    Args:
        images: `[B, H, W, C]` float32, 0..1 (the peak is 1).
        references: The same shape.

    Returns:
        `[B]` in dB, infinite for equal pictures.
    """
    return tf.image.psnr(images, references, max_val=1.0)


def ssim(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Structural similarity with a Gaussian window.

    Averaged over the channels and over all positions where the whole window lies in the picture.

    Args:
        images: `[B, H, W, C]` float32, 0..1, at least 11 pixels high and wide.
        references: The same shape.

    Returns:
        `[B]`, 1 for equal pictures, down to -1.

    Raises:
        InputError: if the images are smaller than the window.
    """
    require_window(images.shape[1], images.shape[2])
    rows = similar_rows(tf.convert_to_tensor(images), tf.convert_to_tensor(references))
    return tf.reduce_mean(tf.reduce_mean(rows, axis=1), axis=-1)


def require_window(height: int | None, width: int | None) -> None:
    """Sees that a picture is not smaller than SSIM's window, where its size is known.

    Raises:
        InputError: it is.
    """
    if height is not None and width is not None and min(height, width) < SSIM_WINDOW:
        raise InputError(
            f"ssim: images of {height}x{width} pixels are smaller than its window of "
            f"{SSIM_WINDOW}x{SSIM_WINDOW}"
        )


def ms_ssim(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Structural similarity at five scales, each half the size of the one before.

    The product over the scales of contrast and structure, at the coarsest one of SSIM, each to its
    own power, and that averaged over the channels: what `tf.image.ssim_multiscale` computes, whose
    gradient is NaN, however, where a scale is not similar at all (0 to a power below 1). Negative
    similarities count as 0 in both.

    Args:
        images: `[B, H, W, C]` float32, 0..1, at least 161 pixels high and wide: at the fifth scale
            the window of 11 pixels must still fit. Sizes must be known when tracing.
        references: The same shape.

    Returns:
        `[B]`, 0..1, 1 for equal pictures.

    Raises:
        InputError: if the images are too small.
    """
    return multi_scale(tf.convert_to_tensor(images), tf.convert_to_tensor(references), similar_rows)


def multi_scale(images: tf.Tensor, references: tf.Tensor, similar: "Rows") -> tf.Tensor:
    """`ms_ssim`, its rows computed by a function like `similar_rows`.

    Raises:
        InputError: as `ms_ssim`.
    """
    height, width = static_size(images)
    least = (SSIM_WINDOW - 1) * 2 ** (len(MS_SSIM_EXPONENTS) - 1) + 1
    if min(height, width) < least:
        raise InputError(
            f"ms_ssim: images of {height}x{width} pixels are too small for its five scales; "
            f"expected at least {least}x{least}"
        )
    product = 1.0
    for scale, exponent in enumerate(MS_SSIM_EXPONENTS):
        if scale > 0:
            images, references = _downsample(images), _downsample(references)
        is_coarsest = scale == len(MS_SSIM_EXPONENTS) - 1
        rows = similar(images, references, with_luminance=is_coarsest)
        product *= positive_power(tf.reduce_mean(rows, axis=1), exponent)
    return tf.reduce_mean(product, axis=-1)


def similar_rows(x: tf.Tensor, y: tf.Tensor, with_luminance: bool = True) -> tf.Tensor:
    """SSIM, or its contrast and structure alone, averaged over each row.

    Args:
        x: `[B, H, W, C]`.
        y: The same shape.
        with_luminance: Whether luminance counts too.

    Returns:
        `[B, H - 10, C]`, for the rows around which the whole window lies in the picture.
    """
    luminance, structure = _ssim_parts(x, y)
    return tf.reduce_mean(luminance * structure if with_luminance else structure, axis=2)


def _ssim_parts(x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """SSIM's luminance and its contrast with structure, wherever the whole window is inside.

    `[B, H, W, C]` twice -> `[B, H - 10, W - 10, C]` twice; their product is SSIM.
    """
    c1, c2 = SSIM_K1**2, SSIM_K2**2
    x_mean, y_mean = _windowed(x), _windowed(y)
    mean_product, mean_squares = 2.0 * x_mean * y_mean, x_mean**2 + y_mean**2
    covariance = 2.0 * _windowed(x * y) - mean_product
    variances = _windowed(x**2 + y**2) - mean_squares
    return (mean_product + c1) / (mean_squares + c1), (covariance + c2) / (variances + c2)


class Rows(Protocol):
    """What `similar_rows` computes, in whatever way."""

    def __call__(self, x: tf.Tensor, y: tf.Tensor, with_luminance: bool = True) -> tf.Tensor:
        """See `similar_rows`."""
        ...


def _mean(x: tf.Tensor) -> tf.Tensor:
    """Mean over all positions, `[B, H, W, C]` -> `[B, C]`, first within rows.

    TensorFlow adds up `axis=[1, 2]` one by one: in float32 the sum of a large picture grows until
    it loses the digits of what is added to it.
    """
    return tf.reduce_mean(tf.reduce_mean(x, axis=2), axis=1)


def _windowed(x: tf.Tensor) -> tf.Tensor:
    """Mean under SSIM's Gaussian window, one axis after the other."""
    offsets = np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2
    weights = np.exp(-0.5 * (offsets / SSIM_DEVIATION) ** 2)
    weights = tf.constant(weights / weights.sum(), x.dtype)
    channels = x.shape[-1]
    for shape in ((SSIM_WINDOW, 1, 1, 1), (1, SSIM_WINDOW, 1, 1)):
        kernel = tf.tile(tf.reshape(weights, shape), [1, 1, channels, 1])
        x = tf.nn.depthwise_conv2d(x, kernel, strides=[1, 1, 1, 1], padding="VALID")
    return x


def _downsample(x: tf.Tensor) -> tf.Tensor:
    """Means of blocks of 2x2 pixels; the last row or column of an odd size counts twice."""
    height, width = static_size(x)
    x = tf.pad(x, [[0, 0], [0, height % 2], [0, width % 2], [0, 0]], mode="SYMMETRIC")
    return tf.nn.avg_pool2d(x, ksize=2, strides=2, padding="VALID")


def mean_color_error(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Distance between the mean colours of two pictures: their colour cast, apart from all else.

    `255 |mean(image) - mean(reference)|_2` over R, G, B as encoded, the means taken over all
    pixels; so it counts in steps of 8-bit values.

    Args:
        images: `[B, H, W, 3]` float32, 0..1.
        references: The same shape.

    Returns:
        `[B]`, 0 for equal means, where its gradient is taken to be zero.
    """
    difference = _mean(images - references)
    return 255.0 * positive_power(tf.reduce_sum(tf.square(difference), axis=-1), 0.5)
