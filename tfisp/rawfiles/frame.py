"""A decoded RAW frame, and the checks it must pass before anything is rendered from it.

Decoders may return without an error from damaged files: LibRaw gives zeros for samples that are
missing. A sensor gives noise around its black level even in the dark, so a patch of equal samples
below black was never exposed.
"""

import os
from dataclasses import dataclass

import numpy as np

from tfisp.contract import require_mosaic
from tfisp.conversions import quad_of
from tfisp.errors import InputError
from tfisp.rawfiles.masked import MaskedBlack
from tfisp.sensor import PATTERNS, Capture, Sensor

# Samples up to this multiple of the white level are clipped to it: real frames overshoot a little
# (a Nikon frame with white 15520 has 0.13 % of its samples above, up to 16383). Beyond it the
# level belongs to another scale.
OVERSHOOT = 1.25

# Frames smaller than this on a side are no picture.
MIN_SIDE = 8

# Rows and columns of patches, and samples in a row, row after row, of which equal ones below black
# show that nothing was decoded or stored there: a missing tile, a missing block of a disk.
_PATCHES = ((4, 64), (1, 128))

# So many columns at the right edge that hold one value below black are padding; of the black value
# itself at most so many, and only where they end at once, as no shadow does.
_PADDING, _BLACK_PADDING = 2, 64

# The same for patches in which rows repeat.
_REPEAT_PATCH = (16, 64)


@dataclass(frozen=True)
class Frame:
    """What a reader found in a file, before the samples are checked against the levels.

    Attributes:
        mosaic: uint16 `[H, W]`, the active area.
        sensor: Pattern and levels of that mosaic.
        capture: What the file says about itself.
        kind: How the file stores it, in a few words.
        notes: What the reader had to assume or leave out.
        masked: What masked samples say about the black level; None if there are none.
        unused: Names of what the file states about colour and is not used.
    """

    mosaic: np.ndarray
    sensor: Sensor
    capture: Capture
    kind: str
    notes: tuple[str, ...] = ()
    masked: MaskedBlack | None = None
    unused: tuple[str, ...] = ()


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
    check_content(mosaic, sensor, path)
    mismatch = scale_mismatch(mosaic, sensor)
    if mismatch:
        raise InputError(f"{path}: {mismatch}")
    black = _darkest(sensor)
    padding = padded_columns(mosaic, black)
    if padding:
        raise InputError(
            f"{path}: the last {padding} columns hold only {mosaic[0, -1]}, no brighter than the "
            f"black level {black:g}: padding of a buffer; state the width, "
            f"{mosaic.shape[1] - padding}"
        )
    missing = undecoded(mosaic, black)
    if missing:
        raise InputError(
            f"{path}: {missing:.1%} of the frame holds equal samples below the black level "
            f"{black:g}: partly decoded, so the file is truncated or damaged"
        )
    if mosaic.max() <= sensor.white_level:
        return mosaic, 0
    above = int(np.count_nonzero(mosaic > sensor.white_level))
    return np.minimum(mosaic, mosaic.dtype.type(sensor.white_level)), above


def require_bayer(pattern: str, repeat: tuple[int, int], path: str | os.PathLike) -> None:
    """Refuses every colour filter array but the four phases of Bayer's.

    Raises:
        InputError: If the tile `pattern`, row by row, of `repeat` (rows, columns) is another.
    """
    if repeat == (2, 2) and pattern in PATTERNS:
        return
    quad = quad_of(pattern, repeat) is not None
    name = "quad-Bayer" if quad else {(6, 6): "X-Trans"}.get(repeat, f"CFA {pattern}")
    raise InputError(
        f"{path}: {name} ({repeat[0]}x{repeat[1]} tile) is not supported, only Bayer: "
        f"{', '.join(PATTERNS)}"
        + ("; --quad_bayer=bin or --quad_bayer=remosaic makes Bayer of it" if quad else "")
    )


def require_size(size: tuple[int, int], path: str | os.PathLike) -> None:
    """Refuses a frame of (height, width) that is too small to be a picture.

    Raises:
        InputError: If a side is below `MIN_SIDE`.
    """
    if min(size) < MIN_SIDE:
        raise InputError(
            f"{path}: a frame of {size[0]}x{size[1]} samples is too small to be a picture"
        )


