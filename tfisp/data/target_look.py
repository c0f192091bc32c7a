"""The look of a data set's target photographs, fitted to the references of its RAW files."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tfisp.color import decode_srgb, encode_srgb
from tfisp.data.base import Dataset, Progress
from tfisp.data.images import to_float
from tfisp.errors import InputError
from tfisp.looks import Look, fit

# Frames and photographs that are looked at, at the most, spread evenly over all.
_MOST = 512
# Pictures are compared at about this many pixels on their shorter side: noise, which would pass
# for saturation, is averaged away.
_SHORT_SIDE = 40


def fit_target_look(dataset: Dataset, progress: Progress | None = None) -> Look:
    """Fits the map from the colours of references to those of target photographs.

    Args:
        dataset: Open, with targets.
        progress: Called while references are computed and photographs are decoded.

    Raises:
        InputError: If there are no targets, or a file is damaged (and bad files are not skipped).
    """
    if dataset.targets is None:
        raise InputError("no photographs of the wanted look; give --target_dir")
    references = read_references(dataset, evenly(dataset.raw.frames, _MOST), progress)
    photographs = read_photographs(dataset, evenly(dataset.targets.photographs, _MOST), progress)
    return fit(map(reduced, references), map(reduced, photographs))


def read_references(
    dataset: Dataset, frames: Sequence[Any], progress: Progress | None = None
) -> Iterator[np.ndarray]:
    """The references of frames that can be read; the others are reported to the data set."""
    return _read(dataset, frames, lambda frame: frame.load().reference, progress, "RAW files")


def read_photographs(
    dataset: Dataset, photographs: Sequence[Any], progress: Progress | None = None
) -> Iterator[np.ndarray]:
    """The pixels of photographs that can be read; the others are reported to the data set."""
    return _read(dataset, photographs, lambda item: item.pixels(), progress, "photographs")


def evenly(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the items, at equal distances."""
    if len(items) <= count:
        return list(items)
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, count)]


def reduced(pixels: np.ndarray) -> np.ndarray:
    """A picture `[H, W, 3]` at about `_SHORT_SIDE` pixels, averaged in linear light.

    Args:
        pixels: uint8 or uint16 of full scale, sRGB-encoded.

    Returns:
        float32, sRGB-encoded, 0..1.
    """
    factor = max(min(pixels.shape[:2]) // _SHORT_SIDE, 1)
    height, width = (side // factor for side in pixels.shape[:2])
    linear = decode_srgb(to_float(pixels[: height * factor, : width * factor]))
    blocks = linear.reshape(height, factor, width, factor, 3)
    return encode_srgb(blocks.mean(axis=(1, 3), dtype=np.float32))


def _read(
    dataset: Dataset,
    items: Sequence[Any],
    read: Callable[[Any], np.ndarray],
    progress: Progress | None,
    what: str,
) -> Iterator[np.ndarray]:
    for done, item in enumerate(items, start=1):
        try:
            yield read(item)
        except InputError as error:
            dataset.bad_files.report(item.path, error)
        if progress:
            progress(done, len(items), what)
