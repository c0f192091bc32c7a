"""Fits a look in closed form, of the family that the scenes determine best."""

from collections.abc import Iterable, Iterator

import numpy as np

from tfisp.looks.families import FAMILIES
from tfisp.looks.look import Look
from tfisp.looks.statistics import Population
from tfisp.naming import choose

AUTO = "auto"

# How often the photographs are divided into random halves to see how far a fit depends on them.
_HALVES = 12

# Samples of each photograph for those fits, and of each reference to compare maps on: photographs
# differ from each other far more than samples of one.
_FITTED, _COMPARED = 256, 64


def fit(
    references: Iterable[np.ndarray],
    targets: Iterable[np.ndarray],
    *,
    family: str = AUTO,
    shrink: bool = True,
    seed: int = 0,
) -> Look:
    """The look that turns the colours of the references into those of the targets.

    No reference shows what a target shows; only the distributions of colours are compared.

    Args:
        references: Reference renderings of the sources, `[H, W, 3]` each, sRGB-encoded: float
            0..1, or uint8 or uint16 of full scale. They are read once, one after the other.
        targets: Photographs of the wanted look, likewise.
        family: One of `FAMILIES`, or `auto`.
        shrink: Whether to move the look towards the identity by what chance explains of it.
        seed: Of the random halves.

    Returns:
        The look. Its `facts` hold `family`; `sources` and `targets`, how many; `shrinkage`, 1 for
        none; and for each family `spread_db`, how far chance in the choice of scenes moves its map,
        and `risk_db`, how far the map is from the right one by chance and by too few freedoms, both
        as a PSNR.

    Raises:
        InputError: There are no photographs, or one is none.
    """
    sides = Population.of(references, "references"), Population.of(targets, "target photographs")
    return fit_populations(*sides, family=family, shrink=shrink, seed=seed)


def fit_populations(
    references: Population,
    targets: Population,
    *,
    family: str = AUTO,
    shrink: bool = True,
    seed: int = 0,
) -> Look:
    """`fit` for photographs that have been sampled already."""
    if family != AUTO:
        choose("family", family, FAMILIES)
    weights = references.weights, targets.weights
    colours = references.thinned(_COMPARED).colours
    thin = references.thinned(_FITTED), targets.thinned(_FITTED)
    halves = list(_halves(len(references), len(targets), seed))
    whole, parts = {}, {}
    for name, fitted in FAMILIES.items():
        whole[name] = fitted(references, targets, weights)
        parts[name] = [
            tuple(
                fitted(*thin, (weights[0] * first, weights[1] * second)).apply(colours)
                for first, second in pair
            )
            for pair in halves
        ]
    pictures = {name: look.apply(colours) for name, look in whole.items()}
    best = list(FAMILIES)[-1]
    risks: dict[str, float] = {}
    chances: dict[str, float] = {}
    for name in FAMILIES:
        chances[name] = float(np.mean([_square(a - b) / 4 for a, b in parts[name]]))
        off = _square(pictures[name] - pictures[best])
        apart = [
            _square((a - b) - (c - d)) / 4
            for (a, b), (c, d) in zip(parts[name], parts[best], strict=True)
        ]
        by_chance = float(np.mean(apart))
        risks[name] = chances[name] + max(off - by_chance, 0)
    chosen = min(risks, key=lambda name: risks[name]) if family == AUTO else family
    change = _square(pictures[chosen] - pictures["identity"])
    share = max(1 - chances[chosen] / change, 0) if shrink and change > 0 else 1.0
    look = _shrunk(whole[chosen], share)
    return Look(
        look.curves,
        look.matrix,
        look.offset,
        {
            "family": chosen,
            "sources": len(references),
            "targets": len(targets),
            "spread_db": {name: _decibel(chance) for name, chance in chances.items()},
            "shrinkage": float(share),
            "risk_db": {name: _decibel(risk) for name, risk in risks.items()},
        },
    )


def _square(difference: np.ndarray) -> float:
    return float(np.mean(np.square(difference)))


def _decibel(square: float) -> float:
    return float(-10 * np.log10(max(square, 1e-10)))


def _shrunk(look: Look, share: float) -> Look:
    """A look, its parts moved towards those of the identity: 1 leaves it, 0 is the identity."""
    none = Look.identity()
    curves, matrix, offset = (
        np.float32(share) * own + np.float32(1 - share) * other
        for own, other in (
            (look.curves, none.curves),
            (look.matrix, none.matrix),
            (look.offset, none.offset),
        )
    )
    return Look(curves, matrix, offset)


def _halves(
    sources: int, targets: int, seed: int
) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Pairs of weights (references, targets), each pair a division into random halves."""
    random = np.random.default_rng(seed)
    for _ in range(_HALVES):
        masks = []
        for count in (sources, targets):
            mask = np.zeros(count)
            mask[random.permutation(count)[: (count + 1) // 2]] = 1
            masks.append(mask)
        yield (masks[0], masks[1]), (1 - masks[0], 1 - masks[1])
