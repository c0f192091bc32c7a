"""A decoded RAW frame, and the checks it must pass before anything is rendered from it.

Decoders may return without an error from damaged files: LibRaw gives zeros for samples that are
missing. A sensor gives noise around its black level even in the dark, so a patch of equal samples
below black was never exposed.
"""

import os
from dataclasses import dataclass

import numpy as np

from tfisp.contract import require_mosaic
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

# Samples up to this multiple of the white level are clipped to it: real frames overshoot a little
# (a Nikon frame with white 15520 has 0.13 % of its samples above, up to 16383). Beyond it the
# level belongs to another scale.
OVERSHOOT = 1.25

# Frames smaller than this on a side are no picture.
MIN_SIDE = 8

# Rows and columns of a patch in which equal samples below black show that nothing was decoded
# there. High enough that single dead rows do not count.
_PATCH = (4, 64)


@dataclass(frozen=True)
class Frame:
    """What a reader found in a file, before the samples are checked against the levels.

    Attributes:
        mosaic: uint16 `[H, W]`, the active area.
        sensor: Pattern and levels of that mosaic.
        capture: What the file says about itself.
        kind: How the file stores it, in a few words.
        notes: What the reader had to assume or leave out.
    """

    mosaic: np.ndarray
    sensor: Sensor
    capture: Capture
    kind: str
    notes: tuple[str, ...] = ()


def check_levels(
    mosaic: np.ndarray, sensor: Sensor, path: str | os.PathLike
) -> tuple[np.ndarray, int]:
    """Refuses samples that cannot come from this sensor, and clips what overshoots a little.

    A frame taken in the dark passes, and so do scenes that are black or white in parts.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its levels.
        path: The file they are from, for the message.

    Returns:
        The mosaic with samples limited to the white level (itself where none is above), and how
        many were above.

    Raises:
        InputError: If the frame is smaller than `MIN_SIDE`, holds one value only or values that
            are not finite, is not decoded in part, or stands on another scale than the levels.
    """
    require_mosaic(mosaic)
    height, width = mosaic.shape
    if min(height, width) < MIN_SIDE:
        raise InputError(
            f"{path}: a frame of {height}x{width} samples is too small to be a picture"
        )
    low, high = mosaic.min(), mosaic.max()
    white, black = sensor.white_level, min(min(row) for row in sensor.black_level)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{path}: holds samples that are not finite numbers")
    if low == high and high < white:
        raise InputError(f"{path}: every sample is {high}: an empty or undecoded frame")
    if high > OVERSHOOT * white:
        raise InputError(f"{path}: {describe_excess(high, white)}")
    if high < black / 2:
        raise InputError(
            f"{path}: maximum {high} is far below the black level {black:g}: "
            "levels of another scale?"
        )
    missing = undecoded(mosaic, black)
    if missing:
        raise InputError(
            f"{path}: {missing:.1%} of the frame holds equal samples below the black level "
            f"{black:g}: partly decoded, so the file is truncated or damaged"
        )
    if high <= white:
        return mosaic, 0
    above = int(np.count_nonzero(mosaic > white))
    return np.minimum(mosaic, mosaic.dtype.type(white)), above


def describe_excess(high: float, white: float) -> str:
    """Says by what scale samples up to `high` may stand above `white`."""
    return f"maximum {high} exceeds the white level {white:g}: {int(high).bit_length()}-bit data?"


def undecoded(mosaic: np.ndarray, black: float) -> float:
    """Share of the frame, 0..1, in patches whose samples are all equal and below `black`."""
    rows, columns = min(_PATCH[0], mosaic.shape[0]), min(_PATCH[1], mosaic.shape[1])
    share = total = 0
    # Patches are laid from the first sample on, then from the last backwards: no rest escapes.
    for order in (slice(None), slice(None, None, -1)):
        part = mosaic[order, order]
        part = part[: part.shape[0] // rows * rows, : part.shape[1] // columns * columns]
        patches = part.reshape(part.shape[0] // rows, rows, -1, columns)
        high = patches.max(axis=1).max(axis=-1)
        low = patches.min(axis=1).min(axis=-1)
        share += np.count_nonzero((high == low) & (high < black))
        total += high.size
    return share / total