def check_content(mosaic: np.ndarray, sensor: Sensor, path: str | os.PathLike) -> None:
    """The part of `check_levels` that holds on any scale: the mosaic is some picture.

    Raises:
        InputError: If it is too small, empty, or not of finite numbers.
    """
    require_mosaic(mosaic)
    require_size(mosaic.shape, path)
    low, high = mosaic.min(), mosaic.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError(f"{path}: holds samples that are not finite numbers")
    if low == high and (
        high == 0 or high < sensor.white_level
    ):  # an overexposed patch is all white
        raise InputError(f"{path}: every sample is {high}: an empty or undecoded frame")


def scale_mismatch(mosaic: np.ndarray, sensor: Sensor) -> str | None:
    """Why the samples cannot stand on the scale of the sensor's levels; None if they can."""
    high, white, black = mosaic.max(), sensor.white_level, _darkest(sensor)
    if high > OVERSHOOT * white:
        bits = int(high).bit_length()
        return f"maximum {high} exceeds the white level {white:g}: {bits}-bit data?"
    if high < black / 2:
        return f"maximum {high} is far below the black level {black:g}: levels of another scale?"
    return None


def padded_columns(mosaic: np.ndarray, black: float) -> int:
    """How many columns at the right edge are a buffer's padding; 0 for none."""
    value = mosaic[-1, -1]
    if value > black or (mosaic[:, -_PADDING:] != value).any():
        return 0
    count = next((k for k, line in enumerate(mosaic.T[::-1]) if (line != value).any()), 0)
    if count == 0 or (mosaic[:, -1 - count] == value).mean() > 0.5:
        return 0
    return count if value < black or count <= _BLACK_PADDING else 0


def undecoded(mosaic: np.ndarray, black: float) -> float:
    """Share of the frame, 0..1, in patches whose samples are all equal and below `black`."""
    return max(
        _equal_below(mosaic, black, *_PATCHES[0]),
        _equal_below(mosaic.reshape(1, -1), black, *_PATCHES[1]),
    )


def _equal_below(plane: np.ndarray, black: float, rows: int, columns: int) -> float:
    """Share of patches of `rows` x `columns` samples that are all equal and below `black`."""
    rows, columns = min(rows, plane.shape[0]), min(columns, plane.shape[1])
    share = total = 0
    # Patches are laid from the first sample on, then from the last backwards: no rest escapes.
    for order in (slice(None), slice(None, None, -1)):
        patches = _patches(plane[order, order], rows, columns)
        total += patches.shape[0] * patches.shape[2]
        # Few patches end as they begin; only those are looked at in full.
        first, last = patches[:, 0, :, 0], patches[:, -1, :, -1]
        down, along = ((first == last) & (first < black)).nonzero()
        found = patches[down, :, along]
        share += int(np.count_nonzero((found == found[:, :1, :1]).all(axis=(1, 2))))
    return share / total


def check_repeats(mosaic: np.ndarray, sensor: Sensor, path: str | os.PathLike) -> None:
    """Refuses a frame in part of which each row equals the one two above.

    Differential codecs, such as lossless JPEG, repeat their last samples when their bits run out.
    Real samples differ by noise, unless they are clipped at black or white. Not for uncompressed
    frames: an artificial scene may repeat.

    Raises:
        InputError: If a patch repeats.
    """
    high, black = sensor.white_level, _darkest(sensor)
    rows, columns = _REPEAT_PATCH
    same = _patches(mosaic[2:] == mosaic[:-2], rows, columns).all(axis=(1, 3))
    down, along = np.nonzero(same)
    patches = _patches(mosaic[2:], rows, columns)[down, :, along]
    low, top = patches.min(axis=(1, 2), initial=65535), patches.max(axis=(1, 2), initial=0)
    clipped = (low >= high) | (top <= black)
    if not clipped.all():
        raise InputError(
            f"{path}: {(~clipped).sum() / same.size:.1%} of the frame repeats the rows above: "
            "partly decoded, so the file is damaged"
        )


def _patches(plane: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A view `[n, rows, m, columns]` of the whole patches of a plane."""
    height, width = plane.shape[0] // rows * rows, plane.shape[1] // columns * columns
    return plane[:height, :width].reshape(height // rows, rows, width // columns, columns)


def _darkest(sensor: Sensor) -> float:
    """The smallest of the four black levels."""
    return min(min(row) for row in sensor.black_level)
