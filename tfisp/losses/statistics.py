"""Losses of statistics: what distributions of colours and features are like, not what lies where.

They compare pictures of different scenes. Definitions and constants are those of the fourth place
of NTIRE 2026's unpaired ISP challenge (arXiv 2605.07495, github.com/nuniniyujin/Unpaired-ISP).
"""

import tensorflow as tf

from tfisp.losses.adversarial import Mean
from tfisp.perceptual.safe_math import positive_power

# Full-range BT.601 luma and chroma of R, G, B; the chromas lie within -0.5..0.5.
_YUV = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
LUMA_BINS, LUMA_SIGMA = 64, 0.02
CHROMA_BINS, CHROMA_SIGMA = 32, 0.03


def moments(
    images: tf.Tensor, references: tf.Tensor, over_replicas: Mean = tf.identity
) -> tf.Tensor:
    """Mean absolute difference of the channels' means, plus that of their deviations.

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: The same number of channels.
        over_replicas: Where these are one replica's part of a batch, what makes its mean that of
            the whole batch.

    Returns:
        `[B]`, non-negative, the same for all: the statistics are those of the batch.
    """
    pairs = zip(*(_moments(x, over_replicas) for x in (images, references)), strict=True)
    distance = tf.add_n([tf.reduce_mean(tf.abs(first - second)) for first, second in pairs])
    return tf.fill([tf.shape(images)[0]], distance)


def luma_histogram(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of soft histograms of luma, per image.

    Each pixel counts to each of 64 bins on 0..1 by a Gaussian of deviation 0.02 around its value.
    Counts are divided by their sum. Images are cut off to 0..1 first.

    Args:
        images: `[B, H, W, 3]`, nominally 0..1.
        references: `[B, H', W', 3]`.

    Returns:
        `[B]`, non-negative.
    """
    first, second = (_luma_counts(x) for x in (images, references))
    return tf.reduce_mean(tf.math.squared_difference(first, second), axis=1)


def chroma_histogram(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of soft joint histograms of the two chromas, per image.

    As `luma_histogram`, with 32 x 32 bins on -0.5..0.5 and a deviation of 0.03.

    Args:
        images: `[B, H, W, 3]`, nominally 0..1.
        references: `[B, H', W', 3]`.

    Returns:
        `[B]`, non-negative.
    """
    first, second = (_chroma_counts(x) for x in (images, references))
    return tf.reduce_mean(tf.math.squared_difference(first, second), axis=[1, 2])


def gram(features: tf.Tensor, reference_features: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of Gram matrices, per image (Gatys et al. 2016).

    Args:
        features: `[B, h, w, C]` of the generated images.
        reference_features: `[B, h', w', C]` of the others.

    Returns:
        `[B]`, non-negative: of products of channels, summed over places, over `C h w`.
    """
    first, second = (_gram(x) for x in (features, reference_features))
    return tf.reduce_mean(tf.math.squared_difference(first, second), axis=[1, 2])


def absolute_variation(images: tf.Tensor) -> tf.Tensor:
    """Mean absolute difference of vertical neighbours plus that of horizontal ones, per image.

    Args:
        images: `[B, H, W, C]` with `H, W >= 2`.

    Returns:
        `[B]`, non-negative. Where two pixels are equal, the gradient is taken to be zero.
    """
    vertical = tf.abs(images[:, 1:] - images[:, :-1])
    horizontal = tf.abs(images[:, :, 1:] - images[:, :, :-1])
    axes = [1, 2, 3]
    return tf.reduce_mean(vertical, axes) + tf.reduce_mean(horizontal, axes)


def _moments(images: tf.Tensor, over_replicas: Mean) -> tuple[tf.Tensor, tf.Tensor]:
    """Mean and deviation of each channel over a batch."""
    axes = [0, 1, 2]
    mean = over_replicas(tf.reduce_mean(images, axes))
    variance = over_replicas(tf.reduce_mean(tf.square(images - mean), axes))
    return mean, positive_power(variance, 0.5)


def _planes(images: tf.Tensor) -> tf.Tensor:
    """`[B, H, W, 3]` -> Y, U + 0.5, V + 0.5 as `[B, H W, 3]`, within 0..1."""
    clipped = tf.clip_by_value(images, 0.0, 1.0)
    yuv = tf.einsum("bhwc,dc->bhwd", clipped, tf.constant(_YUV, images.dtype))
    yuv += tf.constant([0.0, 0.5, 0.5], images.dtype)
    return tf.reshape(tf.clip_by_value(yuv, 0.0, 1.0), [tf.shape(images)[0], -1, 3])


def _weights(values: tf.Tensor, bins: int, sigma: float) -> tf.Tensor:
    """How much each value counts to each bin: `[B, N]` -> `[B, N, bins]`."""
    centres = tf.linspace(tf.zeros([], values.dtype), tf.ones([], values.dtype), bins)
    return tf.exp(-0.5 * tf.square((values[..., None] - centres) / sigma))


def _luma_counts(images: tf.Tensor) -> tf.Tensor:
    counts = tf.reduce_sum(_weights(_planes(images)[..., 0], LUMA_BINS, LUMA_SIGMA), axis=1)
    return counts / (tf.reduce_sum(counts, axis=-1, keepdims=True) + 1e-8)


def _chroma_counts(images: tf.Tensor) -> tf.Tensor:
    planes = _planes(images)
    u, v = (_weights(planes[..., channel], CHROMA_BINS, CHROMA_SIGMA) for channel in (1, 2))
    counts = tf.matmul(u, v, transpose_a=True)
    return counts / (tf.reduce_sum(counts, axis=[1, 2], keepdims=True) + 1e-8)


def _gram(features: tf.Tensor) -> tf.Tensor:
    """Products of channels, summed over places: `[B, h, w, C]` -> `[B, C, C]`."""
    places = tf.reshape(features, [tf.shape(features)[0], -1, features.shape[-1]])
    size = tf.cast(tf.reduce_prod(tf.shape(features)[1:]), features.dtype)
    return tf.matmul(places, places, transpose_a=True) / size
