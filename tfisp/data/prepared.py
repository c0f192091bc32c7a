"""Patches that `tfisp.prepare` has written: records of shards, in `--data_dir`.

Nothing is decoded or rendered any more. A record is read where it lies, its checksum is compared,
and its samples are scaled by whatever contract the generator has. Batches are drawn from records as
from files of their size (`tfisp.data.pipeline`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.config import DataConfig
from tfisp.data.folders import validation_pairs
from tfisp.data.frames import Scene
from tfisp.data.listing import require_folder
from tfisp.data.prepared_records import FORMAT, RawPatch, decode_raw, decode_target
from tfisp.data.shards import DATA_SUFFIX, INDEX_SUFFIX, Shards, read_index
from tfisp.demosaic import REFERENCE_VERSION
from tfisp.errors import InputError
from tfisp.files import read_json

# What `tfisp.prepare` writes last, and what it writes first.
DESCRIPTION, PLAN = "prepared.json", "plan.json"

ROLES = ("raw", "target")

Decoded = TypeVar("Decoded")


@dataclass(frozen=True)
class Record:
    """Where a record lies.

    Attributes:
        path: Its shard.
        content: Checksum of the shard.
        name: The file that it comes from, and where in it.
        offset: Of the record in the shard.
        length: In bytes.
        crc32: Its checksum.
        shards: Reads it.
    """

    path: Path
    content: str
    name: str
    offset: int
    length: int
    crc32: int
    shards: Shards

    def read(self, decode: Callable[[memoryview], Decoded]) -> Decoded:
        """What it holds.

        Raises:
            InputError: If it is damaged, naming the shard.
        """
        record = self.shards.read(self.path, self.offset, self.length, self.crc32)
        try:
            return decode(record)
        except InputError as error:
            raise InputError(f"{self.path}: at byte {self.offset}: {error}") from error


@dataclass(frozen=True)
class _Prepared:
    """What a record holds, as a file by itself.

    Attributes:
        record: Where it lies.
        size: (height, width), of samples or pixels.
    """

    record: Record
    size: tuple[int, int]
    kept_bytes: int = 0

    @property
    def path(self) -> Path:
        """The shard."""
        return self.record.path

    @property
    def content(self) -> str:
        """The shard's checksum."""
        return self.record.content


@dataclass(frozen=True)
class PreparedFrame(_Prepared):
    """A prepared RAW patch, which is a frame by itself; see `tfisp.data.frames.Frame`."""

    phase: tuple[int, int] = (0, 0)
    target_path: None = None
    misplaced: None = None

    @property
    def name(self) -> str:
        """See `Frame`: the file, and where in it."""
        return self.record.name

    def patch(self) -> RawPatch:
        """What its record holds.

        Raises:
            InputError: If it is damaged.
        """
        return self.record.read(decode_raw)

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """See `Frame`."""
        found = self.patch()
        rendered = found.reference if reference else None
        return Scene(found.mosaic, found.sensor, found.capture, rendered)


@dataclass(frozen=True)
class PreparedPhotograph(_Prepared):
    """A prepared patch of a photograph; see `tfisp.data.photographs.Picture`."""

    reduce: int = 1
    keep: bool = False
    colours: str = ""

    def pixels(self) -> np.ndarray:
        """uint16 `[H, W, 3]` of full scale, sRGB-encoded, upright; not to be written to.

        Raises:
            InputError: If the record is damaged.
        """
        return self.record.read(decode_target)


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `prepared`; looks at the indices of all shards.

    Raises:
        InputError: If preparing was not finished, a shard is missing or has another size, or it was
            prepared for something else.
    """
    builder = DatasetBuilder.of(config, progress)
    root = require_folder("data_dir", config.data_dir)
    settings, shards = described(root, "data_dir")
    _require_suited(settings, config, root)
    reader = Shards()
    found: dict[str, list[tuple[Record, tuple[int, int]]]] = {}
    for role in ROLES:
        found[role] = []
        for done, (name, content) in enumerate(shards[role].items(), start=1):
            found[role] += _records(root, name, content, reader)
            builder.progress(done, len(shards[role]), f"shards of {role} patches")
    frames = [PreparedFrame(record, size) for record, size in found["raw"]]
    if not frames:
        raise InputError(f"--data_dir={root}: no RAW patches were prepared here")
    own = [PreparedPhotograph(record, size) for record, size in found["target"]]
    others = builder.target_files()
    photographs = own if others is None else builder.open_photographs(others)
    targets = builder.photographs(photographs) if photographs else None
    if settings["reference_version"] != REFERENCE_VERSION:
        builder.notes.append(
            f"{root}: references are of version {settings['reference_version']}, this tfisp makes"
            f" {REFERENCE_VERSION}; prepare them anew where that matters"
        )
    held_out = validation_pairs(builder)
    sensor = frames[0].patch().sensor
    return builder.dataset(frames, targets, held_out, paired=False, sensor=sensor, root=root)


def described(root: Path, flag: str) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """What `prepared.json` says.

    Args:
        root: The folder.
        flag: The flag that names it.

    Returns:
        The settings that patches were prepared with, and of each role its shards with their
        SHA-256.

    Raises:
        InputError: If the folder holds something else, or not all of a set yet.
    """
    path = root / DESCRIPTION
    if not path.exists():
        begun = (root / PLAN).exists()
        why = "preparing was not finished; run again" if begun else "nothing is prepared here; see"
        raise InputError(f"--{flag}={root}: {why} python -m tfisp.prepare --output={root}")
    found = read_json(path)
    try:
        written, settings = found["format"], dict(found["settings"])
        for name, kind in (("reference", str), ("patch_size", int), ("reference_version", int)):
            settings[name] = kind(settings[name])
        shards = {role: dict(found["shards"][role]) for role in ROLES}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not written by tfisp.prepare") from error
    if written != FORMAT:
        raise InputError(
            f"--{flag}={root}: records of format {written}, this tfisp reads {FORMAT}; prepare"
            " them anew"
        )
    return settings, shards


def _require_suited(settings: dict[str, Any], config: DataConfig, root: Path) -> None:
    """Sees that patches were prepared for what is asked for.

    Raises:
        InputError: If not, naming the flag.
    """
    method, size = settings["reference"], settings["patch_size"]
    if method != config.reference:
        raise InputError(
            f"--reference={config.reference}: {root} was prepared with --reference={method}; give"
            " that, or prepare it anew"
        )
    if size < config.resolved_patch_size():
        raise InputError(
            f"--patch_size={config.patch_size}: {root} was prepared with --patch_size={size}"
        )


def _records(
    root: Path, name: str, content: str, reader: Shards
) -> list[tuple[Record, tuple[int, int]]]:
    """The records of a shard with their sizes.

    Raises:
        InputError: If its index is not the one that was described.
    """
    index, path = read_index(root, name), root / (name + DATA_SUFFIX)
    if index["sha256"] != content:
        raise InputError(
            f"{root / (name + INDEX_SUFFIX)}: of another shard than {DESCRIPTION} names; run"
            f" python -m tfisp.prepare --output={root} again"
        )
    try:
        return [
            (
                Record(
                    path,
                    content,
                    f"{entry['source']} {entry['top']},{entry['left']}",
                    entry["offset"],
                    entry["length"],
                    entry["crc32"],
                    reader,
                ),
                (entry["height"], entry["width"]),
            )
            for entry in index["records"]
        ]
    except (KeyError, TypeError) as error:
        raise InputError(f"{root / (name + INDEX_SUFFIX)}: not written by tfisp.prepare") from error
