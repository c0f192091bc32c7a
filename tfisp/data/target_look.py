"""The look of a data set's target photographs, fitted to the references of its RAW files."""

from collections.abc import Iterator, Sequence
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
    frames = _spread(dataset.raw.frames)
    photographs = _spread(dataset.targets.photographs)
    total = len(frames) + len(photographs)

    def pictures(items: Sequence[Any], before: int) -> Iterator[np.ndarray]:
        for done, item in enumerate(items, start=before + 1):
            try:
                pixels = item.load().reference if before == 0 else item.pixels()
            except InputError as error:
                dataset.bad_files.report(item.path, error)
                continue
            if progress:
                progress(done, total, "look")
            yield reduced(pixels)

    return fit(pictures(frames, 0), pictures(photographs, len(frames)))


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


def _spread(items: Sequence[Any]) -> list[Any]:
    """At most `_MOST` of the items, evenly spread."""
    count = min(len(items), _MOST)
    return [items[index] for index in np.linspace(0, len(items) - 1, count).astype(int)]
