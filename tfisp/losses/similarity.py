"""Losses of structural similarity: what two pictures lack in it."""

import tensorflow as tf

from tfisp.perceptual import similarity


def ssim_loss(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """`1 - SSIM`, per image; see `tfisp.perceptual.similarity.ssim`.

    Args:
        images: `[B, H, W, C]`, nominally 0..1, at least 11 pixels high and wide.
        references: The same shape.

    Returns:
        `[B]`, 0 for equal images, at most 2.

    Raises:
        InputError: if the images are smaller than SSIM's window.
    """
    return 1.0 - similarity.ssim(images, references)


def ms_ssim_loss(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """`1 - MS-SSIM`, per image; see `tfisp.perceptual.similarity.ms_ssim`.

    Args:
        images: `[B, H, W, C]`, nominally 0..1, at least 161 pixels high and wide.
        references: The same shape.

    Returns:
        `[B]`, 0 for equal images, at most 1. It is 1, and has no gradient to learn from, where the
        images are of opposite structure at some scale: it needs a generator that is nearly right.

    Raises:
        InputError: if the images are too small for five scales.
    """
    return 1.0 - similarity.ms_ssim(images, references)
