"""Content: two pictures show the same scene if a recognition network sees the same in both."""

import tensorflow as tf


def feature_mse(features: tf.Tensor, reference_features: tf.Tensor) -> tf.Tensor:
    """Mean squared difference of two feature maps, per image.

    Eq. 1 of the paper (arXiv 2505.10420): `1/(C H W) sum (F(I1) - F(I2))^2`, with `F` VGG-19's
    relu5_4 there.

    Args:
        features: `[B, h, w, C]` (or `[B, tokens, C]`) of the generated images, any range.
        reference_features: the same shape, of the images to match.

    Returns:
        `[B]`, non-negative.

    Raises:
        ValueError: if the shapes differ, as when reference and generated images are of different
            sizes.
    """
    features.shape.assert_is_compatible_with(reference_features.shape)
    axes = list(range(1, features.shape.rank))
    return tf.reduce_mean(tf.math.squared_difference(features, reference_features), axis=axes)
