"""The local contrast of target photographs, fitted to what a generator makes of RAW files."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tfisp.data.base import Dataset
from tfisp.data.photographs import Photographs
from tfisp.data.raw_patches import RawPatches
from tfisp.data.simulation import SimulatedPatches
from tfisp.errors import InputError
from tfisp.files import read_json, write_json
from tfisp.looks import Look
from tfisp.looks.curves import draw_curves
from tfisp.looks.detail import SCALES, Detail, energies, fit_detail
from tfisp.models.generator import Generator
from tfisp.training.monitor import Monitor
from tfisp.training.verdict import evenly, renderer

# Patches of each kind that are looked at, at the most, spread evenly over all.
_MOST = 192


def in_target_detail(
    captured: Dataset, simulated: Dataset, start: Generator, monitor: Monitor, kept: Path | None
) -> Dataset:
    """Simulated pairs whose targets have the photographs' local contrast beside their colours.

    Args:
        captured: The data set as it is, open, with targets.
        simulated: Its simulated pairs, in the colours of the look.
        start: The generator that the stage begins with; it makes neutral pictures.
        monitor: Is shown the look's curves and told the gains.
        kept: Where the gains are written, once, and read again by a run that goes on; None for
            nowhere.
    """
    pairs = simulated.raw
    if not (isinstance(pairs, SimulatedPatches) and isinstance(pairs.look, Look)):
        raise TypeError(f"{type(pairs).__name__}: expected simulated patches in a fitted look")
    detail = _read(kept) if kept is not None and kept.is_file() else None
    detail = detail or fit_target_detail(captured, pairs, start)
    gains = ", ".join(f"{gain:.2f}" for gain in detail.gains)
    monitor.say(f"local contrast of the photographs, finest scale first: times {gains}")
    monitor.images(0, "run/look", draw_curves(pairs.look))
    if kept is not None and not kept.is_file():
        write_json(kept, {"scales": SCALES, "gains": detail.gains})
    return dataclasses.replace(simulated, raw=pairs.in_detail(detail))


def _read(path: Path) -> Detail | None:
    """The gains of a file, if they are of the scales that are used."""
    stated = read_json(path)
    try:
        if tuple(stated["scales"]) == SCALES:
            return Detail(tuple(float(gain) for gain in stated["gains"]))
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not the gains of a run ({error!r}); delete it") from error
    return None


def fit_target_detail(captured: Dataset, simulated: SimulatedPatches, start: Generator) -> Detail:
    """Fits how much more local contrast the photographs have than the generator's pictures.

    A pure function of its arguments.

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
