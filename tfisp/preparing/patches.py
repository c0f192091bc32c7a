"""A file's patches as records: a function of the file and its part of the plan alone."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.data.crops import PatchGrid, Window, window
from tfisp.data.images import to_uint16
from tfisp.data.noise import noise_of
from tfisp.data.prepared_records import describe_raw, encode_raw, encode_target
from tfisp.demosaic import reference
from tfisp.errors import InputError
from tfisp.packing import crop_mosaic, upright
from tfisp.preparing.plan import Source
from tfisp.preparing.settings import Settings
from tfisp.preparing.survey import identity, open_photograph
from tfisp.sensor import Capture, Sensor

# Samples around a patch that its reference depends on: Menon's method reaches 8 far
# (`tfisp.demosaic`), the others less.
_MARGIN = 8

# A record and what the index of its shard says of it.
Entry = tuple[bytes, dict[str, Any]]


def records(role: str, path: Path, source: Source, settings: Settings) -> Iterator[Entry]:
    """The records of a file, in the order of its cells.

    Args:
        role: "raw" or "target".
        path: The file.
        source: Its part of the plan.
        settings: What patches are prepared for.

    Raises:
        InputError: If it is damaged, or not the file that the plan was made for.
    """
    if identity(role, path) != source.sha256:
        raise InputError(f"{path}: changed since it was looked at; run tfisp.prepare again")
    make = _raw_records if role == "raw" else _target_records
    yield from make(path, source, settings)


def _raw_records(path: Path, source: Source, settings: Settings) -> Iterator[Entry]:
    mosaic, sensor, capture = settings.read_raw(path)
    # Noise that is not stated is measured here: of a patch alone it can hardly be told.
    noise = capture.noise or tuple(noise_of(mosaic, sensor, capture))
    capture = dataclasses.replace(capture, noise=noise, notes=())
    mosaic, sensor, capture = upright(mosaic, sensor, capture)
    described = describe_raw(sensor.shifted(*sensor.red_site), capture)
    for place in _windows(source, settings, sensor.red_site):
        rendered = _reference(mosaic, sensor, capture, place, settings.reference)
        record = encode_raw(place.of(mosaic), rendered, described, source.name, place)
        yield record, _known(source, place)


def _reference(
    mosaic: np.ndarray, sensor: Sensor, capture: Capture, place: Window, method: str
) -> np.ndarray:
    """The part of the frame's reference, uint16 `[h, w, 3]`, that lies in a window."""
    top, left = max(place.top - _MARGIN, 0), max(place.left - _MARGIN, 0)
    bottom = min(place.top + place.height + _MARGIN, mosaic.shape[0])
    right = min(place.left + place.width + _MARGIN, mosaic.shape[1])
    around, own = crop_mosaic(mosaic, sensor, top, left, bottom - top, right - left)
    rendered = reference(around, own, capture, method, (top, left))
    return to_uint16(place._replace(top=place.top - top, left=place.left - left).of(rendered))


def _target_records(path: Path, source: Source, settings: Settings) -> Iterator[Entry]:
    pixels = open_photograph(path, settings).pixels()
    if pixels.dtype == np.uint8:
        pixels = pixels * np.uint16(257)  # 255 becomes 65535
    for place in _windows(source, settings, None):
        yield encode_target(place.of(pixels), source.name, place), _known(source, place)


def _windows(source: Source, settings: Settings, phase: tuple[int, int] | None) -> Iterator[Window]:
    """Where the patches of a file lie."""
    grid = PatchGrid([source.size], settings.patch_size)
    for cell in source.cells:
        yield window(grid.cell(cell), source.size, settings.patch_size, phase=phase)


def _known(source: Source, place: Window) -> dict[str, Any]:
    return {"source": source.name, **{name: getattr(place, name) for name in Window._fields[:4]}}
