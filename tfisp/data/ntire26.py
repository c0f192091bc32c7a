"""The NTIRE 2026 challenge on learned smartphone ISP with unpaired data.

    ROOT/train/raws/*.npy     packed RAW [h, w, 4]: R, G (red row), G (blue row), B; 0..1023
    ROOT/train/jpegs/*        photographs of the wanted look, of other scenes
    ROOT/{val,test}/...       the same, if there is any: pairs, by name

The order of the planes is that of the organisers' baseline, https://github.com/gosha20777/
unpaired-isp-ntire-baseline (`load_dataset_ntire.py`), which also divides by 1023 and subtracts no
black level. The planes are put back in their places: from there on it is a mosaic like any other.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.config import DataConfig
from tfisp.data.frames import PatchFrame
from tfisp.data.headers import probe
from tfisp.data.images import IMAGE_SUFFIXES
from tfisp.data.listing import match, missing, require_folder
from tfisp.errors import InputError
from tfisp.rawfiles.npy import map_npy, parse_npy

# Row and column within the 2x2 tile of R, G (red row), G (blue row), B.
_SITES = ((0, 0), (0, 1), (1, 0), (1, 1))


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `ntire26`; targets are `train/jpegs` unless `target_dir` is given.

    Raises:
        InputError: If a folder is missing or empty, or for the first bad file.
    """
    builder = DatasetBuilder.of(config, progress)
    root = require_folder("raw_dir", config.raw_dir)
    raws = root / "train" / "raws"
    if not raws.is_dir():
        raise InputError(f"--raw_dir={root}: no train/raws here, as --data=ntire26 expects")
    files = builder.files_beside(raws, (".npy",), "packed RAW files")
    if not files:
        raise InputError(f"{raws}: {missing(raws, ('.npy',), 'packed RAW files')}")
    frames = _frames(builder, [(path, None) for path in files])
    photographs = builder.target_files()
    if photographs is None:
        jpegs = root / "train" / "jpegs"
        photographs = (
            builder.files_beside(jpegs, IMAGE_SUFFIXES, "photographs") if jpegs.is_dir() else []
        )
        if not photographs:
            raise InputError(f"{jpegs}: no photographs here; --target_dir may name others")
    targets = builder.photographs(builder.open_photographs(photographs))
    held_out = {split: _held_out(builder, root / split) for split in ("val", "test")}
    return builder.dataset(
        frames, targets, held_out, paired=False, sensor=builder.stated_sensor(), root=root
    )


def unpack_planes(packed: np.ndarray) -> np.ndarray:
    """Puts planes R, G (red row), G (blue row), B `[h, w, 4]` into an RGGB mosaic `[2h, 2w]`."""
    mosaic = np.empty((2 * packed.shape[0], 2 * packed.shape[1]), packed.dtype)
    for plane, (row, column) in enumerate(_SITES):
        mosaic[row::2, column::2] = packed[..., plane]
    return mosaic


def decode_npy(data: bytes, path: Path) -> np.ndarray:
    """A file's mosaic `[2h, 2w]`: uint16, or float32 if it holds other than whole numbers.

    Raises:
        InputError: If it is damaged or holds values that no RAW file has.
    """
    packed = parse_npy(data, path)
    _check_array(packed, path)
    _check_counts(packed, path)
    if not np.isfinite(packed).all() or packed.min() < 0 or packed.max() > 65535:
        raise InputError(f"{path}: values that are not finite or not within 0..65535")
    whole_numbers = packed.dtype.kind in "iu" or (packed == np.rint(packed)).all()
    return unpack_planes(packed.astype(np.uint16 if whole_numbers else np.float32))


def _frames(builder: DatasetBuilder, files: Sequence[tuple[Path, Path | None]]) -> list[PatchFrame]:
    return builder.patch_frames(files, _check_file, decode_npy, "packed RAW files")


def _held_out(builder: DatasetBuilder, folder: Path) -> list[PatchFrame]:
    """The pairs of a split; none where either half is missing (the organisers keep some back)."""
    raws, jpegs = folder / "raws", folder / "jpegs"
    if not (raws.is_dir() and jpegs.is_dir()):
        return []
    raw_files = builder.files_beside(raws, (".npy",), "packed RAW files")
    targets = builder.files_beside(jpegs, IMAGE_SUFFIXES, "target pictures")
    return _frames(builder, match(raw_files, targets, builder.bad_files))


def _check_file(path: Path, target: Path | None) -> tuple[int, int]:
    """The mosaic's (height, width), after a look at the headers of both files."""
    packed = map_npy(path)
    _check_array(packed, path)
    if packed.dtype.kind == "f":  # counts are integers as a rule, so this reads few files
        _check_counts(packed, path)
    size = (2 * packed.shape[0], 2 * packed.shape[1])
    if target is not None and (found := probe(target).upright_size) != size:
        raise InputError(
            f"{target}: {found[1]}x{found[0]} pixels, but its RAW file has {size[1]}x{size[0]}"
        )
    return size


def _check_array(packed: np.ndarray, path: Path) -> None:
    if packed.ndim != 3 or packed.shape[2] != 4:
        raise InputError(
            f"{path}: array of shape {packed.shape} and type {packed.dtype}; expected numbers "
            "[h, w, 4]"
        )


def _check_counts(packed: np.ndarray, path: Path) -> None:
    """Refuses samples that somebody has divided by the white level already."""
    if packed.dtype.kind == "f" and packed.max() <= 1 and (packed != np.rint(packed)).any():
        raise InputError(
            f"{path}: samples from {packed.min():.3g} to {packed.max():.3g}, as if they had been"
            " divided by the white level; --data=ntire26 expects counts, 0..1023"
        )
