"""What is known about a camera (`Sensor`) and about one of its files (`Capture`).

A mosaic `[H, W]` holds one sample per photosite. The 2x2 tile that repeats over it, and the black
level of each of its sites, belong to the sensor and are written row by row, in the mosaic as it
is:

    pattern "RGGB", black_level ((58, 60), (61, 62)):        R 58   G 60
                                                             G 61   B 62

Both change when rows or columns are taken away in front or the mosaic is mirrored;
`Sensor.shifted` and `Sensor.flipped` say how, and nothing else in the package permutes them.
"""

import dataclasses
import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.files import read_json
from tfisp.naming import choose

PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")

# Samples are uint16.
MAX_SAMPLE = 65535

# In EV, either way: more is no exposure of a camera, and soon no number of float32.
MAX_BASELINE_EXPOSURE = 32

Gains = tuple[float, float, float]
Sites = tuple[tuple[float, float], tuple[float, float]]
Matrix3 = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Sensor:
    """The facts about a camera that its samples do not carry.

    Attributes:
        pattern: Colours of the 2x2 tile at the mosaic's top left corner, row by row; one of
            `PATTERNS`.
        black_level: Sample value of no light at each site of that tile, row by row, 0 or more; one
            number stands for all four.
        white_level: Sample value at which the sensor saturates; above every black level, at most
            `MAX_SAMPLE`.
        name: For messages and records only.
        xyz_to_camera: 3x3 matrix from CIE XYZ (D65) to camera R, G, B, as DNG's ColorMatrix; None
            if unknown. The scale of a row is without meaning (`tfisp.color.camera_to_srgb` removes
            it).
        default_gains: White balance R, G, B for data sets whose files state none; None if there is
            no such convention.

    Raises:
        InputError: On construction, if a value is not of the kind described above.
    """

    pattern: str = "RGGB"
    black_level: Sites = ((0.0, 0.0), (0.0, 0.0))
    white_level: float = 65535.0
    name: str = ""
    xyz_to_camera: Matrix3 | None = None
    default_gains: Gains | None = None

    def __post_init__(self) -> None:
        label = f"sensor {_shown(self.name)}" if self.name else "sensor"
        if self.pattern not in PATTERNS:
            raise InputError(
                f"{label}: pattern {_shown(self.pattern)} is not one of {', '.join(PATTERNS)} "
                "(X-Trans, quad-Bayer and other arrays are not supported)"
            )
        black = as_sites(self.black_level, f"{label}: black level")
        white = self.white_level
        if min(min(row) for row in black) < 0:
            raise InputError(f"{label}: black level {black} is below 0")
        if not is_number(white) or white <= max(max(row) for row in black):
            raise InputError(
                f"{label}: white level {_shown(white)} is not a number above the black level "
                f"{black}"
            )
        if white > MAX_SAMPLE:
            raise InputError(
                f"{label}: white level {_shown(white)} is above {MAX_SAMPLE}, the largest sample"
            )
        if not isinstance(self.name, str):
            raise InputError(f"sensor: name {_shown(self.name)} is no text")
        object.__setattr__(self, "black_level", black)
        object.__setattr__(self, "white_level", float(white))
        if self.xyz_to_camera is not None:
            matrix = _numbers(self.xyz_to_camera, f"{label}: xyz_to_camera", (3, 3))
            object.__setattr__(self, "xyz_to_camera", matrix3_of(matrix))
        if self.default_gains is not None:
            object.__setattr__(
                self, "default_gains", as_gains(self.default_gains, f"{label}: default gains")
            )

    @property
    def red_site(self) -> tuple[int, int]:
        """(row, column) of the red site within the 2x2 tile."""
        return divmod(self.pattern.index("R"), 2)

    def shifted(self, rows: int, columns: int) -> "Sensor":
        """The sensor of the mosaic that starts `rows` lower and `columns` further right.

        Negative numbers stand for rows or columns added in front.
        """
        return self._permuted(rows % 2, columns % 2)

    def flipped(
        self,
        height: int,
        width: int,
        *,
        horizontal: bool = False,
        vertical: bool = False,
    ) -> "Sensor":
        """The sensor of the mirrored mosaic of `height` x `width` samples.

        Mirroring moves column j to `width - 1 - j`: the two columns of the tile change places
        where the width is even and stay where it is odd. Rows likewise.
        """
        return self._permuted(int(vertical and height % 2 == 0), int(horizontal and width % 2 == 0))

    def transposed(self) -> "Sensor":
        """The sensor of the mosaic whose rows are this one's columns."""
        pattern = "".join(self.pattern[site] for site in (0, 2, 1, 3))
        return dataclasses.replace(
            self, pattern=pattern, black_level=sites_of(np.transpose(self.black_level))
        )

    def _permuted(self, row: int, column: int) -> "Sensor":
        """The sensor whose tile begins at site (`row`, `column`) of this one, each 0 or 1."""
        if not row and not column:
            return self  # without checking its numbers again
        order = [(2 * ((i + row) % 2), (j + column) % 2) for i in (0, 1) for j in (0, 1)]
        pattern = "".join(self.pattern[i + j] for i, j in order)
        black = np.roll(self.black_level, (-row, -column), (0, 1))
        return dataclasses.replace(self, pattern=pattern, black_level=sites_of(black))

    def to_dict(self) -> dict[str, Any]:
        """The sensor as plain JSON values; `from_dict` reads it back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Sensor":
        """Builds a sensor from what `to_dict` wrote.

        Raises:
            InputError: If a key is not an attribute of `Sensor`, or a value does not fit.
        """
        return cls(**known_fields(cls, values, "sensor"))


@dataclass(frozen=True)
class Capture:
    """The facts about one file.

    Attributes:
        gains: As-shot white balance that multiplies R, G, B, smallest 1; None if the file states
            none that is usable.
        orientation: EXIF orientation, 1 to 8: how to turn the stored picture upright
            (`tfisp.packing.orient`).
        exposure_time: Seconds; None if unknown.
        iso: ISO speed; None if unknown.
        baseline_exposure: DNG's BaselineExposure in EV: the rendering is to be brightened by
            `2**baseline_exposure`.
        noise: DNG's NoiseProfile: a (scale, offset) pair, or one for each of R, G, B; variance =
            scale x + offset for x in 0..1 between black and white. None if unknown.
        shading: Lens shading gains float32 `[h, w, 4]`, one plane for each site of the frame's 2x2
            tile, row by row. The map spans the frame from edge to edge: its corner entries lie on
            the frame's corners. None: no correction.
        frame_size: (height, width) in samples of the whole active area, which `shading` spans;
            None: the mosaic at hand is the whole frame.
        origin: Row and column of that frame at which the mosaic at hand begins.
        default_crop: (top, left, height, width) of the part of the frame that is meant to be shown,
            DNG's DefaultCropOrigin and DefaultCropSize; None for all of it.
        above_white: How many samples lay above the white level and were clipped to it when the
            file was read.
        notes: What the reader had to assume or leave out, a sentence each.
    """

    gains: Gains | None = None
    orientation: int = 1
    exposure_time: float | None = None
    iso: float | None = None
    baseline_exposure: float = 0.0
    noise: tuple | None = None
    shading: np.ndarray | None = field(default=None, compare=False, repr=False)
    frame_size: tuple[int, int] | None = None
    origin: tuple[int, int] = (0, 0)
    default_crop: tuple[int, int, int, int] | None = None
    above_white: int = 0
    notes: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.gains is not None:
            object.__setattr__(self, "gains", as_gains(self.gains, "as-shot gains"))
        if type(self.orientation) is not int or self.orientation not in range(1, 9):
            raise InputError(f"orientation {_shown(self.orientation)} is not one of EXIF's 1 to 8")
        exposure = self.baseline_exposure
        if not is_number(exposure) or abs(exposure) > MAX_BASELINE_EXPOSURE:
            raise InputError(
                f"baseline exposure {_shown(exposure)} is not a number of EV, at most "
                f"{MAX_BASELINE_EXPOSURE} either way"
            )
        for name in ("iso", "exposure_time"):
            value = getattr(self, name)
            if value is not None and not (is_number(value) and value > 0):
                raise InputError(f"{name} {_shown(value)} is not a number above 0")
        if self.shading is not None and (self.shading.ndim != 3 or self.shading.shape[2] != 4):
            raise InputError(f"shading map has shape {self.shading.shape}, expected [h, w, 4]")


def resolve_gains(sensor: Sensor, capture: Capture) -> Gains:
    """White balance for a file: its own, else its sensor's documented gains, else (1, 1, 1)."""
    return capture.gains or sensor.default_gains or (1.0, 1.0, 1.0)


