"""What a DNG's tags say its samples mean: linearisation, black and white, the CFA tile.

Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapters 3 and 4.
"""

from typing import NamedTuple

import numpy as np

from tfisp.rawfiles.tiff import Directory

_CFA_REPEAT, _CFA_PATTERN, _CFA_PLANE_COLOR, _CFA_LAYOUT = 33421, 33422, 50710, 50711
_LINEARIZATION, _ACTIVE_AREA = 50712, 50829
_BLACK_REPEAT, _BLACK_LEVEL, _BLACK_DELTA_H, _BLACK_DELTA_V, _WHITE_LEVEL = range(50713, 50718)
_CROP_ORIGIN, _CROP_SIZE = 50719, 50720

TAGS = {
    *(_CFA_REPEAT, _CFA_PATTERN, _CFA_PLANE_COLOR, _CFA_LAYOUT, _LINEARIZATION, _ACTIVE_AREA),
    *(_BLACK_REPEAT, _BLACK_LEVEL, _BLACK_DELTA_H, _BLACK_DELTA_V, _WHITE_LEVEL),
    *(_CROP_ORIGIN, _CROP_SIZE),
}

# Colours by their numbers in CFAPlaneColor.
_COLOURS = "RGBCMYW"

# In counts: a black level that varies by less over the frame than this needs no note.
_SAME_BLACK = 0.5


class Levels(NamedTuple):
    """Black per site of the 2x2 tile at the active area's corner, white, and what was assumed.

    `black_stated`: whether the file states a black level; otherwise it is 0. `black_varies`:
    whether it states one by row or by column, which masked samples cannot be compared with.
    """

    black: np.ndarray
    white: float
    notes: list[str]
    black_stated: bool
    black_varies: bool


