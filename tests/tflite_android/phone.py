"""Compiles the C++ of `tflite/android` and calls it as an app on a phone would."""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tfisp.contract import Contract
from tfisp.packing import phase_padding
from tfisp.rendering.camera_colour import finishing_matrix
from tfisp.rendering.metadata import ModelMetadata
from tfisp.sensor import Capture, Sensor

SOURCES = Path(__file__).resolve().parents[2] / "tflite" / "android"
HERE = Path(__file__).parent

# The contract's entries that are names, in the order of `ContractNames` of contract.h.
NAMES = ("form", "white_balance", "exposure", "clip", "companding", "output")

# What docs/PHONE.md asks for; warnings are errors.
FLAGS = ("-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror")

Network = ctypes.CFUNCTYPE(
    ctypes.c_bool,
    *(ctypes.POINTER(ctypes.c_float), ctypes.c_int, ctypes.c_int),
    ctypes.POINTER(ctypes.c_float),
)


class Job(ctypes.Structure):
    """The same fields as `Job` of bridge.cc."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("row_stride", "pixel_stride")),
        *((name, ctypes.c_int32) for name in ("top", "left", "height", "width")),
        ("pattern", ctypes.c_char_p),
        ("black", ctypes.c_double * 4),
        ("white", ctypes.c_double),
        ("gains", ctypes.c_double * 3),
        ("neutral", ctypes.c_double * 3),
        ("to_srgb", ctypes.c_double * 9),
        ("baseline_exposure", ctypes.c_double),
        *((name, ctypes.c_int32) for name in ("orientation", "shading_rows", "shading_columns")),
        ("shading_is_camera2", ctypes.c_int32),
        ("shading", ctypes.c_void_p),
        *((name, ctypes.c_char_p) for name in NAMES),
        ("has_black", ctypes.c_int32),
        ("contract_black", ctypes.c_double * 4),
        ("has_white", ctypes.c_int32),
        ("contract_white", ctypes.c_double),
        *((name, ctypes.c_int32) for name in ("use_shading", "halo", "multiple", "minimum")),
        *((name, ctypes.c_int32) for name in ("fixed_height", "fixed_width", "tile")),
    )


class Strided:
    """A mosaic inside a buffer as a camera hands it out: borders, padded rows, no alignment.

    Attributes:
        data: uint8, the buffer; everything but the mosaic's samples is rubbish.
        top, left: where the mosaic's first sample lies.
        row_stride, pixel_stride: in bytes.
    """

    def __init__(self, mosaic, *, top=0, left=0, pixel_stride=2, padding=6, unaligned=False):
        height, width = mosaic.shape
        rows, columns = height + top + 3, width + left + 5
        self.top, self.left, self.pixel_stride = top, left, pixel_stride
        self.row_stride = columns * pixel_stride + padding
        rubbish = np.random.default_rng(9).integers(0, 256, rows * self.row_stride + 1, np.uint8)
        self.data = rubbish[int(unaligned) :]
        for byte in (0, 1):  # little-endian, as Android's machines are
            samples = np.lib.stride_tricks.as_strided(
                self.data[top * self.row_stride + left * pixel_stride + byte :],
                mosaic.shape,
                (self.row_stride, pixel_stride),
            )
            samples[...] = mosaic >> (8 * byte) & 255


def job(
    buffer: Strided,
    shape: tuple[int, int],
    sensor: Sensor,
    capture: Capture,
    contract: Contract,
    *,
    neutral=None,
    camera2_shading=None,
    metadata: ModelMetadata | None = None,
    tile: int = 0,
    fixed: tuple[int, int] = (0, 0),
) -> Job:
    """One call's input; what it points at lives as long as the job does.

    `neutral` and `camera2_shading` `[h, w, 4]` are given as Camera2 states them, instead of the
    capture's gains and shading.
    """
    shading = capture.shading if camera2_shading is None else camera2_shading
    shading = None if shading is None else np.ascontiguousarray(shading, np.float32)
    made = Job(
        data=buffer.data.ctypes.data,
        row_stride=buffer.row_stride,
        pixel_stride=buffer.pixel_stride,
        top=buffer.top,
        left=buffer.left,
        height=shape[0],
        width=shape[1],
        pattern=sensor.pattern.encode(),
        black=tuple(np.ravel(sensor.black_level)),
        white=sensor.white_level,
        gains=capture.gains or (1, 1, 1),
        neutral=neutral or (0, 0, 0),
        to_srgb=tuple(np.ravel(finishing_matrix(sensor)).astype(float)),
        baseline_exposure=capture.baseline_exposure,
        orientation=capture.orientation,
        shading_is_camera2=camera2_shading is not None,
        **{name: getattr(contract, name).encode() for name in NAMES},
        use_shading=contract.shading,
        halo=-1 if metadata is None or metadata.halo is None else metadata.halo,
        multiple=1 if metadata is None else metadata.multiple,
        minimum=1 if metadata is None else metadata.minimum,
        fixed_height=fixed[0],
        fixed_width=fixed[1],
        tile=tile,
    )
    if contract.black_level is not None:
        made.has_black, made.contract_black = 1, tuple(np.ravel(contract.black_level))
    if contract.white_level is not None:
        made.has_white, made.contract_white = 1, contract.white_level
    if shading is not None:
        made.shading_rows, made.shading_columns = shading.shape[:2]
        made.shading = shading.ctypes.data
    made.alive, made.input_form = (buffer, shading), contract.input_form
    return made


def spans(length: int, window: int, halo: int, multiple: int, exact: bool) -> list[tuple]:
    """The C++ counterpart of `tfisp.rendering.tiles.spans`."""
    numbers = (ctypes.c_int * (4 * length + 4))()
    count = library().spans(length, window, halo, multiple, ctypes.c_bool(exact), numbers)
    return [tuple(numbers[4 * i : 4 * i + 4]) for i in range(count)]


def prepare(made: Job) -> np.ndarray:
    """The C++ counterpart of `tfisp.packing.prepare` on the whole mosaic."""
    shape = (made.height, made.width)
    top, bottom, left, right = phase_padding(shape, made.pattern.decode())
    height, width = shape[0] + top + bottom, shape[1] + left + right
    out = np.full(made.input_form.shape(height, width), np.nan, np.float32)
    _call(library().prepare, made, out.ctypes.data_as(ctypes.c_void_p))
    return out


def render(made: Job, run, *, row_padding: int = 0, pixel_stride: int = 3) -> np.ndarray:
    """The C++ counterpart of `Renderer.render_8bit`.

    Args:
        made: what to render.
        run: maps float32 `[h, w, C]` to `[step h, step w, 3]`.
        row_padding: bytes behind each row of the picture.
        pixel_stride: 3 or 4.

    Returns:
        uint8 `[H, W, pixel_stride]`, upright.
    """
    form = made.input_form
    failures = []

    @Network
    def network(window, height, width, output):
        try:
            window = np.ctypeslib.as_array(window, (height, width, form.channels))
            rgb = np.ctypeslib.as_array(output, (form.step * height, form.step * width, 3))
            rgb[...] = run(window)
        except BaseException as error:  # must not pass through C++
            failures.append(error)
            return False
        return True

    picture, pointer, stride = _canvas(made, row_padding, pixel_stride)
    try:
        _call(library().render, made, network, pointer, stride, pixel_stride)
    finally:
        if failures:
            raise failures[0]
    return picture


def render_file(made: Job, path: Path, compiled: ctypes.CDLL) -> np.ndarray:
    """As `render`, the `.tflite` file run by the TensorFlow Lite C API."""
    picture, pointer, stride = _canvas(made, 0, 3)
    _call(compiled.render_file, made, str(path).encode(), pointer, stride, 3)
    return picture


@functools.cache
def library() -> ctypes.CDLL:
    """The compiled C++; without a compiler the test is skipped."""
    return build()


def build(*flags: str) -> ctypes.CDLL:
    """Compiles bridge.cc with more flags."""
    folder = tempfile.TemporaryDirectory(prefix="tfisp-phone-")
    path = Path(folder.name) / "bridge.so"
    command = [compiler(), *FLAGS, "-fPIC", "-shared", f"-I{SOURCES}", str(HERE / "bridge.cc")]
    subprocess.run([*command, *flags, "-o", path], check=True)
    compiled = ctypes.CDLL(str(path))
    for function in ("prepare", "render", "render_file"):
        if hasattr(compiled, function):
            getattr(compiled, function).restype = ctypes.c_char_p
    compiled.folder = folder
    return compiled


def compiler() -> str:
    """The C++ compiler; without one the test is skipped."""
    for name in ("g++", "clang++", "c++"):
        if shutil.which(name):
            return name
    pytest.skip("needs a C++ compiler (g++, clang++ or c++), which is not here")


def _canvas(made: Job, row_padding: int, pixel_stride: int) -> tuple:
    """Room for the upright picture: the array, its address, its row stride."""
    height, width = made.height, made.width
    if made.orientation >= 5:
        height, width = width, height
    stride = width * pixel_stride + row_padding
    rows = np.zeros((height, stride), np.uint8)
    picture = np.lib.stride_tricks.as_strided(
        rows, (height, width, pixel_stride), (stride, pixel_stride, 1)
    )
    return picture, rows.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(stride)


def _call(function, made: Job, *arguments) -> None:
    """Calls a function of bridge.cc; ValueError with its message where it fails."""
    message = function(ctypes.byref(made), *arguments)
    if message is not None:
        raise ValueError(message.decode())
