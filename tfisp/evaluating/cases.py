"""The images that systems are measured on: held-out pairs of a data set, or finished pictures."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from PIL import Image

from tfisp.data.base import Dataset
from tfisp.data.cache import file_digest, key
from tfisp.data.config import DataConfig
from tfisp.data.images import read_photograph, to_float
from tfisp.data.manifest import sample
from tfisp.data.raw_patches import Pairs
from tfisp.sensor import Capture, Sensor


class Frame(NamedTuple):
    """A RAW frame: its samples `[H, W]`, its sensor, and the facts of its file."""

    mosaic: np.ndarray
    sensor: Sensor
    capture: Capture


class Case(NamedTuple):
    """An image in memory.

    Attributes:
        truth: float32 `[H, W, 3]` sRGB 0..1: what a picture should be; None where nobody knows.
        frame: What it is to be made of; None where only finished pictures are compared.
        iso: ISO speed of the shot; None if it is not known.
    """

    truth: np.ndarray | None
    frame: Frame | None = None
    iso: float | None = None


class Cases(Protocol):
    """Images by number.

    Attributes:
        names: What they are called in reports.
        paths: The file to name when one of them cannot be used.
    """

    @property
    def names(self) -> Sequence[str]:
        """See the class."""
        ...

    @property
    def paths(self) -> Sequence[Path]:
        """See the class."""
        ...

    def content(self, index: int) -> str:
        """What tells an image from another one, and from itself once its files have changed.

        Raises:
            InputError: A file cannot be read.
        """
        ...

    def read(self, index: int) -> Case:
        """Reads an image.

        Raises:
            InputError: A file is damaged.
        """
        ...


class PairCases:
    """The held-out pairs of a data set.

    Args:
        pairs: The pairs.
        facts: What they depend on besides their files, as JSON values.
    """

    def __init__(self, pairs: Pairs, facts: Mapping[str, Any]) -> None:
        self._pairs, self._facts = pairs, facts
        self.names = [pairs.name(index) for index in range(len(pairs))]
        self.paths = [frame.path for frame in pairs.frames]

    def content(self, index: int) -> str:
        """See `Cases`."""
        frame = self._pairs.frames[index]
        truth = None if frame.target_path is None else sample(frame.target_path)
        return key(frame=frame.content, truth=truth, facts=self._facts)

    def read(self, index: int) -> Case:
        """See `Cases`."""
        mosaic, sensor, capture, truth = self._pairs.read_mosaic(index)
        # The true picture lies as the mosaic does; only process turns pictures upright.
        return Case(truth, Frame(mosaic, sensor, replace(capture, orientation=1)), capture.iso)


class PictureCases:
    """True pictures by themselves.

    Args:
        files: Name -> file.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.names, self.paths = list(files), list(files.values())

    def content(self, index: int) -> str:
        """See `Cases`."""
        return file_digest(self.paths[index])

    def read(self, index: int) -> Case:
        """See `Cases`."""
        path = self.paths[index]
        return Case(to_float(read_photograph(path)), iso=stated_iso(path))


class LoneCases:
    """Pictures of which nobody knows the truth.

    Args:
        files: Name -> a file of one system.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.names, self.paths = list(files), list(files.values())

    def content(self, index: int) -> str:
        """See `Cases`; all that there is belongs to the systems."""
        return "no truth"

    def read(self, index: int) -> Case:
        """See `Cases`."""
        return Case(None, iso=stated_iso(self.paths[index]))


def stated_iso(path: Path) -> float | None:
    """The ISO speed in a picture's Exif block; None where Pillow finds none.

    Exif 2.3 (JEITA CP-3451): tag 0x8827 of the directory at 0x8769, one number or several.
    """
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")  # of damaged blocks
            stated: Any = picture.getexif().get_ifd(0x8769).get(0x8827)
            value = float(stated[0] if isinstance(stated, tuple) else stated)
    # Pillow raises many kinds of error on damaged blocks.
    except Exception:
        return None
    return value if 0 < value < math.inf else None


def data_facts(config: DataConfig, dataset: Dataset) -> dict[str, Any]:
    """What the pairs of a data set depend on besides their files, as JSON values.

    Args:
        config: Of the data set.
        dataset: The same, open.
    """
    facts = asdict(config)
    for name in ("cache_dir", "cache_gb", "on_bad_file"):  # where and whether, not what
        del facts[name]
    look = config.resolved_look()
    return facts | {"look": look and look.sha256, "sensor": dataset.sensor.to_dict()}
