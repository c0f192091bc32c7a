"""What a TIFF-based RAW file says in its tags: all of a DNG, the orientation of NEF, CR2, ARW, ...

LibRaw decodes the samples; but it hands out no BaselineExposure, NoiseProfile or GainMap, prefers
its own colour matrices, moves odd active areas to even ones without moving the black levels along,
and decodes missing data as zeros. Tag numbers and meanings: Adobe, "Digital Negative (DNG)
Specification", version 1.4.0.0, and TIFF 6.0.
"""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.rawfiles.gainmap import GAIN_MAP, parse_gain_map, parse_opcodes, shading_map
from tfisp.rawfiles.tiff import Directory, read_directories
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


@dataclass(frozen=True)
class TiffFacts:
    """What the tags say. None stands for: not stated.

    Attributes:
        is_dng: Whether the file is a DNG. `active_area` and what follows is read of Bayer DNGs
            only.
        orientation: EXIF orientation, 1 to 8.
        model: Make and model of the camera; may be empty.
        compressed: Whether the RAW samples are; assumed outside DNGs, where the tag is not
            reliable.
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
    compressed: bool
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
    directories = read_directories(path, _TAGS)
    if not directories:
        return None
    main, raw = directories[0], _raw_directory(directories)
    is_dng = _DNG_VERSION in main.tags
    try:
        orientation = main.first(ORIENTATION)
        facts = TiffFacts(
            is_dng=is_dng,
            orientation=int(orientation) if orientation in range(1, 9) else None,
            model=_model(main),
            compressed=raw.compressed or not is_dng,
            data_end=max(raw.data_end, raw.frame_end if is_dng else 0),
            photometric=raw.photometric,
            floating=raw.floating,
            size=raw.size,
        )
        if is_dng and facts.photometric == PHOTOMETRIC_CFA:
            facts = dataclasses.replace(facts, **_cfa_facts(main, raw))
        return facts
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise InputError(f"{path}: damaged tags: {error}") from error


def _raw_directory(directories: list[Directory]) -> Directory:
    """The directory of the RAW samples: one that says so, else that of the last data."""
    order = {PHOTOMETRIC_CFA: 2, PHOTOMETRIC_LINEAR_RAW: 1}
    return max(directories, key=lambda d: (order.get(d.photometric, 0), d.data_end))


def _model(main: Directory) -> str:
    """Make and model, the make not twice; empty if unknown."""
    make, model = main.text(_MAKE), main.text(_MODEL)
    if model.split()[:1] and model.split()[0].lower() in make.lower():
        return model
    return f"{make} {model}".strip()


def _cfa_facts(main: Directory, raw: Directory) -> dict[str, Any]:
    """What only Bayer DNGs say, from the first directory and that of the samples."""
    height, width = raw.size
    area = raw.integers(_ACTIVE_AREA, (0, 0, height, width))
    if len(area) != 4 or not (0 <= area[0] < area[2] <= height and 0 <= area[1] < area[3] <= width):
        raise ValueError(f"active area {area} does not lie within the {height}x{width} frame")
    exposure = main.first(_BASELINE_EXPOSURE)
    noise = raw.numbers(_NOISE_PROFILE, main.numbers(_NOISE_PROFILE))
    white = raw.numbers(_WHITE_LEVEL)
    shading, notes = _shading(raw, area[2] - area[0], area[3] - area[1])
    return {
        "active_area": area,
        "cfa_repeat": raw.integers(_CFA_REPEAT) or None,
        "cfa": _cfa(raw),
        "black_level": _black_level(raw),
        "white_level": float(white.min()) if white.size else None,
        "xyz_to_camera": _color_matrix(main),
        "baseline_exposure": exposure if exposure is not None and np.isfinite(exposure) else None,
        "noise": tuple(map(tuple, noise.reshape(-1, 2).tolist())) if noise.size else None,
        "shading": shading,
        "notes": notes,
    }


def _cfa(raw: Directory) -> str | None:
    """The CFA tile as letters."""
    if _CFA_PATTERN not in raw.tags:
        return None
    layout = raw.first(_CFA_LAYOUT)
    if layout not in (None, 1):
        raise ValueError(f"CFA layout {layout} is staggered; only rectangular ones are supported")
    planes = raw.integers(_CFA_PLANE_COLOR, (0, 1, 2))
    cells = raw.integers(_CFA_PATTERN)
    return "".join("RGB"[cell] if cell in planes and cell < 3 else "?" for cell in cells)


def _black_level(raw: Directory) -> tuple | None:
    """Black per site of the 2x2 tile; larger tiles, row and column differences are averaged."""
    levels = raw.numbers(_BLACK_LEVEL)
    if not levels.size:
        return None
    rows, columns = raw.integers(_BLACK_REPEAT, (1, 1))
    if rows * columns != levels.size:
        raise ValueError(f"{levels.size} black levels for a tile of {rows}x{columns}")
    tile = np.tile(levels.reshape(rows, columns), (2, 2))  # even sides, whatever the tile's
    sites = tile.reshape(rows, 2, columns, 2).mean(axis=(0, 2))
    for code, axis in ((_BLACK_DELTA_V, 0), (_BLACK_DELTA_H, 1)):
        deltas = raw.numbers(code, (0.0,))
        sites += np.expand_dims([deltas[k::2].mean() for k in (0, 1 % len(deltas))], 1 - axis)
    if not np.isfinite(sites).all():
        raise ValueError("black level is not a number")
    return tuple(map(tuple, sites.tolist()))


def _color_matrix(main: Directory) -> Matrix3 | None:
    """Of the ColorMatrix tags that are 3x3 and not zero, the one for the light nearest to D65."""
    found = []
    for code, illuminant in zip(_COLOR_MATRICES, _ILLUMINANTS, strict=True):
        values = main.numbers(code)
        if values.size == 9 and np.isfinite(values).all() and values.any():
            kelvin = _ILLUMINANT_KELVIN.get(main.first(illuminant))
            distance = abs(1e6 / kelvin - 1e6 / _D65_KELVIN) if kelvin else np.inf  # in mired
            found.append((distance, code, values))
    if not found:
        return None
    values = min(found, key=lambda item: item[:2])[2]
    return tuple(map(tuple, values.reshape(3, 3).tolist()))


def _shading(raw: Directory, height: int, width: int) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The shading map of OpcodeList2, and notes on what of the list is not applied."""
    if _OPCODE_LIST_2 not in raw.tags:
        return None, ()
    opcodes = parse_opcodes(bytes(raw.tags[_OPCODE_LIST_2][1]))
    maps = [parse_gain_map(opcode.body) for opcode in opcodes if opcode.identity == GAIN_MAP]
    others = sorted({opcode.name for opcode in opcodes if opcode.identity != GAIN_MAP})
    notes = (f"OpcodeList2 is not applied in full: {', '.join(others)}",) if others else ()
    try:
        return (shading_map(maps, height, width) if maps else None), notes
    except ValueError as error:  # valid, but of a kind that no phone writes
        return None, (*notes, f"lens shading is not applied: {error}")
