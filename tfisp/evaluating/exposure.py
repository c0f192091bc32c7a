"""Matching a picture to its truth in exposure, as far as one gain can.

A system that is brighter or darker than the truth by a choice of exposure loses many decibels by
it. With the gain taken out, what is left is everything else. Figures after matching must not be
held against figures without.
"""

import numpy as np

from tfisp.color import decode_srgb, encode_srgb
from tfisp.rendering.runtime import to_8bit

_LINEAR = decode_srgb(np.arange(256, dtype=np.float64) / 255)

# Rows of a picture that are decoded at a time.
_BAND = 256


def match_exposure(picture: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Multiplies a picture, in linear light, by what brings it nearest to its truth.

    The gain g minimises the sum of (g p - t)^2 over all pixels and channels, p and t decoded from
    sRGB: g = sum(p t) / sum(p p). Clipped pixels count like others.

    Args:
        picture: uint8 `[H, W, 3]` sRGB.
        truth: float32 `[H, W, 3]` sRGB, 0..1.

    Returns:
        The picture, clipped and rounded to uint8 again, and the gain; 1 for a black picture.
    """
    products = squares = 0.0
    for top in range(0, len(picture), _BAND):
        linear = _LINEAR[picture[top : top + _BAND]]
        products += float((linear * decode_srgb(truth[top : top + _BAND])).sum())
        squares += float((linear * linear).sum())
    gain = products / squares if squares > 0 else 1.0
    return to_8bit(encode_srgb(_LINEAR * gain))[picture], gain
