"""What every data set opens to: patches, photographs, pairs, and an account of its files."""

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfisp.contract import Contract
from tfisp.data.bad_files import BadFiles
from tfisp.data.manifest import sample
from tfisp.data.photographs import Photographs
from tfisp.data.raw_patches import Pairs, RawPatches
from tfisp.data.workers import in_order
from tfisp.errors import InputError
from tfisp.sensor import Sensor

# Called as progress(done, total, what) while files are worked through.
Progress = Callable[[int, int, str], None]


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

    @property
    def repeats(self) -> bool:
        """Whether every epoch shows the same patches again, but for mirroring."""
        return self.raw.repeats and (self.targets is None or self.targets.repeats)

    @property
    def kept_bytes(self) -> int:
        """How much of the cache it takes once all of it has been read."""
        return sum(item.kept_bytes for items in self._files().values() for item in items)

    def splits(self) -> dict[str, list[str]]:
        """Role ("raw", "target", "val", "test") to the names of its files, each once."""
        return {
            role: list(dict.fromkeys(_relative(item.path, self.root) for item in items))
            for role, items in self._files().items()
        }

    def manifest(self) -> list[dict[str, Any]]:
        """Every file once per role: {"role", "path", "bytes", "content"}.

        `content` tells whether it is the same file later (`tfisp.data.manifest`).

        Raises:
            InputError: If a file cannot be read.
        """
        contents = functools.cache(sample)
        files = [
            (role, item.path, item.content)
            for role, items in self._files().items()
            for item in {item.path: item for item in items}.values()
        ]
        files += [
            (f"{role}_target", item.target_path, contents(item.target_path))
            for role, items in self._files().items()
            for item in items
            if getattr(item, "target_path", None) not in (None, item.path)
        ]
        return [
            {
                "role": role,
                "path": str(path),
                "bytes": path.stat().st_size,
                "content": content,
            }
            for role, path, content in files
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

    def prepare(self, progress: Progress | None = None, workers: int | None = None) -> None:
        """Computes every reference and decodes every photograph now instead of when first needed.

        Raises:
            InputError: For the first damaged file, unless bad files are skipped.
        """
        frames = [*self.raw.frames, *(f for pairs in self.pairs.values() for f in pairs.frames)]
        photographs = self.targets.photographs if self.targets else []
        work: list[tuple[Any, Callable[[], object]]] = [(frame, frame.load) for frame in frames]
        work += [(item, item.pixels) for item in photographs if item.keep]

        def run(task: tuple[Any, Callable[[], object]]) -> None:
            item, read = task
            try:
                read()
            except InputError as error:
                self.bad_files.report(item.path, error)

        with contextlib.closing(in_order(run, work, workers)) as results:
            for done, _ in enumerate(results, start=1):
                if progress:
                    progress(done, len(work), "references")

    def _files(self) -> dict[str, list[Any]]:
        """Role to its frames or photographs."""
        targets = {"target": self.targets.photographs} if self.targets else {}
        held_out = {split: pairs.frames for split, pairs in self.pairs.items()}
        return {"raw": self.raw.frames} | targets | held_out


def _relative(path: Any, root: str) -> str:
    """A path as it is written in a split list."""
    try:
        return path.relative_to(root).as_posix() if root else path.as_posix()
    except ValueError:
        return path.as_posix()
