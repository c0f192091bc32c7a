"""SSIM of large pictures: the same values as those of the losses, strip by strip; and of luma.

At 12 megapixels what SSIM holds between the picture and its value is many times the picture. Here
only a strip of rows is held at a time. Each row is averaged by itself before rows are averaged, as
for whole pictures, so that the value does not depend on where strips end: on a CPU it has the same
bits.
"""

import itertools

import numpy as np
import tensorflow as tf

from tfisp.perceptual import similarity

# Pixels of a strip, about: a dozen float32 arrays of so many, three channels each, are 150 MB.
_STRIP = 1 << 20
# Rows of a strip at the least, of very wide pictures.
_LEAST = 8


def ssim(images: np.ndarray, references: np.ndarray) -> tf.Tensor:
    """`tfisp.perceptual.similarity.ssim`, in strips.

    Args:
        images: `[B, H, W, C]` float32, 0..1.
        references: The same shape.

    Returns:
        `[B]`.

    Raises:
        InputError: as that one.
    """
    similarity.require_window(*images.shape[1:3])
    rows = _similar_rows(images, references)
    return tf.reduce_mean(tf.reduce_mean(rows, axis=1), axis=-1)


def ms_ssim(images: np.ndarray, references: np.ndarray) -> tf.Tensor:
    """`tfisp.perceptual.similarity.ms_ssim`, in strips at each scale.

    Args:
        images: `[B, H, W, C]` float32, 0..1.
        references: The same shape.

    Returns:
        `[B]`.

    Raises:
        InputError: as that one.
    """
    return similarity.multi_scale(
        tf.convert_to_tensor(images), tf.convert_to_tensor(references), _similar_rows
    )


def psnr_y(images: np.ndarray, references: np.ndarray) -> tf.Tensor:
    """The PSNR of luma, as papers on super-resolution report it (`luma`).

    Args:
        images: `[B, H, W, 3]` float32 sRGB, 0..1.
        references: The same shape.

    Returns:
        `[B]` in dB, infinite for equal pictures.
    """
    return similarity.psnr(luma(images), luma(references))


def ssim_y(images: np.ndarray, references: np.ndarray) -> tf.Tensor:
    """The SSIM of luma, as papers on super-resolution report it (`luma`).

    Args:
        images: `[B, H, W, 3]` float32 sRGB, 0..1.
        references: The same shape.

    Returns:
        `[B]`.

    Raises:
        InputError: as `ssim`.
    """
    return ssim(luma(images), luma(references))


def luma(images: np.ndarray) -> np.ndarray:
    """Y of ITU-R BT.601 in studio range, as MATLAB's rgb2ycbcr has it.

    Args:
        images: `[..., 3]` floating point sRGB, 0..1.

    Returns:
        float32 `[..., 1]`, 16/255 for black to 235/255 for white.
    """
    weights = np.array([65.481, 128.553, 24.966], np.float32) / np.float32(255)
    return (np.float32(16 / 255) + images @ weights)[..., None]


def _similar_rows(
    x: np.ndarray | tf.Tensor, y: np.ndarray | tf.Tensor, with_luminance: bool = True
) -> tf.Tensor:
    """`similarity.similar_rows`, a strip after the other."""
    count, height, width = x.shape[:3]
    overlap = similarity.SSIM_WINDOW - 1
    rows = height - overlap
    # Evenly, for a last strip of a single row would be convolved, and rounded, in another order.
    ends = np.linspace(0, rows, -(-rows // max(_STRIP // (count * width), _LEAST)) + 1).astype(int)
    strips = []
    for top, bottom in itertools.pairwise(ends):
        ours, theirs = (tf.convert_to_tensor(side[:, top : bottom + overlap]) for side in (x, y))
        strips.append(similarity.similar_rows(ours, theirs, with_luminance))
    return tf.concat(strips, axis=1)
