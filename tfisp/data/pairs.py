"""Pairs of one's own: RAW files and pictures of the same exposures, matched by name.

    RAW/trip/IMG_1.dng       a RAW file of any kind that is read
    PICTURES/trip/IMG_1.jpg  its picture: JPEG, PNG, TIFF, WebP, HEIC, of any size, turned by Exif

Both may lie in one folder. Each picture is laid over its RAW file once
(`tfisp.data.picture_alignment`); where it does not fit, its patches are not used. Files in folders
`train`, `val` and `test` play these roles; without such folders a tenth each is held out for val
and test.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.config import DataConfig
from tfisp.data.images import IMAGE_SUFFIXES
from tfisp.data.listing import drawn, match_by_name, require_folder
from tfisp.data.pair_frames import PairFrame, open_pair
from tfisp.data.picture_alignment import LIMIT
from tfisp.data.raw_frames import RawFrame, open_frames
from tfisp.data.workers import in_order
from tfisp.errors import InputError
from tfisp.raw import RAW_SUFFIXES

SPLITS = ("train", "val", "test")
_HELD_OUT_SHARE = 10

# Of pairs held out for validation, which are kept in memory, the middle of so many samples a side.
_MOST_VALIDATED = 1024


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `pairs`; decodes, renders and aligns every pair that the cache does not know.

    Raises:
        InputError: If a folder is missing or holds no pair of use, or for the first bad file.
    """
    builder = DatasetBuilder.of(config, progress)
    root = require_folder("raw_dir", config.raw_dir)
    frames = open_pairs(builder, "raw_dir", root, require_folder("target_dir", config.target_dir))
    roles = _roles(frames, config.seed)
    train = roles.pop("train")
    pictures = builder.open_photographs([frame.target_path for frame in train])
    dataset = builder.dataset(
        train,
        builder.photographs(pictures) if pictures else None,
        {**roles, "val": for_validation(roles["val"])},
        paired=True,
        sensor=frames[0].sensor,
        root=root,
    )
    left_out = {path.name: count for path, count in dataset.raw.set_aside if count}
    if left_out:
        total = len(dataset.raw) + sum(left_out.values())
        builder.notes.append(
            f"{sum(left_out.values())} of {total} patches are set aside, where pictures lie more "
            f"than {LIMIT:g} samples off their RAW files, or show something else: "
            f"{_few([f'{name} {count}' for name, count in left_out.items()])}"
        )
    return dataset


def open_pairs(
    builder: DatasetBuilder, flag: str, raw_root: Path, target_root: Path
) -> list[PairFrame]:
    """The pairs of two folders, aligned; notes on what has no partner.

    Args:
        builder: Receives bad files and notes.
        flag: That names the folder of RAW files.
        raw_root: RAW files in any sub-folder.
        target_root: Pictures at the same relative paths but for the suffix.

    Raises:
        InputError: If there is none, or for the first bad one.
    """
    if raw_root.resolve() == target_root.resolve():
        # A PNG is a picture here, for its RAW file has the same name.
        suffixes = [suffix for suffix in RAW_SUFFIXES if suffix not in IMAGE_SUFFIXES]
        both = [*suffixes, *IMAGE_SUFFIXES]
        files = builder.files(flag, raw_root, both, "RAW files and pictures")
        raws = [path for path in files if path.suffix.lower() in suffixes]
        pictures = [path for path in files if path.suffix.lower() not in suffixes]
    else:
        raws = builder.files(flag, raw_root, RAW_SUFFIXES, "RAW files", [target_root])
        pictures = builder.files("target_dir", target_root, IMAGE_SUFFIXES, "pictures", [raw_root])
    found = match_by_name(raws, pictures, raw_root, target_root, builder.bad_files)
    for lone, what in ((found.raws, "RAW files without a picture"), (found.targets, "pictures")):
        if lone:
            of = "" if lone is found.raws else " without a RAW file"
            names = _few([path.name for path in lone])
            builder.notes.append(f"{len(lone)} {what}{of} of their name: {names}")
    if not found.pairs:
        raise InputError(
            f"--{flag}={raw_root}: no RAW file has a picture of its name in {target_root}"
        )
    partner = dict(found.pairs)
    frames = _aligned(builder, open_frames(builder, list(partner), raw_root), partner)
    if not frames:
        raise InputError(builder.nothing_left("pair"))
    _note_placements(builder, frames)
    return frames


def for_validation(frames: Sequence[PairFrame]) -> list[PairFrame]:
    """The middle of each pair: all of them are kept in memory."""
    return [frame.middle(_MOST_VALIDATED) for frame in frames]


def _roles(frames: Sequence[PairFrame], seed: int) -> dict[str, list[PairFrame]]:
    """Pairs by role, in the order of their files."""
    stated = {frame.name: frame.name.split("/")[0] for frame in frames}
    if not set(stated.values()) & set(SPLITS):
        order = drawn(stated, seed)
        count = max(len(order) // _HELD_OUT_SHARE, 1) if len(order) > 2 else 0
        stated = dict.fromkeys(order, "train")
        stated |= dict.fromkeys(order[:count], "val")
        stated |= dict.fromkeys(order[count : 2 * count], "test")
    role = {name: split if split in SPLITS else "train" for name, split in stated.items()}
    return {split: [f for f in frames if role[f.name] == split] for split in SPLITS}


def _aligned(
    builder: DatasetBuilder, raws: Sequence[RawFrame], partner: dict[Path, Path]
) -> list[PairFrame]:
    """The pairs that fit, several at a time."""

    def work(raw: RawFrame) -> PairFrame | InputError:
        try:
            return open_pair(raw, partner[raw.path])
        except InputError as error:
            return error

    frames = []
    with contextlib.closing(in_order(work, raws, os.cpu_count())) as results:
        for done, (raw, result) in enumerate(zip(raws, results, strict=True), start=1):
            if isinstance(result, InputError):
                builder.bad_files.report(partner[raw.path], result)
            else:
                frames.append(result)
            builder.progress(done, len(raws), "pairs")
    return frames


def _note_placements(builder: DatasetBuilder, frames: Sequence[PairFrame]) -> None:
    """Tells of pictures that are not turned, or smaller than their RAW files."""
    stored = [f.target_path.name for f in frames if f.alignment.placement.turned == "stored"]
    if stored:
        builder.notes.append(
            f"{len(stored)} pictures lie as their RAW files are stored, although those say to turn "
            f"them: {_few(stored)}"
        )
    small = [f for f in frames if f.alignment.placement.scale > 1.1]
    if small:
        most = max(f.alignment.placement.scale for f in small)
        builder.notes.append(
            f"{len(small)} pictures are smaller than their RAW files, up to {most:.3g} times, and "
            f"are enlarged: they lack the finest details: {_few([f.name for f in small])}"
        )


def _few(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
