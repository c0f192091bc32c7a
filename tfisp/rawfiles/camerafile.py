"""RAW files of cameras and phones (DNG, NEF, CR2, CR3, ARW, RAF, ...), decoded by LibRaw.

From a DNG, LibRaw is asked for the stored samples only; active area, pattern, levels and matrix
come from its tags (`tfisp.rawfiles.dng` says why). For other formats all of these are LibRaw's, and
only the orientation is read from the tags.
"""

from pathlib import Path

import numpy as np
import rawpy

from tfisp.errors import InputError
from tfisp.rawfiles.dng import PHOTOMETRIC_CFA, PHOTOMETRIC_LINEAR_RAW, TiffFacts, read_facts
from tfisp.rawfiles.frame import MIN_SIDE, Frame, check_repeats
from tfisp.rawfiles.libraw_guard import unwritten, watched
from tfisp.sensor import PATTERNS, Capture, Gains, Sensor, smallest_one

_DEMOSAICED = "already demosaiced; capture Bayer RAW"

# LibRaw's flip is a sum: 1 mirrors columns, 2 mirrors rows, 4 transposes first. The same as EXIF
# orientation:
_FLIP_TO_ORIENTATION = (1, 2, 4, 3, 5, 8, 6, 7)


def read_camera_file(path: Path) -> Frame:
    """Decodes a camera's RAW file.

    Args:
        path: The file.

    Returns:
        The frame of its active area, its samples not yet checked against the levels.

    Raises:
        InputError: If the file is damaged or of an unknown format, or holds something other than
            one Bayer frame.
    """
    facts = read_facts(path)
    if facts is not None:
        _refuse_by_tags(path, facts)
    with watched() as watch:
        try:
            with rawpy.imread(str(path)) as raw:
                frame = _frame(path, raw, facts)
        except rawpy.LibRawError as error:
            raise InputError(f"{path}: {_reason(error)}") from error
    if watch.complained:
        raise InputError(f"{path}: samples are missing or corrupt: truncated or damaged")
    missing = unwritten(frame.mosaic)
    if missing:
        raise InputError(f"{path}: {missing:.1%} of the frame could not be decoded: damaged")
    if facts is None or facts.compressed:
        check_repeats(frame.mosaic, frame.sensor, path)
    return frame


def _refuse_by_tags(path: Path, facts: TiffFacts) -> None:
    """Refuses what the tags show to be truncated or no Bayer frame."""
    size = path.stat().st_size
    if facts.is_dng:
        if facts.photometric == PHOTOMETRIC_LINEAR_RAW:
            raise InputError(f"{path}: LinearDNG, {_DEMOSAICED}")
        if facts.photometric != PHOTOMETRIC_CFA:
            raise InputError(f"{path}: a DNG without a CFA frame: damaged, or not a RAW file")
        if facts.floating:
            raise InputError(f"{path}: a DNG of floating-point samples, expected whole numbers")
        if facts.cfa is not None:
            _check_pattern(path, facts.cfa, facts.cfa_repeat or (2, 2))
        if 0 < min(facts.size) < MIN_SIDE:
            raise InputError(
                f"{path}: a frame of {facts.size[0]}x{facts.size[1]} samples is too small "
                "to be a picture"
            )
    if facts.data_end > size:
        raise InputError(
            f"{path}: truncated: its samples end at byte {facts.data_end}, the file at {size}"
        )


