"""What every data set opens to: RAW patches, photographs, held-out pairs, and an account of its files."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfisp.contract import Contract
from tfisp.data.bad_files import BadFiles
from tfisp.data.crops import PatchGrid, Window, generator_input, room_needed, whole, window
from tfisp.data.frames import Frame, Scene
from tfisp.data.images import to_float
from tfisp.data.photographs import Photographs
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

Seed = Sequence[int]

# Called as progress(done, total, what) while files are worked through.
Progress = Callable[[int, int, str], None]


class RawPatches:
    """Patches of RAW frames, each with its reference and, for paired frames, its target.

    Reading is a pure function of its arguments and of the files, and may go on in many threads.

    Args:
        frames: Where patches come from.
        patch_size: Their side in samples, even.
        contract: The generator's input contract.
        flip: Whether half of them are mirrored left to right.
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
        bad_files: BadFiles,
    ) -> None:
        self._contract, self._flip, self._bad_files = contract, flip, bad_files
        self.patch_size = patch_size
        self.frames = [frame for frame in frames if self._fits(frame)]
        self._grid = PatchGrid([frame.size for frame in self.frames], patch_size)

    def __len__(self) -> int:
        """Number of patches that do not overlap; an epoch reads so many."""
        return len(self._grid)

    def read(self, index: int, seed: Seed) -> tuple[np.ndarray, np.ndarray]:
        """A patch in cell `index`; where exactly, and whether it is mirrored, follows from `seed`.

        Args:
            index: 0 to `len(self) - 1`.
            seed: Non-negative integers.

        Returns:
            The generator's input in its contract's form, and the reference float32 `[H, W, 3]`.

        Raises:
            InputError: If the file is damaged (with bad files skipped: if all are).
        """
        return self._read(index, seed, target=False)[:2]

    def read_pair(self, index: int, seed: Seed) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """As `read`, and the same part of the paired target, float32 `[H, W, 3]`."""
        return self._read(index, seed, target=True)

    def preview(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """Up to `count` patches from the middle of frames spread over the whole set.

        Returns:
            (input, reference, target) each, or (input, reference) of frames that have no pair.
        """
        chosen = np.linspace(0, len(self.frames) - 1, min(count, len(self.frames))).astype(int)
        patches = []
        for frame in (self.frames[index] for index in dict.fromkeys(chosen.tolist())):
            scene = frame.load(target=frame.target_path is not None)
            middle = PatchGrid([frame.size], frame.size[0] + frame.size[1]).cell(0)
            place = window(middle, frame.size, self.patch_size, phase=frame.phase)
            patches.append(_cut(scene, place, self._contract))
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

    def _read(self, index: int, seed: Seed, target: bool) -> tuple[np.ndarray, ...]:
        random = np.random.default_rng(list(seed))
        where, mirrored = tuple(random.random(2)), self._flip and bool(random.integers(2))
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
                cell, frame.size, self.patch_size, where, phase=frame.phase, mirrored=mirrored
            )
            return _cut(scene, place, self._contract)
        raise InputError(f"{self.frames[0].path.parent}: no RAW file here can be read")


class Pairs:
    """RAW frames with their true pictures, whole and in order: for validation and test.

    A frame whose first site is not red loses its first row and/or column, and an odd last one, so
    that the generator's output has the target's size.

    Args:
        frames: Frames that have a target.
        contract: The generator's input contract.
        bad_files: Receives files that turn out to be damaged while iterating.
    """

    def __init__(
        self, frames: Sequence[Frame], contract: Contract, bad_files: BadFiles
    ) -> None:
        self.frames, self._contract, self._bad_files = list(frames), contract, bad_files

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.frames)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
        """Yields (name, input, reference, target) of every pair; damaged ones as `--on_bad_file` says."""
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
        return _cut(scene, whole(scene.sensor, frame.size), self._contract)

    def read_mosaic(self, index: int) -> tuple[np.ndarray, Sensor, Capture, np.ndarray]:
        """A pair as it is stored: mosaic `[H, W]`, its sensor and capture, target float32 `[H, W, 3]`.

        Raises:
            InputError: If a file is damaged.
        """
        scene = self.frames[index].load(reference=False, target=True)
        return scene.mosaic, scene.sensor, scene.capture, to_float(scene.target)


