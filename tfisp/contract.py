"""What a generator expects at its input, and the one place where samples are scaled to it.

A `Contract` travels with a preset, its export and the phone kit, so that training, desktop and
phone scale alike. `normalise` applies it; no other function of the package subtracts a black level
from a mosaic.

With black b, white w, white balance gain g of the site's colour, shading gain s and exposure gain
e, a sample x becomes

    min((x - b) / (w - b) * s * g, 1) * e        the minimum under clip "highlights" only
    max((x - b) / (w - b) * s * g, 0) * e        the maximum under clip "shadows" only

Under `as_shot` all gains are at least 1, so a saturated sample lies at 1 or above in every channel
and the minimum makes it neutral. Negative values (noise around black) are kept, unless a network
was published with them cut off ("shadows").

Under companding "sqrt" the result is last bent (`tfisp.companding`).

A contract also says what comes out. Under output "srgb" that is the finished picture. A generator
that is to serve every camera cannot know each one's colours: under output "camera" it gives
white-balanced camera RGB, bent by the same curve. Whoever renders takes the bend out (`expand`),
multiplies by the file's own matrix to linear sRGB (`tfisp.color.camera_to_srgb`) and by its
exposure gain, and encodes. So the generator never sees values above white.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tfisp.companding import compand, expand
from tfisp.errors import InputError
from tfisp.sensor import (
    MAX_SAMPLE,
    Capture,
    Sensor,
    Sites,
    as_sites,
    is_number,
    known_fields,
    resolve_gains,
    smallest_one,
)
from tfisp.shading import Blend, shading_basis


@dataclass(frozen=True)
class InputForm:
    """An arrangement of a mosaic's samples that generators take (`tfisp.packing.arrange`).

    Attributes:
        name: What contracts call it.
        step: Samples of the mosaic, and so pixels of the output, per input sample along each axis.
        channels: Of the input.
    """

    name: str
    step: int
    channels: int

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Shape of the input for a mosaic in RGGB geometry whose sides are even."""
        return height // self.step, width // self.step, self.channels


INPUT_FORMS = {
    form.name: form
    for form in (InputForm("packed", 2, 4), InputForm("split", 1, 3), InputForm("mosaic", 1, 1))
}

_CHOICES = {
    "form": tuple(INPUT_FORMS),
    "white_balance": ("none", "as_shot"),
    "exposure": ("none", "frame"),
    "clip": ("none", "highlights", "shadows"),
    "companding": ("none", "sqrt"),
    "output": ("srgb", "camera"),
}

# Bands of about this many samples are scaled at a time: small enough for a band to stay in a
# core's cache between the passes.
_BAND_SAMPLES = 1 << 16


