"""DNG files, read by what their tags say.

LibRaw is not asked: it takes one width of rows, one order of strips and one of several frames for
granted, moves odd active areas to even ones without the black levels, hands out no
BaselineExposure, NoiseProfile or GainMap, and decodes missing data as zeros. Tag numbers and
meanings: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, and TIFF 6.0.
"""

import dataclasses
from pathlib import Path

import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions
from tfisp.errors import InputError
from tfisp.rawfiles import layout, levels, masked, remosaic, whitebalance
from tfisp.rawfiles.dng_sites import CFA, LINEAR_RAW, PHOTOMETRIC, Sites, sites_of_frame
from tfisp.rawfiles.frame import Frame, require_size, undecoded
from tfisp.rawfiles.opcodes import shading_of
from tfisp.rawfiles.plausibility import shifted_rows
from tfisp.rawfiles.samples import read_samples
from tfisp.rawfiles.tiff import INTEGERS, Directory, Span
from tfisp.sensor import Capture, Sensor, sites_of

ORIENTATION, _MAKE, _MODEL = 274, 271, 272
_SUBFILE_TYPE, _DNG_VERSION = 254, 50706
_EXPOSURE_TIME, _ISO, _BASELINE_EXPOSURE, _NOISE_PROFILE = 33434, 34855, 50730, 51041
_OPCODE_LISTS = (51008, 51009, 51022)

TAGS = {
    *(ORIENTATION, _MAKE, _MODEL, _SUBFILE_TYPE, PHOTOMETRIC, _DNG_VERSION),
    *(_EXPOSURE_TIME, _ISO, _BASELINE_EXPOSURE, _NOISE_PROFILE, *_OPCODE_LISTS),
    *layout.TAGS,
    *levels.TAGS,
    *masked.TAGS,
    *whitebalance.TAGS,
}


def is_dng(directories: list[Directory]) -> bool:
    """Whether a TIFF says that it is a DNG."""
    return _DNG_VERSION in directories[0].tags


def holds_cfa(directory: Directory) -> bool:
    """Whether a directory says that its samples stand behind a colour filter sites."""
    return directory.first(PHOTOMETRIC) == CFA


def read_dng(path: Path, directories: list[Directory], convert: Conversions = BAYER_ONLY) -> Frame:
    """Reads a DNG of one Bayer frame, or of one that becomes it.

    Args:
        path: The file.
        directories: What `read_directories` found in it, with `TAGS`.
        convert: Which other frames are turned into Bayer.

    Returns:
        The frame of its active area, its samples not yet checked against the levels.

    Raises:
        InputError: If the file holds something else, or its tags are damaged, contradict each
            other, or describe a kind of storage that is not read.
    """
    try:
        return _read(path, directories, convert)
    except InputError as error:
        text = str(error)
        raise InputError(text if text.startswith(str(path)) else f"{path}: {text}") from error
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: {error}") from error


def model_of(main: Directory) -> str:
    """Make and model, the make not twice; empty if unknown."""
    make, model = main.text(_MAKE), main.text(_MODEL)
    if model.split()[:1] and model.split()[0].lower() in make.lower():
        return model
    return f"{make} {model}".strip()


