"""Classical similarity of two pictures, per image and differentiable: PSNR, SSIM, mean colour."""

import tensorflow as tf

from tfisp.errors import InputError

# Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity":
# window and deviation in pixels, constants K1 and K2.
SSIM_WINDOW, SSIM_DEVIATION, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03


def psnr(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio: `-10 log10` of the mean squared difference.

    Args:
        images: `[B, H, W, C]` float32, 0..1 (the peak is 1).
        references: the same shape.

    Returns:
        `[B]` in dB, infinite for equal pictures.
    """
    error = tf.reduce_mean(tf.math.squared_difference(images, references), axis=[1, 2, 3])
    return -10.0 / tf.math.log(10.0) * tf.math.log(error)


def ssim(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Structural similarity with a Gaussian window.

    Averaged over the channels and over all positions where the whole window lies in the picture.

    Args:
        images: `[B, H, W, C]` float32, 0..1, at least 11 pixels high and wide.
        references: the same shape.

    Returns:
        `[B]`, 1 for equal pictures, down to -1.

    Raises:
        InputError: if the images are smaller than the window.
    """
    height, width = images.shape[1], images.shape[2]
    if height is not None and width is not None and min(height, width) < SSIM_WINDOW:
        raise InputError(
            f"ssim: images of {height}x{width} pixels are smaller than its window of "
            f"{SSIM_WINDOW}x{SSIM_WINDOW}"
        )
    return tf.image.ssim(
        images,
        references,
        max_val=1.0,
        filter_size=SSIM_WINDOW,
        filter_sigma=SSIM_DEVIATION,
        k1=SSIM_K1,
        k2=SSIM_K2,
    )


def mean_color_error(images: tf.Tensor, references: tf.Tensor) -> tf.Tensor:
    """Distance between the mean colours of two pictures: their colour cast, apart from all else.

    `255 |mean(image) - mean(reference)|_2` over R, G, B as encoded, the means taken over all
    pixels; so it counts in steps of 8-bit values.

    Args:
        images: `[B, H, W, 3]` float32, 0..1.
        references: the same shape.

    Returns:
        `[B]`, 0 for equal means.
    """
    difference = tf.reduce_mean(images, axis=[1, 2]) - tf.reduce_mean(references, axis=[1, 2])
    return 255.0 * tf.norm(difference, axis=-1)
