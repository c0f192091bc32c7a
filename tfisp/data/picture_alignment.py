"""Where the picture of a RAW file lies over it: turn, scale and shift, and where it does not fit.

A camera's own picture of the same exposure is turned upright, cropped, often reduced, and warped
where its lens is corrected. (Prepared pairs lie over each other already; `tfisp.data.alignment`
measures what is left.) Both are compared as luminance, one value for each 2x2 cell of the mosaic:

1. Whole, at reduced size: for each way in which the picture may cover the frame (its default crop,
   all of it, its middle at another aspect ratio), each turn, and scales of up to `SCALES` about
   each, phase correlation gives the shift; the one that fits best is taken.
2. From coarse to fine, in squares: the best place of each square of the frame in the picture, and
   a shift and a scale fitted to all of them, without those that lie apart.
3. At the end each square of `BLOCK` samples counts as misplaced whose best place is more than
   `LIMIT` samples off, or that shows something else; where it has no details, its neighbours
   decide.

C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", IEEE Int. Conf. on
Cybernetics and Society, 1975, in OpenCV's `phaseCorrelate`, which interpolates its peak.
"""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from tfisp.data.matching import Match, details, match_squares
from tfisp.data.placement import Placement, place, shown_area
from tfisp.errors import InputError
from tfisp.packing import disorient
from tfisp.sensor import Capture, Sensor

# Raised whenever the same two files would be aligned otherwise.
ALIGNMENT_VERSION = 1

SCALES = (1.0, 0.95, 1.05, 0.9, 1.1)

# In samples of the mosaic.
BLOCK = 64
LIMIT = 2.0

# Correlation of the details of both pictures, laid over each other, below which they do not show
# the same; of pictures of other scenes it is below 0.2.
LEAST_LIKENESS = 0.4

# Samples along the longer side at which whole pictures are compared, squares along it at the
# finer sizes, and by how many of its own pixels a square is moved either way.
_WHOLE, _COARSE_SIDE, _REACH = 384, 96, 6

# Squares around one without details that must have some to speak for it.
_LEAST_KNOWN = 3

# A scale or shift so near to a plain one that nothing is off by more than this many samples is
# taken to be plain: what has not been resized is then copied, pixel by pixel.
_PLAIN = 0.5
# The same for the shift of what is interpolated anyway.
_NEAR = 0.1


class Alignment(NamedTuple):
    """What was found.

    Attributes:
        placement: How the picture covers the frame.
        likeness: Correlation of the details of both, -1..1.
        area: (top, left, height, width) of the part of the frame that the picture shows.
        misplaced: bool `[rows, columns]`, the squares of `BLOCK` samples of that part that do not
            fit.
    """

    placement: Placement
    likeness: float
    area: tuple[int, int, int, int]
    misplaced: np.ndarray