def active_area(raw: Directory, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """(top, left, bottom, right) of the exposed samples.

    Raises:
        ValueError: If they do not lie within the frame of `size`.
    """
    height, width = size
    area = raw.integers(_ACTIVE_AREA, (0, 0, height, width))
    if len(area) != 4 or not (0 <= area[0] < area[2] <= height and 0 <= area[1] < area[3] <= width):
        raise ValueError(f"active area {area} does not lie within the {height}x{width} frame")
    return area


def default_crop(
    raw: Directory, size: tuple[int, int]
) -> tuple[tuple[int, int, int, int] | None, list[str]]:
    """(top, left, height, width) of the part of the active area meant to be shown, and notes.

    DefaultCropOrigin and DefaultCropSize are written column first, and may be fractions. None where
    they are not both stated, or are the whole area.

    Args:
        raw: The directory of the samples.
        size: (rows, columns) of the active area.
    """
    if _CROP_ORIGIN not in raw.tags or _CROP_SIZE not in raw.tags:
        return None, []
    origin, extent = raw.numbers(_CROP_ORIGIN), raw.numbers(_CROP_SIZE)
    if origin.shape == extent.shape == (2,) and np.isfinite((*origin, *extent)).all():
        left, top = np.rint(origin).astype(int).tolist()
        width, height = np.rint(extent).astype(int).tolist()
        if (top, left, height, width) == (0, 0, *size):
            return None, []
        fits = top + height <= size[0] and left + width <= size[1]
        if min(top, left) >= 0 and min(height, width) >= 1 and fits:
            return (top, left, height, width), []
    return None, [
        f"DefaultCropOrigin {origin.tolist()} and DefaultCropSize {extent.tolist()} do not lie in "
        f"the active area of {size[0]}x{size[1]} samples: all of it is shown"
    ]


def cfa_tile(raw: Directory) -> tuple[str, tuple[int, int]]:
    """The CFA tile as letters, row by row from the active area's corner, and its size.

    C, M, Y, W are cyan, magenta, yellow, white; "?" stands for a colour of no such name.

    Raises:
        ValueError: If it is not stated, or not as a rectangle.
    """
    if _CFA_PATTERN not in raw.tags:
        raise ValueError("states no CFAPattern, without which its colours are unknown")
    layout = raw.first(_CFA_LAYOUT)
    if layout not in (None, 1):
        raise ValueError(f"CFA layout {layout:g} is staggered; only rectangular ones are supported")
    repeat = raw.integers(_CFA_REPEAT, (2, 2))
    cells = raw.integers(_CFA_PATTERN)
    if len(repeat) != 2 or repeat[0] * repeat[1] != len(cells):
        raise ValueError(f"{len(cells)} CFA colours for a tile of {'x'.join(map(str, repeat))}")
    planes = raw.integers(_CFA_PLANE_COLOR, (0, 1, 2))
    letters = (_COLOURS[cell] if cell in planes and 0 <= cell < 7 else "?" for cell in cells)
    return "".join(letters), repeat


def linearised(samples: np.ndarray, raw: Directory) -> np.ndarray:
    """Samples as the LinearizationTable maps them; themselves without one.

    Raises:
        ValueError: If the table is empty or its entries are no uint16.
    """
    if _LINEARIZATION not in raw.tags:
        return samples
    values = raw.numbers(_LINEARIZATION)
    if not values.size or not ((values >= 0) & (values <= 65535)).all():
        raise ValueError("LinearizationTable is empty or holds other than 16-bit numbers")
    table = np.full(65536, values[-1], np.uint16)  # samples beyond its end take its last entry
    table[: values.size] = values[:65536]
    return table[samples]


def read_levels(
    raw: Directory, size: tuple[int, int], bits: int, colours: str | None = None
) -> Levels:
    """The levels of the samples.

    Args:
        raw: The directory of the samples.
        size: (rows, columns) of the active area.
        bits: Of a stored sample.
        colours: Of a demosaicked frame, the 2x2 tile that is made of it; None for a mosaic.

    Raises:
        ValueError: If they are no numbers, or do not fit the frame.
    """
    notes: list[str] = []
    black = _black_level(raw, size, notes, colours)
    white = raw.first(_WHITE_LEVEL)
    whites = raw.numbers(_WHITE_LEVEL)
    if colours is not None and (whites != white).any():
        raise ValueError(f"white levels {whites.tolist()} of the colours differ: not supported")
    if white is None:
        white = float(2**bits - 1)
        notes.append(f"the file states no white level: {white:g} is taken, of {bits} bits")
    varies = bool(raw.tags.keys() & {_BLACK_DELTA_H, _BLACK_DELTA_V})
    return Levels(black, white, notes, varies or _BLACK_LEVEL in raw.tags, varies)


def _black_level(
    raw: Directory, size: tuple[int, int], notes: list[str], colours: str | None
) -> np.ndarray:
    """Black per site `[2, 2]`; what varies over the frame is averaged and noted."""
    levels = raw.numbers(_BLACK_LEVEL, (0.0,))
    repeat = raw.integers(_BLACK_REPEAT, (1, 1))
    if colours is not None and levels.size > 1 and levels.size == 3 * int(np.prod(repeat)):
        means = levels.reshape(-1, 3).mean(axis=0)  # of each colour
        levels, repeat = means[["RGB".index(colour) for colour in colours]], (2, 2)
    if len(repeat) != 2 or min(repeat) < 1 or repeat[0] * repeat[1] != levels.size:
        raise ValueError(
            f"{levels.size} black levels for a tile of {'x'.join(map(str, repeat))} sites"
        )
    if not np.isfinite(levels).all():
        raise ValueError("black level is not a number")
    rows, columns = repeat
    tile = np.tile(levels.reshape(rows, columns), (2, 2))  # even sides, whatever the tile's
    parts = tile.reshape(rows, 2, columns, 2)
    sites = parts.mean(axis=(0, 2))
    varies = {"BlackLevel": np.abs(parts - sites[None, :, None]).max()}
    for name, code, axis in (
        ("BlackLevelDeltaV", _BLACK_DELTA_V, 0),
        ("BlackLevelDeltaH", _BLACK_DELTA_H, 1),
    ):
        if code not in raw.tags:
            continue
        deltas = raw.numbers(code)
        if not np.isfinite(deltas).all():
            raise ValueError(f"{name} holds other than numbers")
        if deltas.size != size[axis]:
            raise ValueError(f"{deltas.size} values of {name} for {size[axis]} samples")
        means = np.array([deltas[k::2].mean() for k in (0, 1 % deltas.size)])
        varies[name] = max(np.abs(deltas[k::2] - means[k]).max() for k in (0, 1 % deltas.size))
        sites += np.expand_dims(means, 1 - axis)
    notes += [
        f"{name} varies by up to {by:g} along the frame: its mean is taken"
        for name, by in varies.items()
        if by > _SAME_BLACK
    ]
    return sites
