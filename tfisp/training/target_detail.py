"""The local contrast of target photographs, fitted to what a generator makes of RAW files."""

from collections.abc import Iterable, Sequence

import numpy as np

from tfisp.data.base import Dataset
from tfisp.data.photographs import Photographs
from tfisp.data.raw_patches import RawPatches
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

    of_targets, of_raw = evenly(len(targets), _MOST), evenly(len(captured.raw), _MOST)
    photographs = energies([targets.read(index, (0, index)) for index in of_targets])
    pairs = [simulated.read_pair(index, (0, index)) for index in of_raw]
    return fit_detail(
        _by_source(photographs, targets, of_targets),
        _by_source(shown(captured.raw.read(i, (0, i))[0] for i in of_raw), captured.raw, of_raw),
        _by_source(energies([in_look for _, _, in_look in pairs]), captured.raw, of_raw),
        _by_source(shown(raw for raw, _, _ in pairs), captured.raw, of_raw),
    )


def _by_source(
    values: np.ndarray, patches: RawPatches | Photographs, indices: Sequence[int]
) -> np.ndarray:
    """Values of patches `[n, bands]`, averaged over those of one file: `[files, bands]`."""
    sources = np.array([patches.source_of(index) for index in indices])
    return np.stack([values[sources == source].mean(0) for source in np.unique(sources)])