def smallest_one(gains: Sequence[float]) -> Gains:
    """Gains divided by the smallest, so that no gain pulls a saturated channel below white."""
    least = min(gains)
    red, green, blue = (float(gain) / float(least) for gain in gains)
    return red, green, blue


def as_sites(value: Any, label: str) -> Sites:
    """Four numbers of a 2x2 tile, row by row, from such a tile or from one number for all.

    Raises:
        InputError: If `value` is neither.
    """
    sites = _numbers(value, label)
    if sites.size == 1:
        sites = np.full((2, 2), sites.item())
    if sites.shape != (2, 2):
        raise InputError(f"{label} {_shown(value)} is neither a number nor 2x2 numbers")
    return sites_of(sites)


def all_sites(level: float) -> Sites:
    """The same level at the four sites of a tile."""
    return (level, level), (level, level)


def sites_of(levels: np.ndarray) -> Sites:
    """Numbers `[2, 2]` as a value that compares and hashes."""
    (a, b), (c, d) = levels.tolist()
    return (a, b), (c, d)


def matrix3_of(matrix: np.ndarray) -> Matrix3:
    """Numbers `[3, 3]` as a value that compares and hashes."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    return (a, b, c), (d, e, f), (g, h, i)


def as_gains(value: Any, label: str) -> Gains:
    """Three positive finite numbers.

    Raises:
        InputError: If `value` is anything else.
    """
    gains = _numbers(value, label, (3,))
    if (gains <= 0).any():
        raise InputError(f"{label} {_shown(value)} are not all above 0")
    return tuple(gains.tolist())


def is_number(value: Any) -> bool:
    """Whether `value` is a number that float64 holds, finite, and not a truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer of hundreds of digits
        return False