def align(mosaic: np.ndarray, sensor: Sensor, capture: Capture, picture: np.ndarray) -> Alignment:
    """Finds where a picture lies over its RAW file.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file: orientation and default crop.
        picture: uint8 or uint16 `[h, w, 3]`, upright.

    Raises:
        InputError: If they do not show the same, or not turned and scaled as described above.
    """
    frame = _frame_luminance(mosaic, sensor)
    turns = {"upright": _luminance(disorient(picture, capture.orientation))}
    if capture.orientation != 1:
        turns["stored"] = _luminance(picture)
    placement, plain_scale = _coarse(frame, mosaic.shape, capture, turns)
    shown = turns[placement.turned]
    placement = _refined(frame, mosaic.shape, shown, placement)
    placement = _plain(frame, mosaic.shape, shown, placement, plain_scale)
    laid = place(shown, placement, frame.shape, 2)
    area = shown_area(placement, shown.shape, mosaic.shape)
    step = _whole_step(mosaic.shape)
    small = _reduced(frame, step)
    within = _part(area, step)
    likeness = _likeness(small[within], place(shown, placement, small.shape, step)[within])
    if likeness < LEAST_LIKENESS:
        raise InputError(
            f"does not show the same (likeness {likeness:.2f}, expected {LEAST_LIKENESS} or more), "
            f"or is turned or cropped in another way than its RAW file says"
        )
    within = _part(area, 2)
    matches = match_squares(frame[within], laid[within], BLOCK // 2, _REACH + 2)
    return Alignment(placement, likeness, area, _misplaced(matches))


def _frame_luminance(mosaic: np.ndarray, sensor: Sensor) -> np.ndarray:
    """float32 `[H/2, W/2]`: the mean of each 2x2 cell, encoded about as a picture is."""
    height, width = (side // 2 for side in mosaic.shape)
    cells = mosaic[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    black = float(np.mean(sensor.black_level))
    light = (cells.mean(axis=(1, 3), dtype=np.float32) - black) / (sensor.white_level - black)
    return np.sqrt(np.clip(light, 0, 1))


def _luminance(picture: np.ndarray) -> np.ndarray:
    """float32 `[h, w]`, 0..1."""
    weights = np.array([[0.25, 0.5, 0.25]], np.float32) / np.iinfo(picture.dtype).max
    return cv2.transform(np.ascontiguousarray(picture).astype(np.float32), weights)


def _coarse(
    frame: np.ndarray, size: tuple[int, ...], capture: Capture, turns: dict[str, np.ndarray]
) -> tuple[Placement, float]:
    """The placement at which whole pictures are the most alike, and the plain scale near to its."""
    step = _whole_step(size)
    small = _reduced(frame, step)
    best: tuple[float, Placement, float] | None = None
    for turned, shown in turns.items():
        for plain, factor in itertools.product(_plain_ones(turned, shown, size, capture), SCALES):
            scale = plain.scale * factor
            # About the middle of what the picture shows.
            first = Placement(
                turned,
                scale,
                plain.top + shown.shape[0] * (plain.scale - scale) / 2,
                plain.left + shown.shape[1] * (plain.scale - scale) / 2,
            )
            laid = place(shown, first, small.shape, step)
            window = cv2.createHanningWindow(small.shape[::-1], cv2.CV_32F)
            (x, y), _ = cv2.phaseCorrelate(details(laid), details(small), window)
            found = first._replace(top=first.top + step * y, left=first.left + step * x)
            alike = _likeness(small, place(shown, found, small.shape, step))
            if best is None or alike > best[0] + 1e-3:
                best = alike, found, plain.scale
    if best is None:
        raise InputError("cannot be laid over its RAW file")
    return best[1], best[2]


def _plain_ones(
    turned: str, shown: np.ndarray, size: tuple[int, ...], capture: Capture
) -> Iterator[Placement]:
    """The ways in which a picture may cover a frame, if it is cropped and resized as usual."""
    areas = [(0, 0, size[0], size[1])]
    if capture.default_crop is not None:
        areas.insert(0, capture.default_crop)
    seen: set[float] = set()
    for top, left, height, width in areas:
        for scale in (height / shown.shape[0], width / shown.shape[1]):
            if any(abs(scale / other - 1) < 0.01 for other in seen):
                continue
            seen.add(scale)
            yield Placement(
                turned,
                scale,
                top + (height - scale * shown.shape[0]) / 2,
                left + (width - scale * shown.shape[1]) / 2,
            )


def _refined(
    frame: np.ndarray, size: tuple[int, ...], shown: np.ndarray, placement: Placement
) -> Placement:
    """The placement fitted to squares, from coarse to fine."""
    steps = [2]
    while max(size) / (2 * steps[-1]) >= _COARSE_SIDE:
        steps.append(2 * steps[-1])
    for step in [*reversed(steps), 2]:
        small = _reduced(frame, step)
        matches = match_squares(small, place(shown, placement, small.shape, step), 32, _REACH)
        placement = _moved(placement, matches, step)
    return placement


def _moved(placement: Placement, matches: Match, step: int, *, scaled: bool = True) -> Placement:
    """A placement corrected by what squares were found to be off, in the median sense.

    What the frame shows at y, the laid picture shows at y + shift + growth * (y - middle).
    """
    sure = matches.sure
    if not sure.any():
        return placement
    at = step * matches.centres[sure]
    off = step * matches.shifts[sure]
    middle = at.mean(axis=0)
    shift, growth = np.median(off, axis=0), 0.0
    kept = np.ones(len(at), bool)
    for _ in range(5):
        if scaled and kept.sum() >= 4:
            apart = at[kept] - at[kept].mean(axis=0)
            growth = float((apart * off[kept]).sum() / max((apart**2).sum(), 1e-9))
        shift = np.median(off[kept] - growth * (at[kept] - middle), axis=0)
        rest = np.abs(off - shift - growth * (at - middle)).max(axis=1)
        kept = rest <= max(3 * float(np.median(rest[kept])), 0.5)
    top, left = np.array([placement.top, placement.left])
    factor = 1 / (1 + growth)
    return placement._replace(
        scale=placement.scale * factor,
        top=float(middle[0] + (top - middle[0] - shift[0]) * factor),
        left=float(middle[1] + (left - middle[1] - shift[1]) * factor),
    )


def _plain(
    frame: np.ndarray,
    size: tuple[int, ...],
    shown: np.ndarray,
    placement: Placement,
    plain_scale: float,
) -> Placement:
    """The placement, its scale and shift made plain where that moves nothing noticeably."""
    for scale in (1.0, 0.5, 2.0, plain_scale):
        if abs(placement.scale / scale - 1) * max(size) / 2 > _PLAIN:
            continue
        middle = [side * placement.scale / 2 for side in shown.shape]
        placement = placement._replace(
            scale=scale,
            top=placement.top + middle[0] - shown.shape[0] * scale / 2,
            left=placement.left + middle[1] - shown.shape[1] * scale / 2,
        )
        laid = place(shown, placement, frame.shape, 2)
        matches = match_squares(frame, laid, BLOCK // 2, _REACH)
        placement = _moved(placement, matches, 2, scaled=False)
        break
    top, left = (float(round(at)) for at in (placement.top, placement.left))
    apart = max(abs(placement.top - top), abs(placement.left - left))
    if apart <= (_PLAIN if placement.scale == 1 else _NEAR):
        placement = placement._replace(top=top, left=left)
    return placement


def _part(area: tuple[int, int, int, int], step: int) -> tuple[slice, slice]:
    """That part of an image of `step` samples to a pixel."""
    top, left, height, width = area
    return slice(top // step, (top + height) // step), slice(left // step, (left + width) // step)


def _whole_step(size: tuple[int, ...]) -> int:
    """Samples to a pixel where whole pictures are compared; even."""
    return max(2, 2 * round(max(size) / _WHOLE / 2))


def _misplaced(matches: Match) -> np.ndarray:
    """The squares that lie elsewhere, or show something else.

    A square without details lies where most of those around it lie that have some: a warp is
    smooth.
    """
    moved = matches.sure & (np.hypot(*(2 * matches.shifts).T) > LIMIT)
    moved &= matches.elsewhere(LIMIT / 2)
    sure, off = matches.sure.reshape(matches.grid), moved.reshape(matches.grid)
    known, apart = (_around(flags.astype(np.float32)) for flags in (sure, off))
    off = off | (~sure & (known >= _LEAST_KNOWN) & (apart > known / 2))
    return off | matches.unlike(LIMIT / 2).reshape(matches.grid)


def _around(flags: np.ndarray) -> np.ndarray:
    """How many of the 5x5 squares around each are flagged."""
    return cv2.boxFilter(flags, -1, (5, 5), normalize=False, borderType=cv2.BORDER_CONSTANT)


def _reduced(frame: np.ndarray, step: int) -> np.ndarray:
    """Luminance of cells averaged to one value for each `step` samples."""
    factor = step // 2
    height, width = (side // factor for side in frame.shape)
    cut = frame[: height * factor, : width * factor]
    return cut.reshape(height, factor, width, factor).mean(axis=(1, 3)) if factor > 1 else cut


def _likeness(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of the details of two images of one size; 0 of empty ones."""
    if not first.size:
        return 0.0
    a, b = details(first).ravel(), details(second).ravel()
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))
