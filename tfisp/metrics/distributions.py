"""How far two sets of pictures are apart, where no picture of one shows a scene of the other.

Both measures compare features of a frozen network, one vector per picture (`set_features`), of all
pictures of a set at once, so they have one value per pair of sets and none per picture. Their
values depend on the network: say which. Published figures are of Inception-v3, and not to be held
against these.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tfisp.errors import InputError
from tfisp.metrics.bootstrap import LEVEL

if TYPE_CHECKING:
    from tfisp.perceptual.base import Backbone

# Of the kernel distance: subsets, and pictures in each, as M. Binkowski et al. have them.
SUBSETS, SUBSET_SIZE = 100, 1000
# Of `interval`: each is the work of a whole distance.
RESAMPLES = 200


class Estimate(NamedTuple):
    """A value and its standard error."""

    value: float
    error: float


def set_features(
    pictures: Iterable[np.ndarray], backbone: "Backbone", tap: str | None = None
) -> np.ndarray:
    """One feature vector per picture: the mean of a tap over positions or tokens.

    Args:
        pictures: float32 `[H, W, 3]` sRGB 0..1 each, of any sizes that the network takes.
        backbone: A frozen network, such as `tfisp.perceptual.backbones.create("deit_tiny")`.
        tap: Which of its features; None for the deepest.

    Returns:
        float64 `[pictures, width]`.

    Raises:
        InputError: for an unknown tap, or a picture that the network cannot take.
    """
    name = backbone.taps[-1] if tap is None else tap
    rows = []
    for picture in pictures:
        feature = np.asarray(
            backbone(np.asarray(picture, np.float32)[None], [name])[name], np.float64
        )
        rows.append(feature.reshape(-1, feature.shape[-1]).mean(axis=0))
    return np.stack(rows) if rows else np.zeros((0, 0))


def frechet_distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The Frechet distance of two sets, each taken for a sample of a normal distribution.

    `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))` (M. Heusel et al., "GANs Trained by a Two
    Time-Scale Update Rule Converge to a Local Nash Equilibrium", arXiv 1706.08500), S the unbiased
    covariances. With few pictures it is too large, and by different amounts for different sets;
    `kid` is not.

    The trace of the root is the sum of the singular values of `A B^T`, where `A` and `B` are the
    centred features over `sqrt(n - 1)`: `(A B^T)(A B^T)^T` has the eigenvalues of `S1 S2`. No root
    of a matrix is taken, so none is complex, and fewer pictures than features are no trouble.

    Args:
        ours: `[n, width]`, two or more rows.
        theirs: `[m, width]`, two or more rows.

    Returns:
        0 for equal sets, in squared units of the features.

    Raises:
        InputError: for features that do not fit together, or fewer than two rows.
    """
    ours, theirs = _checked(ours, theirs)
    centred = [(x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (ours, theirs)]
    # Of many pictures a triangle of the features' width has the same products.
    centred = [x if len(x) <= x.shape[1] else np.linalg.qr(x, mode="r") for x in centred]
    root = np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum()
    spread = sum(np.square(x).sum() for x in centred)
    between = np.square(ours.mean(0) - theirs.mean(0)).sum()
    return float(max(between + spread - 2 * root, 0.0))


def kid(
    ours: np.ndarray,
    theirs: np.ndarray,
    subsets: int = SUBSETS,
    size: int = SUBSET_SIZE,
    seed: int = 0,
) -> Estimate:
    """The kernel distance: the squared maximum mean discrepancy, without bias, over subsets.

    M. Binkowski et al., "Demystifying MMD GANs", arXiv 1801.01401, with their kernel
    `(x . y / width + 1)^3`. Each subset gives an unbiased value, which may be negative.

    Args:
        ours: `[n, width]`, two or more rows.
        theirs: `[m, width]`, two or more rows.
        subsets: How many are drawn.
        size: Pictures of each side in a subset, drawn without repetition; at most as many as the
            smaller set has.
        seed: Of the draws.

    Returns:
        The mean over the subsets and its standard error. The error is of the draws: where subsets
        are whole sets, it says nothing of other pictures of the same kind.

    Raises:
        InputError: as `frechet_distance`.
    """
    ours, theirs = _checked(ours, theirs)
    size = min(size, len(ours), len(theirs))
    random = np.random.default_rng(seed)
    kernels = [_kernel(a, b) for a, b in ((ours, ours), (theirs, theirs), (ours, theirs))]
    values = []
    for _ in range(subsets):
        i, j = (random.choice(len(x), size, replace=False) for x in (ours, theirs))
        parts = (kernels[0][np.ix_(i, i)], kernels[1][np.ix_(j, j)], kernels[2][np.ix_(i, j)])
        values.append(_unbiased(*parts))
    error = np.std(values, ddof=1) / np.sqrt(subsets) if subsets > 1 else np.nan
    return Estimate(float(np.mean(values)), float(error))


def interval(
    measure: str, ours: np.ndarray, theirs: np.ndarray, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """How far a distance depends on which pictures there were: a bootstrap interval.

    The pictures of both sets are drawn anew with replacement (`tfisp.metrics.bootstrap`), and the
    distance is taken each time: `kid` over whole sets, a picture and its own copy never counting as
    a pair. Sets that hold copies are further apart than others, so the middle 95 % of these
    distances are moved until their mean is the distance itself.

    Args:
        measure: `kid` or `frechet`.
        ours: `[n, width]`, two or more rows.
        theirs: `[m, width]`, two or more rows.
        seed: Of the draws.
        resamples: How often to draw.

    Returns:
        (low, high).

    Raises:
        InputError: as `frechet_distance`.
    """
    ours, theirs = _checked(ours, theirs)
    random = np.random.default_rng(seed)
    draws = [
        [random.multinomial(len(x), np.full(len(x), 1 / len(x))) for _ in range(resamples)]
        for x in (ours, theirs)
    ]
    if measure == "kid":
        value = kid(ours, theirs, seed=seed).value
        parts = _kernel(ours, ours), _kernel(theirs, theirs), _kernel(ours, theirs)
        found = [_weighted(*parts, v, w) for v, w in zip(*draws, strict=True)]
    else:
        value = frechet_distance(ours, theirs)
        found = [
            frechet_distance(np.repeat(ours, v, axis=0), np.repeat(theirs, w, axis=0))
            for v, w in zip(*draws, strict=True)
        ]
    low, high = np.quantile(found, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)) - np.mean(found) + value
    return float(low), float(high)


def _weighted(
    within: np.ndarray, among: np.ndarray, between: np.ndarray, v: np.ndarray, w: np.ndarray
) -> float:
    """The squared discrepancy of sets that hold each picture so many times, v and w."""
    own = 0.0
    for part, count in ((within, v), (among, w)):
        pairs = count.sum() ** 2 - (count**2).sum()
        own += (count @ part @ count - (count**2) @ np.diag(part)) / max(pairs, 1)
    return float(own - 2 * (v @ between @ w) / (v.sum() * w.sum()))


def _kernel(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    return (ours @ theirs.T / ours.shape[1] + 1) ** 3


def _unbiased(within: np.ndarray, among: np.ndarray, between: np.ndarray) -> float:
    """The squared discrepancy: pairs of a picture with itself do not count."""
    count = len(within)
    pairs = count * (count - 1)
    own = sum((part.sum() - np.trace(part)) / pairs for part in (within, among))
    return float(own - 2 * between.mean())


def _checked(ours: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sets in float64.

    Raises:
        InputError: they are not two sets of vectors of one width, or too small.
    """
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if ours.ndim != 2 or theirs.ndim != 2 or ours.shape[1] != theirs.shape[1]:
        raise InputError(
            f"sets are compared by features [n, width] of one width, got {ours.shape} and"
            f" {theirs.shape}"
        )
    if min(len(ours), len(theirs)) < 2:
        raise InputError("a distance of sets needs two pictures or more on each side")
    return ours, theirs
