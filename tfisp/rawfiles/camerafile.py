"""RAW files of cameras and phones (DNG, NEF, CR2, CR3, ARW, RAF, ...).

A DNG is read by its tags (`tfisp.rawfiles.dng`). All other formats are decoded by LibRaw, under the
guards of `tfisp.rawfiles.libraw_guard`; only their orientation is read from the tags.
"""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.errors import InputError
from tfisp.rawfiles import dng
from tfisp.rawfiles.frame import Frame, check_repeats, require_bayer
from tfisp.rawfiles.layout import (
    COMPRESSION,
    JPEG,
    UNCOMPRESSED,
    declared_spans,
    read_layout,
    require_apart,
)
from tfisp.rawfiles.lossless_jpeg import DamagedStreamError
from tfisp.rawfiles.samples import read_samples
from tfisp.rawfiles.tiff import Directory, read_directories
from tfisp.sensor import Capture, Gains, Sensor, matrix3_of, sites_of, smallest_one

if TYPE_CHECKING:
    import rawpy

# LibRaw's flip is a sum: 1 mirrors columns, 2 mirrors rows, 4 transposes first. The same as EXIF
# orientation:
_FLIP_TO_ORIENTATION = (1, 2, 4, 3, 5, 8, 6, 7)


def read_camera_file(path: Path, convert: Conversions = BAYER_ONLY) -> Frame:
    """Reads a camera's RAW file.

    Args:
        path: The file.
        convert: Which other frames than Bayer's are turned into it, of a DNG.

    Returns:
        The frame of its active area, its samples not yet checked against the levels.

    Raises:
        InputError: If the file is damaged or of an unknown format, or holds something other than
            one Bayer frame.
    """
    directories = read_directories(path, dng.TAGS)
    named_dng = path.suffix.lower() == ".dng"
    if directories and (named_dng or dng.is_dng(directories)):
        return dng.read_dng(path, directories, convert)
    if named_dng:
        raise InputError(f"{path}: not a DNG file: truncated, damaged or of another format")
    try:
        return _by_libraw(path, directories)
    except InputError:
        raise
    except (ValueError, OverflowError) as error:  # of tags that hold what they cannot
        raise InputError(f"{path}: {error}") from error


def _by_libraw(path: Path, directories: list[Directory] | None) -> Frame:
    """Has LibRaw decode a file, and looks for the traces of what it did not decode."""
    import rawpy  # loads LibRaw, which DNGs do without

    end = max((span.end for d in directories or () for span in declared_spans(d)), default=0)
    size = path.stat().st_size
    if end > size:
        raise InputError(f"{path}: truncated: its samples end at byte {end}, the file at {size}")
    from tfisp.rawfiles.libraw_guard import unwritten, watched

    with watched() as watch:
        try:
            with rawpy.imread(str(path)) as raw:
                frame = _frame(path, raw, directories[0] if directories else None)
        except rawpy.LibRawError as error:
            raise InputError(f"{path}: {_reason(error)}") from error
    if watch.complained:
        raise InputError(f"{path}: samples are missing or corrupt: truncated or damaged")
    missing = unwritten(frame.mosaic)
    if missing:
        raise InputError(f"{path}: {missing:.1%} of the frame could not be decoded: damaged")
    check_repeats(frame.mosaic, frame.sensor, path)
    return dataclasses.replace(frame, notes=_checked_by_tags(path, directories or []))


def _checked_by_tags(path: Path, directories: list[Directory]) -> tuple[str, ...]:
    """Refuses damaged lossless JPEG, through which LibRaw decodes on; notes what cannot be checked.

    Only of samples that are stored as TIFF describes it something is known.
    """
    lost = [what for directory in directories for what in directory.unreadable]
    notes = [f"tags are damaged: {'; '.join(lost[:3])} cannot be read"] if lost else []
    for directory in filter(dng.holds_cfa, directories):
        try:
            stored = read_layout(directory, path.stat().st_size)
            require_apart(stored, dng.other_spans(directories, directory))
            if stored.compression == JPEG:
                read_samples(path, stored)
        except DamagedStreamError as error:
            raise InputError(f"{path}: {error}") from error
        except (ValueError, OverflowError) as error:
            if directory.first(COMPRESSION) == UNCOMPRESSED:
                notes.append(f"LibRaw's reading is not checked, for the tags are unusual: {error}")
    return tuple(notes)


