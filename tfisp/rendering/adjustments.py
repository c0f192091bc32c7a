"""What may be asked of a picture beside its file: white balance, exposure, a look, bits, a crop."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tfisp.cli.flags import FlagValues
from tfisp.contract import Contract
from tfisp.errors import InputError, UsageError
from tfisp.looks.cube import Cube, read_cube
from tfisp.packing import disorient, orient
from tfisp.sensor import Capture, Gains, Sensor

if TYPE_CHECKING:
    from tfisp.rendering.renderer import Renderer

Frame = tuple[np.ndarray, Sensor, Capture]


@dataclass(frozen=True)
class Adjustments:
    """What is asked for, of all pictures alike.

    Attributes:
        gains: White balance R, G, B in place of the files' own; None for theirs.
        exposure: EV added to what the files ask for.
        look: A table that finished pictures pass through; None for none.
        look_strength: How much of the look is seen, 0 to 1: a mean of the picture, cut to 0..1, and
            of what the table makes of it, as of a layer that is partly opaque.
        depth: Bits per channel, 8 or 16.
        crop: Whether a picture is cropped to what its file means to be shown.
    """

    gains: Gains | None = None
    exposure: float = 0.0
    look: Cube | None = None
    look_strength: float = 1.0
    depth: int = 8
    crop: bool = True

    @classmethod
    def of(cls, values: FlagValues) -> "Adjustments":
        """Those of the flags of `tfisp.rendering.flags.adjustments`.

        Raises:
            UsageError: a flag says nothing that can be done.
            InputError: the file of `--look` is no table.
        """
        if values.depth not in (8, 16):
            raise UsageError(f"--depth={values.depth}: expected 8 or 16")
        if values.depth == 16 and values.format == "jpg":
            raise UsageError("--depth=16: a JPEG has 8 bits; give --format=png or --format=tif")
        if values.look is None and values.look_strength != 1:
            raise UsageError("--look_strength: has no effect without --look")
        gains = None if values.white_balance is None else _gains(values.white_balance)
        crop = values.crop == "default"
        look, strength = _look(values.look), values.look_strength
        return cls(gains, values.exposure, look, strength, values.depth, crop)

    def check(self, contract: Contract, model: str) -> None:
        """Sees that what is asked for has an effect with a model.

        Raises:
            UsageError: it has none.
        """
        exposes = contract.exposure == "frame" or contract.output == "camera"
        for name, asked, has in (
            ("white_balance", self.gains is not None, contract.white_balance == "as_shot"),
            ("exposure", self.exposure != 0, exposes),
        ):
            if asked and not has:
                raise UsageError(f"--{name}: --model={model} was not trained to heed it")

    def adjusted(self, capture: Capture) -> Capture:
        """A capture with the white balance and exposure that are asked for."""
        exposure = capture.baseline_exposure + self.exposure
        return replace(capture, gains=self.gains or capture.gains, baseline_exposure=exposure)

    def picture(self, renderer: "Renderer", frame: Frame) -> np.ndarray:
        """The finished picture of a frame, uint8 or uint16 `[H, W, 3]`."""
        shown = self._whole_picture(renderer, frame)
        area, orientation = frame[2].default_crop, frame[2].orientation
        if area is None or not self.crop:
            return shown
        top, left, height, width = area
        stored = disorient(shown, orientation)
        return orient(stored[top : top + height, left : left + width], orientation)

    def _whole_picture(self, renderer: "Renderer", frame: Frame) -> np.ndarray:
        """The picture of the whole active area, so that a crop does not change what it shows."""
        from tfisp.rendering.runtime import to_8bit, to_16bit

        mosaic, sensor, capture = frame
        if self.depth == 8 and self.look is None:
            return renderer.render_8bit(mosaic, sensor, self.adjusted(capture))
        shown = renderer.render(mosaic, sensor, self.adjusted(capture))
        if self.look is not None:
            shown = self._in_look(shown, self.look)
        return to_8bit(shown) if self.depth == 8 else to_16bit(shown)

    def _in_look(self, shown: np.ndarray, look: Cube) -> np.ndarray:
        """A picture, float32 `[H, W, 3]`, in the look as far as it is asked for."""
        looked = look.apply(shown)
        if self.look_strength == 1:
            return looked
        share = np.float32(self.look_strength)
        looked *= share
        looked += (1 - share) * np.clip(shown, 0, 1)
        return looked


def _gains(text: str) -> Gains:
    """The white balance of `--white_balance`."""
    try:
        red, green, blue = map(float, text.split(","))
        Capture(gains=(red, green, blue))
    except (ValueError, InputError):
        raise UsageError(
            f"--white_balance={text}: expected three numbers above 0, as 2.1,1,1.6"
        ) from None
    return red, green, blue


def _look(path: str | None) -> Cube | None:
    """The table of `--look`."""
    if path is None:
        return None
    try:
        return read_cube(path)
    except InputError as error:
        raise InputError(f"--look: {error}") from None
