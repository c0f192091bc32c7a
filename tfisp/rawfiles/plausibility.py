"""Doubts about a frame that is decoded without an error: does it look like a Bayer mosaic at all?

Samples laid out by a wrong width, or under another colour filter array, are valid numbers, and
only the picture tells. A part of the frame is looked at, so that a large one takes milliseconds.
"""

from collections.abc import Iterable

import numpy as np

from tfisp.sensor import Sensor

# How many pairs of rows, and about how many samples, are looked at.
_ROW_PAIRS = 64
_SAMPLES = 1 << 20

# Correlation of rows with shifted ones above which, and how many times that of rows in place, they
# are taken for displaced. Of 160 mosaics made of photographs and of photographs turned by 90
# degrees none is; of the same laid out 2, 8 or 128 columns too wide 92, 92 and 78 % are.
_CORRELATION = 0.15
_RATIO = 2.0
_LEAST_LAG = 4

# Columns at the end of a row that are compared with those of its neighbours, and how far beyond
# the usual their median must lie, and beyond that of the rows between.
_END = 64
_UNUSUAL = 20
_ALONE = 4

# Relative differences of means within a 4x4 tile.
_QUAD_DIFFERENCE = 0.1
_QUAD_RATIO = 4


def doubts(mosaic: np.ndarray, sensor: Sensor) -> list[str]:
    """What makes a mosaic unlike one, a sentence each; empty for a good one.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Their pattern and levels.
    """
    found = []
    lag = displaced_rows(mosaic)
    if lag:
        found.append(
            f"rows are displaced against those above them, by {abs(lag)} samples: is "
            f"{mosaic.shape[1]} the width at which they were stored?"
        )
    if looks_quad(mosaic, sensor):
        found.append(
            "samples repeat over 4x4 sites, in blocks of 2x2 alike: quad-Bayer data, which "
            f"{sensor.pattern} does not describe?"
        )
    return found


def displaced_rows(mosaic: np.ndarray) -> int:
    """By how many columns rows continue those two above elsewhere; 0 if in place or unknown."""
    height, width = mosaic.shape
    pairs = height - 2
    if pairs < 8 or width < 32:
        return 0
    step = max(1, pairs // _ROW_PAIRS)
    size = 1 << width.bit_length()  # twice the samples of a colour: no wrapping
    total = np.zeros(size)
    for column in (0, 1):
        rows = mosaic[:, column : width // 2 * 2 : 2]
        above = np.diff(rows[:-2:step].astype(np.float32), axis=1)
        below = np.diff(rows[2::step].astype(np.float32), axis=1)
        energy = np.sqrt((above**2).sum(axis=1) * (below**2).sum(axis=1))
        spectra = np.conj(np.fft.rfft(above, size)) * np.fft.rfft(below, size)
        spectrum = (spectra / np.maximum(energy, 1e-9)[:, None]).mean(axis=0)
        total += np.fft.irfft(spectrum, size) / 2
    best = int(np.argmax(total))
    lag = 2 * (best if best < size // 2 else best - size)
    displaced = total[best] > max(_CORRELATION, _RATIO * total[0]) and abs(lag) >= _LEAST_LAG
    return lag if displaced else 0


def looks_quad(mosaic: np.ndarray, sensor: Sensor) -> bool:
    """Whether the means of the 16 sites of a 4x4 tile are those of 2x2 blocks of one colour each.

    In Bayer data the sites two apart have one colour and one mean.
    """
    height, width = (side // 4 for side in mosaic.shape)
    if min(height, width) < 8:
        return False
    tiles = mosaic[: 4 * height, : 4 * width].reshape(height, 4, width, 4)
    step = max(1, mosaic.size // _SAMPLES)
    means = tiles[::step].mean(axis=(0, 2)) - np.mean(sensor.black_level)
    level = max(float(means.mean()), 1e-9)
    apart = np.ptp(means.reshape(2, 2, 2, 2), axis=(0, 2)).max() / level  # sites two apart
    beside = np.ptp(means.reshape(2, 2, 2, 2), axis=(1, 3)).max() / level  # sites of a block
    return apart > _QUAD_DIFFERENCE and apart > _QUAD_RATIO * beside


def shifted_rows(mosaic: np.ndarray, ends: Iterable[int]) -> int:
    """How many rows are brighter or darker than their neighbours up to where a code ends.

    Lossless JPEG stores differences along rows: one that is damaged shifts the rest of its row, of
    one colour or of both, and neither the row above nor the one below.

    Args:
        mosaic: `[H, W]` samples.
        ends: The columns at which tiles end.

    Returns:
        The number of such rows, over all tiles.
    """
    count = 0
    for end in ends:
        part = mosaic[:, max(0, end - _END) : end]
        part = part[:, part.shape[1] % 2 :].astype(np.float32)
        if part.shape[1] < _END // 2 or len(part) < 8:
            continue
        colours = part.reshape(len(part), -1, 2)
        apart = colours[2:-2] - (colours[:-4] + colours[4:]) / 2
        middle = np.median(apart, axis=1)
        size = np.abs(middle)
        usual = 1.4826 * np.median(size) + 1
        row, beside, same = size.max(axis=1), np.zeros(len(size)), np.zeros(len(size))
        beside[1:-1] = np.maximum(row[:-2], row[2:])
        # Beside it, rows of its colours stand out half as far the other way.
        same[2:-2] = np.maximum(row[:-4], row[4:])
        found = (row > np.maximum(same, _UNUSUAL * usual)) & (row > _ALONE * beside)
        count += sum(_shifted(apart[k], middle[k]) for k in np.flatnonzero(found))
    return count


def _shifted(apart: np.ndarray, middle: np.ndarray) -> bool:
    """Whether the end of a row lies apart from its neighbours as a damaged difference moves it.

    It shifts all samples behind it by the same, of one colour or of both.

    Args:
        apart: `[n, 2]` of the two colours of the row.
        middle: `[2]`, their medians.
    """
    size = np.abs(middle)
    halves = [np.median(half, axis=0) for half in np.array_split(apart, 2)]
    spread = np.median(np.abs(apart - middle), axis=0)
    even = (np.abs(halves[0] - halves[1]) < 0.15 * size) & (spread < 0.15 * size)
    one = size.max() > _ALONE * size.min() and even[size.argmax()]
    return bool(one or (abs(middle[0] - middle[1]) < 0.05 * size.max() and even.all()))
