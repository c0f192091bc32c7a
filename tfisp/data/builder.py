"""What opening any kind of data set has in common."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tfisp.contract import Contract
from tfisp.data.bad_files import BadFiles
from tfisp.data.base import Dataset, Progress
from tfisp.data.cache import Store
from tfisp.data.config import DataConfig
from tfisp.data.frames import Frame, PatchFrame, Rendering
from tfisp.data.images import IMAGE_SUFFIXES, read_photograph
from tfisp.data.listing import require_files, require_folder, search_folder
from tfisp.data.photographs import Photograph, Photographs, Picture, open_photograph
from tfisp.data.raw_patches import Pairs, RawPatches
from tfisp.data.roles import clashes
from tfisp.errors import InputError
from tfisp.looks.cube import Cube
from tfisp.sensor import Sensor


@dataclass(frozen=True)
class DatasetBuilder:
    """A data set being opened.

    Attributes:
        config: What was asked for.
        sensor: The sensor that the configuration or the kind of data set states; None if neither.
        contract: The contract to prepare for.
        store: Where references and decoded frames are kept.
        rendering: Makes references.
        bad_files: Receives unusable files.
        progress: Called while files are worked through.
        gain_map: Lens shading of files that state none; None without.
        notes: Remarks for the user.
    """

    config: DataConfig
    sensor: Sensor | None
    contract: Contract
    store: Store
    rendering: Rendering
    bad_files: BadFiles
    progress: Progress
    gain_map: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, config: DataConfig, progress: Progress | None = None) -> "DatasetBuilder":
        """Starts opening what a configuration describes.

        Raises:
            InputError: If it names no sensor that there is, or no map of gains.
        """
        limit = config.cache_gb
        store = Store(config.cache_dir, None if limit is None else round(limit * 1e9))
        contract = config.resolved_contract()
        return cls(
            config,
            config.resolved_sensor(),
            contract,
            store,
            Rendering(store, config.reference, contract),
            BadFiles(config.on_bad_file),
            progress or (lambda done, total, what: None),
            config.resolved_gain_map(),
        )

    @property
    def patch_size(self) -> int:
        """Side of a training patch."""
        return self.config.resolved_patch_size()

    def stated_sensor(self) -> Sensor:
        """The sensor, where files do not state their own.

        Raises:
            InputError: If neither the configuration nor the kind of data set names one.
        """
        if self.sensor is None:
            raise InputError(f"--sensor: --data={self.config.name} does not know its sensor")
        return self.sensor

    def target_files(self) -> list[Path] | None:
        """The photographs in `--target_dir`; None if the flag is not given.

        Raises:
            InputError: If there is no such folder or no photograph in it.
        """
        if not self.config.target_dir:
            return None
        folder = require_folder("target_dir", self.config.target_dir)
        others = [Path(raws)] if (raws := self.config.raw_dir) else []
        return self.files("target_dir", folder, IMAGE_SUFFIXES, "photographs", others)

    def files(
        self,
        flag: str,
        folder: Path,
        suffixes: Sequence[str],
        what: str,
        others: Sequence[Path] = (),
    ) -> list[Path]:
        """As `listing.require_files`, with a note of how many there are and what is left out."""
        found = require_files(flag, folder, suffixes, what, [*others, self.store.folder])
        self.notes.append(found.note(what))
        return found.files

    def files_beside(self, folder: Path, suffixes: Sequence[str], what: str) -> list[Path]:
        """The files of one folder of a data set, with a note if anything in it is left out."""
        found = search_folder(folder, suffixes, recursive=False)
        if found.left_out:
            self.notes.append(found.note(what))
        return found.files

    def open_photographs(
        self, paths: Sequence[Path], reduce: int = 1, look: Cube | None = None
    ) -> list[Photograph]:
        """Photographs after a look at each header; bad ones reported."""
        found = []
        for done, path in enumerate(paths, start=1):
            try:
                found.append(
                    open_photograph(
                        path, self.store, self.patch_size, reduce, self.config.seed, look
                    )
                )
            except InputError as error:
                self.bad_files.report(path, error)
            self.progress(done, len(paths), "photographs")
        for colours, count in Counter(item.colours for item in found if item.colours).items():
            plural = "s" if count > 1 else ""
            self.notes.append(f"{count} photograph{plural} in {colours}")
        return found

    def patch_frames(
        self,
        files: Sequence[tuple[Path, Path | None]],
        check: Callable[[Path, Path | None], tuple[int, int]],
        decode: Callable[[bytes, Path], np.ndarray],
        what: str,
    ) -> list[PatchFrame]:
        """The usable ones of files that hold a patch each, with the pictures that belong to them.

        Args:
            files: Of RAW and, where there is one, of its true picture.
            check: Looks at both headers; (height, width), or an `InputError`.
            decode: Of the RAW file's bytes.
            what: What is worked through, for progress.

        Raises:
            InputError: For the first bad file, unless bad files are skipped.
        """
        frames = []
        for done, (path, target) in enumerate(files, start=1):
            try:
                size = check(path, target)
            except InputError as error:
                self.bad_files.report(path, error)
            else:
                frames.append(
                    PatchFrame(
                        name=path.stem,
                        path=path,
                        size=size,
                        target_path=target,
                        sensor=self.stated_sensor(),
                        rendering=self.rendering,
                        decode=decode,
                        decode_target=read_photograph,
                    )
                )
            self.progress(done, len(files), what)
        return frames

    def photographs(self, items: Sequence[Picture]) -> Photographs:
        """Target patches.

        Raises:
            InputError: If no usable photograph is left.
        """
        found = Photographs(
            items,
            patch_size=self.patch_size,
            flip=self.config.augment == "flip",
            fixed=self.config.placement == "fixed",
            bad_files=self.bad_files,
        )
        if not len(found):
            raise InputError(self.nothing_left("photograph to take as target"))
        return found

    def dataset(
        self,
        frames: Sequence[Frame],
        targets: Photographs | None,
        held_out: Mapping[str, Sequence[Frame]],
        *,
        paired: bool,
        sensor: Sensor,
        root: str | Path = "",
    ) -> Dataset:
        """The data set made of what was found.

        Args:
            frames: To train on.
            targets: Photographs of the wanted look.
            held_out: Frames of "val" and "test"; splits without frames are left out.
            paired: Whether `frames` have targets of their own.
            sensor: Of its files.
            root: Folder that names in split lists are relative to.

        Raises:
            InputError: If there is nothing usable in it.
        """
        frames, targets = self._without_clashes(frames, targets, held_out)
        raw = RawPatches(
            frames,
            patch_size=self.patch_size,
            contract=self.contract,
            flip=self.config.augment == "flip",
            fixed=self.config.placement == "fixed",
            bad_files=self.bad_files,
        )
        if (frames and not len(raw)) or not (frames or any(held_out.values())):
            raise InputError(self.nothing_left("RAW file"))
        dataset = Dataset(
            name=self.config.name,
            sensor=sensor,
            contract=self.contract,
            raw=raw,
            targets=targets,
            pairs={
                split: Pairs(found, self.contract, self.bad_files)
                for split, found in held_out.items()
                if found
            },
            paired=paired,
            bad_files=self.bad_files,
            notes=self.notes,
            root=str(root),
        )
        if self.store.limit is not None and dataset.kept_bytes > self.store.limit:
            self.notes.append(
                f"--cache_gb={self.config.cache_gb:g}: {dataset.kept_bytes / 1e9:.2g} GB would be"
                " kept; what does not fit is computed each time it is read"
            )
        return dataset

    def _without_clashes(
        self,
        frames: Sequence[Frame],
        targets: Photographs | None,
        held_out: Mapping[str, Sequence[Frame]],
    ) -> tuple[Sequence[Frame], Photographs | None]:
        """What is left to train on without files that are held out, or are RAW and target."""
        roles = {
            split: [path for frame in found for path in (frame.path, frame.target_path) if path]
            for split, found in held_out.items()
        }
        roles["raw"] = [frame.path for frame in frames]
        roles["target"] = [item.path for item in targets.photographs] if targets else []
        bad = set()
        for clash in clashes(roles):
            self.bad_files.report(clash.path, clash.error)
            bad.add((clash.role, clash.path))
        if not bad:
            return frames, targets
        kept = [frame for frame in frames if ("raw", frame.path) not in bad]
        photographs = targets.photographs if targets else []
        kept_targets = [item for item in photographs if ("target", item.path) not in bad]
        return kept, self.photographs(kept_targets) if targets else None

    def nothing_left(self, what: str) -> str:
        """The message of a data set of which no file is left, with the first reason."""
        skipped = self.bad_files.skipped
        reason = f"; {len(skipped)} set aside, the first: {skipped[0][1]}" if skipped else ""
        return f"--data={self.config.name}: no usable {what} is left{reason}"
