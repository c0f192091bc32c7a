"""Fits a look in closed form, of the family that the scenes determine best."""

import dataclasses
from collections.abc import Iterable

import numpy as np

from tfisp.looks.families import FAMILIES
from tfisp.looks.look import Look
from tfisp.looks.statistics import Population
from tfisp.naming import choose

AUTO = "auto"

# The families for references in the colours of a known sensor, from poor to rich; the whole of
# `FAMILIES` is for those of an unknown one.
_OF_KNOWN_SENSORS = ("identity", "mean", "spread", "saturation", "matrix")

# How often photographs are drawn anew (bootstrap) to see how far a fit depends on which there are.
_DRAWS = 16

# Samples of each photograph for those fits, and of each reference to compare maps on: photographs
# differ from each other far more than samples of one.
_FITTED, _COMPARED = 256, 64

# Risks are estimates: up to this factor (1 dB) they count as equal.
_NEAR = 10**0.1

# Below these a user is warned (docs/LOOK.md has what they were taken from).
_DETERMINED_DB, _ALIKE_DB, _CHANGED_DB = 30.0, 25.0, 14.0


def fit(
    references: Iterable[np.ndarray],
    targets: Iterable[np.ndarray],
    *,
    family: str = AUTO,
    sensor_known: bool = True,
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
        sensor_known: Whether the references were rendered with the colour matrix of their sensor;
            for `auto`.
        shrink: Whether to move the look towards the identity by what chance explains of it.
        seed: Of the draws.

    Returns:
        The look. Its `facts` hold `family`; `sources` and `targets`, how many; `shrinkage`, 1 for
        none; `change_db`, how far the references are from themselves in the look, and `unlike_db`,
        how far the distributions of the channels then are from those of the targets, both as a
        PSNR; and for each family `spread_db`, how far chance in the choice of scenes moves its map,
        and `risk_db`, how far the map is from the right one by chance and by too few freedoms, both
        as a PSNR.

    Raises:
        InputError: A side has fewer than two photographs, or one is none.
    """
    sides = Population.of(references, "references"), Population.of(targets, "target photographs")
    return fit_populations(
        *sides, family=family, sensor_known=sensor_known, shrink=shrink, seed=seed
    )


def fit_populations(
    references: Population,
    targets: Population,
    *,
    family: str = AUTO,
    sensor_known: bool = True,
    shrink: bool = True,
    seed: int = 0,
) -> Look:
    """`fit` for photographs that have been sampled already."""
    if family != AUTO:
        choose("family", family, FAMILIES)
    weights = references.weights, targets.weights
    colours = references.thinned(_COMPARED).colours
    thin = references.thinned(_FITTED), targets.thinned(_FITTED)
    resampled = _resampled(weights, seed)
    whole: dict[str, Look] = {}
    chances: dict[str, float] = {}
    parts: dict[str, np.ndarray] = {}
    tried = [*FAMILIES] if not sensor_known or family == "matrices" else [*_OF_KNOWN_SENSORS]
    richest = tried[-1]  # what others lack is seen by comparing them with it
    for name in tried:
        fitted = FAMILIES[name]
        whole[name] = fitted(references, targets, weights)
        parts[name] = np.stack([fitted(*thin, drawn).apply(colours) for drawn in resampled])
        chances[name] = _variance(parts[name])
    pictures = {name: look.apply(colours) for name, look in whole.items()}
    risks: dict[str, float] = {}
    for name in tried:
        off = _square(pictures[name] - pictures[richest])
        risks[name] = chances[name] + max(off - _variance(parts[name] - parts[richest]), 0)
    chosen = _choose(risks) if family == AUTO else family
    change = _square(pictures[chosen] - pictures["identity"])
    share = max(1 - chances[chosen] / change, 0) if shrink and change > 0 else 1.0
    look = _shrunk(whole[chosen], share)
    facts = {
        "family": chosen,
        "sources": len(references),
        "targets": len(targets),
        "shrinkage": float(share),
        "change_db": _decibel(_square(look.apply(colours) - colours)),
        "unlike_db": _decibel(_unlike(look, *thin, weights)),
        "spread_db": {name: _decibel(chance) for name, chance in chances.items()},
        "risk_db": {name: _decibel(risk) for name, risk in risks.items()},
    }
    return dataclasses.replace(look, facts=facts)


def summary(look: Look) -> str:
    """A fitted look's facts in a line."""
    facts = look.facts
    family = facts["family"]
    return (
        f"{family}, from {facts['sources']} references and {facts['targets']} photographs;"
        f" chance in the choice of scenes moves it by {facts['spread_db'][family]:.1f} dB (PSNR),"
        f" {1 - facts['shrinkage']:.0%} taken back towards no change;"
        f" it changes the references by {facts['change_db']:.1f} dB"
    )


def remarks(look: Look) -> list[str]:
    """What a user must know about a fitted look, with numbers: a line each."""
    facts = look.facts
    found = []
    spread = facts["spread_db"]["matrix"]
    if spread < _DETERMINED_DB:
        found.append(
            f"{facts['sources']} references and {facts['targets']} photographs are few: chance in"
            f" the choice of scenes moves curves and a matrix by {spread:.1f} dB (PSNR;"
            f" {_DETERMINED_DB:.0f} or more is good, some hundred varied scenes on each side reach"
            f" it); the family taken is {facts['family']}"
        )
    if facts["unlike_db"] < _ALIKE_DB:
        found.append(
            "references and photographs are unlike: in this look the distributions of their colours"
            f" still differ by {facts['unlike_db']:.1f} dB (PSNR; {_ALIKE_DB:.0f} or more is good);"
            " choose photographs of the kinds of scene and light that the RAW files show"
        )
    if facts["change_db"] < _CHANGED_DB:
        found.append(
            f"the look changes the references by {facts['change_db']:.1f} dB (PSNR; strong looks by"
            f" 18 to 25, below {_CHANGED_DB:.0f} it is no look): photographs of other kinds of"
            " scene or light, or RAW files of wrong levels"
        )
    return found


def _unlike(
    look: Look,
    references: Population,
    targets: Population,
    weights: tuple[np.ndarray, np.ndarray],
) -> float:
    """Mean square difference of the quantiles of each channel after the look."""
    shares = np.linspace(0.01, 0.99, 99)
    mapped = Population(look.apply(references.colours)).quantiles(shares, weights[0])
    return _square(mapped - targets.quantiles(shares, weights[1]))


def _square(difference: np.ndarray) -> float:
    return float(np.mean(np.square(difference)))


def _decibel(square: float) -> float:
    return float(-10 * np.log10(max(square, 1e-10)))


def _shrunk(look: Look, share: float) -> Look:
    """A look, its parts moved towards those of the identity: 1 leaves it, 0 is the identity."""
    none = Look.identity()

    def moved(part: str) -> np.ndarray:
        return np.float32(share) * getattr(look, part) + np.float32(1 - share) * getattr(none, part)

    return Look(moved("curves"), moved("matrix"), moved("offset"), moved("before"))


def _choose(risks: dict[str, float]) -> str:
    """The richest family that comes near the least risk; the identity is left to shrinking."""
    candidates = [name for name in risks if name != "identity"]
    least = min(risks[name] for name in candidates)
    return [name for name in candidates if risks[name] <= _NEAR * least][-1]


def _resampled(
    weights: tuple[np.ndarray, np.ndarray], seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights of photographs drawn with replacement from each side, one fewer than there are.

    So the variance of a mean is that of new scenes (B. Efron, "The Jackknife, the Bootstrap and
    Other Resampling Plans", SIAM 1982, section 7.1).
    """
    random = np.random.default_rng(seed)

    def draw(own: np.ndarray) -> np.ndarray:
        return own * random.multinomial(len(own) - 1, np.full(len(own), 1 / len(own)))

    return [(draw(weights[0]), draw(weights[1])) for _ in range(_DRAWS)]


def _variance(maps: np.ndarray) -> float:
    """Mean variance of colours over the first axis."""
    return float(np.mean(np.var(maps, axis=0, ddof=1)))
