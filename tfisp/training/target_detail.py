"""The local contrast of target photographs, fitted to what a generator makes of RAW files."""

from collections.abc import Callable, Iterable

import numpy as np

from tfisp.data.base import Dataset
from tfisp.data.simulation import SimulatedPatches
from tfisp.looks.detail import Detail, energies, fit_detail
from tfisp.models.generator import Generator
from tfisp.training.verdict import evenly, renderer

# Patches of each kind that are looked at, at the most, spread evenly over all.
_MOST = 192


def fit_target_detail(captured: Dataset, simulated: SimulatedPatches, start: Generator) -> Detail:
    """Fits how much more local contrast the photographs have than the generator's pictures.

    A pure function of its arguments: a run that was interrupted finds the same again.

    Args:
        captured: The data set as it is, open, with targets.
        simulated: Simulated pairs of it, in the colours of the look.
        start: Makes neutral pictures.
    """
    targets = captured.targets
    if targets is None:
        raise ValueError("local contrast is that of target photographs")
    draw, look = renderer(start), simulated.look

    def shown(raws: Iterable[np.ndarray]) -> np.ndarray:
        return energies([look.apply(np.clip(draw(raw), 0, 1)) for raw in raws])

    raws = _each(lambda i: captured.raw.read(i, (0, i))[0], len(captured.raw))
    photographs = _each(lambda i: targets.read(i, (0, i)), len(targets))
    pairs = _each(lambda i: simulated.read_pair(i, (0, i)), len(simulated))
    return fit_detail(
        energies(photographs),
        shown(raws),
        energies([in_look for _, _, in_look in pairs]),
        shown(raw for raw, _, _ in pairs),
    )


def _each(read: Callable, count: int) -> list:
    """What is read at places evenly spread over `count`."""
    return [read(index) for index in evenly(count, _MOST)]
