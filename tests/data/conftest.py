"""Tiny data sets of each kind."""

import cv2
import pytest

from tests.helpers import data_files
from tests.helpers.data_files import scene
from tfisp.data import DataConfig


@pytest.fixture
def write_pairs():
    """Writes a split of a prepared data set: `write_pairs(root, "zrr", "train", 5, size=16)`."""
    return data_files.write_pairs


@pytest.fixture
def write_photographs():
    """Writes PNG photographs: `write_photographs(folder, 4, size=(32, 48))`."""

    def write(folder, number, size=(32, 32), seed=100):
        folder.mkdir(parents=True, exist_ok=True)
        for index in range(number):
            cv2.imwrite(str(folder / f"photo{index}.png"), scene(*size, seed + index))
        return folder

    return write


@pytest.fixture
def config(tmp_path):
    """Makes a configuration with a cache of its own and the quickest reference."""

    def make(name, **options):
        options.setdefault("cache_dir", str(tmp_path / "cache"))
        options.setdefault("reference", "bilinear")
        options.setdefault("patch_size", 16)
        paths = {key: str(value) for key, value in options.items() if key.endswith("_dir")}
        return DataConfig(name, **(options | paths))

    return make
