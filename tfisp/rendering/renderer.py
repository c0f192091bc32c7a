"""A whole mosaic through a network: tile by tile, without seams, upright.

The mosaic is never scaled as a whole. Each tile is cut out as counts, scaled and packed by the
generator's contract, rendered, and written into its place; so a 12-megapixel picture needs little
more memory than its own bytes. Tiles overlap by the receptive field (`tiles`), so the result is
that of one pass over the whole frame. Orientation is applied last, to the finished picture: turning
a mosaic would move its colours.

A generator of output "camera" gives camera RGB; each tile is finished by the file's own matrix
(`camera_colour`) before it is written.

Each core works on a tile of its own, from the counts to the picture, while the tile is in that
core's cache. No core waits for another between the network's layers.
"""

import dataclasses
import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

import numpy as np

from tfisp.contract import Contract, require_mosaic
from tfisp.errors import InputError
from tfisp.packing import crop_mosaic, orient, phase_padding, prepare
from tfisp.rendering.camera_colour import finishing_matrix, to_srgb
from tfisp.rendering.levels import MODEL, contract_for
from tfisp.rendering.runtime import Runtime, cores, to_8bit
from tfisp.rendering.select_runtime import open_runtime
from tfisp.rendering.tiles import Span, spans
from tfisp.sensor import Capture, Sensor

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# No more tiles than this are rendered side by side: each takes some memory of its own.
MOST_WORKERS = 16

# Rows that are finished at a time: their intermediate results stay in a core's cache, and memory
# for them is not asked of the system anew. Measured: 16 to 256 rows take the same time, a whole
# tile of 1280 pixels two thirds more.
_STRIP = 32

# Tiles are not made lower than this, in input samples, to give every core one.
_LEAST_SHARE = 64


