"""Held-out pictures: numbers where the truth is known, and something to look at always."""

import itertools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfisp import metrics
from tfisp.data.base import Dataset
from tfisp.models.generator import Generator

MEASURES = ("psnr", "ssim", "color_error")


class Validation:
    """Measures generators on the first pairs of a split and draws fixed patches.

    Args:
        dataset: Where the pairs come from; without pairs (unpaired folders) there is nothing to
            measure.
        split: `val` or `test`.
        images: How many pairs at the most.
    """

    def __init__(self, dataset: Dataset, split: str, images: int) -> None:
        pairs = dataset.pairs.get(split)
        self._pairs = list(itertools.islice(pairs or (), images))
        self._preview = dataset.preview()

    def measure(self, generator: Generator, prefix: str) -> dict[str, float]:
        """Mean of each measure over the pairs, on output rounded to 8 bits: `prefix/name`."""
        if not self._pairs:
            return {}
        found: dict[str, list[float]] = {name: [] for name in MEASURES}
        for _, raw, _, truth in self._pairs:
            image = metrics.quantise8(generator(tf.constant(raw[None])))
            for name, value in metrics.compute(MEASURES, image, truth[None]).items():
                found[name].append(value)
        return {f"{prefix}/{name}": float(np.mean(values)) for name, values in found.items()}

    def grid(self, generator: Generator) -> np.ndarray:
        """`[H, W, 3]`: per patch a row of reference, generated picture and, if known, truth."""
        rows = []
        for raw, *others in self._preview:
            generated = generator(tf.constant(raw[None]))[0].numpy()
            rows.append(_side_by_side([others[0], generated, *others[1:]]))
        return np.concatenate(rows, axis=0)


def _side_by_side(images: Sequence[np.ndarray]) -> np.ndarray:
    """Images of one height in a row, 4 white pixels between them and below."""
    padded = [np.pad(image, ((0, 4), (0, 4), (0, 0)), constant_values=1.0) for image in images]
    return np.concatenate(padded, axis=1)
