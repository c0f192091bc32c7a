"""What a TIFF-based RAW file says in its tags: all of a DNG, the orientation of NEF, CR2, ARW, ...

LibRaw decodes the samples; but it hands out no BaselineExposure, NoiseProfile or GainMap, prefers
its own colour matrices, moves odd active areas to even ones without moving the black levels along,
and decodes missing data as zeros. Tag numbers and meanings: Adobe, "Digital Negative (DNG)
Specification", version 1.4.0.0, and TIFF 6.0.
"""

import contextlib
import dataclasses
import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from tfisp.errors import InputError
from tfisp.gainmap import GAIN_MAP, parse_gain_map, parse_opcodes, shading_map
from tfisp.sensor import Matrix3

ORIENTATION = 274
PHOTOMETRIC_CFA = 32803
PHOTOMETRIC_LINEAR_RAW = 34892

_CFA_REPEAT, _CFA_PATTERN, _CFA_PLANE_COLOR, _CFA_LAYOUT = 33421, 33422, 50710, 50711
_MAKE, _MODEL, _DNG_VERSION, _ACTIVE_AREA = 271, 272, 50706, 50829
_BLACK_REPEAT, _BLACK_LEVEL, _BLACK_DELTA_H, _BLACK_DELTA_V, _WHITE_LEVEL = range(50713, 50718)
_COLOR_MATRICES, _ILLUMINANTS = (50721, 50722), (50778, 50779)
_BASELINE_EXPOSURE, _NOISE_PROFILE, _OPCODE_LIST_2 = 50730, 51041, 51009

_TAGS = {
    *(ORIENTATION, _MAKE, _MODEL),
    *(_CFA_REPEAT, _CFA_PATTERN, _CFA_PLANE_COLOR, _CFA_LAYOUT, _DNG_VERSION, _ACTIVE_AREA),
    *(_BLACK_REPEAT, _BLACK_LEVEL, _BLACK_DELTA_H, _BLACK_DELTA_V, _WHITE_LEVEL),
    *(*_COLOR_MATRICES, *_ILLUMINANTS, _BASELINE_EXPOSURE, _NOISE_PROFILE, _OPCODE_LIST_2),
}

# Correlated colour temperature in kelvin of the EXIF LightSource codes (EXIF 2.3, tag 37384) used
# as calibration illuminants.
_ILLUMINANT_KELVIN = {
    1: 5500, 2: 4200, 3: 2850, 4: 5500, 9: 5500, 10: 6500, 11: 7500, 12: 6400, 13: 5050, 14: 4150,
    15: 3525, 17: 2856, 18: 4874, 19: 6774, 20: 5503, 21: 6504, 22: 7504, 23: 5003, 24: 3200,
}  # fmt: skip
_D65_KELVIN = 6504

# In files of more directories than this something is wrong; real ones have about five.
_MAX_DIRECTORIES = 64

# Panasonic writes this where the data's offset stands in another tag.
_NO_OFFSET = 0xFFFFFFFF


@dataclass(frozen=True)
class TiffFacts:
    """What the tags say. None stands for: not stated.

    Attributes:
        is_dng: Whether the file is a DNG. `active_area` and what follows is read of Bayer DNGs
            only.
        orientation: EXIF orientation, 1 to 8.
        model: Make and model of the camera; may be empty.
        data_end: First byte after the RAW samples, as declared.
        photometric: What the RAW samples are: `PHOTOMETRIC_CFA`, `PHOTOMETRIC_LINEAR_RAW`, ...
        floating: Whether they are floating-point numbers.
        size: (height, width) of the stored samples.
        active_area: (top, left, bottom, right) of the exposed samples within them.
        cfa_repeat: (rows, columns) of the repeating tile.
        cfa: Its colours as letters, row by row from the active area's corner; "?" for a colour
            other than R, G, B.
        black_level: Per site of the 2x2 tile at the active area's corner, row by row.
        white_level: Saturation.
        xyz_to_camera: The colour matrix calibrated nearest to D65.
        baseline_exposure: In EV.
        noise: Pairs (scale, offset).
        shading: float32 `[h, w, 4]`, as `tfisp.sensor.Capture.shading`.
        notes: What could not be used.
    """

    is_dng: bool
    orientation: int | None
    model: str
    data_end: int
    photometric: int
    floating: bool
    size: tuple[int, int]
    active_area: tuple[int, int, int, int] | None = None
    cfa_repeat: tuple[int, int] | None = None
    cfa: str | None = None
    black_level: tuple | None = None
    white_level: float | None = None
    xyz_to_camera: Matrix3 | None = None
    baseline_exposure: float | None = None
    noise: tuple | None = None
    shading: np.ndarray | None = None
    notes: tuple[str, ...] = ()