def _read(path: Path, directories: list[Directory], convert: Conversions) -> Frame:
    main = directories[0]
    lost = [what for d in directories for what in (*d.unreadable, *_of_exif(d))]
    if lost:
        raise ValueError(f"damaged tags: {'; '.join(lost[:3])} cannot be read")
    raw, notes = _raw_directory(directories, convert)
    require_size(layout.size_of(raw), path)
    sites = sites_of_frame(raw, path, convert)
    stored = layout.read_layout(raw, path.stat().st_size, sites.colours)
    layout.require_apart(stored, other_spans(directories, raw))
    area = top, left, bottom, right = levels.active_area(raw, layout.size_of(raw))
    size = (bottom - top, right - left)
    colours = sites.pattern if sites.colours > 1 else None
    stated = levels.read_levels(raw, size, stored.bits, colours)
    black, white = stated.black, stated.white
    sensor = Sensor(
        pattern=sites.pattern,
        black_level=sites_of(black),
        white_level=white,
        name=model_of(main),
        xyz_to_camera=whitebalance.xyz_to_camera(main),
    )
    capture, capture_notes = _capture(main, raw, sites, size)
    notes += _oddities(directories)
    samples = read_samples(path, stored)
    if stored.compression == layout.JPEG and sites.colours == 1:
        ends = {min(s.left + s.width, stored.size[1]) for s in stored.segments}
        shifted = shifted_rows(samples, sorted(ends))
        if shifted:
            notes.append(
                f"{shifted} rows are brighter or darker than their neighbours up to where a strip "
                "or tile ends: thin lines of the scene, or damaged lossless JPEG"
            )
    samples = levels.linearised(samples, raw)
    if stored.tiled:
        used = top, left * sites.colours, bottom, right * sites.colours
        _require_whole_tiles(samples, stored, used, float(black.min()))
    notes += stated.notes
    measured, black_notes = _check_black(samples, raw, area, stated, sites)
    if measured and measured.taken:
        sensor = dataclasses.replace(sensor, black_level=sites_of(measured.measured))
    notes += [*black_notes, *capture_notes]
    if sites.colours > 1:
        pixels = samples.reshape(*layout.size_of(raw), sites.colours)
        mosaic = remosaic.linear_to_bayer(pixels[top:bottom, left:right])
        notes.append(remosaic.LINEAR_NOTE)
    else:
        mosaic = np.ascontiguousarray(samples[top:bottom, left:right])
    unused = whitebalance.unused(main)
    frame = Frame(mosaic, sensor, capture, sites.kind, tuple(notes), measured, unused)
    return remosaic.of_quad(frame, sites.quad, convert) if sites.quad else frame


def _check_black(
    samples: np.ndarray,
    raw: Directory,
    area: masked.Area,
    stated: levels.Levels,
    sites: Sites,
) -> tuple[masked.MaskedBlack | None, list[str]]:
    """What masked samples say about black, and what to tell of it."""
    found = None
    if sites.is_bayer and not stated.black_varies:
        found = masked.check_black(
            samples, raw, area, stated.black, stated.white, is_stated=stated.black_stated
        )
    notes = [found.note] if found and found.note else []
    if not stated.black_stated and not (found and found.taken):
        notes.append("the file states no black level: 0 is taken")
    return found, notes


def _of_exif(directory: Directory) -> tuple[str, ...]:
    return directory.exif.unreadable if directory.exif else ()


def _require_whole_tiles(
    samples: np.ndarray, stored: layout.Layout, area: tuple[int, int, int, int], black: float
) -> None:
    """Refuses a tile with a gap, which lies in one piece in the file but not in the frame."""
    top, left, bottom, right = area
    for tile in stored.segments:
        part = samples[
            max(top, tile.top) : min(bottom, tile.top + tile.height),
            max(left, tile.left) : min(right, tile.left + tile.width),
        ]
        if part.size and undecoded(part, black):
            raise ValueError(
                f"equal samples below the black level in the tile at ({tile.top}, {tile.left}): "
                "partly decoded, so the file is truncated or damaged"
            )


def _oddities(directories: list[Directory]) -> list[str]:
    """What no careful writer does; the values are used all the same."""
    found = []
    if not all(d.in_order for d in directories):
        found.append("its tags are not in ascending order: a careless writer, or damage")
    kinds = {(code, d.tags[code][0]) for d in directories for code in layout.TAGS & d.tags.keys()}
    odd = sorted(f"{code} (type {kind})" for code, kind in kinds if kind not in INTEGERS)
    if odd:
        found.append(f"tags of an unusual type: {', '.join(odd)}: a careless writer, or damage")
    return found


