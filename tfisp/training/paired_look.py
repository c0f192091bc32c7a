"""The look of true pairs: a map from the colours of references to those of their own photographs.

A look of unpaired photographs can only match distributions (`tfisp.looks.fit`). Where pairs are at
hand, colours are matched one by one, and the map may be of any shape.
"""

from collections.abc import Callable

import numpy as np

from tfisp.data.base import Dataset, Progress
from tfisp.data.target_look import paired_colours
from tfisp.looks import TableLook
from tfisp.looks.cube import Cube
from tfisp.looks.lattice import fit_lattice
from tfisp.naming import choose
from tfisp.seeds import derive
from tfisp.training.nilut import fit_nilut

# Pairs of colours that are fitted to at the most, spread evenly over all.
MOST = 1 << 17

# colours, wanted, seed, progress -> table
Fit = Callable[[np.ndarray, np.ndarray, int, Progress | None], Cube]

# What `Recipe.look` may be.
PAIRED_LOOKS: dict[str, Fit] = {
    "lut3d": lambda colours, wanted, seed, progress: fit_lattice(colours, wanted),
    "nilut": lambda colours, wanted, seed, progress: fit_nilut(
        colours, wanted, seed, progress=progress
    ),
}


def fit_paired_look(
    dataset: Dataset, kind: str, seed: int = 0, progress: Progress | None = None
) -> TableLook:
    """Fits a look to the pairs of a data set.

    Args:
        dataset: Open, with pairs.
        kind: One of `PAIRED_LOOKS`.
        seed: Of the run.
        progress: Called while pairs are read, and while a network is trained.

    Returns:
        The look. Its `facts` hold `kind`; `pairs`, how many; `before_db` and `after_db`, how far
        the references are from their photographs as they are and in the look (PSNR, of means of
        squares).

    Raises:
        InputError: If a file is damaged (and bad files are not skipped).
    """
    fit = PAIRED_LOOKS[choose("look", kind, PAIRED_LOOKS)]
    references, targets = paired_colours(dataset, progress)
    pairs = len(references)
    step = -(-references.shape[0] * references.shape[1] // MOST)
    colours, wanted = (x.reshape(-1, 3)[::step] for x in (references, targets))
    table = fit(colours, wanted, derive(seed, "look"), progress)
    look = TableLook(table)
    facts = {
        "kind": kind,
        "pairs": pairs,
        "before_db": _psnr(colours, wanted),
        "after_db": _psnr(look.apply(colours), wanted),
    }
    return TableLook(table, facts)


def summary(look: TableLook) -> str:
    """A fitted look's facts in a line."""
    facts = look.facts
    return (
        f"{facts['kind']} of {facts['pairs']} pairs: {facts['before_db']:.1f} dB (PSNR) from"
        f" references to photographs as they are, {facts['after_db']:.1f} dB in the look"
    )


def _psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(-10 * np.log10(max(np.mean(np.square(first - second)), 1e-10)))
