"""Data sets of prepared pairs: Zurich RAW-to-RGB and Fujifilm UltraISP.

    ROOT/train/huawei_raw/17.png   RAW patch, 16-bit PNG of one channel   (UltraISP: mediatek_raw)
    ROOT/train/canon/17.jpg        the same scene by the target camera    (UltraISP: fujifilm)
    ROOT/test/..., ROOT/val/...    the same; without val, a part of train is held out

Splits are the paper's (arXiv 2505.10420, section 4.1): Zurich RAW-to-RGB has no val, so that 1,024
pairs of train are drawn for it; of UltraISP only train is published with its photographs, so that
of what the filter of misaligned pairs (`--misaligned`) leaves, 1,024 are drawn for val and another
1,024 for test. Fewer, a tenth of train each, if that is less. Which ones the paper drew is not
published; here `--data_seed` says which.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tfisp.data.alignment import without_misaligned
from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.config import DataConfig
from tfisp.data.frames import PatchFrame
from tfisp.data.headers import PNG_TRAILER, probe
from tfisp.data.images import IMAGE_SUFFIXES, decode
from tfisp.data.listing import drawn, match, missing, require_folder
from tfisp.data.photographs import Photographs
from tfisp.errors import InputError

_HELD_OUT = 1024
_HELD_OUT_SHARE = 10

SPLITS = ("train", "val", "test")


class Layout(NamedTuple):
    """Names of the folders within a split."""

    raw: str
    target: str


LAYOUTS = {
    "zrr": Layout("huawei_raw", "canon"),
    "ultraisp": Layout("mediatek_raw", "fujifilm"),
}


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `zrr` or `ultraisp`; targets are the train split's own unless `target_dir` is given.

    Raises:
        InputError: If a folder is missing or empty, or for the first bad file.
    """
    builder = DatasetBuilder.of(config, progress)
    root = require_folder("raw_dir", config.raw_dir)
    layout = LAYOUTS[config.name]
    present = [split for split in SPLITS if _has_pairs(builder, root / split, layout)]
    if not present:
        raise InputError(
            f"--raw_dir={root}: no train/{layout.raw} here, nor val/{layout.raw} or "
            f"test/{layout.raw}; --data={config.name} expects them beside {layout.target}"
        )
    frames = {split: _frames(builder, root / split, layout) for split in present}
    train = frames.pop("train", [])
    if config.misaligned:
        train = without_misaligned(builder, train, config.misaligned)
    # UltraISP's own test pairs are not published; who has a val of it has made splits already.
    drawn_too = ("test",) if config.name == "ultraisp" and not frames and len(train) > 2 else ()
    if "val" not in frames and len(train) > 1:
        train, held_out = _hold_out(train, ("val", *drawn_too), config.seed)
        frames |= held_out
    targets = _targets(builder, train)
    return builder.dataset(
        train, targets, frames, paired=True, sensor=builder.stated_sensor(), root=root
    )


def decode_raw_png(data: bytes, path: Path) -> np.ndarray:
    """A RAW file's samples, uint16 `[H, W]`.

    Raises:
        InputError: If it is damaged or no 16-bit PNG of one channel.
    """
    if PNG_TRAILER not in data[-4096:]:  # OpenCV would fill up with zeros and say nothing
        raise InputError(f"{path}: the PNG has no end: truncated?")
    mosaic = decode(data, cv2.IMREAD_UNCHANGED, path)
    if mosaic.dtype != np.uint16 or mosaic.ndim != 2:
        raise InputError(f"{path}: not a 16-bit PNG of one channel")
    return mosaic


def check_pair(raw: Path, target: Path | None) -> tuple[int, int]:
    """Looks at both headers and returns the pair's (height, width).

    Raises:
        InputError: If the RAW file is not a 16-bit PNG of one channel, a file is cut short, a side
            is odd, or the sizes differ.
    """
    info = probe(raw)
    if (info.kind, info.channels, info.bits) != ("PNG", 1, 16):
        raise InputError(f"{raw}: {info}; RAW is expected as a 16-bit PNG of one channel")
    size = (info.height, info.width)
    if size[0] % 2 or size[1] % 2:
        raise InputError(
            f"{raw}: {size[1]}x{size[0]} samples; a training pair needs even sides, or its last "
            "row or column has no partner"
        )
    found = size if target is None else probe(target).upright_size
    if found != size:
        raise InputError(
            f"{target}: {found[1]}x{found[0]} pixels, but its RAW file has {size[1]}x{size[0]}"
        )
    return size


def _frames(builder: DatasetBuilder, folder: Path, layout: Layout) -> list[PatchFrame]:
    """The usable pairs of a split."""
    raws, targets = folder / layout.raw, folder / layout.target
    if not targets.is_dir():
        raise InputError(f"{targets}: no such folder, beside {raws.name}")
    raw_files = builder.files_beside(raws, (".png",), "RAW files")
    if not raw_files:
        raise InputError(f"{raws}: {missing(raws, ('.png',), 'RAW files')}")
    target_files = builder.files_beside(targets, IMAGE_SUFFIXES, "target pictures")
    pairs = match(raw_files, target_files, builder.bad_files)
    return builder.patch_frames(pairs, check_pair, decode_raw_png, f"{folder.name} pairs")


def _has_pairs(builder: DatasetBuilder, folder: Path, layout: Layout) -> bool:
    """Whether a split is there; one of UltraISP's that was published without photographs is not."""
    if not (folder / layout.raw).is_dir():
        return False
    if folder.name == "train" or (folder / layout.target).is_dir():
        return True
    builder.notes.append(f"{folder / layout.raw}: left out, without {layout.target} beside it")
    return False


def _hold_out(
    train: Sequence[PatchFrame], splits: Sequence[str], seed: int
) -> tuple[list[PatchFrame], dict[str, list[PatchFrame]]]:
    """(what is left to train on, split to its pairs), all in the files' order."""
    count = min(_HELD_OUT, max(len(train) // _HELD_OUT_SHARE, 1))
    order = drawn((frame.name for frame in train), seed)
    role = {
        name: split
        for at, split in enumerate(splits)
        for name in order[at * count : (at + 1) * count]
    }
    kept = [frame for frame in train if frame.name not in role]
    return kept, {
        split: [frame for frame in train if role.get(frame.name) == split] for split in splits
    }


def _targets(builder: DatasetBuilder, train: Sequence[PatchFrame]) -> Photographs | None:
    """Target photographs: those of `--target_dir`, else the train split's own."""
    paths = builder.target_files()
    if paths is None:
        if not train:
            return None
        paths = [frame.target_path for frame in train if frame.target_path]
    return builder.photographs(builder.open_photographs(paths))
