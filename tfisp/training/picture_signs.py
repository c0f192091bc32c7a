"""What shows on generated pictures when a network goes wrong: dead channels, clipping, a grid.

Measured on the same few scenes each time, beside their references, so that what lies in the scenes
themselves does not count.
"""

from collections.abc import Sequence

import numpy as np

_CHANNELS = "rgb"


def picture_signs(
    pictures: Sequence[np.ndarray], references: Sequence[np.ndarray], period: int
) -> dict[str, float]:
    """Numbers to be logged with a drawing of the scenes.

    Args:
        pictures: What the generator made, float `[H, W, 3]` each, not clipped.
        references: The same scenes in the reference rendering, 0..1.
        period: Output pixels after which the network's upsampling repeats.

    Returns:
        For `r`, `g` and `b`: `picture/spread_r`, the standard deviation of a channel over all
        pixels, as a share of the reference's; `picture/clipped_r`, how many more of its values lie
        at or beyond 0 or 1 than in the reference, as a share of all. And `picture/grid`: how strong
        a pattern of that period is beyond the reference's own, of the strongest channel, in units
        of full scale (`grid`).
    """
    made, known = _pixels(pictures), _pixels(references)
    spread = np.clip(made, 0, 1).std(0) / np.maximum(known.std(0), 1 / 255)
    clipped = _clipped(made) - _clipped(known)
    beyond = np.square(grid(pictures, period)) - np.square(grid(references, period))
    signs = {f"picture/spread_{c}": float(x) for c, x in zip(_CHANNELS, spread, strict=True)}
    signs |= {f"picture/clipped_{c}": float(x) for c, x in zip(_CHANNELS, clipped, strict=True)}
    return signs | {"picture/grid": float(np.sqrt(max(beyond.max(), 0)))}


def grid(pictures: Sequence[np.ndarray], period: int) -> np.ndarray:
    """Strength of a pattern that repeats over all pictures, per channel.

    A moving average over one period takes any such pattern away, and all else that is coarser; of
    what it takes away, the mean at each place within the period is the pattern, for details of the
    scenes average out. Its root mean square is returned, in the units of the pictures.

    Args:
        pictures: `[H, W, 3]` each, more than twice the period wide and high.
        period: In pixels.
    """
    sums, counts = np.zeros((period, period, 3)), np.zeros((period, period, 1))
    for picture in pictures:
        clipped = np.clip(picture, 0, 1).astype(np.float64)
        detail = clipped - _averaged(_averaged(clipped, period, 0), period, 1)
        for row in range(period):
            for column in range(period):
                part = detail[period + row : -period : period, period + column : -period : period]
                sums[row, column] += part.sum((0, 1))
                counts[row, column] += part.shape[0] * part.shape[1]
    pattern = sums / np.maximum(counts, 1)
    return np.sqrt(np.square(pattern - pattern.mean((0, 1))).mean((0, 1)))


def _averaged(picture: np.ndarray, period: int, axis: int) -> np.ndarray:
    """The mean over one period about each pixel; where that is even, both ends count half."""
    weights = np.ones(period + 1 - period % 2)
    if period % 2 == 0:
        weights[[0, -1]] = 0.5
    lines = np.moveaxis(picture, axis, 0)
    margin = len(weights) // 2
    padded = np.pad(lines, ((margin, margin), (0, 0), (0, 0)), mode="edge")
    shifted = (weight * padded[start:][: len(lines)] for start, weight in enumerate(weights))
    return np.moveaxis(sum(shifted, np.zeros_like(lines)) / period, 0, axis)


def _pixels(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """All pixels, `[n, 3]`."""
    return np.concatenate([picture.reshape(-1, 3) for picture in pictures]).astype(np.float64)


def _clipped(pixels: np.ndarray) -> np.ndarray:
    """The share of each channel's values that lie at or beyond the ends of the range."""
    return ((pixels <= 0) | (pixels >= 1)).mean(0)
