"""What two images lack in structural similarity."""

import tensorflow as tf

from tfisp.perceptual import similarity


def ssim_loss(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """`1 - SSIM`, per image; see `tfisp.perceptual.similarity.ssim`.

    Args:
        images: `[B, H, W, C]`, nominally 0..1, at least 11 pixels high and wide.
        references: the same shape.

    Returns:
        `[B]`, 0 for equal images, at most 2.

    Raises:
        InputError: if the images are smaller than SSIM's window.
    """
    return 1.0 - similarity.ssim(images, references)