@dataclass
class Dataset:
    """An open data set.

    Attributes:
        name: Its kind, as in `DataConfig.name`.
        sensor: The sensor of its files (of the first one, where each states its own).
        contract: The input contract that patches are prepared for.
        raw: Patches to train on; empty if the data set holds only held-out pairs.
        targets: Photographs of the wanted look; None if there are none.
        pairs: Held-out pairs by split, "val" and "test", where there are any.
        paired: Whether the patches of `raw` have targets of their own.
        bad_files: What was and will be set aside.
        notes: Remarks for the user about what was found.
        root: The folder that the names in `splits` are relative to.
    """

    name: str
    sensor: Sensor
    contract: Contract
    raw: RawPatches
    targets: Photographs | None
    pairs: dict[str, Pairs]
    paired: bool
    bad_files: BadFiles
    notes: list[str] = field(default_factory=list)
    root: str = ""

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """(path, reason) of every file set aside up to now."""
        return self.bad_files.skipped

    def splits(self) -> dict[str, list[str]]:
        """Role ("raw", "target", "val", "test") to the names of its files."""
        return {
            role: [_relative(path, self.root) for path in paths]
            for role, paths in self._files().items()
        }

    def manifest(self) -> list[dict[str, Any]]:
        """Every file once per role: {"role", "path", "bytes"}, with "sha256" where it is known."""
        known = {
            str(item.path): item.sha256
            for item in [*self.raw.frames, *(self.targets.photographs if self.targets else ())]
            if getattr(item, "sha256", None)
        }
        return [
            {"role": role, "path": str(path), "bytes": path.stat().st_size}
            | ({"sha256": known[str(path)]} if str(path) in known else {})
            for role, paths in self._files().items()
            for path in paths
        ]

    def preview(self, count: int = 4) -> list[tuple[np.ndarray, ...]]:
        """The same few patches in every run, of held-out pairs where there are any: for the eye.

        Returns:
            (input, reference, target) or, where no truth is known, (input, reference); all of
            `raw.patch_size`.
        """
        for frames in (*(pairs.frames for pairs in self.pairs.values()), self.raw.frames):
            patches = RawPatches(
                frames,
                patch_size=self.raw.patch_size,
                contract=self.contract,
                bad_files=BadFiles("skip"),
            )
            if patches.frames:
                return patches.preview(count)
        return []

    def prepare(self, progress: Progress | None = None, workers: int = 1) -> None:
        """Computes every reference and decodes every photograph now instead of when first needed.

        Raises:
            InputError: For the first damaged file, unless bad files are skipped.
        """
        frames = [*self.raw.frames, *(f for pairs in self.pairs.values() for f in pairs.frames)]
        photographs = self.targets.photographs if self.targets else []
        work = [(frame.path, frame.load) for frame in frames]
        work += [(photograph.path, photograph.pixels) for photograph in photographs]

        def run(item: tuple[Any, Callable[[], object]]) -> None:
            path, read = item
            try:
                read()
            except InputError as error:
                self.bad_files.report(path, error)

        with ThreadPoolExecutor(max(workers, 1)) as pool:
            for done, _ in enumerate(pool.map(run, work), start=1):
                if progress:
                    progress(done, len(work), "references")

    def _files(self) -> dict[str, list[Any]]:
        roles = {"raw": [frame.path for frame in self.raw.frames]}
        if self.targets:
            roles["target"] = [photograph.path for photograph in self.targets.photographs]
        for split, pairs in self.pairs.items():
            roles[split] = [frame.path for frame in pairs.frames]
        return roles


def _cut(scene: Scene, place: Window, contract: Contract) -> tuple[np.ndarray, ...]:
    """The same part of input, reference and (where it was read) target, the latter two as floats."""
    raw = generator_input(scene.mosaic, scene.sensor, scene.capture, contract, place)
    pictures = (scene.reference, scene.target)
    return raw, *(to_float(place.of(picture)) for picture in pictures if picture is not None)


def _relative(path: Any, root: str) -> str:
    """A path as it is written in a split list."""
    try:
        return path.relative_to(root).as_posix() if root else path.as_posix()
    except ValueError:
        return path.as_posix()
