"""The curve that bends a generator's input, and the output of camera RGB: a square root with a toe.

With a = 1/256, a value v becomes

    y = sign(v) (sqrt(|v| + a) - sqrt(a)) / (sqrt(1 + a) - sqrt(a))

0 stays 0 and 1 stays 1; far above a it is a square root, for which shot noise is equally strong
everywhere (Anscombe 1948, https://doi.org/10.1093/biomet/35.3-4.246); around black it is all but a
line of slope 8.5, so that noise below black keeps its sign and is amplified by no more. Stored in 8
bits, it tells the counts of a 10-bit sensor apart at black, where one step of v itself spans four
counts.
"""

import numpy as np

# Where the curve turns from a line into a square root, as a part of white.
TOE = 1 / 256


def compand(values: np.ndarray) -> np.ndarray:
    """Values of any shape -> float32, bent."""
    values = np.asarray(values, np.float32)
    root, span = companding_numbers()
    bent = np.sqrt(np.abs(values) + np.float32(TOE))
    bent -= np.float32(root)
    bent *= np.float32(1 / span)
    return np.copysign(bent, values)


def expand(values: np.ndarray) -> np.ndarray:
    """The inverse of `compand`: v = y (span^2 |y| + 2 span root), no more than a parabola."""
    values = np.asarray(values, np.float32)
    root, span = companding_numbers()
    return values * (np.float32(span * span) * np.abs(values) + np.float32(2 * span * root))


def companding_numbers() -> tuple[float, float]:
    """sqrt(a) and sqrt(1 + a) - sqrt(a) of the curve: root and span."""
    root = TOE**0.5
    return root, (1 + TOE) ** 0.5 - root
