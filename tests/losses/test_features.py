"""Losses of features by hand; those of trained distances are in tests/perceptual."""

import numpy as np
import pytest
import tensorflow as tf

from tfisp import losses


def test_feature_mse_is_the_mean_over_all_elements_of_one_image():
    a = tf.constant([[[[1.0, 2.0]]], [[[0.0, 0.0]]]])
    b = tf.constant([[[[0.0, 4.0]]], [[[3.0, 1.0]]]])
    np.testing.assert_allclose(losses.feature_mse(a, b), [(1 + 4) / 2, (9 + 1) / 2])


def test_features_of_different_sizes_are_refused():
    with pytest.raises(ValueError, match="Shapes"):
        losses.feature_mse(tf.zeros([1, 4, 4, 3]), tf.zeros([1, 4, 8, 3]))