def _raw_directory(
    directories: list[Directory], convert: Conversions
) -> tuple[Directory, list[str]]:
    """The directory of the full CFA frame, and a note if there are several.

    NewSubFileType 0 marks the full frame; of several the largest is taken, then the first. Where
    there is no CFA frame, a linear one may take its place.
    """
    frames, what = [directory for directory in directories if holds_cfa(directory)], "CFA"
    if not frames:
        linear = [item for item in directories if item.first(PHOTOMETRIC) == LINEAR_RAW]
        frames, what = [item for item in linear if layout.colours_of(item) > 1], "linear"
        if linear and not frames:
            raise ValueError("monochrome, without a colour filter array; capture Bayer RAW")
        if frames and not convert.linear_dng:
            raise ValueError(
                "LinearDNG, already demosaiced; capture Bayer RAW, or let --linear_dng make a "
                "mosaic of it again"
            )
    if not frames:
        raise ValueError("a DNG without a CFA frame: damaged, or not a RAW file")

    def order(directory: Directory) -> tuple[bool, int]:
        height, width = layout.size_of(directory)
        return directory.first(_SUBFILE_TYPE) in (None, 0), height * width

    best = max(frames, key=order)  # the first of equals
    if len(frames) == 1:
        return best, []
    height, width = layout.size_of(best)
    return best, [f"holds {len(frames)} {what} frames; the one of {height}x{width} samples is read"]


def other_spans(directories: list[Directory], raw: Directory) -> list[Span]:
    """The bytes of the file that cannot be samples of `raw`."""
    spans = [Span(0, 8, "the file's header")]
    for directory in directories:
        spans += directory.spans + (directory.exif.spans if directory.exif else ())
        spans += layout.declared_spans(directory) if directory is not raw else []
    return spans


def _capture(
    main: Directory, raw: Directory, sites: Sites, size: tuple[int, int]
) -> tuple[Capture, list[str]]:
    """The facts of the shot, and notes on what could not be used."""
    gains, notes = whitebalance.as_shot_gains(main)
    first, second, third = (raw.bytes(code) for code in _OPCODE_LISTS)
    shading, opcode_notes = shading_of(
        (first, second, third),
        sites.pattern,
        size,
        demosaicked=sites.colours > 1,
        has_sites=sites.is_bayer,
    )
    crop, crop_notes = levels.default_crop(raw, size)
    notes += [*opcode_notes, *crop_notes]
    orientation = main.first(ORIENTATION)
    if orientation is not None and orientation not in range(1, 9):
        notes.append(f"Orientation {orientation:g} is none of 1 to 8: the picture stays as stored")
        orientation = None
    exposure = main.first(_BASELINE_EXPOSURE)
    if exposure is not None and np.isnan(exposure):  # 0/0, which stands for unknown
        exposure = None
    noise = raw.numbers(_NOISE_PROFILE, main.numbers(_NOISE_PROFILE))
    if noise.size % 2 or not np.isfinite(noise).all():
        raise ValueError(f"NoiseProfile of {noise.size} values is no list of pairs of numbers")
    time, iso = (_positive(main, code) for code in (_EXPOSURE_TIME, _ISO))
    capture = Capture(
        gains=gains,
        orientation=int(orientation or 1),
        exposure_time=time,
        iso=iso,
        baseline_exposure=exposure or 0.0,
        noise=tuple(map(tuple, noise.reshape(-1, 2).tolist())) if noise.size else None,
        shading=shading,
        frame_size=size,
        default_crop=crop,
    )
    return capture, notes


def _positive(main: Directory, code: int) -> float | None:
    """A positive number of the EXIF directory or the main one; None if there is none."""
    for directory in (main.exif, main):
        value = directory.first(code) if directory else None
        if value is not None and np.isfinite(value) and value > 0:
            return value
    return None
