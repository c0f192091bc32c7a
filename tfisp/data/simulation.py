"""Pairs without a second camera: RAW patches simulated from the RAW files' own references.

A photograph reduced to half its size has lost most of its noise and all traces of demosaicking. So
the reference rendering of a RAW file, reduced, is a clean picture of which the very same sensor's
RAW can be computed again: sampled through the colour filters, with the file's own white balance,
levels and noise (`unprocess`, after Brooks et al. 2019, https://arxiv.org/abs/1811.11127). A
generator that learns to turn one into the other has exact pairs, which neither the noise nor the
demosaicking errors of a reference at full size can spoil:

    reference of the RAW, a window of it
      | decode, mean over blocks of 2 x 2, exposed   clean linear picture ---> reference
      | inverse colours, filters, noise, levels          |
    mosaic                                               | look (sRGB-encoded)
      | as the generator's contract says                 v    and its local contrast
    raw                                                  target

`target` is the clean picture in the look of the target photographs. What reduction changes is that
edges come out sharper than at full size, where lens and interpolation blur them.
"""

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from tfisp.color import decode_srgb, encode_srgb
from tfisp.contract import Contract
from tfisp.data.base import Dataset
from tfisp.data.crops import Window, generator_input, whole
from tfisp.data.frames import Frame, Scene
from tfisp.data.noise import noise_of
from tfisp.data.raw_patches import RawPatches
from tfisp.data.unprocess import Noise, unprocess
from tfisp.looks import Detail, Look, TableLook
from tfisp.sensor import Capture, Gains, Sensor, resolve_gains, smallest_one

# Side of the blocks that references are averaged over.
REDUCTION = 2
# Stops by which a patch is exposed less or more, so that all levels are seen beside each other
# however few scenes there are.
EXPOSURES = (-1.0, 1.0)
# Share of patches that show soft, coloured light, such as lamps out of focus: no photograph has
# much of it, and in what it has never seen bright a network draws the grid of its own upsampling.
SOFT = 0.1


class SimulatedPatches(RawPatches):
    """Patches of simulated captures, each with its clean picture as it is and in a look.

    A patch shows the part of the scene that a captured patch would, at half the size; its noise
    follows from the seed of its place. Reading is a pure function of arguments and files.

    Args:
        captured: The captured patches; frames, contract and mirroring are theirs.
        look: Of the target photographs, or of the pairs.
        detail: Local contrast that their look has beside its colours.
    """

    def __init__(
        self, captured: RawPatches, look: Look | TableLook, detail: Detail | None = None
    ) -> None:
        vars(self).update(vars(captured))
        self.patch_size = simulated_size(captured.patch_size)
        self._window_size = REDUCTION * self.patch_size
        self.look, self._detail = look, detail or Detail()
        self._cameras: dict[tuple[Path, str], Camera] = {}

    def in_detail(self, detail: Detail) -> "SimulatedPatches":
        """The same patches with another local contrast of the targets."""
        other = copy.copy(self)
        other._detail = detail
        return other

    @property
    def repeats(self) -> bool:
        """Never: noise is drawn anew each time."""
        return False

    def read_pair(
        self, index: int, seed: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `RawPatches`; what the file is paired with, if anything, is not read."""
        raw, clean, in_look = self._read(index, seed, target=False)
        return raw, clean, in_look

    def _cut(
        self, frame: Frame, scene: Scene, place: Window, random: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        """A simulated capture of a window, its clean picture, and that in the look."""
        known = frame.path, frame.name  # a file may hold several frames
        if known not in self._cameras:
            self._cameras[known] = camera_of(frame)
        reference = cast(np.ndarray, scene.reference)  # patches are always read with it
        linear = reduced(place.of(reference))
        linear = np.minimum(linear * np.float32(2 ** random.uniform(*EXPOSURES)), 1)
        if random.random() < SOFT:
            linear = in_soft_light(linear, random)
        raw = simulate(linear, self._cameras[known], self._contract, random)
        clean = encode_srgb(linear)
        return raw, clean, self._detail.apply(self.look.apply(clean))


@dataclass(frozen=True)
class Camera:
    """What recorded a frame, for simulated captures of it.

    Attributes:
        sensor: Red at (0, 0).
        capture: Without the shading map: the reference has been corrected, so the simulated frame
            has no shading.
        gains: White balance, smallest 1.
        brightness: By how much the reference is brighter than its balanced samples.
        noise: Of the recording.
    """

    sensor: Sensor
    capture: Capture
    gains: Gains
    brightness: float
    noise: Noise


def camera_of(frame: Frame) -> Camera:
    """What recorded a frame.

    Raises:
        InputError: If its file is damaged.
    """
    scene = frame.load(reference=False)
    gains = resolve_gains(scene.sensor, scene.capture)
    return Camera(
        scene.sensor.shifted(*scene.sensor.red_site),
        dataclasses.replace(scene.capture, shading=None, frame_size=None),
        smallest_one(gains),
        2.0**scene.capture.baseline_exposure * min(gains),
        noise_of(scene.mosaic, scene.sensor, scene.capture),
    )


def reduced(reference: np.ndarray) -> np.ndarray:
    """A window of a reference, uint16 `[H, W, 3]`, as linear sRGB float32 `[H/2, W/2, 3]`."""
    linear = _linear()[reference]
    size = linear.shape[1] // REDUCTION, linear.shape[0] // REDUCTION
    return cv2.resize(linear, size, interpolation=cv2.INTER_AREA)  # the mean of each block


def in_soft_light(linear: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A patch far out of focus in coloured light, float32 `[H, W, 3]` linear sRGB 0..1."""
    blurred = cv2.GaussianBlur(linear, (0, 0), random.uniform(3, 12))
    light = random.uniform(0.3, 3) * random.uniform(0.3, 1.7, 3)
    return np.clip(blurred * light, 0, 1).astype(np.float32)


def simulate(
    linear: np.ndarray, camera: Camera, contract: Contract, random: np.random.Generator
) -> np.ndarray:
    """What a camera would have recorded of a scene, as a generator takes it.

    Args:
        linear: float32 `[H, W, 3]` linear sRGB 0..1, as the reference shows the scene.
        camera: What records it.
        contract: The generator's.
        random: For the noise.

    Returns:
        float32 in the contract's form, `[H/2, W/2, 4]` where packed.
    """
    exposed = np.minimum(linear / np.float32(camera.brightness), 1)
    mosaic = unprocess(exposed, camera.sensor, camera.gains, camera.noise, random)
    place = whole(camera.sensor, mosaic.shape)
    return generator_input(mosaic, camera.sensor, camera.capture, contract, place)


def simulated_size(patch_size: int) -> int:
    """Side of a simulated patch, even, for the side of a captured one."""
    return max(patch_size // REDUCTION // 2 * 2, 2)


def simulated(dataset: Dataset, look: Look | TableLook) -> Dataset:
    """The data set with simulated pairs, in a look, in place of its captured patches.

    Held-out pairs stay what they are: nothing is measured on simulated captures.
    """
    return dataclasses.replace(dataset, raw=SimulatedPatches(dataset.raw, look), paired=True)


@cache
def _linear() -> np.ndarray:
    """Linear value of each 16-bit sRGB value."""
    return decode_srgb(np.arange(2**16, dtype=np.float32) / np.float32(2**16 - 1))
