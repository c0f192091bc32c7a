"""Black measured on samples that no light reaches, beside the black level that a file states.

A file's level is often a constant of the model, while the true one drifts by a few counts with
temperature and gain, and differs from site to site. What is measured takes its place where it is

- significant: at one site at least it differs from what is stated by five standard errors, and by
  one step of 8 bits at the dark end of sRGB, 1 / (12.92 * 255) of the range from black to white;
- plausible: by no more than 2 % of that range (a quarter where the file states no black level), the
  same in every part of the masked samples to half of the difference, and not contradicted by the
  picture: at most 0.1 % of its samples lie more than four deviations of the noise below it.

Samples are known to be masked where MaskedAreas says so, and taken to be where they lie outside of
the ActiveArea in a border of some width, which the specification defines as the exposed ones. For
a mere border that is implausible nothing is said: it may hold something else.

Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0, chapter 4.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tfisp.rawfiles.tiff import Directory

_MASKED_AREAS = 50830

TAGS = {_MASKED_AREAS}

Area = tuple[int, int, int, int]  # (top, left, bottom, right) in the stored frame

_ERRORS = 5
_LEAST = 1 / (12.92 * 255)
_MOST, _MOST_UNSTATED = 0.02, 0.25
_BELOW_SIGMAS, _MOST_BELOW = 4, 1e-3

# Of a border: rows or columns at its edges that are left out, for light creeps in from the picture
# and first rows settle; and how many must be left.
_MARGIN, _LEAST_BORDER = 4, 8

# Rows of a site, and samples of each, without which nothing is measured.
_LEAST_ROWS, _LEAST_COLUMNS = 4, 4


class MaskedBlack(NamedTuple):
    """What masked samples say about black.

    Attributes:
        stated: float64 `[2, 2]`, by the file, at the sites of the active area's tile.
        measured: float64 `[2, 2]`.
        taken: Whether `measured` takes the place of `stated`.
        note: What to tell the user; None where both agree, or where nothing is known.
    """

    stated: np.ndarray
    measured: np.ndarray
    taken: bool
    note: str | None


def check_black(
    samples: np.ndarray,
    raw: Directory,
    active: Area,
    stated: np.ndarray,
    white: float,
    *,
    is_stated: bool = True,
) -> MaskedBlack | None:
    """Compares the black level of a DNG with its masked samples.

    Args:
        samples: `[H, W]`, the whole stored frame, linearised.
        raw: Its directory.
        active: The exposed samples.
        stated: `[2, 2]` black level at the sites of the active area's tile.
        white: White level.
        is_stated: Whether `stated` comes from the file; otherwise it is an assumption.

    Returns:
        The comparison; None if there are no masked samples, or too few.
    """
    known = _MASKED_AREAS in raw.tags
    areas = _masked_areas(raw, samples.shape, active) if known else _borders(samples.shape, active)
    if areas is None:
        note = "MaskedAreas do not lie in the frame beside the active area: not used"
        return MaskedBlack(stated, stated, False, note)
    found = [[_measure(samples, areas, active, (i, j)) for j in (0, 1)] for i in (0, 1)]
    sites = [site for row in found for site in row if site is not None]
    if len(sites) < 4:
        return None
    measured = np.array([site.level for site in sites]).reshape(2, 2).round(2)
    difference = np.abs(measured - stated)
    span = white - stated.max()
    errors = np.array([site.error for site in sites]).reshape(2, 2)
    if (difference <= np.maximum(_ERRORS * errors, _LEAST * span)).all():
        return MaskedBlack(stated, measured, False, None)
    doubt = _doubt(samples, active, sites, measured, difference.max(), span, is_stated)
    said = f"its masked samples say {_levels(measured)}, the file {_levels(stated)}"
    if doubt is None:
        return MaskedBlack(stated, measured, True, f"black level: {said}: the measured is taken")
    told = f"black level: {said}, which is kept: {doubt}" if known else None
    return MaskedBlack(stated, measured, False, told)


class _Site(NamedTuple):
    """Black at a site: its level and standard error, the noise, and level and error by part."""

    level: float
    error: float
    noise: float
    parts: list[tuple[float, float]]


def _masked_areas(raw: Directory, size: tuple[int, ...], active: Area) -> list[Area] | None:
    """The areas that the tag states; None if they cannot be."""
    numbers = raw.numbers(_MASKED_AREAS)
    if not numbers.size or numbers.size % 4 or not np.isfinite(numbers).all():
        return None
    areas = [(int(t), int(a), int(b), int(z)) for t, a, b, z in numbers.reshape(-1, 4)]
    for top, left, bottom, right in areas:
        within = 0 <= top < bottom <= size[0] and 0 <= left < right <= size[1]
        beside = bottom <= active[0] or active[2] <= top or right <= active[1] or active[3] <= left
        if not (within and beside):
            return None
    return areas


def _borders(size: tuple[int, ...], active: Area) -> list[Area]:
    """The borders around the active area that are wide enough, without their edges."""
    top, left, bottom, right = active
    strips = [
        (_MARGIN, left, top - _MARGIN, right),
        (bottom + _MARGIN, left, size[0] - _MARGIN, right),
        (top, _MARGIN, bottom, left - _MARGIN),
        (top, right + _MARGIN, bottom, size[1] - _MARGIN),
    ]
    return [s for s in strips if min(s[2] - s[0], s[3] - s[1]) >= _LEAST_BORDER]


def _measure(
    samples: np.ndarray, areas: list[Area], active: Area, site: tuple[int, int]
) -> _Site | None:
    """Black at a site of the active area's tile; None if too few samples are masked."""
    rows, parts, spreads = [], [], []
    for area in areas:
        plane = _plane(samples, area, active, site)
        if plane.shape[0] < _LEAST_ROWS or plane.shape[1] < _LEAST_COLUMNS:
            continue
        middle = np.median(plane)
        spread = max(1.4826 * float(np.median(np.abs(plane - middle))), 1.0)
        plane = np.clip(plane, middle - 4 * spread, middle + 4 * spread)  # defects count little
        spreads.append(spread)
        rows.append(plane.mean(axis=1))
        parts += [_of_rows(half.mean(axis=1)) for half in _halves(plane)]
    if not rows:
        return None
    return _Site(*_of_rows(np.concatenate(rows)), max(spreads), parts)


