"""The looks of the quality benchmark: photographs edited in four known ways.

Three are global maps of colour, which one `.cube` file could hold. `local` is not: a tone mapping
by a guided filter (K. He, J. Sun, X. Tang, ECCV 2010) compresses large differences of brightness
and keeps small ones; sharpening and grain follow.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_MATRIX = np.array([[0.95, 0.05, 0], [0.03, 0.97, 0], [0, 0.08, 0.92]], np.float32)


@dataclass(frozen=True)
class GlobalLook:
    """A map of sRGB-encoded colours 0..1.

    Attributes:
        gamma: Exponent of all channels.
        contrast: Share of the curve 3 y^2 - 2 y^3.
        saturation: Factor of the distance from luma.
        shadows: Tint added in black, fading to white.
        highlights: Tint added in white, fading to black.
    """

    gamma: float
    contrast: float
    saturation: float
    shadows: tuple[float, float, float]
    highlights: tuple[float, float, float]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Edits float32 `[H, W, 3]`."""
        y = np.clip(image, 0, 1) ** self.gamma
        y = (1 - self.contrast) * y + self.contrast * (3 * y**2 - 2 * y**3)
        luma = _luma(y)
        y = luma + self.saturation * (y - luma)
        luma = np.clip(_luma(y), 0, 1)
        tints = np.float32(self.shadows), np.float32(self.highlights)
        y = y + (1 - luma) * tints[0] + luma * tints[1]
        return np.clip(y @ _MATRIX.T, 0, 1).astype(np.float32)


def local_look(image: np.ndarray) -> np.ndarray:
    """Edits float32 `[H, W, 3]`: tone mapping by neighbourhood, sharpening, grain."""
    luma = _luma(image)[..., 0]
    base = _guided(luma, radius=16, smallest=0.01)
    wanted = np.clip(0.53 + 0.65 * (base - 0.5) + 1.25 * (luma - base), 1e-3, 1)
    y = image**0.9
    y = y * (wanted / np.maximum(_luma(y)[..., 0], 0.01))[..., None]
    y = _luma(y) + 1.2 * (y - _luma(y)) + np.float32((0.02, 0, -0.02))
    y = y + 0.5 * (y - cv2.GaussianBlur(y, (0, 0), 2.0))
    random = np.random.default_rng(int(np.square(image).sum() * 1000))
    grain = cv2.GaussianBlur(random.normal(0, 0.04, luma.shape).astype(np.float32), (0, 0), 1.0)
    return np.clip(y + 2 * grain[..., None], 0, 1)


def _guided(image: np.ndarray, radius: int, smallest: float) -> np.ndarray:
    """The self-guided filter of `[H, W]`: flat where the local variance is below `smallest`."""

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1, 2 * radius + 1))

    local = mean(image)
    variance = mean(image * image) - local**2
    slope = variance / (variance + smallest)
    return mean(slope) * image + mean(local - slope * local)


def _luma(image: np.ndarray) -> np.ndarray:
    return (image @ _LUMA)[..., None]


LOOKS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "warm": GlobalLook(0.72, 0.55, 1.35, (-0.0135, 0.009, 0.0405), (0.045, 0, -0.055)),
    "vivid": GlobalLook(0.95, 1.0, 1.55, (-0.03, 0.02, 0.06), (0.05, 0.015, -0.07)),
    "faded": GlobalLook(1.25, 0.3, 0.6, (0.03, 0, 0.05), (-0.02, 0.02, 0.03)),
    "local": local_look,
}
