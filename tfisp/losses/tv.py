"""Total variation: neighbouring pixels should not differ without need."""

import tensorflow as tf


def total_variation(images: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of vertical neighbours plus that of horizontal neighbours, per image.

    Eq. 9 of the paper, where each sum is divided by the number of its own differences. The paper
    prints the two denominators exchanged, which matters only for images that are not square; its
    published code divides as here.

    Args:
        images: `[B, H, W, C]` with `H, W >= 2`.

    Returns:
        `[B]`, non-negative; 0 for a constant image.
    """
    vertical = images[:, 1:] - images[:, :-1]
    horizontal = images[:, :, 1:] - images[:, :, :-1]
    axes = [1, 2, 3]
    return tf.reduce_mean(tf.square(vertical), axes) + tf.reduce_mean(tf.square(horizontal), axes)
