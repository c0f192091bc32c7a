"""Frames of RAW files of any size and kind, which state what their samples mean.

Each is decoded once; the samples, their reference and what the file says about itself are kept in
the cache.
"""

import contextlib
import importlib.metadata
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.data.builder import DatasetBuilder
from tfisp.data.cache import digest, file_digest, key
from tfisp.data.captures import capture_of_facts, capture_to_facts
from tfisp.data.frames import REFERENCE_BYTES, Rendering, Scene
from tfisp.data.workers import in_order
from tfisp.errors import InputError
from tfisp.raw import read_raw
from tfisp.rawfiles.gainmap import with_gain_map
from tfisp.sensor import Capture, Sensor

# Raised whenever the same file would be decoded to something else by our own code.
DECODE_VERSION = 3

_NUMBER = re.compile(r"\d+(\.\d+)?")

# Kinds of file that say nothing about what their samples mean.
_SILENT = (".png", ".npy", ".raw")


@dataclass(frozen=True)
class RawFrame:
    """A decoded RAW file.

    Attributes:
        name: See `tfisp.data.frames.Frame`.
        path: See `Frame`.
        size: See `Frame`.
        sensor: What the file, or `--sensor`, says.
        capture: What the file says.
        sha256: Hash of the file.
        decoded: Key of its samples.
        override: The sensor of `--sensor`; None if not given.
        rendering: For the reference.
        convert: Which frames besides Bayer's were taken, and how.
        gain_map: Hash of the shading map that is not the file's own; None without.
    """

    name: str
    path: Path
    size: tuple[int, int]
    sensor: Sensor
    capture: Capture
    sha256: str
    decoded: str
    override: Sensor | None
    rendering: Rendering
    convert: Conversions = BAYER_ONLY
    gain_map: str | None = None
    target_path: None = None
    misplaced: None = None

    @property
    def phase(self) -> tuple[int, int]:
        """See `Frame`."""
        return self.sensor.red_site

    @property
    def content(self) -> str:
        """See `Frame`: the file, what is taken to be its sensor, and what corrects its lens."""
        facts = {"gain_map": self.gain_map} if self.gain_map else {}
        facts |= self.convert.for_key()
        return f"{self.sha256} {key(sensor=self.sensor.to_dict(), **facts)}"

    @property
    def kept_bytes(self) -> int:
        """See `Frame`: samples and reference."""
        return self.size[0] * self.size[1] * (2 + REFERENCE_BYTES)

    def load(self, *, reference: bool = True, target: bool = False) -> Scene:
        """See `Frame`; samples above the white level are clipped."""
        mosaic = self.rendering.store.get(
            self.decoded, lambda: read_raw(self.path, self.override, convert=self.convert)[0]
        )
        rendered = (
            self.rendering.reference(mosaic, self.sensor, self.capture, file=self.decoded)
            if reference
            else None
        )
        return Scene(mosaic, self.sensor, self.capture, rendered)


def open_frames(builder: DatasetBuilder, files: Sequence[Path], root: Path) -> list[RawFrame]:
    """Every usable file, decoded and rendered, several at a time; what is odd is noted.

    Args:
        builder: Receives bad files and notes.
        files: RAW files.
        root: The folder that their names are relative to.
    """

    def work(path: Path) -> RawFrame | InputError:
        try:
            frame = _open_frame(path, path.relative_to(root).as_posix(), builder)
            frame.load()
        except InputError as error:
            return error
        return frame

    frames = []
    with contextlib.closing(in_order(work, files, os.cpu_count())) as results:
        for done, (path, result) in enumerate(zip(files, results, strict=True), start=1):
            if isinstance(result, InputError):
                builder.bad_files.report(path, result)
            else:
                frames.append(result)
            builder.progress(done, len(files), "RAW files")
    for frame in frames:
        _note_clipping(builder, frame)
    builder.notes.extend(
        readers_notes([(frame.path, note) for frame in frames for note in frame.capture.notes])
    )
    return frames


def _open_frame(path: Path, name: str, builder: DatasetBuilder) -> RawFrame:
    """Finds a file's facts in the cache, or decodes it.

    Raises:
        InputError: If it cannot be used.
    """
    description = path.with_suffix(".json")
    if builder.sensor is None and path.suffix.lower() in _SILENT and not description.exists():
        raise InputError(
            f"{path}: nothing states its CFA pattern and levels: give --sensor, or describe it in "
            f"{description.name} beside it"
        )
    sha256 = file_digest(path)
    convert = builder.config.conversions
    decoded = key(
        kind="decoded",
        version=[DECODE_VERSION, *map(importlib.metadata.version, ("rawpy", "imagecodecs"))],
        file=sha256,
        description=file_digest(description) if description.exists() else None,
        suffix=path.suffix.lower(),
        sensor=builder.sensor.to_dict() if builder.sensor else None,
        **convert.for_key(),
    )
    facts = builder.store.note(decoded)
    if facts is None:
        mosaic, sensor, capture = read_raw(path, builder.sensor, convert=convert)
        builder.store.get(decoded, lambda: mosaic)
        facts = {
            "size": list(mosaic.shape),
            "sensor": sensor.to_dict(),
            "capture": capture_to_facts(capture),
        }
        builder.store.write_note(decoded, facts)
    size, capture = tuple(facts["size"]), capture_of_facts(facts["capture"])
    if builder.gain_map is not None:
        capture = with_gain_map(capture, builder.gain_map, size, path)
    return RawFrame(
        name=name,
        path=path,
        size=size,
        sensor=Sensor.from_dict(facts["sensor"]),
        capture=capture,
        sha256=sha256,
        decoded=decoded,
        override=builder.sensor,
        rendering=builder.rendering,
        convert=convert,
        gain_map=gain_map_hash(builder.gain_map),
    )


def gain_map_hash(gains: np.ndarray | None) -> str | None:
    """What tells a shading map from another one."""
    return None if gains is None else key(shape=list(gains.shape), gains=digest(gains.tobytes()))


def _note_clipping(builder: DatasetBuilder, frame: RawFrame) -> None:
    """Tells of samples above the white level."""
    count = frame.capture.above_white
    if count:
        share = count / (frame.size[0] * frame.size[1])
        builder.notes.append(
            f"{frame.path}: {count} samples ({share:.2%}) above the white level "
            f"{frame.sensor.white_level:g} were clipped"
        )


def readers_notes(remarks: Sequence[tuple[Path, str]]) -> list[str]:
    """What the reader assumed or left out, or doubts: each remark once, with how many it is of.

    Remarks that differ in their numbers alone, as measured levels do, are one.

    Args:
        remarks: (file, remark) of all files.
    """
    files: dict[str, list[tuple[Path, str]]] = {}
    for path, note in remarks:
        files.setdefault(_NUMBER.sub("#", note), []).append((path, note))
    return [
        f"{found[0][0]}{f' and {len(found) - 1} more' if len(found) > 1 else ''}: {found[0][1]}"
        for found in files.values()
    ]
