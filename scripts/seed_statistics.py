"""What several seeds say of a figure: mean, standard deviation, and an interval for the mean."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

# Of the interval for the mean.
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Spread:
    """A figure over seeds.

    Attributes:
        count: How many seeds.
        mean: Their mean.
        deviation: Standard deviation with the divisor `count - 1`; None of one seed.
        interval: Student's t interval for the mean at `CONFIDENCE`; None of one seed. It takes
            seeds for independent draws of a normal distribution.
    """

    count: int
    mean: float
    deviation: float | None
    interval: tuple[float, float] | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        count, mean = len(values), float(np.mean(values))
        if count < 2:
            return cls(count, mean, None, None)
        deviation = float(np.std(values, ddof=1))
        reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / count**0.5
        return cls(count, mean, deviation, (mean - reach, mean + reach))

    def text(self, digits: int) -> str:
        """`23.10` of one seed, `23.10 ± 0.12` of several: mean and standard deviation."""
        mean = f"{self.mean:.{digits}f}"
        return mean if self.deviation is None else f"{mean} ± {self.deviation:.{digits}f}"
