"""The noise of a sensor's channels, measured from its files by photon transfer.

Shot noise has a variance in proportion to the signal, read noise a constant one, so the variance of
flat patches over their brightness is a line (J. R. Janesick, "Photon Transfer", SPIE Press, 2007).
With samples between 0 (black) and 1 (white) it is `shot * x + read`, as DNG's NoiseProfile states
it, and as many electrons as `1 / shot` make white.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfisp.data.noise import fit_noise, flat_patches, transfer_points
from tfisp.data.unprocess import Noise
from tfisp.rawfiles.falloff import plane_names
from tfisp.sensor import Capture, Sensor

# Below the variance of any sensor's noise.
_LEAST = 1e-12


class Channel(NamedTuple):
    """What patches of one channel say.

    Attributes:
        name: R, Gr (in the red row), Gb (in the blue row) or B.
        mean: Of each patch, `[n]`.
        variance: Of each patch, of its noise, `[n]`.
        stated: The files' own NoiseProfile; None if they state none, or several.
    """

    name: str
    mean: np.ndarray
    variance: np.ndarray
    stated: Noise | None

    @property
    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """Brightness and variance of the photon transfer curve.

        Patches of one group differ in brightness and so in noise; the second time they are compared
        with the noise that the first time found, or the darker ones would pass for the flatter.
        """
        first = fit_noise(*transfer_points(self.mean, self.variance))
        expected = first.shot * np.maximum(self.mean, 0) + first.read
        return transfer_points(self.mean, self.variance, np.maximum(expected, _LEAST))

    @property
    def noise(self) -> Noise | None:
        """The line through the points; None of too few patches to tell."""
        brightness, variance = self.points
        return fit_noise(brightness, variance) if len(brightness) else None

    def facts(self) -> dict[str, Any]:
        """The measured noise as JSON values.

        `electrons_at_white` and `read_noise_electrons` are None where no shot noise is seen.
        """
        found = self.noise
        seen = found is not None and found.shot > 0
        return {
            "name": self.name,
            "patches": len(self.mean),
            "shot": None if found is None else found.shot,
            "read": None if found is None else found.read,
            "electrons_at_white": 1 / found.shot if found and seen else None,
            "read_noise_electrons": found.read**0.5 / found.shot if found and seen else None,
        }


def measure_channels(mosaic: np.ndarray, sensor: Sensor, capture: Capture) -> list[Channel]:
    """The four channels of a frame, in the order of the 2x2 tile's sites.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.
    """
    return [
        Channel(name, mean, variance, _stated(capture, name))
        for name, (mean, variance) in zip(
            plane_names(sensor), flat_patches(mosaic, sensor), strict=True
        )
    ]


def pooled(frames: Sequence[Sequence[Channel]]) -> list[Channel]:
    """The channels of several frames of one sensor at one ISO speed, by name."""
    found = []
    for name in ("R", "Gr", "Gb", "B"):
        same = [c for c in itertools.chain.from_iterable(frames) if c.name == name]
        stated = {c.stated for c in same}
        mean, variance = (
            np.concatenate([getattr(c, part) for c in same]) for part in ("mean", "variance")
        )
        found.append(Channel(name, mean, variance, stated.pop() if len(stated) == 1 else None))
    return found


def _stated(capture: Capture, name: str) -> Noise | None:
    """The noise that a file states of a channel: one for all, or one for R, G and B each."""
    if capture.noise is None:
        return None
    pairs = np.reshape(capture.noise, (-1, 2)).tolist()
    return Noise(*pairs["RGB".index(name[0]) if len(pairs) == 3 else 0])
