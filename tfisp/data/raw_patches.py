"""RAW frames as training and preview patches, and whole as held-out pairs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tfisp.contract import Contract
from tfisp.data.bad_files import BadFiles
from tfisp.data.crops import (
    Cell,
    PatchGrid,
    Window,
    generator_input,
    places,
    room_needed,
    whole,
    window,
)
from tfisp.data.frames import Frame, Scene
from tfisp.data.images import to_float
from tfisp.data.picture_alignment import BLOCK
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

# A frame that is one cell: the middle of it is the middle of the frame.
_WHOLE = Cell(0, 0, 1, 0, 1)


class RawPatches:
    """Patches of RAW frames, each with its reference and, for paired frames, its target.

    Reading is a pure function of its arguments and of the files, and may go on in many threads.

    Args:
        frames: Where patches come from.
        patch_size: Their side in samples, even.
        contract: The generator's input contract.
        flip: Whether half of them are mirrored left to right.
        fixed: Whether a cell's patch always lies at the same place, instead of a random one.
        bad_files: Receives frames that cannot be used.

    Raises:
        InputError: If a frame is too small for a patch (and bad files are not skipped).
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        *,
        patch_size: int,
        contract: Contract,
        flip: bool = False,
        fixed: bool = False,
        bad_files: BadFiles,
    ) -> None:
        self._contract, self._flip, self._bad_files = contract, flip, bad_files
        self._fixed, self.patch_size = fixed, patch_size
        self._window_size = patch_size
        self.frames = [frame for frame in frames if self._fits(frame)]
        self._grid = PatchGrid(
            [frame.size for frame in self.frames],
            patch_size,
            [frame.misplaced for frame in self.frames],
            BLOCK,
        )

    def __len__(self) -> int:
        """Number of patches that do not overlap; an epoch reads so many."""
        return len(self._grid)

    def source_of(self, index: int) -> int:
        """Number of the frame that patch `index` lies in."""
        return self._grid.cell(index).frame

    @property
    def set_aside(self) -> list[tuple[Path, int]]:
        """Of each frame how many patches are not used, for its pair does not fit there."""
        return [(frame.path, self._grid.left_out(k)) for k, frame in enumerate(self.frames)]

    @property
    def repeats(self) -> bool:
        """Whether every epoch reads the same patches again, but for mirroring."""
        return self._fixed or all(
            places(frame.size, self.patch_size, frame.phase) == 1 for frame in self.frames
        )

    def read(self, index: int, seed: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """A patch in cell `index`; where exactly, and whether it is mirrored, follows from `seed`.

        Args:
            index: 0 to `len(self) - 1`.
            seed: Non-negative integers.

        Returns:
            The generator's input in its contract's form, and the reference float32 `[H, W, 3]`.

        Raises:
            InputError: If the file is damaged (with bad files skipped: if all are).
        """
        raw, reference = self._read(index, seed, target=False)
        return raw, reference

    def read_pair(
        self, index: int, seed: Sequence[int]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `read`, and the same part of the paired target, float32 `[H, W, 3]`."""
        raw, reference, target = self._read(index, seed, target=True)
        return raw, reference, target

    def preview(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """Up to `count` patches from the middle of frames spread over the whole set.

        Returns:
            (input, reference, target) each, or (input, reference) of frames that have no pair.
        """
        last = len(self.frames) - 1
        patches = []
        for index in np.linspace(0, last, min(count, last + 1)).astype(int).tolist():
            frame = self.frames[index]
            place = window(_WHOLE, frame.size, self.patch_size, phase=frame.phase)
            try:
                scene = frame.load(target=frame.target_path is not None)
            except InputError as error:
                self._bad_files.report(frame.path, error)
            else:
                patches.append(cut(scene, place, self._contract))
        return patches

    def _fits(self, frame: Frame) -> bool:
        height, width = room_needed(self.patch_size, frame.phase, self._flip)
        if frame.size[0] >= height and frame.size[1] >= width:
            return True
        flips = " that can be mirrored (--augment=flip)" if self._flip else ""
        self._bad_files.report(
            frame.path,
            InputError(
                f"{frame.path}: {frame.size[1]}x{frame.size[0]} samples, but patches of "
                f"--patch_size={self.patch_size}{flips} need at least {width}x{height}"
            ),
        )
        return False

    def _read(self, index: int, seed: Sequence[int], target: bool) -> tuple[np.ndarray, ...]:
        random = np.random.default_rng(list(seed))
        drawn, mirrored = tuple(random.random(2)), self._flip and bool(random.integers(2))
        where = None if self._fixed else drawn
        cell = self._grid.cell(index)
        for _ in range(len(self.frames)):
            frame = self.frames[cell.frame]
            try:
                scene = frame.load(target=target)
            except InputError as error:
                self._bad_files.report(frame.path, error)
                # The next file takes its place: the same one in every run over the same files.
                cell = self._grid.same_place(cell, (cell.frame + 1) % len(self.frames))
                continue
            place = window(
                cell, frame.size, self._window_size, where, phase=frame.phase, mirrored=mirrored
            )
            return self._cut(frame, scene, place, random)
        raise InputError(f"{self.frames[0].path.parent}: no RAW file here can be read")

    def _cut(
        self, frame: Frame, scene: Scene, place: Window, random: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        """What a patch is made of, given its place in a frame's content."""
        return cut(scene, place, self._contract)


class Pairs:
    """RAW frames with their true pictures, whole and in order: for validation and test.

    A frame whose first site is not red loses its first row and/or column, and an odd last one, so
    that the generator's output has the target's size.

    Args:
        frames: Frames that have a target.
        contract: The generator's input contract.
        bad_files: Receives files that turn out to be damaged while iterating.
    """

    def __init__(self, frames: Sequence[Frame], contract: Contract, bad_files: BadFiles) -> None:
        self.frames, self._contract, self._bad_files = list(frames), contract, bad_files

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.frames)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        """Yields (name, input, reference, target) of every pair, but those set aside as damaged."""
        for index, frame in enumerate(self.frames):
            try:
                yield self.name(index), *self.read(index)
            except InputError as error:
                self._bad_files.report(frame.path, error)

    def name(self, index: int) -> str:
        """The name of a pair, without folder."""
        return self.frames[index].name

    def read(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A pair as the generator takes it.

        Returns:
            The input in its contract's form, the reference and the target float32 `[H, W, 3]`.

        Raises:
            InputError: If a file is damaged.
        """
        frame = self.frames[index]
        scene = frame.load(target=True)
        raw, reference, target = cut(scene, whole(scene.sensor, frame.size), self._contract)
        return raw, reference, target

    def read_mosaic(self, index: int) -> tuple[np.ndarray, Sensor, Capture, np.ndarray]:
        """A pair as it is stored.

        Returns:
            The mosaic `[H, W]`, its sensor and capture, and the target float32 `[H, W, 3]`.

        Raises:
            InputError: If a file is damaged.
        """
        frame = self.frames[index]
        scene = frame.load(reference=False, target=True)
        if scene.target is None:
            raise InputError(f"{frame.path}: has no paired picture")
        return scene.mosaic, scene.sensor, scene.capture, to_float(scene.target)


def cut(scene: Scene, place: Window, contract: Contract) -> tuple[np.ndarray, ...]:
    """The same part of a scene's parts.

    Returns:
        The generator's input, and float32 `[h, w, 3]` the reference and the target, each if it was
        read.
    """
    raw = generator_input(scene.mosaic, scene.sensor, scene.capture, contract, place)
    pictures = (scene.reference, scene.target)
    return raw, *(to_float(place.of(picture)) for picture in pictures if picture is not None)
