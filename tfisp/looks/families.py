"""Families of looks, from none to a curve per channel with a matrix, each fitted in closed form.

A richer family follows the targets more closely and depends more on which scenes there are.
`mean` and `spread` are after E. Reinhard, M. Ashikhmin, B. Gooch, P. Shirley, "Color Transfer
between Images", IEEE Computer Graphics and Applications 21(5), 2001, with statistics of all
photographs and axes that are linear in sRGB.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from tfisp.looks.look import KNOTS, Look
from tfisp.looks.statistics import CLIPPED, OPPONENT, Population, moments

# The curve of a channel is a polynomial of this degree through so many quantiles.
DEGREE = 3
_QUANTILES = 129

# What is added to all variances, as a share of their mean, between references of an unknown sensor:
# their faint colours are noise in part, and two matrices could turn hues at will.
_RIDGE = 0.03

# Eigenvalues of a covariance below this share of the largest say nothing about saturation.
_LEAST = 1e-4

Weights = tuple[np.ndarray, np.ndarray]
Fit = Callable[[Population, Population, Weights], Look]


def identity(references: Population, targets: Population, weights: Weights) -> Look:
    """Changes nothing."""
    return Look.identity()


def mean(references: Population, targets: Population, weights: Weights) -> Look:
    """Shifts the mean colour of the references to that of the targets."""
    first, _ = moments(references.colours, weights[0])
    second, _ = moments(targets.colours, weights[1])
    return _linear(np.eye(3), second - first)


def spread(references: Population, targets: Population, weights: Weights) -> Look:
    """Matches the mean and the deviation within photographs along opponent axes."""
    first, before = moments(references.colours, weights[0])
    second, after = moments(targets.colours, weights[1])
    scale = np.sqrt(_variances(after) / np.maximum(_variances(before), 1e-9))
    scaled = np.linalg.inv(OPPONENT) @ np.diag(scale) @ OPPONENT
    return _linear(scaled, second - scaled @ first)


def saturation(references: Population, targets: Population, weights: Weights) -> Look:
    """Curves, then one factor for the distance of colours from grey."""
    curves, colours = _curved(references, targets, weights)
    _, before = moments(colours, weights[0])
    _, after = moments(targets.colours, weights[1])
    chroma = np.eye(3) - 1 / 3
    factor = np.sqrt(
        np.trace(chroma @ after @ chroma) / max(np.trace(chroma @ before @ chroma), 1e-9)
    )
    around_grey = np.eye(3) * factor + (1 - factor) / 3
    return _look(curves, around_grey, np.zeros(3))


def matrix(references: Population, targets: Population, weights: Weights) -> Look:
    """Curves, then the matrix of least change between the covariances within photographs.

    F. Pitie and A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based
    colour transfer", IET CVMP 2007.
    """
    return _matrix(references, targets, weights)


def matrices(references: Population, targets: Population, weights: Weights) -> Look:
    """`matrix` behind another matrix of that kind, both damped.

    The first one stands for the colour matrix of a sensor that is not known: references without it
    are pale, which curves of channels cannot mend.
    """
    before = np.column_stack(_transport(references.colours, targets, weights, _RIDGE))
    ahead = _look(Look.identity().curves, np.eye(3), np.zeros(3), before)
    behind = _matrix(Population(ahead.apply(references.colours)), targets, weights, _RIDGE)
    return dataclasses.replace(behind, before=ahead.before)


FAMILIES: dict[str, Fit] = {
    "identity": identity,
    "mean": mean,
    "spread": spread,
    "saturation": saturation,
    "matrix": matrix,
    "matrices": matrices,
}


def monge_kantorovich(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The symmetric T with T before T = after: `A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2`."""
    root = _power(before, 0.5)
    inverse = _power(before, -0.5)
    return inverse @ _power(root @ after @ root, 0.5) @ inverse


def _matrix(
    references: Population, targets: Population, weights: Weights, ridge: float = 0.0
) -> Look:
    """Curves, then a matrix."""
    curves, colours = _curved(references, targets, weights)
    return _look(curves, *_transport(colours, targets, weights, ridge))


def _transport(
    colours: np.ndarray, targets: Population, weights: Weights, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """The matrix of least change between the covariances, and the offset between the means."""
    first, before = moments(colours, weights[0])
    second, after = moments(targets.colours, weights[1])
    damping = ridge * max(np.trace(before), np.trace(after)) / 3 * np.eye(3)
    factors = monge_kantorovich(before + damping, after + damping)
    return factors, second - factors @ first


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric matrix, its eigenvalues kept from vanishing."""
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, max(values[-1] * _LEAST, 1e-12))
    return (vectors * values**exponent) @ vectors.T


def _variances(covariance: np.ndarray) -> np.ndarray:
    """Variances along the opponent axes."""
    return np.diag(OPPONENT @ covariance @ OPPONENT.T)


def _linear(factors: np.ndarray, offset: np.ndarray) -> Look:
    return _look(Look.identity().curves, factors, offset)


def _look(
    curves: np.ndarray, factors: np.ndarray, offset: np.ndarray, before: np.ndarray | None = None
) -> Look:
    curves, factors, offset, before = (
        np.asarray(part, np.float32)
        for part in (curves, factors, offset, np.eye(3, 4) if before is None else before)
    )
    return Look(curves, factors, offset, before)


def _curved(
    references: Population, targets: Population, weights: Weights
) -> tuple[np.ndarray, np.ndarray]:
    """Curves that match the distribution of each channel, and the references behind them."""
    shares = np.linspace(0, 1, _QUANTILES)
    before = references.quantiles(shares, weights[0])
    after = targets.quantiles(shares, weights[1])
    curves = np.array([smooth_curve(*pair) for pair in zip(before, after, strict=True)])
    return curves, _look(curves, np.eye(3), np.zeros(3)).apply(references.colours)


def smooth_curve(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """A smooth monotone curve from quantiles of one distribution to those of another.

    A polynomial by least squares through the quantiles that neither side has clipped; a straight
    line beyond them. Where the polynomial would fall, the curve is level.

    Args:
        before: `[Q]`, 0..1, ascending.
        after: `[Q]`, 0..1, ascending.

    Returns:
        float64 `[KNOTS]`; its values may leave 0..1.
    """
    knots = np.linspace(0, 1, KNOTS)
    inside = (np.minimum(before, after) > CLIPPED) & (np.maximum(before, after) < 1 - CLIPPED)
    x, y = before[inside], after[inside]
    if len(x) <= DEGREE or np.ptp(x) < 0.05:  # nothing to fit a curve to
        shift = float(np.mean(after - before))
        return knots + shift
    polynomial = np.polynomial.Polynomial.fit(x, y, DEGREE, domain=[0, 1])
    slope = polynomial.deriv()
    curve = polynomial(np.clip(knots, x[0], x[-1]))
    for end in (x[0], x[-1]):
        beyond = knots < end if end == x[0] else knots > end
        curve[beyond] += max(slope(end), 0) * (knots[beyond] - end)
    return np.maximum.accumulate(curve)