class Renderer:
    """Renders mosaics with one network.

    Attributes:
        metadata: What the network declares: contract, halo, and so on.
    """

    def __init__(
        self,
        model: "Generator | str | os.PathLike | Runtime",
        *,
        tile: int | Literal["auto"] | None = "auto",
        workers: int | None = None,
        levels: str = MODEL,
    ) -> None:
        """Prepares a network.

        Args:
            model: As `tfisp.rendering.select_runtime.open_runtime` takes it.
            tile: Side of a tile in pixels, raised to the least that the network allows; tiles that
                are lower, so that each worker has one, are wider instead. "auto" takes what suits
                the runtime, None renders the whole picture at once. Networks whose output depends
                on the whole picture are never cut.
            workers: How many tiles are rendered side by side; None for one on each core, 16 at
                the most. It decides memory and speed, not the result.
            levels: Whose black and white levels frames are scaled by, one of
                `tfisp.rendering.levels.LEVELS`.

        Raises:
            InputError: the model cannot be used.
        """
        self._runtime = open_runtime(model)
        self.metadata = self._runtime.metadata
        self._tile = self._runtime.tile if tile == "auto" else tile
        self._workers = workers or min(cores(), MOST_WORKERS)
        self._levels = levels
        # Its threads live as long as the renderer: each keeps an interpreter that is ready to run.
        self._pool = ThreadPoolExecutor(self._workers, "render")

    def render(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture | None = None
    ) -> np.ndarray:
        """Renders a mosaic.

        Args:
            mosaic: `[H, W]` sample counts of any size and phase.
            sensor: Its sensor.
            capture: The facts of its file; None where it states none.

        Returns:
            float32 `[H, W, 3]` sRGB-encoded RGB, nominally 0..1 and not clipped, turned upright by
            the capture's orientation (so `[W, H, 3]` where that transposes).

        Raises:
            InputError: the mosaic is none or smaller than the network allows, or the network's
                output is not finite.
        """
        return self._render(mosaic, sensor, capture or Capture(), as_8bit=False)

    def render_8bit(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture | None = None
    ) -> np.ndarray:
        """As `render`, clipped to 0..1 and rounded: uint8 `[H, W, 3]`."""
        return self._render(mosaic, sensor, capture or Capture(), as_8bit=True)

    def render_input(self, values: np.ndarray) -> np.ndarray:
        """Renders what is already in the form and scale of the contract.

        Args:
            values: float32 `[h, w, C]`, as `tfisp.packing.prepare` gives it.

        Returns:
            float32 `[H, W, 3]` as the network gives it, with H and W the sides of the padded
            mosaic, not turned: under output "camera" still camera RGB.

        Raises:
            InputError: the input has another number of channels or is smaller than the network
                allows, or the network's output is not finite.
        """
        if values.ndim != 3 or values.shape[2] != self.metadata.channels:
            raise InputError(
                f"{self.metadata.name}: an input of shape {values.shape}, expected"
                f" [h, w, {self.metadata.channels}]"
            )
        step = self.metadata.step
        picture = np.empty((step * values.shape[0], step * values.shape[1], 3), np.float32)

        def window(down: Span, across: Span) -> np.ndarray:
            return values[down.start : down.stop, across.start : across.stop]

        self._fill(picture, window, (0, 0, 0, 0), None)
        return picture

    def _render(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture, *, as_8bit: bool
    ) -> np.ndarray:
        require_mosaic(mosaic)
        if capture.frame_size is None:  # a tile must find its place in the shading map
            capture = dataclasses.replace(capture, frame_size=mosaic.shape)
        padding = phase_padding(mosaic.shape, sensor.pattern)
        picture = np.empty((*mosaic.shape, 3), np.uint8 if as_8bit else np.float32)

        matrix = None
        if self.metadata.contract.output == "camera":
            matrix = finishing_matrix(sensor, capture.baseline_exposure)

        contract = contract_for(self.metadata, sensor, self._levels)

        def window(down: Span, across: Span) -> np.ndarray:
            return self._window(mosaic, sensor, capture, contract, down, across)

        self._fill(picture, window, padding, matrix)
        return orient(picture, capture.orientation)

    def _fill(
        self,
        picture: np.ndarray,
        window: Callable[[Span, Span], np.ndarray],
        padding: tuple[int, int, int, int],
        matrix: np.ndarray | None,
    ) -> None:
        """Renders into a picture, all tiles side by side.

        Args:
            picture: `[H, W, 3]`, uint8 or float32.
            window: Gives the network's input for a tile, as far as there is any.
            padding: (top, bottom, left, right) of the network's whole output around the picture.
            matrix: Takes the network's camera RGB to linear sRGB; None leaves it as it is.
        """
        top, bottom, left, right = padding
        side = None if self._tile is None else self._tile // self.metadata.step
        low = side
        if side is not None:  # a small picture is shared out as well
            share = -(-picture.shape[0] // (self.metadata.step * self._workers))
            low = min(side, max(share + 2 * (self.metadata.halo or 0), _LEAST_SHARE))
        rows = self._spans(0, picture.shape[0] + top + bottom, low)
        if side is not None:  # what tiles lack in height they get in width: less overlap
            side = max(side, side * side // (rows[0].stop - rows[0].start))
        columns = self._spans(1, picture.shape[1] + left + right, side)
        tiles = [(down, across) for down in rows for across in columns]
        threads = max(self._workers // len(tiles), 1)

        def render_tile(tile: tuple[Span, Span]) -> None:
            values = _reaching(window(*tile), tile)
            as_8bit = picture.dtype == np.uint8
            rgb = self._runtime.run(values, as_8bit and matrix is None, threads)
            target, source = _places(tile, self.metadata.step, (top, left), picture.shape)
            if matrix is None:
                picture[target] = rgb[source]
            else:
                _finish(picture[target], rgb[source], matrix)

        if len(tiles) == 1:
            render_tile(tiles[0])
        else:
            for _ in self._pool.map(render_tile, tiles):  # raises what a tile raised
                pass

    def _spans(self, axis: int, padded: int, window: int | None) -> list[Span]:
        """The windows of one axis, in input samples, for a padded mosaic length.

        Args:
            axis: 0 or 1.
            padded: Its length in pixels.
            window: The longest window wanted, in input samples; None for the whole.
        """
        metadata = self.metadata
        if padded < metadata.minimum * metadata.step:
            raise InputError(
                f"{metadata.name}: needs at least {metadata.minimum * metadata.step} pixels along"
                f" each axis, the picture has {padded} along axis {axis}"
            )
        # Windows must start and end on whole 2x2 cells, or they would have another phase.
        multiple = math.lcm(metadata.multiple, 2 // metadata.step)
        length = -(-padded // (metadata.step * multiple)) * multiple
        if self._runtime.fixed is not None:
            only = self._runtime.fixed[axis]
            if length < only or (length > only and metadata.halo is None):
                raise InputError(
                    f"{metadata.name}: this file runs only at {only * metadata.step} pixels along"
                    f" axis {axis}, the picture has {padded}; export it for that size"
                )
            halo = metadata.halo or 0
            if length > only and only < 2 * (halo + multiple) + multiple:
                raise InputError(
                    f"{metadata.name}: this file runs only at {only * metadata.step} pixels along"
                    f" axis {axis}, too few for tiles that overlap by"
                    f" {2 * halo * metadata.step}; the file is damaged, or must be"
                    " exported for a larger size"
                )
            return spans(length, only, halo, multiple, exact=True)
        if window is None or metadata.halo is None:
            return [Span(0, length, 0, length)]
        least = max(2 * metadata.halo + 3 * multiple, metadata.minimum)
        return spans(length, max(window, least), metadata.halo, multiple)

    def _window(
        self,
        mosaic: np.ndarray,
        sensor: Sensor,
        capture: Capture,
        contract: Contract,
        down: Span,
        across: Span,
    ) -> np.ndarray:
        """The network's input for one tile, float32 `[h, w, C]`, as far as the mosaic reaches."""
        step = self.metadata.step
        top, _, left, _ = phase_padding(mosaic.shape, sensor.pattern)
        y0, y1 = max(down.start * step - top, 0), min(down.stop * step - top, mosaic.shape[0])
        x0, x1 = max(across.start * step - left, 0), min(across.stop * step - left, mosaic.shape[1])
        part, part_sensor = crop_mosaic(mosaic, sensor, y0, x0, y1 - y0, x1 - x0)
        return prepare(part, part_sensor, capture, contract, origin=(y0, x0))


def load(
    model: str | os.PathLike,
    *,
    tile: int | Literal["auto"] | None = "auto",
    runtime: str = "auto",
    levels: str = MODEL,
) -> Renderer:
    """A renderer for whatever `--model` may name.

    Args:
        model: A preset's name, a run's or preset's folder, or a `.tflite` file.
        tile: As for `Renderer`.
        runtime: What runs the network, one of `tfisp.rendering.select_runtime.RUNTIMES`.
        levels: As for `Renderer`.

    Raises:
        InputError: there is no such model, or it cannot be used, or not in this runtime.
    """
    return Renderer(open_runtime(model, runtime), tile=tile, levels=levels)


def _reaching(window: np.ndarray, tile: tuple[Span, Span]) -> np.ndarray:
    """The window `[h, w, C]` with the size of its tile.

    The last row and column of tiles reach past the frame where its size is no multiple.
    """
    missing = [span.stop - span.start - has for span, has in zip(tile, window.shape, strict=False)]
    if not any(missing):
        return window
    return np.pad(window, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")


def _places(
    tile: tuple[Span, Span], step: int, padding: tuple[int, int], shape: tuple[int, ...]
) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the right part of a rendered tile belongs in a picture, and where it is in the tile."""
    target, source = [], []
    for span, before, size in zip(tile, padding, shape[:2], strict=True):
        first = max(span.first * step - before, 0)
        last = min(span.last * step - before, size)
        shift = before - span.start * step
        target.append(slice(first, last))
        source.append(slice(first + shift, last + shift))
    return tuple(target), tuple(source)


def _finish(picture: np.ndarray, camera_rgb: np.ndarray, matrix: np.ndarray) -> None:
    """Camera RGB to a part of the picture, uint8 or float32 `[H, W, 3]`, strip by strip."""
    for first in range(0, len(picture), _STRIP):
        rows = slice(first, first + _STRIP)
        rgb = to_srgb(camera_rgb[rows], matrix)
        picture[rows] = to_8bit(rgb) if picture.dtype == np.uint8 else rgb
