"""The best place of each square of one image in another of the same size."""

from typing import NamedTuple

import cv2
import numpy as np

# Correlation above which a place is sure, and by how much it must be better than one nearer by:
# along an edge many places are equally good.
_SURE, _BETTER = 0.6, 0.05

# A square whose details have this standard deviation in both images (of 0..1) shows something;
# where they correlate less than this, it is something else.
_CONTRAST, _ALIKE = 0.03, 0.3
_FLAT = 1e-3

# Standard deviation in pixels of the blur that tells details from brightness.
_FINER = 4


class Match(NamedTuple):
    """What was found for each of n squares, row by row.

    Attributes:
        grid: (rows, columns) of squares.
        centres: float64 `[n, 2]`, row and column of their centres.
        shifts: float64 `[n, 2]`, rows and columns from there to where the second image shows the
            same.
        scores: float64 `[n]`, correlation there, -1..1.
        near: float64 `[n, r]`, the best correlation within k pixels for k from 0 on.
        contrast: float64 `[n]`, the lesser standard deviation of both images.
    """

    grid: tuple[int, int]
    centres: np.ndarray
    shifts: np.ndarray
    scores: np.ndarray
    near: np.ndarray
    contrast: np.ndarray

    @property
    def sure(self) -> np.ndarray:
        """Whether a place was found."""
        return self.scores >= _SURE

    def unlike(self, distance: float) -> np.ndarray:
        """Whether both images show something there, but within a distance not the same."""
        return (self.contrast > _CONTRAST) & (self.near[:, int(distance)] < _ALIKE)

    def elsewhere(self, distance: float) -> np.ndarray:
        """Whether the best place is better than all within a distance in pixels."""
        return self.scores > self.near[:, int(distance)] + _BETTER


def match_squares(first: np.ndarray, second: np.ndarray, side: int, reach: int) -> Match:
    """Looks for squares of one image in another, around their own place, by their details.

    Args:
        first: float32 `[h, w]`, 0..1; it is cut into squares from its first pixel on, of which the
            last ones overlap those before.
        second: float32 `[h, w]`.
        side: Of a square.
        reach: How far a square is moved, in pixels either way.
    """
    first, second = details(first), details(second)
    height, width = first.shape
    grid = (-(-height // side), -(-width // side))
    padded = np.pad(second, reach, mode="reflect")
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    rings = np.rint(np.hypot(rows, columns)).astype(int)
    found = []
    for row in range(grid[0]):
        for column in range(grid[1]):
            # The last squares are as large as the others, and reach back.
            top = max(0, min(row * side, height - side))
            left = max(0, min(column * side, width - side))
            part = first[top : top + side, left : left + side]
            around = padded[
                top : top + part.shape[0] + 2 * reach, left : left + part.shape[1] + 2 * reach
            ]
            here = second[top : top + side, left : left + side]
            scores = cv2.matchTemplate(around, part, cv2.TM_CCOEFF_NORMED)
            if min(part.std(), here.std()) < _FLAT:  # nothing over nothing is no likeness
                scores = np.zeros_like(scores)
            best = divmod(int(scores.argmax()), scores.shape[1])
            near = [scores[rings <= k].max() for k in range(reach + 1)]
            centre = (top + part.shape[0] / 2, left + part.shape[1] / 2)
            shift = [at + _peak(line, at) - reach for line, at in _lines(scores, best)]
            contrast = min(part.std(), here.std())
            found.append((centre, shift, scores[best], near, contrast))
    centres, shifts, best_scores, near_scores, contrasts = zip(*found, strict=True)
    return Match(
        grid,
        np.array(centres),
        np.array(shifts),
        np.array(best_scores, np.float64),
        np.array(near_scores, np.float64),
        np.array(contrasts, np.float64),
    )


def details(image: np.ndarray) -> np.ndarray:
    """What is finer than a few pixels of an image `[h, w]`, without its brightness."""
    return image - cv2.GaussianBlur(image, (0, 0), _FINER)


def _lines(scores: np.ndarray, best: tuple[int, int]) -> list[tuple[np.ndarray, int]]:
    """The column and the row of scores through the best one, each with its place there."""
    return [(scores[:, best[1]], best[0]), (scores[best[0]], best[1])]


def _peak(line: np.ndarray, at: int) -> float:
    """How far beside entry `at` the top of the parabola through it and its neighbours lies."""
    if not 0 < at < len(line) - 1:
        return 0.0
    before, here, after = (float(value) for value in line[at - 1 : at + 2])
    bend = before - 2 * here + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0
