"""A generator as SavedModel, TensorFlow Lite and ONNX files.

The weights go through `keras.export.ExportArchive`, which tracks them: converting a concrete
function that refers to a Keras 3 model, or a `tf.Module` that holds one, drops them without a
warning and gives a file that returns NaN or cannot run.
"""

import contextlib
import importlib.util
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.models.generator import Generator

Shape = tuple[int | None, ...]
Function = Callable[..., dict[str, tf.Tensor]]


def write_saved_model(generator: Generator, shape: Shape, folder: Path) -> None:
    """Writes a SavedModel with one signature: `raw` float32 of a shape -> `rgb` float32.

    Args:
        generator: To be written.
        shape: (1, h, w, C) of the input; None for free sides.
        folder: To be made.
    """

    def serve(raw: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"rgb": generator(raw, training=False)}

    write_function(generator, serve, {"raw": tf.TensorSpec(shape, tf.float32, "raw")}, folder)


def write_function(
    generator: Generator, function: Function, inputs: Mapping[str, tf.TensorSpec], folder: Path
) -> None:
    """Writes any function around a generator as a SavedModel with one signature.

    Args:
        generator: Whose weights the function uses.
        function: Takes the inputs by name and returns its results by name.
        inputs: Name -> shape and type, in the order of the function's parameters.
        folder: To be made.
    """
    archive = keras.export.ExportArchive()
    archive.track(generator)
    specs = [
        keras.InputSpec(shape=spec.shape, dtype=spec.dtype.name, name=name)
        for name, spec in inputs.items()
    ]
    archive.add_endpoint("serve", function, specs)
    archive.write_out(str(folder), verbose=False)


def write_tflite(generator: Generator, shape: Shape, path: Path) -> None:
    """Writes the float32 `.tflite` file of a generator, without metadata.

    Args:
        generator: To be written.
        shape: (1, h, w, C) of the input; None for free sides.
        path: Of the file.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(generator, shape, Path(folder) / "saved_model")
        path.write_bytes(to_tflite(Path(folder) / "saved_model"))


def to_tflite(saved_model: Path, weights: str = "float32") -> bytes:
    """Converts a SavedModel to TensorFlow Lite, computing in float32.

    Args:
        saved_model: Its folder.
        weights: How to store them: "float32", "float16", or "dynamic range" for 8 bits with scales
            by which the interpreter may also round activations while it runs. The converter leaves
            tensors of fewer than 1,024 weights in float32 then.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return converter.convert()


def require_onnx() -> None:
    """Checks that ONNX files can be written.

    Raises:
        InputError: a package is missing.
    """
    if importlib.util.find_spec("tf2onnx") is None:
        raise InputError('--onnx: needs the package tf2onnx; run: pip install "tfisp[onnx]"')


def can_run_onnx() -> bool:
    """Whether an ONNX file can be run here, to compare it."""
    return importlib.util.find_spec("onnxruntime") is not None


def write_onnx(generator: Generator, shape: Shape, path: Path) -> None:
    """Writes an ONNX file: `raw` float32 of a shape, NHWC, -> `rgb` float32.

    Args:
        generator: To be written.
        shape: (1, h, w, C) of the input.
        path: Of the file.

    Raises:
        InputError: a package is missing.
    """
    require_onnx()
    signature = [keras.InputSpec(shape=shape, dtype="float32", name="raw")]
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)  # tf2onnx tells of every pass
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of Keras' own use of NumPy
            generator.export(str(path), format="onnx", verbose=False, input_signature=signature)
    finally:
        logging.disable(level)
    _name_output(path, "rgb")


def _name_output(path: Path, name: str) -> None:
    """Renames the output of an ONNX file, which the converter calls after its last operation."""
    import onnx

    model = onnx.load(path)
    old = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = [name if given == old else given for given in node.output]
        node.input[:] = [name if given == old else given for given in node.input]
    model.graph.output[0].name = name
    onnx.save(model, path)
