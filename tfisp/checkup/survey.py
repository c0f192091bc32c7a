"""Goes through a data set and measures what is in it."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from tfisp.checkup.capture import CaptureFacts, measure_capture
from tfisp.checkup.likeness import SAME_SCENE, groups, stacked
from tfisp.checkup.picture import PictureFacts, measure
from tfisp.data.base import Dataset, Progress
from tfisp.data.listing import evenly
from tfisp.data.photographs import Picture
from tfisp.data.workers import in_order
from tfisp.errors import InputError
from tfisp.looks import Look
from tfisp.looks.fit import fit_populations
from tfisp.looks.statistics import Population

# Files that are measured at a time: each is in memory whole, several times over.
_WORKERS = 2

# Fewer scenes on a side determine no look at all.
_FEWEST = 2

Facts = TypeVar("Facts")


@dataclass(frozen=True)
class Survey:
    """What was found in a data set.

    Attributes:
        dataset: The data set.
        captures: Of the RAW files to train on.
        photographs: Of the photographs whose look is wanted.
        held_out: Of the references of "val" and "test".
        colours: How the colours of each photograph are treated, in words; empty for sRGB.
        look: Fitted from references to photographs; None where a side has fewer than two.
        total: Role to how many files there are, measured or not.
    """

    dataset: Dataset
    captures: list[CaptureFacts]
    photographs: list[PictureFacts]
    held_out: list[PictureFacts]
    colours: list[str]
    look: Look | None
    total: dict[str, int]

    @property
    def references(self) -> list[PictureFacts]:
        """Of the references of the RAW files to train on."""
        return [facts.reference for facts in self.captures]

    @property
    def scenes(self) -> dict[str, int]:
        """How many different scenes the RAW files and the photographs show."""
        sides = {"raw": self.references, "target": self.photographs}
        return {
            role: len(groups(stacked([item.hashed for item in items]), SAME_SCENE))
            for role, items in sides.items()
        }


def survey(dataset: Dataset, most: int, progress: Progress | None = None) -> Survey:
    """Measures a data set; files that cannot be read are reported to it.

    Args:
        dataset: Open.
        most: Measure at most so many files of each role, spread evenly over all.
        progress: Called while files are read.

    Raises:
        InputError: For the first damaged file, unless bad files are skipped.
    """
    frames = dataset.raw.frames
    photographs = dataset.targets.photographs if dataset.targets else []
    held_out = [frame for pairs in dataset.pairs.values() for frame in pairs.frames]

    def each(items: Sequence[Any], work: Callable[[Any], Facts], what: str) -> list[Facts]:
        return _measured(dataset, evenly(items, most), work, what, progress)

    captures = each(frames, measure_capture, "RAW files")
    measured = each(photographs, _photograph, "photographs")
    return Survey(
        dataset=dataset,
        captures=captures,
        photographs=[facts for facts, _ in measured],
        held_out=each(held_out, lambda frame: measure_capture(frame).reference, "held-out files"),
        colours=[colours for _, colours in measured],
        look=_look(captures, [facts for facts, _ in measured]),
        total={"raw": len(frames), "target": len(photographs), "held out": len(held_out)},
    )


def _photograph(item: Picture) -> tuple[PictureFacts, str]:
    return measure(item.pixels(), item.path.name, item.path), item.colours


def _measured(
    dataset: Dataset,
    items: Sequence[Any],
    work: Callable[[Any], Facts],
    what: str,
    progress: Progress | None,
) -> list[Facts]:
    """What is found of the items that can be read; the others are reported to the data set."""

    def read(item: Any) -> Facts | None:
        try:
            return work(item)
        except InputError as error:
            dataset.bad_files.report(item.path, error)
            return None

    found = []
    with contextlib.closing(in_order(read, items, _WORKERS)) as results:
        for done, facts in enumerate(results, start=1):
            if facts is not None:
                found.append(facts)
            if progress:
                progress(done, len(items), f"measured {what}")
    return found


def _look(captures: Sequence[CaptureFacts], photographs: Sequence[PictureFacts]) -> Look | None:
    """The look from references to photographs."""
    if min(len(captures), len(photographs)) < _FEWEST:
        return None
    references = Population(np.stack([facts.reference.samples for facts in captures]))
    targets = Population(np.stack([facts.samples for facts in photographs]))
    known = all(facts.sensor.xyz_to_camera is not None for facts in captures)
    return fit_populations(references, targets, sensor_known=known)