def _frame(path: Path, raw: "rawpy.RawPy", main: Directory | None) -> Frame:
    """The frame LibRaw has opened."""
    import rawpy

    if raw.num_colors == 1:
        raise InputError(f"{path}: monochrome, without a colour filter array; capture Bayer RAW")
    if raw.raw_type != rawpy.RawType.Flat:
        raise InputError(f"{path}: three values per pixel, already demosaiced; capture Bayer RAW")
    stored = raw.raw_image
    if stored.dtype != np.uint16:
        raise InputError(f"{path}: samples of type {stored.dtype}, expected uint16")
    sizes = raw.sizes
    top, left = sizes.top_margin, sizes.left_margin
    # LibRaw frees its buffer when it is closed.
    mosaic = stored[top : top + sizes.height, left : left + sizes.width].copy()
    matrix = raw.rgb_xyz_matrix[:3].astype(float)
    try:
        sensor = Sensor(
            pattern=_libraw_pattern(path, raw),
            black_level=sites_of(_libraw_black(raw, top, left)),
            white_level=raw.white_level,
            name=dng.model_of(main) if main else "",
            xyz_to_camera=matrix3_of(matrix) if matrix.any() else None,
        )
        capture = _capture(raw, main, mosaic.shape)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    return Frame(mosaic, sensor, capture, f"{path.suffix[1:].upper()} (LibRaw)")


def _capture(raw: "rawpy.RawPy", main: Directory | None, size: tuple[int, int]) -> Capture:
    """The facts of the file, LibRaw's but for the orientation where a tag states it."""
    other = raw.other
    iso = float(other.iso_speed)
    # Where it knows no exposure time, LibRaw says 1 s; then it knows no ISO speed either.
    exposed = iso > 0 and other.shutter_speed > 0
    orientation = main.first(dng.ORIENTATION) if main else None
    if orientation is None:
        orientation = _FLIP_TO_ORIENTATION[raw.sizes.flip & 7]
    return Capture(
        gains=_as_shot(raw.camera_whitebalance),
        # LibRaw turns the picture where the tag says something that is no orientation.
        orientation=int(orientation) if orientation in range(1, 9) else 1,
        exposure_time=float(other.shutter_speed) if exposed else None,
        iso=iso if iso > 0 else None,
        frame_size=size,
    )


def _as_shot(balance: list[float]) -> Gains | None:
    """LibRaw's multipliers of R, G, B, G2 as gains; None if they are no white balance.

    G2 is left out: it is 0 in most files.
    """
    gains = np.asarray(balance[:3], np.float64)
    if not (np.isfinite(gains).all() and (gains > 0).all()):
        return None
    return smallest_one(gains.tolist())


def _libraw_pattern(path: Path, raw: "rawpy.RawPy") -> str:
    """The 2x2 tile at the corner of LibRaw's active area."""
    letters = raw.color_desc.decode("ascii", "replace")
    top, left = raw.sizes.top_margin, raw.sizes.left_margin
    rows, columns = np.mgrid[:12, :12]
    colours = [
        letters[min(raw.raw_color(top + int(i), left + int(j)), len(letters) - 1)]
        for i, j in zip(rows.ravel(), columns.ravel(), strict=True)
    ]
    tile = np.array(colours).reshape(12, 12)
    repeat = next(n for n in (2, 4, 6, 12) if _repeats(tile, n))
    pattern = "".join(tile[:repeat, :repeat].ravel())
    require_bayer(pattern, (repeat, repeat), path)
    return pattern


def _repeats(tile: np.ndarray, period: int) -> bool:
    """Whether a colour pattern repeats after `period` rows and columns."""
    return (tile == np.tile(tile[:period, :period], (12 // period, 12 // period))).all()


def _libraw_black(raw: "rawpy.RawPy", top: int, left: int) -> np.ndarray:
    """LibRaw's black levels, which go by colour, at the sites of the tile at (top, left)."""
    levels = raw.black_level_per_channel
    return np.array(
        [[levels[raw.raw_color(top + i, left + j)] for j in (0, 1)] for i in (0, 1)], np.float64
    )


def _reason(error: "rawpy.LibRawError") -> str:
    """One sentence from LibRaw's error."""
    text = error.args[0] if error.args else type(error).__name__
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"cannot be decoded as RAW ({text}): truncated, damaged or unknown"
