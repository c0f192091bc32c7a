"""Held-out pictures, measured where the truth is known."""

import itertools

import numpy as np
import tensorflow as tf

from tfisp import metrics
from tfisp.data.base import Dataset
from tfisp.models.generator import Generator

MEASURES = ("psnr", "ssim", "color_error")


class Validation:
    """Measures generators on the first pairs of a split.

    Args:
        dataset: Where the pairs come from; without pairs (unpaired folders) there is nothing to
            measure.
        split: `val` or `test`.
        images: How many pairs at the most.
    """

    def __init__(self, dataset: Dataset, split: str, images: int) -> None:
        pairs = dataset.pairs.get(split)
        self._pairs = list(itertools.islice(pairs or (), images))

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
