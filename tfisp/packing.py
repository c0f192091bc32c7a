"""The geometry of the colour filter array: every operation here leaves each sample its colour.

**The phase rule.** A packed image is always in RGGB geometry. A mosaic that begins with another
colour is first reflect-padded by one row and/or column in front, so that red lies at (0, 0), and
at the end to even size; what is rendered from it is cropped back by the same margins.
Reflection about the outermost sample keeps the parity of rows and columns, so every padded site
has the colour that the pattern says:

    GBRG mosaic      padded above         cells of 2x2
    G B G B          R'G'R'G'             [R'G'] [R'G']
    R G R G          G B G B              [G  B] [G  B]
                     R G R G              [R  G] [R  G]
                     (G'B'G'B')           [G' B'] [G' B']

Renaming the planes instead would treat a sample as if it lay one pixel further on, and the same
scene would render differently depending on where its crop began.

A generator's input is made in stages that know nothing of each other: `crop_mosaic`, then
`tfisp.contract.normalise`, which scales, then `flip_mosaic`, then `arrange`. `prepare`, `pack` and
`split` are the second and the last of them together.
"""

import dataclasses

import numpy as np

from tfisp.contract import (
    INPUT_FORMS,
    Contract,
    InputForm,
    denormalise,
    normalise,
    require_mosaic,
)
from tfisp.errors import InputError
from tfisp.sensor import Capture, Sensor

# Plane k of a packed image holds the sites (row, column) of the RGGB tile: B, G (red row), R, G
# (blue row), the order of PyNET's loaders, the paper's code and all released checkpoints.
PLANE_SITES = ((1, 1), (0, 1), (0, 0), (1, 0))

_SPLIT_CHANNELS = (2, 1, 0, 1)  # RGB channel of each packed plane

# The value of a split image at the sites of the other colours, as in the published RMFA-Net code.
_SPLIT_FILL = 1.0


def phase_padding(shape: tuple[int, ...], pattern: str) -> tuple[int, int, int, int]:
    """Rows and columns to add so that red lies at (0, 0) and both sides are even.

    Args:
        shape: (height, width) of the mosaic; further entries are ignored.
        pattern: Its CFA pattern.

    Returns:
        (top, bottom, left, right), each 0 or 1.
    """
    top, left = divmod(pattern.index("R"), 2)
    return top, (shape[0] + top) % 2, left, (shape[1] + left) % 2


