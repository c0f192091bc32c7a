"""RAW mosaics in plain containers: 16-bit PNG, `.npy`, and headerless `.raw`.

None of them states what its samples mean. That comes from a `Sensor` the caller gives, or from a
JSON file of the same name beside it:

    {"width": 768, "height": 512, "byte_order": "little",
     "pattern": "RGGB", "black_level": 600, "white_level": 15520,
     "white_balance": [1.949, 1.0, 1.344], "orientation": 1}

The first line is the layout, needed for `.raw` only; a PNG or array is cropped to it, since buffers
of camera drivers have padding behind the picture. A quad-Bayer frame states the 16 colours of its
4x4 tile, "RRGGRRGGGGBBGGBB". `"bits": 14` stands for the levels 0 and
2**14 - 1. `iso`, `exposure_time`, `baseline_exposure`, `xyz_to_camera`, `name` and `note` are
optional, and so is the last line.
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tfisp.conversions import BAYER_ONLY, Conversions, quad_of
from tfisp.errors import InputError
from tfisp.files import PNG_SIGNATURE, read_json
from tfisp.naming import choose
from tfisp.rawfiles.frame import Frame, require_bayer
from tfisp.rawfiles.npy import map_npy
from tfisp.rawfiles.remosaic import of_quad
from tfisp.sensor import Capture, Sensor, as_gains, smallest_one

_LAYOUT = ("width", "height", "dtype", "byte_order")
_LEVELS = ("pattern", "bits", "black_level", "white_level", "xyz_to_camera", "name")
_CAPTURE = ("white_balance", "orientation", "iso", "exposure_time", "baseline_exposure")
_BYTE_ORDERS = {"little": "<u2", "big": ">u2"}

_PNG_GRAY = 0


def read_plain(
    path: Path,
    sensor: Sensor | None = None,
    shape: tuple[int, int] | None = None,
    byte_order: str | None = None,
    convert: Conversions = BAYER_ONLY,
) -> Frame:
    """Reads a `.png`, `.npy` or headerless file.

    Args:
        path: The file; its suffix says which it is.
        sensor: Its sensor; None takes what the JSON file beside it says.
        shape: (height, width) of a headerless file; None takes the JSON file's.
        byte_order: "little" or "big", of a headerless file; None takes the JSON file's, else
            little.
        convert: Whether quad-Bayer frames are turned into Bayer, and how.

    Returns:
        The frame, its samples not yet checked against the levels.

    Raises:
        InputError: If the file is damaged or is no 16-bit mosaic, or if it is not said what its
            samples mean.
    """
    stated = _read_json(path.with_suffix(".json"))
    suffix = path.suffix.lower()
    notes: tuple[str, ...] = ()
    quad = quad_of(str(stated.get("pattern")), (4, 4)) if stated else None
    if stated and quad:
        if not convert.quad_bayer:
            require_bayer(stated["pattern"], (4, 4), path)
        stated = {**stated, "pattern": quad.pattern}
    if sensor is None:
        sensor, notes = _stated_sensor(path, stated)
    if suffix == ".png":
        mosaic, kind = _read_png(path), "16-bit PNG"
    elif suffix == ".npy":
        mosaic, kind = _read_npy(path, sensor.white_level), "NumPy array"
    else:
        mosaic = _read_headerless(path, stated, shape, byte_order)
        kind = "headerless uint16"
    if suffix in (".png", ".npy"):
        mosaic, cropped = _of_stated_size(path, mosaic, stated)
        notes += cropped
    frame = Frame(mosaic, sensor, _stated_capture(path, stated), kind, notes)
    return of_quad(frame, quad, convert) if quad else frame


def _read_json(path: Path) -> dict[str, Any] | None:
    """The JSON file beside a frame; None if there is none."""
    if not path.exists():
        return None
    stated = read_json(path)
    if not isinstance(stated, dict):
        raise InputError(f"{path}: expected a JSON object that describes the frame beside it")
    for key in stated:
        choose(f"{path}: entry", key, [*_LAYOUT, *_LEVELS, *_CAPTURE, "note"])
    return stated


def _stated_sensor(path: Path, stated: dict[str, Any] | None) -> tuple[Sensor, tuple[str, ...]]:
    """The sensor a JSON file describes, and notes on what it leaves to assume."""
    if stated is None or "pattern" not in stated:
        raise InputError(
            f"{path}: nothing states its CFA pattern and levels: give a sensor, "
            f"or put them into {path.with_suffix('.json').name} beside it"
        )
    values = {key: stated[key] for key in _LEVELS if key in stated and key != "bits"}
    notes = []
    if "white_level" not in values:
        bits = stated.get("bits")
        if type(bits) is not int or not 8 <= bits <= 16:
            raise InputError(
                f"{path.with_suffix('.json')}: states neither white_level nor bits (8 to 16)"
            )
        values["white_level"] = 2**bits - 1
        notes.append(f"white level not stated: 2**{bits} - 1 assumed from the bits")
    if "black_level" not in values:
        notes.append("black level not stated: 0 assumed")
    try:
        return Sensor(**values), tuple(notes)
    except InputError as error:
        raise InputError(f"{path.with_suffix('.json')}: {error}") from error


def _stated_capture(path: Path, stated: dict[str, Any] | None) -> Capture:
    """What a JSON file says about the shot."""
    values = {key: stated[key] for key in _CAPTURE if key in stated} if stated else {}
    try:
        if "white_balance" in values:
            values["gains"] = smallest_one(as_gains(values.pop("white_balance"), "white balance"))
        return Capture(**values)
    except InputError as error:
        raise InputError(f"{path.with_suffix('.json')}: {error}") from error


def _read_png(path: Path) -> np.ndarray:
    """A 16-bit grey PNG as uint16 `[H, W]`.

    OpenCV fills what is missing from a truncated PNG with zeros; so the chunks and their checksums
    are looked at first.
    """
    data = _read_bytes(path)
    if not data.startswith(PNG_SIGNATURE):
        raise InputError(f"{path}: not a PNG file")
    at, complete = len(PNG_SIGNATURE), False
    while not complete:
        if len(data) < at + 12:
            raise InputError(f"{path}: the PNG ends before its last chunk: truncated")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if len(data) < end + 4:
            raise InputError(f"{path}: the PNG ends within a chunk: truncated")
        if zlib.crc32(data[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise InputError(f"{path}: a PNG chunk does not match its checksum: damaged")
        if name == b"IHDR" and length == 13:
            bits, colour = data[at + 16], data[at + 17]
            if (bits, colour) != (16, _PNG_GRAY):
                what = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGB and alpha"}
                raise InputError(
                    f"{path}: a PNG of {bits} bits, {what.get(colour, 'unknown colours')}, where a "
                    "RAW mosaic is expected: 16 bits, one channel"
                )
        complete, at = name == b"IEND", end + 4
    mosaic = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if mosaic is None or mosaic.ndim != 2 or mosaic.dtype != np.uint16:
        raise InputError(f"{path}: the PNG cannot be decoded: damaged")
    return mosaic


def _of_stated_size(
    path: Path, mosaic: np.ndarray, stated: dict[str, Any] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The mosaic cropped to the size that its JSON file states, and a note if it was.

    Buffers of camera drivers have rows and columns of padding behind the picture.
    """
    stated = stated or {}
    found = mosaic.shape
    height, width = (stated.get(key, n) for key, n in zip(("height", "width"), found, strict=True))
    for key, side, most in (("height", height, found[0]), ("width", width, found[1])):
        if type(side) is not int or not 1 <= side <= most:
            raise InputError(
                f"{path.with_suffix('.json')}: {key} {side!r:.40}, but the file holds "
                f"{found[0]}x{found[1]} samples"
            )
    if (height, width) == found:
        return mosaic, ()
    note = f"cropped from {found[0]}x{found[1]} samples to the {height}x{width} that are stated"
    return np.ascontiguousarray(mosaic[:height, :width]), (note,)


