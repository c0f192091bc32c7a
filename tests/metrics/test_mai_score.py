"""The challenge score: its formula, its range, and triples that must fit one constant."""

import math

import pytest

from tfisp import metrics
from tfisp.errors import InputError
from tfisp.metrics.mai_score import CONSTANTS

# (PSNR in dB, runtime in ms, score) as they circulate, rounded, not checked against the report.
# They serve here only to see that one formula and one constant explain them all.
TRIPLES = [
    (23.33, 6.8, 14.87),
    (23.80, 18.9, 10.27),
    (23.89, 34.3, 6.41),
    (23.65, 41.5, 3.80),
    (24.08, 212, 1.35),
    (23.22, 182, 0.48),
    (23.87, 23.1, 9.25),
    (23.60, 15.6, 9.43),
    (24.72, 194, 3.58),
]


@pytest.mark.parametrize("psnr, milliseconds, score", TRIPLES)
def test_the_known_scores_lie_in_the_range(psnr, milliseconds, score):
    found = metrics.mai22_score(psnr, milliseconds)
    half = 0.005  # scores have two decimals
    assert found.low - half <= score <= found.high + half


def test_the_range_is_what_the_two_constants_span():
    # By hand: 2^(2 * 20) = 1 099 511 627 776.
    found = metrics.mai22_score(20, 10)
    assert found.low == pytest.approx(1099511627776 / (1.100e12 * 10))
    assert found.high == pytest.approx(1099511627776 / (1.093e12 * 10))
    assert found.high / found.low == pytest.approx(max(CONSTANTS) / min(CONSTANTS))


def test_one_decibel_is_worth_a_quarter_of_the_runtime_and_half_the_runtime_half_a_decibel():
    base = metrics.mai22_score(23.5, 20)
    for equal in (metrics.mai22_score(24.5, 80), metrics.mai22_score(23.0, 10)):
        assert equal.low == pytest.approx(base.low) and equal.high == pytest.approx(base.high)


@pytest.mark.parametrize("psnr", [math.nan, math.inf, -math.inf, 1e6])
def test_a_psnr_of_no_picture_is_refused(psnr):
    with pytest.raises(InputError, match="MAI score: a PSNR of"):
        metrics.mai22_score(psnr, 10)


@pytest.mark.parametrize("milliseconds", [0, -1, math.nan, math.inf])
def test_a_runtime_that_nothing_takes_is_refused(milliseconds):
    with pytest.raises(InputError, match="MAI score: a runtime of"):
        metrics.mai22_score(23, milliseconds)
