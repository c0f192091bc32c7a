"""Lens shading as grids of gains: GainMap opcodes of a DNG brought to one grid, and `.npy` files.

Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapter 7. The bytes of a
GainMap (id 9), big-endian, are

    uint32 top, left, bottom, right, plane, planes, row pitch, column pitch, points V, points H
    double spacing V, spacing H, origin V, origin H        relative to the frame's size
    uint32 map planes, float32 gains [points V, points H, map planes]

Raw files carry one GainMap per CFA site, with pitch 2 and the site's row and column as top and
left; a map of pitch 1 holds for all sites. A `.npy` file holds the one grid, as `Capture.shading`
describes it, for files that state none.
"""

import dataclasses
import os
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfisp.errors import InputError
from tfisp.rawfiles.npy import map_npy
from tfisp.sensor import Capture

_HEADER = struct.Struct(">10I4dI")


class GainMap(NamedTuple):
    """One GainMap opcode.

    `area` is (top, left, bottom, right) in samples of the active area, `pitch` (rows, columns),
    `planes` the first and the number of the planes that it holds for; gains float32 `[h, w, n]`,
    entry (i, j) at `origin + (i, j) * spacing` relative to the frame's height and width, the last
    of the n for all further planes.
    """

    area: tuple[int, int, int, int]
    planes: tuple[int, int]
    pitch: tuple[int, int]
    spacing: tuple[float, float]
    origin: tuple[float, float]
    gains: np.ndarray

    def of_plane(self, plane: int) -> np.ndarray | None:
        """Gains `[h, w]` of a plane; None if the map does not hold for it."""
        first, count = self.planes
        if not first <= plane < first + count:
            return None
        return self.gains[..., min(plane - first, self.gains.shape[2] - 1)]


def parse_gain_map(body: bytes) -> GainMap:
    """Reads the parameters of a GainMap opcode.

    Raises:
        ValueError: If they are incomplete, or a gain is not a positive number.
    """
    if len(body) < _HEADER.size:
        raise ValueError("GainMap is shorter than its header")
    fields = _HEADER.unpack_from(body)
    down, along, rows, columns = fields[6:10]
    geometry, planes = fields[10:14], fields[14]
    count = rows * columns * planes
    if not (count and down and along) or len(body) != _HEADER.size + 4 * count:
        raise ValueError(f"GainMap of {rows}x{columns}x{planes} entries does not fill its opcode")
    gains = np.frombuffer(body, ">f4", count, _HEADER.size).reshape(rows, columns, planes)
    if not (np.isfinite(gains).all() and (gains > 0).all()):
        raise ValueError("GainMap holds a gain that is not a positive number")
    spacing, origin = geometry[:2], geometry[2:]
    if not np.isfinite(geometry).all() or min(spacing) <= 0:
        raise ValueError(f"GainMap has spacing {spacing} and origin {origin}")
    pitch, gains = (down, along), gains.astype(np.float32)
    return GainMap(fields[:4], fields[4:6], pitch, spacing, origin, gains)


def gain_maps_of(
    shading: np.ndarray,
    frame_size: tuple[int, int] | None,
    origin: tuple[int, int],
    size: tuple[int, ...],
) -> list[bytes]:
    """The GainMap parameters, one for each site, of a shading map: the inverse of reading them.

    Args:
        shading: float32 `[h, w, 4]` as `tfisp.sensor.Capture.shading`.
        frame_size: (rows, columns) that it spans; None for those of `size`.
        origin: Where the mosaic lies in them.
        size: (rows, columns) of the mosaic.
    """
    rows, columns, _ = shading.shape
    spans = [whole / own for whole, own in zip(frame_size or size, size, strict=True)]
    spacing = [span / max(n - 1, 1) for span, n in zip(spans, (rows, columns), strict=True)]
    start = [-before / own for before, own in zip(origin, size, strict=True)]
    return [
        _HEADER.pack(row, column, *size, 0, 1, 2, 2, rows, columns, *spacing, *start, 1)
        + shading[..., 2 * row + column].astype(">f4").tobytes()
        for row, column in np.ndindex(2, 2)
    ]


