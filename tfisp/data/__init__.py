"""Where batches come from.

    dataset = open_dataset(DataConfig("folders", raw_dir="dng", target_dir="photographs"))
    for batch in batches(dataset, batch_size=32, seed=0, stage=0, start=0, stop=1000):
        batch["raw"], batch["reference"], batch["target"]

Every kind of data set opens to the same `Dataset`: `raw` patches with references, `targets`, and
held-out `pairs`. Readers are plain NumPy; only `batches` uses TensorFlow. A kind of your own is a
function `(config, progress)`, best written with a `DatasetBuilder`, and a call of `register`.
"""

import importlib
from typing import TYPE_CHECKING

from tfisp.data.registry import DATASETS, Kind, names, register
from tfisp.lazy import loader

if TYPE_CHECKING:
    from tfisp.data.base import Dataset, Progress
    from tfisp.data.config import DataConfig

_MEMBERS = {
    "DataConfig": "config",
    "Dataset": "base",
    "DatasetBuilder": "builder",
    "Pairs": "raw_patches",
    "Photographs": "photographs",
    "RawPatches": "raw_patches",
    "batches": "pipeline",
}

__all__ = ["DATASETS", "Kind", "names", "open_dataset", "register", *_MEMBERS]


def open_dataset(config: "DataConfig", progress: "Progress | None" = None) -> "Dataset":
    """Lists and checks the files of a data set.

    Args:
        config: Which one.
        progress: Called as progress(done, total, what) while files are worked through.

    Returns:
        The open data set. Files are decoded later, patch by patch, except those of `folders`.

    Raises:
        InputError: If a folder is missing or holds nothing of use, and for the first bad file
            unless `config.on_bad_file` is "skip".
    """
    opener = DATASETS[config.name].opener
    if isinstance(opener, str):
        opener = importlib.import_module(f"tfisp.data.{opener}").open_dataset
    return opener(config, progress)


__getattr__ = loader(__name__, _MEMBERS)
