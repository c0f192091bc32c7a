"""Dynamic Loss Adaptation against numbers worked out by hand."""

import numpy as np
import tensorflow as tf

from tfisp.training.adaptation import normalised_sum, weighted_sum


def test_each_gradient_is_scaled_to_its_weight_over_all_variables():
    gradients = {
        "a": [tf.constant([3.0]), tf.constant([[0.0, 4.0]])],  # norm 5
        "b": [tf.constant([0.0]), tf.constant([[-2.0, 0.0]])],  # norm 2
    }
    total, norms = normalised_sum(gradients, {"a": 1.0, "b": 0.5})
    np.testing.assert_allclose(total[0], [0.6], rtol=1e-6)
    np.testing.assert_allclose(total[1], [[-0.5, 0.8]], rtol=1e-6)
    assert {name: float(norm) for name, norm in norms.items()} == {"a": 5.0, "b": 2.0}


def test_a_loss_without_gradient_adds_nothing():
    total, _ = normalised_sum(
        {"a": [tf.zeros([2])], "b": [tf.constant([0.0, 7.0])]}, {"a": 1.0, "b": 1.0}
    )
    np.testing.assert_allclose(total[0], [0.0, 1.0])


def test_a_tiny_gradient_is_lifted_to_full_strength():
    total, _ = normalised_sum({"a": [tf.constant([1e-4, 0.0])]}, {"a": 1.0})
    np.testing.assert_allclose(total[0], [1.0, 0.0], rtol=2e-4)


def test_a_weighted_sum_leaves_norms_as_they_are():
    gradients = {"a": [tf.constant([3.0, 4.0])], "b": [tf.constant([0.0, 2.0])]}
    (total,), norms = weighted_sum(gradients, {"a": 1.0, "b": 0.5})
    np.testing.assert_allclose(total, [3.0, 5.0])
    assert {name: float(norm) for name, norm in norms.items()} == {"a": 5.0, "b": 2.0}