def pad_phase(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    """The mosaic `[H, W]` padded by `phase_padding`: in RGGB geometry, both sides even.

    Where nothing is missing it is returned as it is, without a copy.
    """
    top, bottom, left, right = phase_padding(mosaic.shape, pattern)
    if not (top or bottom or left or right):
        return mosaic
    return np.pad(mosaic, ((top, bottom), (left, right)), mode="reflect")


def crop_phase(image: np.ndarray, shape: tuple[int, ...], pattern: str) -> np.ndarray:
    """Undoes `pad_phase` on a padded mosaic or on a picture rendered from it (a view).

    Args:
        image: Padded `[H + top + bottom, W + left + right, ...]`.
        shape: (H, W, ...) of the mosaic before padding.
        pattern: Its CFA pattern.

    Returns:
        The original's part `[H, W, ...]`.
    """
    top, _, left, _ = phase_padding(shape, pattern)
    return image[top : top + shape[0], left : left + shape[1]]


def arrange(values: np.ndarray, pattern: str, form: InputForm) -> np.ndarray:
    """Arranges a mosaic's samples as a generator takes them, without changing any.

    Args:
        values: `[H, W]`, scaled or not.
        pattern: Their CFA pattern.
        form: The arrangement.

    Returns:
        float32 in RGGB geometry, padded to `[H', W']` by `phase_padding`: packed `[H'/2, W'/2, 4]`,
        planes B, G (red row), R, G (blue row); split `[H', W', 3]`, channels R, G, B, with 1 at
        the sites of the other colours; or mosaic `[H', W', 1]`.
    """
    padded = pad_phase(values, pattern)
    if form.name == "mosaic":
        return np.ascontiguousarray(padded[..., None], np.float32)
    if form.name == "packed":
        out = np.empty(form.shape(*padded.shape), np.float32)
        for plane, (row, column) in enumerate(PLANE_SITES):
            out[..., plane] = padded[row::2, column::2]
        return out
    out = np.full(form.shape(*padded.shape), _SPLIT_FILL, np.float32)
    for (row, column), channel in zip(PLANE_SITES, _SPLIT_CHANNELS, strict=True):
        out[row::2, column::2, channel] = padded[row::2, column::2]
    return out


def pack(
    mosaic: np.ndarray,
    sensor: Sensor,
    contract: Contract | None = None,
    capture: Capture | None = None,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Puts the four samples of each 2x2 cell into four planes.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        contract: Scales the samples first (`tfisp.contract.normalise`); None packs them as they
            are.
        capture: The facts of its file; None where the file states none.
        origin: Where the mosaic lies in the frame, for the shading map.

    Returns:
        float32 `[ceil(H'/2), ceil(W'/2), 4]`, planes B, G (red row), R, G (blue row), in RGGB
        geometry, with H' and W' counted after the padding in front.

    Raises:
        InputError: If the mosaic is not a two-dimensional array of numbers.
    """
    values = _scaled(mosaic, sensor, contract, capture, origin)
    return arrange(values, sensor.pattern, INPUT_FORMS["packed"])


def unpack(
    packed: np.ndarray,
    sensor: Sensor,
    shape: tuple[int, int],
    contract: Contract | None = None,
    capture: Capture | None = None,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """The inverse of `pack`.

    Args:
        packed: `[h, w, 4]`, as `pack` gives it.
        sensor: The sensor of the mosaic to return.
        shape: (H, W) of the mosaic to return.
        contract: The one given to `pack`; its scaling is undone.
        capture: The one given to `pack`.
        origin: The one given to `pack`.

    Returns:
        float32 `[H, W]` samples, not rounded.

    Raises:
        InputError: If the packed image does not belong to a mosaic of that shape and pattern.
    """
    top, bottom, left, right = phase_padding(shape, sensor.pattern)
    padded = (shape[0] + top + bottom, shape[1] + left + right)
    if packed.shape != (padded[0] // 2, padded[1] // 2, 4):
        raise InputError(
            f"packed image has shape {packed.shape}, a {sensor.pattern} mosaic of {shape} packs to "
            f"{(padded[0] // 2, padded[1] // 2, 4)}"
        )
    mosaic = np.empty(padded, np.float32)
    for plane, (row, column) in enumerate(PLANE_SITES):
        mosaic[row::2, column::2] = packed[..., plane]
    mosaic = crop_phase(mosaic, shape, sensor.pattern)
    if contract is None:
        return mosaic.copy()
    return denormalise(mosaic, sensor, capture or Capture(), contract, origin)


def split(
    mosaic: np.ndarray,
    sensor: Sensor,
    contract: Contract | None = None,
    capture: Capture | None = None,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """Puts each sample into the channel of its colour; the other channels hold 1.

    The mosaic is padded as for `pack`, so that a network with strides meets every frame in the
    same phase.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        contract: Scales the samples first; None leaves them as they are.
        capture: The facts of its file; None where the file states none.
        origin: Where the mosaic lies in the frame, for the shading map.

    Returns:
        float32 `[H', W', 3]`, channels R, G, B, in RGGB geometry; `[H, W, 3]` for an RGGB mosaic
        of even sides.

    Raises:
        InputError: If the mosaic is not a two-dimensional array of numbers.
    """
    values = _scaled(mosaic, sensor, contract, capture, origin)
    return arrange(values, sensor.pattern, INPUT_FORMS["split"])


def prepare(
    mosaic: np.ndarray,
    sensor: Sensor,
    capture: Capture,
    contract: Contract,
    origin: tuple[int, int] = (0, 0),
) -> np.ndarray:
    """A generator's input, in the form and scale its contract asks for.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.
        contract: The generator's.
        origin: Where the mosaic lies in the frame, for the shading map.

    Returns:
        What `arrange` makes of the scaled samples. `crop_phase` takes the padding off what is
        rendered from it.

    Raises:
        InputError: If the mosaic is not a two-dimensional array of numbers.
    """
    values = normalise(mosaic, sensor, capture, contract, origin)
    return arrange(values, sensor.pattern, contract.input_form)


def crop_mosaic(
    mosaic: np.ndarray, sensor: Sensor, top: int, left: int, height: int, width: int
) -> tuple[np.ndarray, Sensor]:
    """A part of a mosaic (a view) and the sensor that describes it; any offset, even or odd.

    Raises:
        InputError: If the part does not lie within the mosaic.
    """
    rows, columns = mosaic.shape
    if (
        min(top, left) < 0
        or min(height, width) < 1
        or top + height > rows
        or left + width > columns
    ):
        raise InputError(
            f"crop of {height}x{width} at ({top}, {left}) does not lie within "
            f"the {rows}x{columns} mosaic"
        )
    return mosaic[top : top + height, left : left + width], sensor.shifted(top, left)


def flip_mosaic(
    mosaic: np.ndarray, sensor: Sensor, *, horizontal: bool = False, vertical: bool = False
) -> tuple[np.ndarray, Sensor]:
    """A mirrored mosaic (a view) and the sensor that describes it.

    A shading map is not mirrored along: where there is one, flip the mosaic that `normalise`
    returned.
    """
    flipped = mosaic[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    return flipped, sensor.flipped(*mosaic.shape, horizontal=horizontal, vertical=vertical)


def orient(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turns a stored picture `[H, W, ...]` upright (a view).

    EXIF orientation (TIFF 6.0, tag 274) names where row 0 and column 0 of the stored picture
    belong: 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top, 7
    right bottom, 8 left bottom.

    Raises:
        InputError: If `orientation` is not 1 to 8.
    """
    transpose, vertical, horizontal = _orientation_steps(orientation)
    if transpose:
        image = image.swapaxes(0, 1)
    return image[:: -1 if vertical else 1, :: -1 if horizontal else 1]


def disorient(image: np.ndarray, orientation: int) -> np.ndarray:
    """The inverse of `orient`: from an upright picture to the stored one (a view)."""
    transpose, vertical, horizontal = _orientation_steps(orientation)
    image = image[:: -1 if vertical else 1, :: -1 if horizontal else 1]
    return image.swapaxes(0, 1) if transpose else image


def upright(
    mosaic: np.ndarray, sensor: Sensor, capture: Capture
) -> tuple[np.ndarray, Sensor, Capture]:
    """Turns a mosaic with all that describes it upright, as `orient` turns pictures.

    Args:
        mosaic: `[H, W]` samples.
        sensor: Its sensor.
        capture: The facts of its file.

    Returns:
        The mosaic `[H, W]` or `[W, H]` (a view), its sensor, and a capture of orientation 1 whose
        shading map and place in the frame are turned along; its default crop is left out.
    """
    stored = capture.orientation
    transpose, vertical, horizontal = _orientation_steps(stored)
    frame, origin, shading = capture.frame_size or mosaic.shape, capture.origin, capture.shading
    inner = mosaic.shape
    if transpose:
        sensor = sensor.transposed()
        frame, origin, inner = frame[::-1], origin[::-1], inner[::-1]
    sensor = sensor.flipped(*inner, horizontal=horizontal, vertical=vertical)
    top, left = (
        whole - first - side if flipped else first
        for whole, first, side, flipped in zip(
            frame, origin, inner, (vertical, horizontal), strict=True
        )
    )
    if shading is not None:
        gains = shading.reshape(*shading.shape[:2], 2, 2)  # of the sites of the frame's own tile
        if transpose:
            gains = gains.transpose(1, 0, 3, 2)
        for axis, flipped in enumerate((vertical, horizontal)):
            if flipped:  # the sites change places where the side is even
                gains = np.flip(gains, (axis, axis + 2) if frame[axis] % 2 == 0 else axis)
        shading = np.ascontiguousarray(gains).reshape(*gains.shape[:2], 4)
    capture = dataclasses.replace(
        capture,
        orientation=1,
        shading=shading,
        frame_size=(frame[0], frame[1]),
        origin=(top, left),
        default_crop=None,
    )
    return orient(mosaic, stored), sensor, capture


def _orientation_steps(orientation: int) -> tuple[bool, bool, bool]:
    """Whether an orientation transposes, then reverses the rows, then reverses the columns."""
    if orientation not in range(1, 9):
        raise InputError(f"orientation {orientation!r} is not one of EXIF's 1 to 8")
    return orientation >= 5, orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)


def _scaled(
    mosaic: np.ndarray,
    sensor: Sensor,
    contract: Contract | None,
    capture: Capture | None,
    origin: tuple[int, int],
) -> np.ndarray:
    """The mosaic scaled by the contract, or as it is without one."""
    if contract is None:
        require_mosaic(mosaic)
        return mosaic
    return normalise(mosaic, sensor, capture or Capture(), contract, origin)