def _frame(path: Path, raw: rawpy.RawPy, facts: TiffFacts | None) -> Frame:
    """The frame LibRaw has opened, with the facts of its tags where they hold."""
    if raw.num_colors == 1:
        raise InputError(f"{path}: monochrome, without a colour filter array; capture Bayer RAW")
    if raw.raw_type != rawpy.RawType.Flat:
        raise InputError(f"{path}: three values per pixel, {_DEMOSAICED}")
    stored = raw.raw_image
    if stored.dtype != np.uint16:
        raise InputError(f"{path}: samples of type {stored.dtype}, expected uint16")
    notes = list(facts.notes) if facts else []
    by_tags = facts is not None and facts.active_area is not None and stored.shape == facts.size
    if by_tags and facts.cfa is not None:
        top, left, bottom, right = facts.active_area
        pattern, black, white = facts.cfa, facts.black_level, facts.white_level
    else:
        sizes = raw.sizes
        top, left = sizes.top_margin, sizes.left_margin
        bottom, right = top + sizes.height, left + sizes.width
        pattern, black, white = _libraw_pattern(path, raw), None, None
    if black is None:
        black = _libraw_black(raw, top, left)
        notes += ["the file states no black level"] if facts and facts.is_dng else []
    mosaic = stored[top:bottom, left:right].copy()  # LibRaw frees its buffer when it is closed
    matrix = facts.xyz_to_camera if facts else None
    if matrix is None and np.any(raw.rgb_xyz_matrix[:3]):
        matrix = tuple(map(tuple, raw.rgb_xyz_matrix[:3].astype(float).tolist()))
    try:
        sensor = Sensor(
            pattern=pattern,
            black_level=black,
            white_level=white or raw.white_level,
            name=facts.model if facts else "",
            xyz_to_camera=matrix,
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    kind = "DNG" if facts and facts.is_dng else f"{path.suffix[1:].upper()} (LibRaw)"
    return Frame(mosaic, sensor, _capture(raw, facts, mosaic.shape), kind, tuple(notes))


def _capture(raw: rawpy.RawPy, facts: TiffFacts | None, size: tuple[int, int]) -> Capture:
    """The facts of the file: from its tags, else LibRaw's."""
    other = raw.other
    iso = float(other.iso_speed)
    # Where it knows no exposure time, LibRaw says 1 s; then it knows no ISO speed either.
    exposed = iso > 0 and other.shutter_speed > 0
    orientation = _FLIP_TO_ORIENTATION[raw.sizes.flip & 7]
    return Capture(
        gains=_as_shot(raw.camera_whitebalance),
        orientation=(facts.orientation if facts else None) or orientation,
        exposure_time=float(other.shutter_speed) if exposed else None,
        iso=iso if iso > 0 else None,
        baseline_exposure=(facts.baseline_exposure if facts else None) or 0.0,
        noise=facts.noise if facts else None,
        shading=facts.shading if facts else None,
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


def _libraw_pattern(path: Path, raw: rawpy.RawPy) -> str:
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
    _check_pattern(path, pattern, (repeat, repeat))
    return pattern


def _repeats(tile: np.ndarray, period: int) -> bool:
    """Whether a colour pattern repeats after `period` rows and columns."""
    return (tile == np.tile(tile[:period, :period], (12 // period, 12 // period))).all()


def _libraw_black(raw: rawpy.RawPy, top: int, left: int) -> np.ndarray:
    """LibRaw's black levels, which go by colour, at the sites of the tile at (top, left)."""
    levels = raw.black_level_per_channel
    return np.array(
        [[levels[raw.raw_color(top + i, left + j)] for j in (0, 1)] for i in (0, 1)], np.float64
    )


def _check_pattern(path: Path, pattern: str, repeat: tuple[int, int]) -> None:
    """Refuses every colour filter array but the four phases of Bayer's."""
    if repeat == (2, 2) and pattern in PATTERNS:
        return
    name = {(6, 6): "X-Trans", (4, 4): "quad-Bayer"}.get(repeat, f"CFA {pattern}")
    raise InputError(
        f"{path}: {name} ({repeat[0]}x{repeat[1]} tile) is not supported, only Bayer: "
        f"{', '.join(PATTERNS)}"
    )


def _reason(error: rawpy.LibRawError) -> str:
    """One sentence from LibRaw's error."""
    text = error.args[0] if error.args else type(error).__name__
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"cannot be decoded as RAW ({text}): truncated, damaged or unknown"
