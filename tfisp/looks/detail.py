"""Local contrast and sharpness of a look: how much more of each scale photographs hold.

A map of colours moves tones, wherever they lie in a picture. What a look does to neighbours
(sharpening, clarity, local tone mapping) shows in how much luma varies at each scale: the energy of
its octave bands, differences of Gaussians (P. J. Burt, E. H. Adelson, "The Laplacian Pyramid as a
Compact Image Code", IEEE Trans. Communications 31(4), 1983). Scenes need not be the same for
energies to be compared, only be alike on average.

A network that was trained on mean squared errors gives less fine detail than there is. So what is
compared with the photographs is the network's own picture, less what it lost by itself, which
simulated pairs tell:

    gain = sqrt( E(photographs) / E(its pictures) ) / sqrt( E(clean) / E(its pictures of them) )
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# Standard deviations of the Gaussians in pixels; a band lies between two of them, the first one
# between the picture and the first Gaussian.
SCALES = (1.0, 2.0, 4.0, 8.0)
# Gains beyond these are taken for a difference of scenes, not of looks.
_BOUNDS = (0.5, 2.0)
# A gain counts as found where it is further than so many standard errors from 1.
_ERRORS = 2
# With fewer scenes on a side nothing is said: chance would be taken for a look.
_FEWEST = 8
# Pixels at the borders of a picture whose bands know too little of their surroundings.
_BORDER = 4
# Added to energies before their logarithm is taken: a thousandth of the range, squared.
_FLOOR = 1e-6
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Detail:
    """How much to strengthen each octave band of luma.

    Attributes:
        gains: One for each band of `SCALES`, finest first; 1 changes nothing.
    """

    gains: tuple[float, ...] = (1.0,) * len(SCALES)

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The picture with its bands of luma strengthened; colour differences stay.

        Args:
            image: float32 `[H, W, 3]`, sRGB-encoded, 0..1.

        Returns:
            float32 of the same shape, 0..1.
        """
        if set(self.gains) == {1}:  # most looks: patches are read while the network waits
            return np.clip(image, 0, 1)
        added = sum((gain - 1) * band for gain, band in zip(self.gains, bands(image), strict=True))
        return np.clip(image + np.asarray(added, np.float32)[..., None], 0, 1)


def bands(image: np.ndarray) -> list[np.ndarray]:
    """The octave bands of luma of float32 `[H, W, 3]`: `[H, W]` each, finest first.

    The picture is continued by reflection.
    """
    luma = image @ _LUMA
    found: list[np.ndarray] = []
    finer: np.ndarray = luma
    for scale in SCALES:
        coarser: np.ndarray = cv2.GaussianBlur(
            luma, (0, 0), scale, borderType=cv2.BORDER_REFLECT_101
        )
        found.append(finer - coarser)
        finer = coarser
    return found


def energies(images: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithm of the mean square of each band of each picture: `[pictures, bands]`."""
    cut = slice(_BORDER, -_BORDER)
    squares = [[np.square(band[cut, cut]).mean() for band in bands(image)] for image in images]
    return np.log(np.array(squares) + _FLOOR)


def fit_detail(
    photographs: np.ndarray, shown: np.ndarray, clean: np.ndarray, shown_of_clean: np.ndarray
) -> Detail:
    """The gains that bring a network's pictures to the local contrast of photographs.

    Gains are shrunk towards 1 by how well the scenes determine them (in the manner of W. James and
    C. Stein, "Estimation with Quadratic Loss", 1961): one within two standard errors of 1 is 1.

    All arguments are `[scenes, bands]`, means of `energies` over the pictures of each scene: those
    of one scene are alike, and say less than as many scenes would.

    Args:
        photographs: Of target photographs.
        shown: Of what the network makes of RAW files, in the look's colours.
        clean: Of the clean pictures of simulated pairs, in the look's colours.
        shown_of_clean: Of what the network makes of their RAW, in the look's colours.
    """
    if min(map(len, (photographs, shown, clean))) < _FEWEST:
        return Detail()
    log_gain = (photographs.mean(0) - shown.mean(0) - clean.mean(0) + shown_of_clean.mean(0)) / 2
    # Of simulated pairs the pictures are the same on both sides: it is their ratio that varies.
    spreads = (photographs, shown, clean - shown_of_clean)
    variance = np.sum([each.var(0, ddof=1) / len(each) for each in spreads], axis=0) / 4
    kept = np.maximum(1 - _ERRORS**2 * variance / np.maximum(np.square(log_gain), 1e-12), 0)
    gains = np.clip(np.exp(kept * log_gain), *_BOUNDS)
    return Detail(tuple(gains.tolist()))
