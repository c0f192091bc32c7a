"""Reading RAW files of every supported kind: one mosaic, its sensor, and the facts of the shot.

    mosaic, sensor, capture = read_raw("photo.dng")

Files of cameras describe themselves (`tfisp.rawfiles.camerafile`); 16-bit PNG, `.npy` and
headerless `.raw` are described by a JSON file beside them or by the caller
(`tfisp.rawfiles.plainfile`). What is returned has been checked
(`tfisp.rawfiles.frame.check_levels`): a damaged file raises one clear error and is never rendered.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np

from tfisp.color import camera_to_srgb
from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.errors import InputError
from tfisp.rawfiles.frame import Frame, check_levels
from tfisp.rawfiles.gainmap import with_gain_map
from tfisp.rawfiles.plausibility import doubts
from tfisp.sensor import Capture, Sensor

__all__ = ["RAW_SUFFIXES", "check_levels", "decode", "is_raw", "read_raw"]

_PLAIN_SUFFIXES = (".png", ".npy", ".raw")

# Lower case. What LibRaw reads under other names can be renamed to one of these.
RAW_SUFFIXES = (
    *(".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".raf", ".rw2"),
    *(".rwl", ".orf", ".pef", ".srw", ".3fr", ".fff", ".iiq", ".mef", ".mos", ".mrw", ".erf"),
    *(".kdc", ".dcr", ".x3f"),
    *_PLAIN_SUFFIXES,
)

# Panasonic and Leica call their TIFF-like files .raw as well.
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"IIU\0", b"IIRO")


def is_raw(path: str | os.PathLike) -> bool:
    """Whether a file's suffix is one of `RAW_SUFFIXES`, in any case."""
    return Path(path).suffix.lower() in RAW_SUFFIXES


def read_raw(
    path: str | os.PathLike,
    sensor: Sensor | None = None,
    *,
    shape: tuple[int, int] | None = None,
    byte_order: str | None = None,
    gain_map: np.ndarray | None = None,
    convert: Conversions = BAYER_ONLY,
) -> tuple[np.ndarray, Sensor, Capture]:
    """Reads a RAW file.

    Args:
        path: The file.
        sensor: Pattern and levels to use instead of what the file says; needed where nothing else
            states them.
        shape: (height, width) of a headerless file without a JSON file.
        byte_order: "little" or "big", of a headerless file; None takes the JSON file's, else
            little.
        gain_map: Lens shading `[rows, columns, 4]` for a file that states none, as
            `tfisp.rawfiles.gainmap.read_gain_map` reads it.
        convert: Which other frames than Bayer's are turned into it (LinearDNG, quad-Bayer), and
            how; a note of the capture says so.

    Returns:
        mosaic: uint16 `[H, W]`, the active area, samples limited to the white level.
        sensor: What its samples mean, for the mosaic as returned.
        capture: White balance, orientation, exposure and shading; `above_white` counts the samples
            that were limited, `notes` says what was assumed, left out, or looks wrong.

    Raises:
        InputError: If the file is missing, damaged, not one Bayer frame, or does not fit its
            levels; or if it states a shading map and another is given.
    """
    frame = decode(
        path, sensor, shape=shape, byte_order=byte_order, gain_map=gain_map, convert=convert
    )
    mosaic, above = check_levels(frame.mosaic, frame.sensor, path)
    notes = (*frame.notes, *doubts(mosaic, frame.sensor))
    capture = dataclasses.replace(frame.capture, above_white=above, notes=notes)
    return mosaic, frame.sensor, capture


def decode(
    path: str | os.PathLike,
    sensor: Sensor | None = None,
    *,
    shape: tuple[int, int] | None = None,
    byte_order: str | None = None,
    gain_map: np.ndarray | None = None,
    convert: Conversions = BAYER_ONLY,
) -> Frame:
    """Reads a RAW file without checking its samples; arguments and errors as for `read_raw`."""
    path = Path(path)
    if not path.is_file():  # also keeps pipes and devices away, on which reading may wait for ever
        raise InputError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    suffix = path.suffix.lower()
    if suffix not in RAW_SUFFIXES:
        raise InputError(
            f"{path}: {suffix or 'no suffix'} is not a RAW file's; known: {' '.join(RAW_SUFFIXES)}"
        )
    if suffix in _PLAIN_SUFFIXES and not (suffix == ".raw" and _starts_like_tiff(path)):
        from tfisp.rawfiles.plainfile import read_plain

        frame = read_plain(path, sensor, shape, byte_order, convert)
    else:
        from tfisp.rawfiles.camerafile import read_camera_file  # LibRaw is loaded when needed

        frame = read_camera_file(path, convert)
        frame = frame if sensor is None else dataclasses.replace(frame, sensor=sensor)
    if frame.sensor.xyz_to_camera is not None:
        try:
            camera_to_srgb(frame.sensor.xyz_to_camera)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    if gain_map is not None:
        capture = with_gain_map(frame.capture, gain_map, frame.mosaic.shape, path)
        frame = dataclasses.replace(frame, capture=capture)
    return frame


def _starts_like_tiff(path: Path) -> bool:
    """Whether a file begins like a TIFF or one of its relatives."""
    try:
        with path.open("rb") as file:
            return file.read(4) in _TIFF_MAGIC
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