@dataclass(frozen=True)
class Contract:
    """What a generator expects at its input.

    Attributes:
        form: Name of the `InputForm`: "packed" `[H/2, W/2, 4]`, "split" `[H, W, 3]` or "mosaic"
            `[H, W, 1]`.
        black_level: Numbers subtracted instead of the sensor's own, for the tile R, G / G, B row
            by row whatever the sensor's pattern; one number stands for all four. None: the
            sensor's own.
        white_level: Scale end used instead of the sensor's own. None: the sensor's own.
        white_balance: "as_shot" multiplies by the file's gains (else the sensor's default ones),
            smallest 1.
        shading: Whether the file's lens shading map is applied.
        exposure: "frame" multiplies by 2**baseline_exposure of the file.
        clip: "highlights" limits the balanced value to 1, so that saturated samples are neutral;
            "shadows" limits it to at least 0.
        companding: "sqrt" bends the scaled values so that few bits hold their shadows.
        output: "srgb" for the picture, sRGB-encoded; "camera" for white-balanced camera RGB bent by
            the curve of companding "sqrt", which the file's colour matrix and exposure finish.

    Raises:
        InputError: On construction, if a value is not one of these, or an output of camera RGB is
            not white-balanced, or exposed already.
    """

    form: Literal["packed", "split", "mosaic"] = "packed"
    black_level: Sites | None = None
    white_level: float | None = None
    white_balance: Literal["none", "as_shot"] = "none"
    shading: bool = False
    exposure: Literal["none", "frame"] = "none"
    clip: Literal["none", "highlights", "shadows"] = "none"
    companding: Literal["none", "sqrt"] = "none"
    output: Literal["srgb", "camera"] = "srgb"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"contract: {name} {getattr(self, name)!r} is not one of {', '.join(choices)}"
                )
        if not isinstance(self.shading, bool):
            raise InputError(f"contract: shading {self.shading!r:.40} is neither true nor false")
        if self.black_level is not None:
            object.__setattr__(
                self, "black_level", as_sites(self.black_level, "contract: black level")
            )
        white = self.white_level
        if white is not None and not (is_number(white) and 0 < white <= MAX_SAMPLE):
            raise InputError(
                f"contract: white level {str(white)[:20]}: expected a number above 0 and at most"
                f" {MAX_SAMPLE}, the largest sample"
            )
        asked = self.white_balance, self.exposure
        if self.output == "camera" and asked != ("as_shot", "none"):
            raise InputError(
                'contract: output "camera" is white-balanced, and exposed when it is finished: it'
                ' needs white balance "as_shot" and exposure "none"'
            )

    @property
    def input_form(self) -> InputForm:
        """The arrangement that `form` names."""
        return INPUT_FORMS[self.form]

    def to_dict(self) -> dict[str, Any]:
        """The contract as plain JSON values; `from_dict` reads it back.

        Companding and output are left out where they are the usual ones: versions of tfisp that do
        not know them, and so refuse them, go on reading all other contracts.
        """
        values = dataclasses.asdict(self)
        for name, usual in (("companding", "none"), ("output", "srgb")):
            if values[name] == usual:
                del values[name]
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Contract":
        """Builds a contract from what `to_dict` wrote.

        Raises:
            InputError: If a key is not an attribute of `Contract`, or a value does not fit.
        """
        return cls(**known_fields(cls, values, "contract"))


# Zurich RAW-to-RGB, UltraISP and the paper's released checkpoints, whatever scale the data set's
# samples stand on.
PUBLISHED = Contract(black_level=((58, 60), (61, 62)), white_level=1023)

# Folders of DNGs: every file is brought to the same meaning by what it says about itself.
# Companding makes the task of a small network nearly linear (docs/UNPAIRED_PLUS.md).
AS_SHOT = Contract(
    white_balance="as_shot", shading=True, exposure="frame", clip="highlights", companding="sqrt"
)


@dataclass(frozen=True)
class Scaling:
    """The numbers `normalise` works with, for the four sites of a mosaic's own tile, row by row.

    Attributes:
        black: float32 `[2, 2]`, subtracted first.
        gain: float32 `[2, 2]`, multiplied then; holds 1 / (white - black), white balance and
            exposure.
        limit: Upper limit of the result; None for no limit.
        floor: Lower limit of the result; None for no limit.
    """

    black: np.ndarray
    gain: np.ndarray
    limit: float | None
    floor: float | None


def scaling(sensor: Sensor, capture: Capture, contract: Contract) -> Scaling:
    """What `contract` makes of the samples of one file, as numbers per site of the 2x2 tile.

    Raises:
        InputError: If the contract's black level is not below the white level that goes with it.
    """
    row, column = sensor.red_site
    if contract.black_level is None:
        black = np.array(sensor.black_level)
    else:  # stated with red at (0, 0); moved to where red lies here
        black = np.roll(contract.black_level, (row, column), (0, 1))
    white = sensor.white_level if contract.white_level is None else contract.white_level
    if not (white > black).all():
        raise InputError(
            f"contract: white level {white} is not above the black level {black.tolist()}"
        )
    gain = 1.0 / (white - black)
    if contract.white_balance == "as_shot":
        balance = dict(zip("RGB", smallest_one(resolve_gains(sensor, capture)), strict=True))
        gain *= np.array([balance[colour] for colour in sensor.pattern]).reshape(2, 2)
    exposure = 2.0**capture.baseline_exposure if contract.exposure == "frame" else 1.0
    limit = exposure if contract.clip == "highlights" else None
    floor = 0.0 if contract.clip == "shadows" else None
    return Scaling(black.astype(np.float32), (gain * exposure).astype(np.float32), limit, floor)