def read_facts(path: Path) -> TiffFacts | None:
    """Reads the tags of a file, without its samples.

    Args:
        path: The file; it need not be a TIFF.

    Returns:
        What the tags say; None if the file is no TIFF, or is none that can be read.

    Raises:
        InputError: If a DNG says something that cannot be true.
    """
    with _quiet_tifffile():
        try:
            with tifffile.TiffFile(path) as tiff:
                pages = list(itertools.islice(_directories(tiff), _MAX_DIRECTORIES))
                tags = [_read_tags(page) for page in pages]
                ends = [_data_end(page) for page in pages]
                kinds = [int(page.photometric) for page in pages]
                sizes = [(page.imagelength, page.imagewidth) for page in pages]
                formats = [page.sampleformat for page in pages]
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
        except Exception:
            # tifffile promises no closed set of exceptions for damaged files; this one is then
            # left to LibRaw.
            return None
    if not pages:
        return None
    raw = _raw_directory(kinds, ends)
    orientation = _first(tags[0].get(ORIENTATION))
    facts = TiffFacts(
        is_dng=_DNG_VERSION in tags[0],
        orientation=int(orientation) if orientation in range(1, 9) else None,
        model=_model(tags[0]),
        data_end=ends[raw],
        photometric=kinds[raw],
        floating=formats[raw] == tifffile.SAMPLEFORMAT.IEEEFP,
        size=sizes[raw],
    )
    if not facts.is_dng or facts.photometric != PHOTOMETRIC_CFA:
        return facts
    try:
        return dataclasses.replace(facts, **_cfa_facts(tags[0], tags[raw], facts.size))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise InputError(f"{path}: damaged DNG tags: {error}") from error


def _model(main: dict[int, tuple]) -> str:
    """Make and model, the make not twice; empty if unknown."""
    make, model = (str(main.get(code, (0, ""))[1]).strip() for code in (_MAKE, _MODEL))
    if model.split()[:1] and model.split()[0].lower() in make.lower():
        return model
    return f"{make} {model}".strip()


def _cfa_facts(
    main: dict[int, tuple], raw: dict[int, tuple], size: tuple[int, int]
) -> dict[str, Any]:
    """What only Bayer DNGs say: tags of the first directory and of the one with the samples."""
    area = tuple(int(x) for x in _numbers(raw.get(_ACTIVE_AREA), [0, 0, *size]))
    if len(area) != 4 or not (
        0 <= area[0] < area[2] <= size[0] and 0 <= area[1] < area[3] <= size[1]
    ):
        raise ValueError(f"active area {area} does not lie within the {size[0]}x{size[1]} frame")
    repeat = tuple(int(x) for x in _numbers(raw.get(_CFA_REPEAT), []))
    exposure = _numbers(main.get(_BASELINE_EXPOSURE), [0.0])
    noise = _numbers(raw.get(_NOISE_PROFILE, main.get(_NOISE_PROFILE)), [])
    white = _numbers(raw.get(_WHITE_LEVEL), [])
    shading, notes = _shading(raw.get(_OPCODE_LIST_2), area[2] - area[0], area[3] - area[1])
    return {
        "active_area": area,
        "cfa_repeat": repeat or None,
        "cfa": _cfa(raw),
        "black_level": _black_level(raw),
        "white_level": float(white.min()) if white.size else None,
        "xyz_to_camera": _color_matrix(main),
        "baseline_exposure": float(exposure[0]) if np.isfinite(exposure[0]) else None,
        "noise": tuple(map(tuple, noise.reshape(-1, 2).tolist())) if noise.size else None,
        "shading": shading,
        "notes": notes,
    }


