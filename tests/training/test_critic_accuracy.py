"""How often a critic tells photographs from generated pictures."""

import pytest
import tensorflow as tf

from tfisp.training.critics import accuracy


@pytest.mark.parametrize(
    "real, fake, expected",
    [
        ([1.0, 3.0], [2.0, 0.0], 0.5),
        ([1.0], [1.0], 0.5),
        ([5.0, 6.0, 7.0], [1.0, 2.0, 3.0], 1.0),
        ([0.0, 2.0, 1.0, 1.0], [2.0, 3.0, 1.0, 0.0], 0.375),  # two below, one equal, one above
    ],
)
def test_it_is_the_share_of_pairs_in_order(real, fake, expected):
    assert float(accuracy(tf.constant(real), tf.constant(fake))) == expected
