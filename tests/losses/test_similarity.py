"""Losses of structural similarity against TensorFlow's own measures."""

import numpy as np
import tensorflow as tf

from tfisp import losses


def test_losses_of_similarity_are_what_is_missing_to_one():
    rng = np.random.default_rng(0)
    a, b = (tf.constant(rng.uniform(size=(2, 161, 165, 3)).astype("float32")) for _ in range(2))
    np.testing.assert_allclose(losses.ssim_loss(a, b), 1 - tf.image.ssim(a, b, 1.0), rtol=1e-5)
    np.testing.assert_allclose(
        losses.ms_ssim_loss(a, b), 1 - tf.image.ssim_multiscale(a, b, 1.0), rtol=1e-4
    )
    np.testing.assert_allclose(losses.ssim_loss(a, a), 0.0, atol=1e-6)
    np.testing.assert_allclose(losses.ms_ssim_loss(a, a), 0.0, atol=1e-5)
