"""A folder of RAW files from a camera, and a folder of photographs: what a user has.

RAW files of any supported kind lie in any sub-folder. Photographs of any size lie in
`--target_dir`; without it only stages that need no targets can be trained. `--val_pairs` names
pairs that are never trained on.
"""

from pathlib import Path

from tfisp.data.base import Dataset, Progress
from tfisp.data.builder import DatasetBuilder
from tfisp.data.config import DataConfig
from tfisp.data.listing import require_folder
from tfisp.data.pair_frames import PairFrame
from tfisp.data.pairs import for_validation, open_pairs
from tfisp.data.raw_frames import open_frames
from tfisp.errors import InputError
from tfisp.raw import RAW_SUFFIXES


def open_dataset(config: DataConfig, progress: Progress | None = None) -> Dataset:
    """Opens `folders`; decodes every RAW file that the cache does not know, and renders it.

    Raises:
        InputError: If a folder is missing or holds nothing of use, or for the first bad file.
    """
    builder = DatasetBuilder.of(config, progress)
    root = require_folder("raw_dir", config.raw_dir)
    others = [Path(config.target_dir)] if config.target_dir else []
    files = builder.files("raw_dir", root, RAW_SUFFIXES, "RAW files", others)
    photographs = builder.target_files()
    targets = (
        None if photographs is None else builder.photographs(builder.open_photographs(photographs))
    )
    frames = open_frames(builder, files, root)
    if not frames:
        raise InputError(builder.nothing_left("RAW file"))
    held_out = validation_pairs(builder)
    return builder.dataset(
        frames, targets, held_out, paired=False, sensor=frames[0].sensor, root=root
    )


def validation_pairs(builder: DatasetBuilder) -> dict[str, list[PairFrame]]:
    """The pairs of `--val_pairs` as the split "val"; none where the flag is not given.

    Raises:
        InputError: If there is no such folder or nothing of use in it.
    """
    folder = builder.config.val_pairs
    if not folder:
        return {}
    root = require_folder("val_pairs", folder)
    return {"val": for_validation(open_pairs(builder, "val_pairs", root, root))}
