"""Resolution from a slanted edge: the chart, and what is left of it in a picture."""

import numpy as np

# Each pixel of a chart is the mean of so many squared samples.
FINE = 8

# Bins per pixel along the profile of an edge, ISO 12233.
_BINS = 4

# Pixels to both sides of an edge in which it is looked for, first and then.
_FIRST, _SECOND = 24, 8


def slanted_edge(side: int, degrees: float = 5.0, contrast: float = 4.0) -> np.ndarray:
    """A straight edge between two greys, its contrast 4:1 as in ISO 12233: `[side, side, 3]`."""
    down, across = places(side)
    beside = (across - side / 2) + np.tan(np.radians(degrees)) * (down - side / 2)
    return grey(np.where(beside < 0, 0.6 / contrast, 0.6))


def mtf50(image: np.ndarray) -> float:
    """The frequency, in cycles per pixel, at which an edge keeps half of its contrast.

    ISO 12233:2017, Annex D (e-SFR): the edge is found line by line, pixels are sorted by their
    distance from it into quarters of a pixel, and the profile's derivative is transformed.

    Args:
        image: `[H, W]` linear light, one edge within 20 degrees of vertical through all rows.
    """
    slopes = np.gradient(image, axis=1)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    line = _line_through(np.abs(slopes), columns)
    for reach in (_FIRST, _SECOND):  # noise beside the edge draws its place to the middle
        near = np.abs(columns - line(rows)) < reach
        line = _line_through(np.where(near, slopes, 0), columns)
    off = (columns - line(rows)) * np.cos(np.arctan(line.convert().coef[1]))
    reach = min(image.shape[1] // 4, 32)
    inside = np.abs(off) < reach
    bins = np.floor((off[inside] + reach) * _BINS).astype(int)
    profile = np.bincount(bins, image[inside]) / np.maximum(np.bincount(bins), 1)
    spread = np.gradient(profile)
    middle = np.abs(spread).argmax()
    half = min(middle, len(spread) - middle) - 1
    spread = spread[middle - half : middle + half + 1] * np.hamming(2 * half + 1)
    response = np.abs(np.fft.rfft(spread, 16 * len(spread)))
    response /= response[0]
    frequencies = np.fft.rfftfreq(16 * len(spread), 1 / _BINS)
    # What the derivative of binned values, over two bins, takes away.
    response /= np.maximum(np.sinc(frequencies / _BINS) * np.sinc(2 * frequencies / _BINS), 0.1)
    below = int(np.argmax(response < 0.5))
    high, low = response[below - 1], response[below]
    step = frequencies[1] * (high - 0.5) / (high - low)
    return float(frequencies[below - 1] + step)


def _line_through(slopes: np.ndarray, columns: np.ndarray) -> np.polynomial.Polynomial:
    """The column of an edge over the row: a line through each row's centroid of slopes."""
    middles = (slopes * columns).sum(axis=1) / slopes.sum(axis=1)
    return np.polynomial.Polynomial.fit(np.arange(len(middles)), middles, 1)


def places(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of fine samples, in pixels."""
    fine = (np.arange(side * FINE) + 0.5) / FINE
    return fine[:, None], fine[None, :]


def grey(fine: np.ndarray) -> np.ndarray:
    """Fine samples averaged into pixels, as grey: float32 `[H, W, 3]`."""
    side = fine.shape[0] // FINE
    pixels = fine.reshape(side, FINE, side, FINE).mean(axis=(1, 3))
    return np.repeat(pixels[..., None], 3, axis=2).astype(np.float32)
