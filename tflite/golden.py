"""Golden inputs and outputs of exported .tflite files, to compare a phone with the desktop.

    python tflite/golden.py --export=EXPORTED --output=GOLDEN [--raw=PHOTO.dng]

Each file is run here, by LiteRT on the CPU, on an input that its contract prepares from a made-up
scene or from the middle of a RAW file. Files whose inputs are equal share one. `check.sh` runs the
same inputs on the phone and holds its outputs against these. Files that do not take and give
float32, such as a whole-ISP graph, are left out and named.

GOLDEN holds raw little-endian float32, row by row, and golden.json: for each file its SHA-256, the
names, shapes and sizes of its input and output, what the output's numbers mean, and how far a
phone's output may differ. Under output "camera" of a contract it is camera RGB, not yet finished.
"""

import dataclasses
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfisp import cli
from tfisp._version import __version__
from tfisp.cli import flags, rawflags
from tfisp.contract import Contract
from tfisp.errors import InputError
from tfisp.exporting.golden_scene import (
    FLOAT_LIMITS,
    INTEGER_LIMITS,
    SCENE_CAPTURE,
    SCENE_SENSOR,
    scene,
)
from tfisp.files import atomic_file, write_json
from tfisp.packing import crop_mosaic, prepare
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.runtime import open_interpreter
from tfisp.sensor import Capture, Sensor

Frame = tuple[np.ndarray, Sensor, Capture]


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.path(values, "export", None, "The folder that tfisp.export wrote.", required=True)
    flags.path(values, "output", None, "Folder to write to.", required=True)
    flags.path(values, "raw", None, "A RAW file whose middle is the input; else a made-up scene.")
    flags.integers(
        values,
        "shape",
        (1, 544, 960, 4),
        "Input shape for files whose height and width are free, as given to check.sh.",
        minimum=1,
    )
    rawflags.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Makes the golden folder; its index is written last."""
    export, output = Path(values.export), Path(values.output)
    if not export.is_dir():
        raise InputError(f"--export={export}: no such folder")
    paths = sorted(export.glob("*.tflite"))
    if not paths:
        raise InputError(f"--export={export}: holds no .tflite file")
    frame = None
    if values.raw is not None:
        from tfisp.raw import read_raw

        frame = read_raw(values.raw, **rawflags.options(values))
    entries = []
    for path in paths:
        entry = make(path, output, frame, values.shape)
        if entry is None:
            print(f"{path.name}: does not take and give float32 pictures, left out")
        else:
            print(f"{path.name}: {entry['input']} -> {entry['output']}")
            entries.append(entry)
    if not entries:
        raise InputError(f"--export={export}: holds no file that takes and gives float32 pictures")
    source = "made-up scene" if values.raw is None else Path(values.raw).name
    write_json(
        output / "golden.json",
        {"tfisp": __version__, "source": source, "files": entries},
    )
    print(f"golden inputs and outputs in {output}")


def make(
    path: Path, output: Path, frame: Frame | None, free_shape: Sequence[int]
) -> dict[str, Any] | None:
    """Runs one file and writes its input and output.

    Args:
        path: The `.tflite` file, with its metadata inside or beside it.
        output: The golden folder, made if absent.
        frame: A mosaic `[H, W]` with its sensor and capture; None takes the made-up scene.
        free_shape: (1, h, w, C) to give to a file whose height and width are free.

    Returns:
        The file's entry in `golden.json`; None if it does not take and give float32.

    Raises:
        InputError: the file cannot be used, the frame is too small for it, or its output is not
            finite.
    """
    metadata = metadata_module.read(path)
    try:
        interpreter = open_interpreter(path)
        ends = [*interpreter.get_input_details(), *interpreter.get_output_details()]
        if [end["dtype"] for end in ends] != [np.float32, np.float32]:
            return None
        given, made = ends
        shape = tuple(int(side) for side in given["shape"])
        if -1 in given["shape_signature"]:
            shape = tuple(free_shape)
            interpreter.resize_tensor_input(given["index"], shape, strict=True)
            interpreter.allocate_tensors()
        if len(shape) != 4 or shape[3] != metadata.channels:
            raise InputError(f"{path}: takes {list(shape)}, not [1, h, w, {metadata.channels}]")
        window = golden_input(metadata.contract, shape, frame, str(path))
        interpreter.set_tensor(given["index"], window)
        interpreter.invoke()
        picture = interpreter.get_tensor(made["index"])
    except (ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: LiteRT cannot run it ({error})") from None
    if not np.isfinite(picture).all():
        raise InputError(f"{path}: its output is not finite")
    content = window.astype("<f4").tobytes()
    # The hash makes files with equal inputs share one, and others not.
    input_name = f"input_{hashlib.sha256(content).hexdigest()[:12]}.bin"
    output_name = f"{path.stem}_output.bin"
    _write(output / input_name, content)
    _write(output / output_name, picture.astype("<f4").tobytes())
    types = {np.dtype(tensor["dtype"]) for tensor in interpreter.get_tensor_details()}
    limits = INTEGER_LIMITS if np.dtype(np.int8) in types else FLOAT_LIMITS
    return {
        "name": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": input_name,
        "input_bytes": len(content),
        "shape": ",".join(map(str, shape)),
        "output": output_name,
        "output_bytes": picture.nbytes,
        "output_shape": ",".join(map(str, picture.shape)),
        "colour_encoding": metadata.colour_encoding,
        **limits._asdict(),
    }


def golden_input(
    contract: Contract, shape: Sequence[int], frame: Frame | None, name: str
) -> np.ndarray:
    """An input of a given shape, prepared as the contract asks.

    Args:
        contract: The generator's.
        shape: (1, h, w, C) of its input.
        frame: A mosaic with its sensor and capture, of which the middle is taken; None takes the
            made-up scene.
        name: The file's, for messages.

    Returns:
        float32 of that shape.

    Raises:
        InputError: the frame is smaller than the input.
    """
    step = contract.input_form.step
    height, width = shape[1] * step, shape[2] * step
    if frame is None:
        mosaic = scene(height, width)
        return prepare(mosaic, SCENE_SENSOR, SCENE_CAPTURE, contract)[None]
    mosaic, sensor, capture = frame
    # From a red site on, so that the phase rule adds no row or column.
    red = sensor.red_site
    spare = [mosaic.shape[axis] - red[axis] - (height, width)[axis] for axis in (0, 1)]
    if min(spare) < 0:
        raise InputError(
            f"{name}: needs a frame of {height}x{width} samples from a red one on, the RAW file has"
            f" {mosaic.shape[0]}x{mosaic.shape[1]}; export with a smaller --size"
        )
    top, left = (red[axis] + spare[axis] // 2 // 2 * 2 for axis in (0, 1))
    part, part_sensor = crop_mosaic(mosaic, sensor, top, left, height, width)
    if capture.frame_size is None:
        capture = dataclasses.replace(capture, frame_size=mosaic.shape)
    return prepare(part, part_sensor, capture, contract, origin=(top, left))[None]


def _write(path: Path, content: bytes) -> None:
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
