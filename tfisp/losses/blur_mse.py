"""Colour of pairs: squared difference of what is left when texture is blurred away."""

import tensorflow as tf

from tfisp.losses.mse import mse
from tfisp.perceptual.views import gaussian_blur


def blur_mse(images: tf.Tensor, references: tf.Tensor, padding: str = "reflect") -> tf.Tensor:
    """Mean squared difference of the blurred images, per image.

    Eqs. 2-4 of the paper (arXiv 2505.10420), with DPED's kernel of 21x21 pixels. Beyond the border
    the images are mirrored; the published code has black there (see `gaussian_blur`).

    Args:
        images: `[B, H, W, C]`, nominally 0..1 but not clipped.
        references: the same shape.
        padding: `reflect` or `zero`, as in `gaussian_blur`.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ.
    """
    images.shape.assert_is_compatible_with(references.shape)
    # A blur is linear: the difference of two blurred images is the blurred difference.
    difference = gaussian_blur(images - references, padding)
    return mse(difference, tf.zeros_like(difference))
