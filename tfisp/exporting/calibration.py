"""Windows of RAW files, to learn the ranges of activations from and to compare files on."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.data.listing import files_in, missing
from tfisp.errors import InputError
from tfisp.exporting.test_inputs import Trial
from tfisp.packing import crop_mosaic
from tfisp.raw import RAW_SUFFIXES, read_raw
from tfisp.sensor import Sensor

# Windows in all. A range settles after a few varied pictures; each costs one run without delegates.
WINDOWS = 16


def windows(
    paths: Sequence[str | Path], size: tuple[int, int], *, most: int = WINDOWS, **options: Any
) -> list[Trial]:
    """Windows of RAW files, as many of each file.

    Args:
        paths: RAW files, and folders that hold some; of too many, `most` at equal distances.
        size: (H, W) of a window in samples, even. Smaller frames are continued by reflection.
        most: Windows in all.
        **options: Of `tfisp.raw.read_raw`.

    Returns:
        At least one window, each in RGGB geometry.

    Raises:
        InputError: a path holds no RAW file, or a file cannot be used.
    """
    files = _spread([file for path in paths for file in _files(Path(path))], most)
    each = max(1, most // len(files))
    return [window for file in files for window in _windows(file, size, each, options)]


def _files(path: Path) -> list[Path]:
    """The RAW files that a path stands for."""
    if not path.exists():
        raise InputError(f"--calibration={path}: no such file or folder")
    if not path.is_dir():
        return [path]
    found = files_in(path, RAW_SUFFIXES, recursive=True)
    if not found:
        raise InputError(f"--calibration={path}: {missing(path, RAW_SUFFIXES, 'RAW files')}")
    return found


def _windows(file: Path, size: tuple[int, int], count: int, options: dict[str, Any]) -> list[Trial]:
    """Windows of one file along its diagonal: corners and the middle differ most."""
    mosaic, sensor, capture = read_raw(file, **options)
    capture = dataclasses.replace(capture, frame_size=capture.frame_size or mosaic.shape)
    red = sensor.red_site
    room = [side - first - want for side, first, want in zip(mosaic.shape, red, size, strict=True)]
    if max(room) <= 0:
        count = 1
    found = []
    for part in np.linspace(0, 1, count) if count > 1 else [0.5]:
        top, left = (
            first + int(max(free, 0) * part) // 2 * 2 for first, free in zip(red, room, strict=True)
        )
        window, window_sensor = _cut(mosaic, sensor, (top, left), size)
        name = f"{file} at {top}, {left}"
        found.append(Trial(name, window, window_sensor, capture, (top, left)))
    return found


def _cut(
    mosaic: np.ndarray, sensor: Sensor, first: tuple[int, int], size: tuple[int, int]
) -> tuple[np.ndarray, Sensor]:
    """A window `[H, W]` whose first sample is red, continued by reflection where it must be."""
    within = [
        min(side - start, want) for side, start, want in zip(mosaic.shape, first, size, strict=True)
    ]
    part, sensor = crop_mosaic(mosaic, sensor, *first, *within)
    after = [(0, want - there) for want, there in zip(size, within, strict=True)]
    return np.pad(part, after, mode="reflect"), sensor


def _spread(files: list[Path], most: int) -> list[Path]:
    """All files, or `most` of them at equal distances."""
    if len(files) <= most:
        return files
    return [files[int(index)] for index in np.linspace(0, len(files) - 1, most)]