def shading_map(maps: list[tuple[GainMap, str | None]], size: tuple[int, int]) -> np.ndarray:
    """Brings GainMaps to one grid that spans the frame from corner to corner.

    Maps that lie on that grid already, as phones write them, come through unchanged; others are
    interpolated linearly. Maps for the same site are multiplied, as applying one after the other
    does.

    Args:
        maps: At least one; with each the colours of the four sites, row by row, where its planes
            are those of the picture, R, G and B; None where it has the mosaic's single plane.
        size: (rows, columns) of the active area.

    Returns:
        float32 `[h, w, 4]`, one plane per site of the 2x2 tile, row by row
        (`tfisp.sensor.Capture.shading`).

    Raises:
        ValueError: If a map does not cover the frame or has a pitch other than 1 or 2.
    """
    grid = tuple(max(_entries(m, axis) for m, _ in maps) for axis in (0, 1))
    out = np.ones((*grid, 4), np.float32)
    for m, colours in maps:
        top, left, bottom, right = m.area
        down, along = m.pitch
        if max(down, along) > 2 or top >= down or left >= along:
            raise ValueError(f"GainMap begins at ({top}, {left}) and has pitch {m.pitch}")
        if bottom < size[0] - 1 or right < size[1] - 1:
            raise ValueError(f"GainMap covers {bottom}x{right} of a {size[0]}x{size[1]} frame")
        for row in range(top, 2, down):
            for column in range(left, 2, along):
                site = 2 * row + column
                gains = m.of_plane(0 if colours is None else "RGB".index(colours[site]))
                if gains is not None:
                    out[..., site] *= _resampled(_resampled(gains, m, 0, grid[0]), m, 1, grid[1])
    return out


def _spans_frame(m: GainMap, axis: int) -> bool:
    """Whether the first and last entry lie on the frame's edges, to 1/1000 of an interval."""
    points, spacing, origin = m.gains.shape[axis], m.spacing[axis], m.origin[axis]
    end = origin + (points - 1) * spacing
    return points > 1 and abs(origin) < 1e-3 * spacing and abs(end - 1) < 1e-3 * spacing


def _entries(m: GainMap, axis: int) -> int:
    """Grid entries a map needs along an axis: twice as many where it does not span the frame."""
    points = m.gains.shape[axis]
    return points if _spans_frame(m, axis) or points == 1 else 2 * points + 1


def _resampled(gains: np.ndarray, m: GainMap, axis: int, entries: int) -> np.ndarray:
    """Gains at `entries` places from edge to edge of an axis, constant beyond the map's ends."""
    points = gains.shape[axis]
    if points == entries and (points == 1 or _spans_frame(m, axis)):
        return gains
    at = m.origin[axis] + np.arange(points) * m.spacing[axis]
    wanted = np.linspace(0, 1, entries) if entries > 1 else np.array([0.5])
    return np.apply_along_axis(lambda line: np.interp(wanted, at, line), axis, gains)


def read_gain_map(path: str | Path) -> np.ndarray:
    """Reads a shading map from a `.npy` file.

    Args:
        path: Of numbers above 0: `[rows, columns, 4]`, a plane for each site of the frame's 2x2
            tile, row by row, or `[rows, columns]` for all of them. The map spans the frame from
            edge to edge, its corner entries on the frame's corners.

    Returns:
        float32 `[rows, columns, 4]`.

    Raises:
        InputError: If the file is damaged or holds something else.
    """
    gains = map_npy(path)
    if gains.ndim == 2:
        gains = np.repeat(gains[..., None], 4, axis=2)
    if gains.ndim != 3 or gains.shape[2] != 4:
        raise InputError(
            f"{path}: holds an array {gains.shape}, expected gains [rows, columns, 4] or "
            "[rows, columns]"
        )
    gains = gains.astype(np.float32)
    if not (np.isfinite(gains).all() and (gains > 0).all()):
        raise InputError(f"{path}: holds a gain that is not a number above 0")
    return gains


def gain_map_of_flag(path: str | None) -> np.ndarray | None:
    """As `read_gain_map` of the value of `--gain_map`, which errors name; None without a value."""
    if path is None:
        return None
    try:
        return read_gain_map(path)
    except InputError as error:
        raise InputError(f"--gain_map: {error}") from None


def with_gain_map(
    capture: Capture, gains: np.ndarray, size: tuple[int, int], path: str | os.PathLike
) -> Capture:
    """A capture with a shading map from elsewhere.

    Args:
        capture: What the file says.
        gains: As `read_gain_map` gives them.
        size: (rows, columns) of its frame.
        path: The file.

    Raises:
        InputError: If the file states a map of its own: two corrections are one too many.
    """
    if capture.shading is not None:
        raise InputError(
            f"{path}: states a lens shading map of its own; --gain_map is for files without one"
        )
    return dataclasses.replace(capture, shading=gains, frame_size=capture.frame_size or size)
