"""How far a mean over pictures depends on which pictures there were: bootstrap intervals.

B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979: the
pictures are drawn anew with replacement, as many as there are, and the mean is taken each time. The
interval holds the middle 95 % of these means (the percentile method). It takes the pictures for
independent draws of those that matter, which shots of one scene are not; of few pictures it is too
narrow.
"""

from collections.abc import Sequence

import numpy as np

LEVEL = 0.95
RESAMPLES = 10_000

# Resamples drawn at a time: an index for each picture of each.
_CHUNK = 1 << 20


def mean_interval(
    values: Sequence[float] | np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The percentile interval of a mean.

    Args:
        values: One number per picture; infinite ones (the PSNR of equal pictures) are allowed.
        seed: Of the draws: equal seeds and counts draw the same pictures for every measure.
        resamples: How often to draw.

    Returns:
        (low, high) that hold the middle `LEVEL` of the means; None for a single picture, which says
        nothing about others.
    """
    column = np.asarray(values, np.float64)
    if len(column) < 2:
        return None
    random = np.random.default_rng(seed)
    rows = max(_CHUNK // len(column), 1)
    means = np.concatenate(
        [
            column[random.integers(len(column), size=(count, len(column)))].mean(axis=1)
            for start in range(0, resamples, rows)
            if (count := min(rows, resamples - start))
        ]
    )
    # Members of the sample, not values between them: between infinity and a number there are none.
    low, high = np.quantile(
        means, ((1 - LEVEL) / 2, (1 + LEVEL) / 2), method="inverted_cdf"
    ).tolist()
    return low, high
