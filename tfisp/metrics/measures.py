"""Measuring pictures: `compute`, by the names of `tfisp.metrics.registry`.

Whoever reports numbers should round pictures to 8 bits first (`quantise8`), as they would be seen
and stored.
"""

import functools
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.metrics.registry import METRICS, Measure, Protocol
from tfisp.naming import choose

# So far beyond 0..1 values may lie: those of -1..1 and 0..255 do not.
_BEYOND = 0.5


def names() -> list[str]:
    """Names of all measures that compare a picture with its truth."""
    return list(METRICS)


def create(name: str, weights: Mapping[str, str | os.PathLike | None] | None = None) -> Measure:
    """A measure, loaded.

    Args:
        name: One of `names()`.
        weights: For the keys that the metric lists, a path or `random`; others are looked for.

    Returns:
        Function of images and references, `[B, H, W, 3]` float32 sRGB 0..1 each, to `[B]`.

    Raises:
        InputError: for an unknown name, with the closest ones, or if its weights are not found.
    """
    metric = METRICS[choose("metric", name, METRICS)]
    paths = tuple(str((weights or {}).get(key) or "") for key in metric.weights)
    return _loaded(name, paths)


def describe(
    names: Iterable[str], weights: Mapping[str, str | os.PathLike | None] | None = None
) -> dict[str, Protocol]:
    """What exactly each measure computes with those weights, for whoever reads its numbers.

    Args:
        names: Which measures.
        weights: As in `create`.

    Returns:
        Name -> its protocol.

    Raises:
        InputError: as `create`.
    """
    return {name: _describe(name, weights) for name in names}


def _describe(name: str, weights: Mapping[str, str | os.PathLike | None] | None) -> Protocol:
    text = METRICS[name].protocol
    if not METRICS[name].weights:
        return Protocol(text)
    measure: Any = create(name, weights)  # a `Distance`, which only TensorFlow's users can import
    if measure.is_random:
        return Protocol(f"RANDOM WEIGHTS, the values mean nothing: {measure.protocol}", True)
    return Protocol(f"{text}; weights from {measure.backbone.weights} and {measure.weights}")


@functools.lru_cache(maxsize=8)
def _loaded(name: str, paths: tuple[str, ...]) -> Measure:
    """Makes a measure once: networks take seconds to load."""
    return METRICS[name].make(*(path or None for path in paths))


def compute(
    names: Iterable[str],
    image: Any,
    reference: Any,
    weights: Mapping[str, str | os.PathLike | None] | None = None,
) -> dict[str, Any]:
    """Measures how close a picture, or each of a batch, is to its reference.

    Args:
        names: Which measures.
        image: `[H, W, 3]` or `[B, H, W, 3]` floating point sRGB, 0..1.
        reference: The same shape.
        weights: As in `create`.

    Returns:
        Name -> float for one picture, float32 `[B]` array for a batch.

    Raises:
        InputError: for an unknown name, pictures of different or wrong shapes, integer values, or
            values of another range.
    """
    image, reference = np.asarray(image), np.asarray(reference)
    if image.shape != reference.shape or image.ndim not in (3, 4) or image.shape[-1] != 3:
        raise InputError(
            "metrics compare two RGB pictures [H, W, 3] of one size, "
            f"got {image.shape} and {reference.shape}"
        )
    if not all(np.issubdtype(array.dtype, np.floating) for array in (image, reference)):
        raise InputError(
            "metrics take pictures in floating point, 0..1, "
            f"got {image.dtype} and {reference.dtype}"
        )
    batch = [
        array.reshape(-1, *array.shape[-3:]).astype(np.float32, copy=False)
        for array in (image, reference)
    ]
    for array in batch:
        _require_range(array)
    values = {name: np.asarray(create(name, weights)(*batch), np.float32) for name in names}
    return values if image.ndim == 4 else {name: float(value[0]) for name, value in values.items()}


def _require_range(array: np.ndarray) -> None:
    """Refuses pictures of another range; what a generator makes may go a little beyond 0..1.

    Raises:
        InputError: it is another one.
    """
    if not array.size:
        return
    least, most = float(array.min()), float(array.max())
    if not (least >= -_BEYOND and most <= 1 + _BEYOND):  # NaN too
        raise InputError(f"metrics take pictures of 0..1, got values from {least:g} to {most:g}")


def quantise8(image: Any) -> np.ndarray:
    """A picture as 8 bits per channel would store it: clipped and rounded, still 0..1.

    Rounded to the nearest of 256 levels, halves to the even one; the published evaluation cuts off
    instead, which darkens by half a level.

    Args:
        image: Any shape, floating point, nominally 0..1.

    Returns:
        float32, multiples of 1/255.
    """
    levels = np.round(np.clip(np.asarray(image, np.float32), 0.0, 1.0) * np.float32(255.0))
    return levels / np.float32(255.0)
