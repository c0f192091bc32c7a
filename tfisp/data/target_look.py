"""The look of a data set's target photographs, fitted to the references of its RAW files."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from tfisp.data.base import Dataset, Progress
from tfisp.data.frames import Scene
from tfisp.data.listing import evenly
from tfisp.errors import InputError
from tfisp.looks import Look
from tfisp.looks.fit import AUTO, fit_populations
from tfisp.looks.statistics import Population, sample

# Frames and photographs that are looked at, at the most, spread evenly over all.
MOST = 512


def fit_target_look(
    dataset: Dataset,
    progress: Progress | None = None,
    *,
    family: str = AUTO,
    most: int = MOST,
    seed: int = 0,
) -> Look:
    """Fits the map from the colours of references to those of target photographs.

    Files that cannot be read are reported to the data set, which raises or skips them.

    Args:
        dataset: Open, with targets.
        progress: Called while references are computed and photographs are decoded.
        family: See `tfisp.looks.fit`.
        most: Read at most so many RAW files, and so many photographs.
        seed: See `tfisp.looks.fit`.

    Raises:
        InputError: If there are no targets, or a file is damaged (and bad files are not skipped).
    """
    if dataset.targets is None:
        raise InputError("no photographs of the wanted look; give --target_dir")
    frames = evenly(dataset.raw.frames, most)
    photographs = evenly(dataset.targets.photographs, most)
    sensors_known: list[bool] = []

    def reference(scene: Scene) -> np.ndarray:
        sensors_known.append(scene.sensor.xyz_to_camera is not None)
        return cast(np.ndarray, scene.reference)  # loaded with it

    scenes = _read(dataset, frames, lambda frame: frame.load(), progress, "RAW files")
    references = Population.of(map(reference, scenes), "references")
    targets = Population.of(
        _read(dataset, photographs, lambda item: item.pixels(), progress, "photographs"),
        "target photographs",
    )
    return fit_populations(
        references, targets, family=family, sensor_known=all(sensors_known), seed=seed
    )


def paired_colours(
    dataset: Dataset, progress: Progress | None = None, most: int = MOST
) -> tuple[np.ndarray, np.ndarray]:
    """Colours of references, and of their photographs at the same places.

    Args:
        dataset: Open, with pairs.
        progress: Called while pairs are read.
        most: Read at most so many of them.

    Returns:
        Two float32 `[N, S, 3]`, sRGB-encoded, 0..1: of each pair as many means of squares as
        `Population` has.

    Raises:
        InputError: If a file is damaged (and bad files are not skipped), or no pair is left.
    """
    frames = evenly(dataset.raw.frames, most)
    found = []
    for scene in _read(dataset, frames, lambda frame: frame.load(target=True), progress, "pairs"):
        found.append([sample(scene.reference), sample(scene.target)])
    if not found:
        raise InputError(f"--data={dataset.name}: no pair to fit a look to")
    references, targets = np.stack(found, axis=1)
    return references, targets


def _read(
    dataset: Dataset,
    items: Sequence[Any],
    read: Callable[[Any], Any],
    progress: Progress | None,
    what: str,
) -> Iterator[Any]:
    """What is read of the items that can be; the others are reported to the data set."""
    for done, item in enumerate(items, start=1):
        try:
            yield read(item)
        except InputError as error:
            dataset.bad_files.report(item.path, error)
        if progress:
            progress(done, len(items), what)