def _plane(samples: np.ndarray, area: Area, active: Area, site: tuple[int, int]) -> np.ndarray:
    """float64 samples of an area that stand in the rows and columns of a site."""
    top, left, bottom, right = area
    down = (site[0] - (top - active[0])) % 2
    along = (site[1] - (left - active[1])) % 2
    return samples[top + down : bottom : 2, left + along : right : 2].astype(np.float64)


def _of_rows(means: np.ndarray) -> tuple[float, float]:
    """The level of rows, and its standard error.

    Rows differ by more than their samples' noise, since each is read out by itself: their spread is
    the error. The median's is 1.25 times that of a mean.
    """
    return float(np.median(means)), float(1.2533 * means.std() / np.sqrt(len(means)))


def _halves(plane: np.ndarray) -> Iterator[np.ndarray]:
    """The upper, lower, left and right half."""
    yield from np.array_split(plane, 2, axis=0)
    yield from np.array_split(plane, 2, axis=1)


def _doubt(
    samples: np.ndarray,
    active: Area,
    sites: list[_Site],
    measured: np.ndarray,
    difference: float,
    span: float,
    is_stated: bool,
) -> str | None:
    """Why what was measured is not black; None if it is plausible."""
    most = _MOST if is_stated else _MOST_UNSTATED
    if difference > most * span:
        return f"they are {difference / span:.1%} of the range apart, more than {most:.0%}"
    for site in sites:
        apart = [
            abs(level - site.level) - _ERRORS * max(error, site.error)
            for level, error in site.parts
        ]
        if max(apart) > difference / 2:
            return "the masked samples are not alike in all their parts"
    for k, site in enumerate(sites):
        plane = _plane(samples, active, active, divmod(k, 2))
        if (plane < measured.flat[k] - _BELOW_SIGMAS * site.noise).mean() > _MOST_BELOW:
            return "samples of the picture lie below what the masked ones say"
    return None


def _levels(levels: np.ndarray) -> str:
    """One number, or the four of a tile."""
    if np.ptp(levels) == 0:
        return f"{levels.flat[0]:g}"
    (a, b), (c, d) = levels
    return f"{a:.1f} {b:.1f} / {c:.1f} {d:.1f}"
