"""A whole mosaic through a network: tile by tile, without seams, upright.

The mosaic is never scaled as a whole. Each tile is cut out as counts, scaled and packed by the
generator's contract, rendered, and written into its place; so a 12-megapixel picture needs little
more memory than its own bytes. Tiles overlap by the receptive field (`tiles`), so the result is
that of one pass over the whole frame. Orientation is applied last, to the finished picture: turning
a mosaic would move its colours.
"""

import dataclasses
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfisp.backend import load_tensorflow
from tfisp.contract import require_mosaic
from tfisp.errors import InputError
from tfisp.packing import crop_mosaic, orient, phase_padding, prepare
from tfisp.rendering.runtime import KerasRuntime, LiteRuntime, Runtime
from tfisp.rendering.tiles import Span, spans
from tfisp.sensor import Capture, Sensor

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# Side of a tile in pixels. Measured with the smallest generator on two cores: from 512 to 2048 the
# time per picture hardly changes; smaller tiles cost overlap and calls, larger ones memory.
TILE = 1024


class Renderer:
    """Renders mosaics with one network.

    Attributes:
        facts: what the network declares: contract, halo, and so on.
    """

    def __init__(
        self, model: "Generator | str | os.PathLike | Runtime", *, tile: int | None = TILE
    ) -> None:
        """Prepares a network.

        Args:
            model: a Keras generator, the path of a `.tflite` file, or a runtime.
            tile: side of a tile in pixels, raised to the least that the network allows; None
                renders the whole picture at once. Networks whose output depends on the whole
                picture are never cut.

        Raises:
            InputError: the `.tflite` file cannot be used.
        """
        if isinstance(model, str | os.PathLike):
            self._runtime: Runtime = LiteRuntime(model)
        elif hasattr(model, "run") and hasattr(model, "facts"):
            self._runtime = model
        else:
            self._runtime = KerasRuntime(model)
        self.facts = self._runtime.facts
        self._tile = tile

    def render(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture | None = None
    ) -> np.ndarray:
        """Renders a mosaic.

        Args:
            mosaic: `[H, W]` sample counts of any size and phase.
            sensor: its sensor.
            capture: the facts of its file; None where it states none.

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

    def _render(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture, *, as_8bit: bool
    ) -> np.ndarray:
        require_mosaic(mosaic)
        if capture.frame_size is None:  # a tile must find its place in the shading map
            capture = dataclasses.replace(capture, frame_size=mosaic.shape)
        top, bottom, left, right = phase_padding(mosaic.shape, sensor.pattern)
        rows = self._spans(0, mosaic.shape[0] + top + bottom)
        columns = self._spans(1, mosaic.shape[1] + left + right)
        picture = np.empty((*mosaic.shape, 3), np.uint8 if as_8bit else np.float32)
        for down in rows:
            for across in columns:
                window = self._window(mosaic, sensor, capture, down, across)
                rgb = self._runtime.run(window, as_8bit)
                _place(picture, rgb, self.facts.step, (down, across), (top, left))
        return orient(picture, capture.orientation)

    def _spans(self, axis: int, padded: int) -> list[Span]:
        """The windows of one axis, in input samples, for a padded mosaic length."""
        facts = self.facts
        if padded < facts.minimum * facts.step:
            raise InputError(
                f"{facts.name}: needs at least {facts.minimum * facts.step} pixels along each axis,"
                f" the picture has {padded} along axis {axis}"
            )
        # Windows must start and end on whole 2x2 cells, or they would have another phase.
        multiple = math.lcm(facts.multiple, 2 // facts.step)
        length = -(-padded // (facts.step * multiple)) * multiple
        if self._runtime.fixed is not None:
            window = self._runtime.fixed[axis]
            if length < window or (length > window and facts.halo is None):
                raise InputError(
                    f"{facts.name}: this file runs only at {window * facts.step} pixels along axis"
                    f" {axis}, the picture has {padded}; export it for that size"
                )
            return spans(length, window, facts.halo or 0, multiple, exact=True)
        if self._tile is None or facts.halo is None:
            return [Span(0, length, 0, length)]
        least = max(2 * facts.halo + 3 * multiple, facts.minimum)
        return spans(length, max(self._tile // facts.step, least), facts.halo, multiple)

    def _window(
        self, mosaic: np.ndarray, sensor: Sensor, capture: Capture, down: Span, across: Span
    ) -> np.ndarray:
        """The network's input for one tile, float32 `[h, w, C]`."""
        step = self.facts.step
        top, _, left, _ = phase_padding(mosaic.shape, sensor.pattern)
        y0, y1 = max(down.start * step - top, 0), min(down.stop * step - top, mosaic.shape[0])
        x0, x1 = max(across.start * step - left, 0), min(across.stop * step - left, mosaic.shape[1])
        part, part_sensor = crop_mosaic(mosaic, sensor, y0, x0, y1 - y0, x1 - x0)
        window = prepare(part, part_sensor, capture, self.facts.contract, origin=(y0, x0))
        # The last row and column of tiles reach past the frame where its size is no multiple.
        below = down.stop - down.start - window.shape[0]
        right = across.stop - across.start - window.shape[1]
        if below or right:
            window = np.pad(window, ((0, below), (0, right), (0, 0)), mode="reflect")
        return window


def load(model: str | os.PathLike, *, tile: int | None = TILE) -> Renderer:
    """A renderer for whatever `--model` may name.

    Args:
        model: a preset's name, a run's or preset's folder, or a `.tflite` file.
        tile: as for `Renderer`.

    Raises:
        InputError: there is no such model, or it cannot be used.
    """
    if Path(model).suffix == ".tflite":
        return Renderer(Path(model), tile=tile)
    load_tensorflow()
    from tfisp.models import from_preset

    return Renderer(from_preset(model), tile=tile)


def _place(
    picture: np.ndarray,
    rgb: np.ndarray,
    step: int,
    tile: tuple[Span, Span],
    padding: tuple[int, int],
) -> None:
    """Copies the right part of a rendered tile to where it belongs in the picture."""
    target, source = [], []
    for span, before, size in zip(tile, padding, picture.shape[:2], strict=True):
        first = max(span.first * step - before, 0)
        last = min(span.last * step - before, size)
        shift = before - span.start * step
        target.append(slice(first, last))
        source.append(slice(first + shift, last + shift))
    picture[tuple(target)] = rgb[tuple(source)]
