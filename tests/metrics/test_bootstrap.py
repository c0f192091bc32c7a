"""Bootstrap intervals against SciPy's, and where there is nothing to draw from."""

import math

import numpy as np
import pytest
from scipy import stats

from tfisp.metrics.bootstrap import mean_interval


def test_the_interval_is_scipys():
    values = np.random.default_rng(1).gamma(2.0, 3.0, 40)
    found = mean_interval(values)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", random_state=0
    ).confidence_interval
    # Ends of 10,000 draws are certain to about 3 % of the interval's width.
    assert found == pytest.approx(tuple(expected), abs=0.05 * (expected.high - expected.low))
    assert mean_interval(values) == found != mean_interval(values, seed=1)


def test_of_two_values_the_ends_are_the_values():
    # A quarter of all draws takes the same one twice.
    assert mean_interval([1.0, 2.0]) == (1.0, 2.0)


def test_one_value_says_nothing_about_others():
    assert mean_interval([3.0]) is None


def test_an_infinite_value_makes_the_upper_end_infinite():
    low, high = mean_interval([20.0, 30.0, math.inf] * 3)
    assert math.isinf(high) and not math.isnan(low)


def test_more_pictures_than_are_drawn_at_a_time():
    low, high = mean_interval(np.arange(30_000.0), resamples=100)
    assert low < 14_999.5 < high and high - low < 500
