"""How much detail of each size pictures hold: power spectra, averaged around their centre.

The power of natural scenes falls as a power of frequency (D. J. Field, "Relations between the
statistics of natural images and the response properties of cortical cells", JOSA A 4(12), 1987).
What was enlarged, denoised or out of focus falls off earlier than that at the pixel scale.
"""

import functools

import cv2
import numpy as np

# Bands of equal width from 0 to half a cycle a pixel.
BINS = 16

# Side of a window in pixels, and the smallest one that has something in every band.
_WINDOW, _LEAST = 256, 2 * BINS

# The bands whose powers are compared: about 0.09 to 0.19, and 0.34 to 0.47 cycles a pixel.
_COARSE, _FINE = slice(3, 6), slice(11, 15)

# Added to powers: rounding to 8 bits alone leaves 1/12 of a squared step, 1.3e-6.
_FLOOR = 1e-9

_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def luma(pixels: np.ndarray) -> np.ndarray:
    """Luma (ITU-R BT.601) of uint8 or uint16 `[H, W, 3]` of full scale: float32 `[H, W]`, 0..1."""
    scale = np.float32(1 / np.iinfo(pixels.dtype).max)
    return cv2.transform(np.ascontiguousarray(pixels).astype(np.float32), _LUMA * scale)


def power_spectrum(plane: np.ndarray) -> np.ndarray | None:
    """The radially averaged power spectrum of a picture at its own pixel scale.

    It is the mean over nine windows that lie from corner to corner, each times a Hann window.

    Args:
        plane: float32 `[H, W]`, sRGB-encoded, 0..1: what the frozen networks see.

    Returns:
        float64 `[BINS]`, power per frequency bin in squared units of `plane`, of 0 to 0.5 cycles a
        pixel; None if a side is shorter than 32 pixels.
    """
    side = min(_WINDOW, *plane.shape)
    if side < _LEAST:
        return None
    window, bins, counts = _window(side)
    total = np.zeros((side, side // 2 + 1))
    places = [sorted({0, (length - side) // 2, length - side}) for length in plane.shape]
    for top in places[0]:
        for left in places[1]:
            part = plane[top : top + side, left : left + side]
            total += np.abs(np.fft.rfft2((part - part.mean()) * window)) ** 2
    power = np.bincount(bins, total.ravel(), BINS + 1)[:BINS] / counts
    return power / (len(places[0]) * len(places[1]) * np.square(window).sum())


def fall(spectrum: np.ndarray) -> float:
    """By how many dB power falls from 0.14 to 0.4 cycles a pixel."""
    coarse, fine = (spectrum[part].mean() + _FLOOR for part in (_COARSE, _FINE))
    return float(10 * np.log10(coarse / fine))


@functools.lru_cache(maxsize=8)
def _window(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A window, the band of each entry of its transform, and how many entries a band has."""
    hann = np.hanning(side)
    down, along = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    bins = np.minimum((np.hypot(down, along) * 2 * BINS).astype(int), BINS).ravel()
    return hann[:, None] * hann, bins, np.bincount(bins, minlength=BINS + 1)[:BINS]
