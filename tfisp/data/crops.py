"""Where patches lie: which part of which frame, so that every patch begins on a red site.

A frame is divided into as many cells as whole patches fit in, and a data set is the list of all
cells of all frames: a large frame has its share of the draws. Within its cell a patch
begins at a random place, so that all of a frame is seen in time; or always at the same one, so that
every epoch shows the same patches, spread evenly over the frame.

A patch must be in RGGB geometry without padding. Taken as it is, it begins at a red row and
column; mirrored, its last column comes first and must be a red one, so it begins one column beside:

    columns of a red row     R G R G R G        taken as it is, 4 wide:  [R G R G]
                               G R G R          mirrored:                [R G R G] from the G on
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfisp.contract import Contract, normalise
from tfisp.packing import arrange, crop_mosaic, flip_mosaic
from tfisp.sensor import Capture, Sensor


class Cell(NamedTuple):
    """One cell of one frame: `row` of `rows`, `column` of `columns`."""

    frame: int
    row: int
    rows: int
    column: int
    columns: int


class Window(NamedTuple):
    """Where a patch lies in its frame, and whether it is mirrored left to right afterwards."""

    top: int
    left: int
    height: int
    width: int
    mirrored: bool = False

    def of(self, image: np.ndarray) -> np.ndarray:
        """This part of a picture `[H, W, C]`, mirrored if the patch is (a view)."""
        part = image[self.top : self.top + self.height, self.left : self.left + self.width]
        return part[:, ::-1] if self.mirrored else part


class PatchGrid:
    """The cells of many frames that are in use, numbered one after the other.

    Args:
        sizes: (height, width) of every frame, none smaller than the patch.
        patch_size: Side of a patch.
        barred: For every frame the squares `[rows, columns]` of `block` samples that no patch may
            touch, or None for none; cells with such patches are not used.
        block: Side of those squares.
    """

    def __init__(
        self,
        sizes: Sequence[tuple[int, int]],
        patch_size: int,
        barred: Sequence[np.ndarray | None] | None = None,
        block: int = 1,
    ) -> None:
        self._cells = np.maximum(np.array(sizes, np.int64).reshape(-1, 2) // patch_size, 1)
        counts = self._cells.prod(axis=1)
        self._used: dict[int, np.ndarray] = {}
        for frame, squares in enumerate(barred or ()):
            if squares is not None and squares.any():
                free = ~_touched(sizes[frame], self._cells[frame], patch_size, squares, block)
                self._used[frame] = np.flatnonzero(free)
                counts[frame] = len(self._used[frame])
        self._ends = np.cumsum(counts)

    def __len__(self) -> int:
        """How many cells there are."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def cell(self, index: int) -> Cell:
        """Cell number `index`."""
        frame = int(np.searchsorted(self._ends, index, side="right"))
        before = int(self._ends[frame - 1]) if frame else 0
        return self._cell(frame, index - before)

    def same_place(self, cell: Cell, frame: int) -> Cell:
        """The cell of another frame that lies about where `cell` lies in its own.

        Of a frame without cells in use, the next one's.
        """
        while frame in self._used and not len(self._used[frame]):
            frame = (frame + 1) % len(self._cells)
        rows, columns = self._cells[frame].tolist()
        row, column = cell.row * rows // cell.rows, cell.column * columns // cell.columns
        within = row * columns + column
        if frame in self._used:
            within = int(np.abs(self._used[frame] - within).argmin())
        return self._cell(frame, within)

    def left_out(self, frame: int) -> int:
        """How many cells of a frame are not used."""
        used = self._used.get(frame)
        return 0 if used is None else int(self._cells[frame].prod()) - len(used)

    def _cell(self, frame: int, number: int) -> Cell:
        """Cell number `number` of those of a frame that are in use."""
        rows, columns = self._cells[frame].tolist()
        within = int(self._used[frame][number]) if frame in self._used else number
        return Cell(frame, within // columns, rows, within % columns, columns)


def _touched(
    size: tuple[int, int], cells: np.ndarray, patch_size: int, squares: np.ndarray, block: int
) -> np.ndarray:
    """Of each cell, bool `[rows, columns]`, whether some patch of it touches a barred square."""
    touched = squares
    for axis in (0, 1):
        room, count = size[axis] - patch_size, int(cells[axis])
        lines = []
        for k in range(count):
            # Where `window` begins patches of this cell; a red site may lie two samples beside.
            first = max(k * room // count - 2, 0)
            end = min((k + 1) * room // count + 3 + patch_size, size[axis])
            part = range(first // block, min(-(-end // block), touched.shape[axis]))
            lines.append(touched.take(part, axis=axis).any(axis=axis))
        touched = np.stack(lines, axis=axis)
    return touched


def window(
    cell: Cell,
    size: tuple[int, int],
    patch_size: int,
    where: tuple[float, float] | None = None,
    *,
    phase: tuple[int, int] | None = None,
    mirrored: bool = False,
) -> Window:
    """The place of a patch within its cell.

    Args:
        cell: The cell.
        size: (height, width) of its frame.
        patch_size: Side of the patch.
        where: Two numbers in 0..1 (1 excluded): how far down and along the patch begins. None: at
            the cell's fixed place. The patches of a row or column then reach from edge to edge,
            equally far apart and without overlap (where red sites allow it); an only one lies in
            the middle.
        phase: Red site of the frame, (row, column); None for a photograph, which has none.
        mirrored: Whether the patch will be mirrored left to right.
    """
    row, column = (None, None) if phase is None else (phase[0], (phase[1] + mirrored) % 2)
    if where is None:
        down, along = _evenly(cell.row, cell.rows), _evenly(cell.column, cell.columns)
    else:
        down = (cell.row + where[0]) / cell.rows
        along = (cell.column + where[1]) / cell.columns
    top = _begin(down, size[0] - patch_size, row)
    left = _begin(along, size[1] - patch_size, column)
    return Window(top, left, patch_size, patch_size, mirrored)


def places(size: tuple[int, int], patch_size: int, phase: tuple[int, int] | None = None) -> int:
    """At how many places of a frame a patch can begin; arguments as of `window`."""
    step = 1 if phase is None else 2
    first = (0, 0) if phase is None else phase
    down, along = ((size[axis] - patch_size - first[axis]) // step + 1 for axis in (0, 1))
    return max(down, 0) * max(along, 0)


def room_needed(patch_size: int, phase: tuple[int, int], flip: bool) -> tuple[int, int]:
    """The smallest (height, width) of a frame in which every patch of that size finds a place."""
    return patch_size + phase[0], patch_size + max(phase[1], int(flip))


def whole(sensor: Sensor, size: tuple[int, int]) -> Window:
    """The largest part of a frame that is in RGGB geometry and has even sides."""
    top, left = sensor.red_site
    return Window(top, left, (size[0] - top) // 2 * 2, (size[1] - left) // 2 * 2)


def generator_input(
    mosaic: np.ndarray, sensor: Sensor, capture: Capture, contract: Contract, place: Window
) -> np.ndarray:
    """A part of a mosaic as a generator takes it.

    Args:
        mosaic: `[H, W]` samples of the whole frame (memory-mapped or not).
        sensor: The frame's sensor.
        capture: The facts of its file.
        contract: The generator's.
        place: A window that is in RGGB geometry (after mirroring).

    Returns:
        float32: packed `[h/2, w/2, 4]`, split `[h, w, 3]` or mosaic `[h, w, 1]`.
    """
    part, sensor = crop_mosaic(mosaic, sensor, *place[:4])
    # Scaled before it is mirrored, since the shading map is not mirrored along.
    values = normalise(part, sensor, capture, contract, place[:2])
    values, sensor = flip_mosaic(values, sensor, horizontal=place.mirrored)
    return arrange(values, sensor.pattern, contract.input_form)


def _evenly(index: int, count: int) -> float:
    """Where the patch number `index` of `count` begins, 0..1 (1 excluded)."""
    if count == 1:
        return 0.5
    return min(index / (count - 1), math.nextafter(1.0, 0.0))


def _begin(where: float, room: int, parity: int | None) -> int:
    """The place at `where` (0..1) of all from 0 to `room`, of all even or odd ones for a parity."""
    if parity is None:
        return int(where * (room + 1))
    return parity + 2 * int(where * ((room - parity) // 2 + 1))
