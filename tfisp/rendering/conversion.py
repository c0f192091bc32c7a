"""A generator in the forms that phones take, each compared with Keras before anyone sees it.

    saved_model/            fixed signature [1, h, w, C] float32 -> [1, H, W, 3] float32
    model.tflite            the same, for TensorFlow Lite
    model_float16.tflite    weights stored in half precision, arithmetic in single
    model.json              the contract, the sensor and the receptive field (`facts`)
    report.json             sizes, operations, differences

The weights go through `keras.export.ExportArchive`, which tracks them: converting a concrete
function that refers to a Keras 3 model, or a `tf.Module` that holds one, drops them without a
warning and gives a file that returns NaN or cannot run.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfisp._version import __version__
from tfisp.errors import InputError
from tfisp.files import atomic_file, atomic_folder, write_json
from tfisp.models.generator import Generator
from tfisp.packing import prepare
from tfisp.rendering import facts as facts_module
from tfisp.rendering.facts import Facts
from tfisp.rendering.runtime import open_interpreter
from tfisp.sensor import Capture, Sensor

SAVED_MODEL, REPORT = "saved_model", "report.json"

# Largest differences allowed on 0..1 output: rounding of single precision sums, and one code value
# of 8 bits for weights of half precision.
FLOAT32_LIMIT = 1e-5
FLOAT16_LIMIT = 1 / 255

# Operations that read weights from outside the file: a sign that they were not stored in it.
_VARIABLE_OPERATIONS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}


@dataclass(frozen=True)
class Form:
    """One exported form.

    Attributes:
        name: of its file or folder.
        float16: whether its weights are stored in half precision.
        limit: largest difference to Keras allowed on 0..1 output.
    """

    name: str
    float16: bool
    limit: float


FORMS = (
    Form(SAVED_MODEL, False, FLOAT32_LIMIT),
    Form("model.tflite", False, FLOAT32_LIMIT),
    Form("model_float16.tflite", True, FLOAT16_LIMIT),
)


def check_size(facts: Facts, size: tuple[int, int]) -> tuple[int, int]:
    """The input size that belongs to a picture size.

    Args:
        facts: of the generator.
        size: (height, width) of the picture in pixels.

    Returns:
        (h, w) of the input in samples.

    Raises:
        InputError: the generator cannot give a picture of just that size.
    """
    unit, least = facts.step * facts.multiple, facts.step * facts.minimum
    if any(side % unit or side < least for side in size):
        raise InputError(
            f"--size={size[0]}x{size[1]}: {facts.name} needs sides divisible by {unit}"
            f" and of at least {least}"
        )
    return size[0] // facts.step, size[1] // facts.step


def export(generator: Generator, size: tuple[int, int], output: Path) -> dict[str, Any]:
    """Writes and checks all forms, and puts them in a folder once every one is right.

    Args:
        generator: with the weights to be exported.
        size: (height, width) of the picture in pixels.
        output: the folder; made if absent.

    Returns:
        The report, as also written to `report.json`.

    Raises:
        InputError: the size does not fit the generator, or a form does not agree with Keras;
            nothing is written then.
    """
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output, prefix=".building-") as folder:
        report = build(generator, size, Path(folder))
        publish(Path(folder), output)
    return report


def build(generator: Generator, size: tuple[int, int], folder: Path) -> dict[str, Any]:
    """Writes all forms into a folder and compares each with Keras.

    Args:
        generator: with the weights to be exported.
        size: (height, width) of the picture in pixels.
        folder: an existing, empty folder.

    Returns:
        The report, as also written to `report.json`.

    Raises:
        InputError: the size does not fit the generator, or a form does not agree with Keras.
    """
    generator = _single_precision(generator)
    facts = Facts.of(generator)
    shape = (1, *check_size(facts, size), facts.channels)
    write_saved_model(generator, shape, folder / SAVED_MODEL)
    for form in FORMS[1:]:
        model = to_tflite(folder / SAVED_MODEL, float16=form.float16)
        (folder / form.name).write_bytes(model)
        facts_module.attach(folder / form.name, facts)
    inputs = trial_inputs(facts, shape)
    expected = [np.asarray(generator(raw, training=False)) for raw in inputs]
    entries = []
    for form in FORMS:
        run, operations = _runner(folder / form.name)
        entries.append(_compare(form, operations, [run(raw) for raw in inputs], expected))
        entries[-1]["bytes"] = _bytes(folder / form.name)
    report = {
        "tfisp": __version__,
        "tensorflow": tf.__version__,
        "model": facts.name,
        "parameters": generator.count_params(),
        "input": list(shape),
        "output": [1, *size, 3],
        "files": entries,
    }
    write_json(folder / facts_module.BESIDE, facts.to_dict())
    write_json(folder / REPORT, report)
    return report


def publish(built: Path, output: Path) -> None:
    """Moves a built export into its place, each file whole; the report, which vouches, last.

    Files of the same names are replaced; others in the folder stay.
    """
    entries = sorted(built.iterdir(), key=lambda entry: (entry.name == REPORT, entry.name))
    for entry in entries:
        if entry.is_dir():
            with atomic_folder(output / entry.name) as temporary:
                shutil.copytree(entry, temporary, dirs_exist_ok=True)
        else:
            with atomic_file(output / entry.name) as temporary:
                shutil.copyfile(entry, temporary)


def write_saved_model(generator: Generator, shape: tuple[int, ...], folder: Path) -> None:
    """Writes a SavedModel with one signature: `raw` of a fixed shape -> `rgb`.

    Args:
        generator: to be written.
        shape: (1, h, w, C) of the input.
        folder: to be made.
    """

    def serve(raw: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"rgb": generator(raw, training=False)}

    archive = keras.export.ExportArchive()
    archive.track(generator)
    archive.add_endpoint(
        "serve", serve, [keras.InputSpec(shape=shape, dtype="float32", name="raw")]
    )
    archive.write_out(str(folder), verbose=False)


def to_tflite(saved_model: Path, *, float16: bool) -> bytes:
    """Converts a SavedModel to a TensorFlow Lite model, optionally with weights in float16."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if float16:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def trial_inputs(facts: Facts, shape: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    """Inputs on which forms are compared: noise over the whole range, and something like a photo.

    The second is a mosaic of waves from below black to saturation with shot noise, arranged and
    scaled by the contract, so that dark and clipped regions occur as in use.

    Args:
        facts: of the generator.
        shape: (1, h, w, C) of its input.
        seed: of the noise.

    Returns:
        Two float32 arrays of that shape.
    """
    rng = np.random.default_rng(seed)
    noise = rng.uniform(-0.1, 1.2, shape).astype(np.float32)
    height, width = shape[1] * facts.step, shape[2] * facts.step
    sensor = Sensor("RGGB", 64, 1023)
    rows, columns = np.ogrid[:height, :width]
    waves = 0.5 + 0.3 * np.sin(rows / 37) * np.cos(columns / 53) + 0.3 * np.sin(columns / 5)
    counts = 64 + 959 * waves**2 + rng.normal(0, 4 + 6 * waves)
    mosaic = np.clip(counts, 0, 1023).astype(np.uint16)
    capture = Capture(gains=(2.0, 1.0, 1.6))
    return [noise, prepare(mosaic, sensor, capture, facts.contract)[None]]


def _single_precision(generator: Generator) -> Generator:
    """The generator, or its twin that computes in float32: what is exported has no casts."""
    if generator.dtype_policy.name == "float32":
        return generator
    twin = type(generator).from_config({**generator.get_config(), "dtype": "float32"})
    twin.sensor = generator.sensor
    twin.set_weights(generator.get_weights())
    return twin


def _runner(path: Path) -> tuple[Any, list[str]]:
    """A function raw -> rgb that runs an exported form, and the names of its operations."""
    if path.is_dir():
        signature = tf.saved_model.load(str(path)).signatures["serving_default"]
        return lambda raw: signature(raw=tf.constant(raw))["rgb"].numpy(), []
    # Only an interpreter without delegates names the operations that are in the file.
    plain = open_interpreter(path, delegates=False)
    operations = [operation["op_name"] for operation in plain._get_ops_details()]
    interpreter = open_interpreter(path)

    def run(raw: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], raw)
        interpreter.invoke()
        return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])

    return run, operations


def _compare(
    form: Form, operations: list[str], given: list[np.ndarray], expected: list[np.ndarray]
) -> dict[str, Any]:
    """The report's entry on one form.

    Raises:
        InputError: the form reads weights from outside its file, or differs too much.
    """
    outside = sorted(_VARIABLE_OPERATIONS.intersection(operations))
    if outside:
        raise InputError(f"{form.name}: its weights are not in the file ({', '.join(outside)})")
    differences = [
        np.abs(np.clip(ours, 0, 1) - np.clip(theirs, 0, 1))
        for ours, theirs in zip(given, expected, strict=True)
    ]
    largest = max(float(difference.max()) for difference in differences)
    if not largest <= form.limit:  # NaN fails too
        raise InputError(
            f"{form.name}: differs from Keras by {largest:.3g} on 0..1 output, allowed are"
            f" {form.limit:.3g}"
        )
    return {
        "name": form.name,
        "operations": operations,
        "largest_difference": largest,
        "mean_difference": float(np.mean([difference.mean() for difference in differences])),
        "allowed_difference": form.limit,
    }


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