def normalise(
    mosaic: np.ndarray,
    sensor: Sensor,
    capture: Capture,
    contract: Contract,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Scales a mosaic's samples to what `contract` expects.

    Args:
        mosaic: `[H, W]` samples, any real type.
        sensor: Its sensor: pattern and black level of the mosaic as it is.
        capture: The facts of its file.
        contract: What is expected.
        origin: Row and column at which this mosaic lies in the capture's, for the shading map.
            Without a map it has no effect.

    Returns:
        float32 `[H, W]`, the mosaic's geometry unchanged.

    Raises:
        InputError: If the mosaic is not two-dimensional, or contract and sensor contradict each
            other.
    """
    require_mosaic(mosaic)
    numbers = scaling(sensor, capture, contract)
    shading = _shading(mosaic.shape, capture, contract, origin)
    height, width = mosaic.shape
    out = np.empty((height + height % 2, width), np.float32)
    out[height:] = 0
    black = _tile(numbers.black, width)
    gain = _tile(numbers.gain, width)
    step = 2 * max(1, _BAND_SAMPLES // (2 * width))
    for start in range(0, height, step):
        band = out[start : start + step]
        np.copyto(band[: height - start], mosaic[start : start + step], casting="unsafe")
        pairs = band.reshape(-1, 2, width)  # an even row and the odd one below it
        pairs -= black
        pairs *= gain
        if shading is not None:
            down, along = shading
            for row in (0, 1):
                shade = down.of(along[row], slice(start + row, start + step, 2))
                pairs[: len(shade), row] *= shade
        if numbers.limit is not None:
            np.minimum(pairs, numbers.limit, out=pairs)
        if numbers.floor is not None:
            np.maximum(pairs, numbers.floor, out=pairs)
        if contract.companding == "sqrt":
            pairs[...] = compand(pairs)
    return out[:height]


def denormalise(
    values: np.ndarray,
    sensor: Sensor,
    capture: Capture,
    contract: Contract,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """The inverse of `normalise`: float32 `[H, W]` sample values, not rounded.

    Samples that `clip` cut come back at the value at which the cut lies.
    """
    require_mosaic(values)
    numbers = scaling(sensor, capture, contract)
    width = values.shape[1]
    out = expand(values) if contract.companding == "sqrt" else values.astype(np.float32)
    shading = _shading(values.shape, capture, contract, origin)
    for row in (0, 1):
        if shading is not None:
            down, along = shading
            out[row::2] /= down.of(along[row], slice(row, None, 2))
        out[row::2] /= _tile(numbers.gain, width)[row]
        out[row::2] += _tile(numbers.black, width)[row]
    return out


def require_mosaic(mosaic: np.ndarray) -> None:
    """Refuses what cannot be a mosaic.

    Raises:
        InputError: If `mosaic` is not a two-dimensional array of at least 2 x 2 real numbers.
    """
    if mosaic.ndim != 2 or min(mosaic.shape) < 2 or mosaic.dtype.kind not in "uif":
        raise InputError(
            f"mosaic has shape {mosaic.shape} and type {mosaic.dtype}, "
            "expected numbers [H, W], at least 2 x 2"
        )


def _shading(
    shape: tuple[int, int], capture: Capture, contract: Contract, origin: tuple[int, int]
) -> tuple[Blend, np.ndarray] | None:
    """The shading gains that the contract asks for and the file has; None if either is missing."""
    if not contract.shading or capture.shading is None:
        return None
    first = origin[0] + capture.origin[0], origin[1] + capture.origin[1]
    return shading_basis(capture.shading, capture.frame_size or shape, first, shape)


def _tile(sites: np.ndarray, width: int) -> np.ndarray:
    """`[2, 2]` values repeated along the columns to `[2, width]`."""
    return np.tile(sites, (1, -(-width // 2)))[:, :width]
