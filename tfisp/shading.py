"""Lens shading: a coarse map of gains, interpolated to the samples of a mosaic."""

from typing import NamedTuple

import numpy as np


class Blend(NamedTuple):
    """Linear interpolation at n places along an axis of a map: two weighted entries each.

    Two products and a sum, each rounded for itself on every processor: a matrix product rounds as
    its BLAS does, and a phone could not follow it bit for bit (tflite/android/packing.h).

    Attributes:
        entry: Int `[n]`, the last entry at or before each place.
        following: Int `[n]`, the one after it; the last entry follows itself.
        weight: float32 `[n, 1]` of `entry`.
        rest: float32 `[n, 1]` of `following`.
    """

    entry: np.ndarray
    following: np.ndarray
    weight: np.ndarray
    rest: np.ndarray

    def of(self, values: np.ndarray, places: slice) -> np.ndarray:
        """float32 `[entries, k]` interpolated along the first axis at some of the places."""
        out = values[self.entry[places]] * self.weight[places]
        out += values[self.following[places]] * self.rest[places]
        return out


def shading_basis(
    shading: np.ndarray, frame: tuple[int, int], origin: tuple[int, int], shape: tuple[int, int]
) -> tuple[Blend, np.ndarray]:
    """The shading gain at every sample of a mosaic, as two small factors.

    Gains are interpolated linearly between the map's entries. Sample i of n has its centre at (i +
    0.5) / n of the frame, entry k of m lies at k / (m - 1).

    Args:
        shading: `[h, w, 4]`, see `Capture`.
        frame: (height, width) in samples that the map spans.
        origin: Row and column of the frame at which the mosaic's first sample lies.
        shape: (H, W) of the mosaic.

    Returns:
        `down` for the H rows and float32 `along` `[2, h, W]`: the gains of row i are those of
        `along[i % 2]`, interpolated at place i of `down`.
    """
    down = _blend(np.arange(shape[0]) + origin[0], frame[0], shading.shape[0])
    across = _blend(np.arange(shape[1]) + origin[1], frame[1], shading.shape[1])
    along = np.empty((2, shading.shape[0], shape[1]), np.float32)
    for row in (0, 1):
        for column in (0, 1):
            site = 2 * ((row + origin[0]) % 2) + (column + origin[1]) % 2
            columns = slice(column, None, 2)
            along[row, :, columns] = across.of(shading[..., site].T, columns).T
    return down, along


def _blend(index: np.ndarray, samples: int, entries: int) -> Blend:
    """The places of `index` among a frame of `samples`, between a map's `entries`."""
    position = np.clip((index + 0.5) / samples, 0, 1) * (entries - 1)
    entry = np.minimum(position.astype(int), entries - 1)
    following = np.minimum(entry + 1, entries - 1)
    weight = 1 - (position - entry)
    rest = np.where(following > entry, 1 - (following - position), 0)
    return Blend(entry, following, *(w.astype(np.float32)[:, None] for w in (weight, rest)))