def known_fields(cls: type, values: Any, label: str) -> dict[str, Any]:
    """`values`, once it is clear that its keys are fields of the dataclass `cls`.

    Raises:
        InputError: If `values` is no mapping or has another key; close matches are named.
    """
    if not isinstance(values, dict):
        raise InputError(f"{label}: expected a JSON object, found {type(values).__name__}")
    names = [f.name for f in dataclasses.fields(cls)]
    for key in values:
        choose(f"{label}: entry", key, names)
    return values


def _numbers(value: Any, label: str, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """`value` as finite float64 of `shape` (any, if None); InputError otherwise."""
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"{label} {_shown(value)} is not made of numbers") from error
    # Not text that looks like numbers, no truth values, no integers beyond 64 bits.
    if found.dtype.kind not in "iuf":
        raise InputError(f"{label} {_shown(value)} is not made of numbers")
    if shape is not None and found.shape != shape:
        raise InputError(f"{label} {_shown(value)} has shape {found.shape}, expected {shape}")
    if not np.isfinite(found).all():
        raise InputError(f"{label} {_shown(value)} holds a value that is not finite")
    return found.astype(np.float64)


def _shown(value: Any) -> str:
    """`value` for a message, shortened where it is long."""
    return reprlib.repr(value)


# Adobe's matrix for the Canon EOS Kiss X4 / 550D / Rebel T2i, as stored in that camera's DNG files
# written by Magic Lantern (tag ColorMatrix1): a real camera of ordinary, well separated colour
# filters.
_CANON_KISS_X4 = (
    (0.6461, -0.1164, -0.0857),
    (-0.3825, 1.1597, 0.2534),
    (-0.0416, 0.1540, 0.6039),
)

# The published black levels, white and gains: PyNET's and the paper's loaders subtract [62, 60,
# 58, 61] from the planes B, G (red row), R, G (blue row), divide by what is left of 1023, and
# balance their reference by [1.6, 1.2, 1.4].
_PUBLISHED_BLACK = ((58.0, 60.0), (61.0, 62.0))
_PUBLISHED_GAINS = (1.6, 1.2, 1.4)

SENSORS: dict[str, Sensor] = {
    # Zurich RAW-to-RGB: Huawei P20, 10 bit.
    "zrr": Sensor("RGGB", _PUBLISHED_BLACK, 1023, "zrr", None, _PUBLISHED_GAINS),
    # Fujifilm UltraISP (MAI'21, '22, '25): 10 bit shifted left by two, so all samples are
    # multiples of 4 up to 4092.
    "ultraisp": Sensor("RGGB", all_sites(256), 4092, "ultraisp", None, _PUBLISHED_GAINS),
    # NTIRE 2026 learned smartphone ISP with unpaired data: 0..1023, no black level stated.
    "ntire26": Sensor("RGGB", all_sites(0), 1023, "ntire26"),
    # For photographs turned back into RAW: 12 bit with the usual pedestal of 256, the colours of a
    # real camera, and its gains under D65 daylight, which follow from the matrix (1 / (matrix @
    # D65 white)).
    "demo": Sensor("RGGB", all_sites(256), 4095, "demo", _CANON_KISS_X4, (2.651, 1.0, 1.389)),
}


def get_sensor(name: str | Path) -> Sensor:
    """A sensor of `SENSORS` by name, or one read from a JSON file that `Sensor.to_dict` describes.

    Raises:
        InputError: If there is no sensor of that name and no such file, or the file does not hold
            a sensor.
    """
    text = str(name)
    if text in SENSORS:
        return SENSORS[text]
    path = Path(text)
    if path.suffix != ".json":
        choose("sensor", text, [*SENSORS, "a file FILE.json"])
    values = read_json(path)
    try:
        return Sensor.from_dict(values)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