def _read_npy(path: Path, white: float) -> np.ndarray:
    """A `.npy` file of whole numbers as uint16 `[H, W]`."""
    array = map_npy(path)
    if array.dtype.itemsize == 1 and white > 255:
        raise InputError(
            f"{path}: holds bytes ({array.dtype}), but the white level is {white:g}: a buffer of "
            "16-bit samples needs .view(np.uint16) before it is saved, packed samples of 10 or 12 "
            "bits must be unpacked"
        )
    if array.ndim != 2 or array.dtype.kind not in "ui":
        raise InputError(
            f"{path}: holds {array.dtype} {array.shape}, expected whole numbers [height, width]"
        )
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise InputError(f"{path}: samples from {low} to {high}, expected 0 to 65535")
    return np.array(array, np.uint16)


def _read_headerless(
    path: Path,
    stated: dict[str, Any] | None,
    shape: tuple[int, int] | None,
    byte_order: str | None,
) -> np.ndarray:
    """Samples without a header as uint16 `[H, W]`."""
    stated = stated or {}
    height, width = (
        _side(path, side) for side in shape or (stated.get("height"), stated.get("width"))
    )
    if stated.get("dtype", "uint16") != "uint16":
        raise InputError(f"{path}: dtype {stated['dtype']!r} is not supported, only uint16")
    order = choose(
        f"{path}: byte_order", byte_order or stated.get("byte_order", "little"), _BYTE_ORDERS
    )
    data = _read_bytes(path)
    if len(data) != 2 * height * width:
        raise InputError(
            f"{path}: {len(data)} bytes, but {height}x{width} samples of 2 bytes are "
            f"{2 * height * width}"
        )
    samples = np.frombuffer(data, _BYTE_ORDERS[order]).reshape(height, width)
    return samples.astype(np.uint16)


def _side(path: Path, side: Any) -> int:
    """A stated height or width.

    Raises:
        InputError: If it is none.
    """
    if type(side) is not int or side < 1:
        raise InputError(
            f"{path}: its size is not stated: give height and width, "
            f"or put them into {path.with_suffix('.json').name} beside it"
        )
    return side


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