def _directories(tiff: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    """The file's directories, each followed by the ones it contains."""
    for page in tiff.pages:
        yield page
        yield from page.pages or ()


def _read_tags(page: tifffile.TiffPage) -> dict[int, tuple]:
    """Type and value of the tags of a directory that matter here, by number."""
    return {tag.code: (tag.dtype, tag.value) for tag in page.tags if tag.code in _TAGS}


def _data_end(page: tifffile.TiffPage) -> int:
    """First byte after the data that a directory declares; 0 if it declares none."""
    ends = [
        (0 if offset == _NO_OFFSET else int(offset)) + int(count)
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
    ]
    if page.compression == 1 and len(page.dataoffsets) == 1 and page.dataoffsets[0] != _NO_OFFSET:
        # Readers of uncompressed data go by the frame's size, not by the count.
        row = -(-page.imagewidth * page.samplesperpixel * page.bitspersample // 8)
        ends.append(int(page.dataoffsets[0]) + row * page.imagelength)
    return max(ends, default=0)


def _raw_directory(kinds: list[int], ends: list[int]) -> int:
    """Which directory holds the RAW samples: one that says so, else that of the last data."""
    order = {PHOTOMETRIC_CFA: 2, PHOTOMETRIC_LINEAR_RAW: 1}
    return max(range(len(kinds)), key=lambda k: (order.get(kinds[k], 0), ends[k]))


def _cfa(raw: dict[int, tuple]) -> str | None:
    """The CFA tile as letters."""
    if _CFA_PATTERN not in raw:
        return None
    planes = [int(x) for x in _numbers(raw.get(_CFA_PLANE_COLOR), [0, 1, 2])]
    layout = _first(raw.get(_CFA_LAYOUT))
    if layout not in (None, 1):
        raise ValueError(f"CFA layout {layout} is staggered; only rectangular ones are supported")
    cells = [int(x) for x in _numbers(raw[_CFA_PATTERN], [])]
    return "".join("RGB"[cell] if cell in planes and cell < 3 else "?" for cell in cells)


def _black_level(raw: dict[int, tuple]) -> tuple | None:
    """Black per site of the 2x2 tile; larger tiles, row and column differences are averaged."""
    levels = _numbers(raw.get(_BLACK_LEVEL), [])
    if not levels.size:
        return None
    rows, columns = (int(x) for x in _numbers(raw.get(_BLACK_REPEAT), [1, 1]))
    if rows * columns != levels.size:
        raise ValueError(f"{levels.size} black levels for a tile of {rows}x{columns}")
    tile = np.tile(levels.reshape(rows, columns), (2, 2))  # even sides, whatever the tile's
    sites = tile.reshape(rows, 2, columns, 2).mean(axis=(0, 2))
    for code, axis in ((_BLACK_DELTA_V, 0), (_BLACK_DELTA_H, 1)):
        deltas = _numbers(raw.get(code), [0.0])
        sites += np.expand_dims([deltas[k::2].mean() for k in (0, 1 % len(deltas))], 1 - axis)
    if not np.isfinite(sites).all():
        raise ValueError("black level is not a number")
    return tuple(map(tuple, sites.tolist()))


def _color_matrix(main: dict[int, tuple]) -> Matrix3 | None:
    """Of the ColorMatrix tags that are 3x3 and not zero, the one for the light nearest to D65."""
    found = []
    for code, illuminant in zip(_COLOR_MATRICES, _ILLUMINANTS, strict=True):
        values = _numbers(main.get(code), [])
        if values.size == 9 and np.isfinite(values).all() and values.any():
            kelvin = _ILLUMINANT_KELVIN.get(_first(main.get(illuminant)), 0)
            found.append(
                (abs(1e6 / kelvin - 1e6 / _D65_KELVIN) if kelvin else np.inf, code, values)
            )
    if not found:
        return None
    _, _, values = min(found, key=lambda item: item[:2])
    return tuple(map(tuple, values.reshape(3, 3).tolist()))


def _shading(
    entry: tuple | None, height: int, width: int
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The shading map of OpcodeList2, and notes on what of the list is not applied."""
    if entry is None:
        return None, ()
    opcodes = parse_opcodes(bytes(entry[1]))
    maps = [parse_gain_map(opcode.body) for opcode in opcodes if opcode.identity == GAIN_MAP]
    others = sorted({opcode.name for opcode in opcodes if opcode.identity != GAIN_MAP})
    notes = (f"OpcodeList2 is not applied in full: {', '.join(others)}",) if others else ()
    try:
        return (shading_map(maps, height, width) if maps else None), notes
    except ValueError as error:  # valid, but of a kind that no phone writes
        return None, (*notes, f"lens shading is not applied: {error}")


def _numbers(entry: tuple | None, default: list) -> np.ndarray:
    """A tag's value as float64 `[n]`; rationals, which come as pairs of integers, divided."""
    if entry is None:
        return np.asarray(default, np.float64)
    dtype, value = entry
    if isinstance(value, bytes):
        return np.frombuffer(value, np.uint8).astype(np.float64)
    values = np.atleast_1d(np.asarray(value, np.float64)).ravel()
    if dtype in (tifffile.DATATYPE.RATIONAL, tifffile.DATATYPE.SRATIONAL):
        with np.errstate(divide="ignore", invalid="ignore"):
            return values[::2] / values[1::2]
    return values


def _first(entry: tuple | None) -> float | None:
    """The first number of a tag; None without the tag."""
    values = _numbers(entry, [])
    return float(values[0]) if values.size else None


@contextlib.contextmanager
def _quiet_tifffile() -> Iterator[None]:
    """Keeps tifffile from logging what it thinks of a damaged file; we say so ourselves."""
    logger = logging.getLogger("tifffile")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
