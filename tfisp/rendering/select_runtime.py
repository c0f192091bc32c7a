"""Which runtime renders with a model: what `--runtime` means.

    litert       LiteRT's interpreter, for `.tflite` files
    tensorflow   a compiled TensorFlow function, for Keras generators
    auto         LiteRT where it can, else TensorFlow

The rule of `auto` was measured (`scripts/benchmark_process.py`), so it needs no trial and always
decides alike: on x86-64 LiteRT renders a 12-megapixel photo with the paper's generator in two
thirds of TensorFlow's time, and importing TensorFlow takes longer than developing several photos.
Converting a generator on the fly would cost both.

A run's folder holds its generator twice: as Keras weights in `model/` and as a file in `export/`.
So LiteRT can render with a run. It does so only if the file holds the very numbers that the Keras
weights hold, for the same input; then the exporter has compared their pictures too.
"""

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfisp.backend import load_tensorflow
from tfisp.errors import InputError
from tfisp.models.presets import RUN_SUBFOLDER, WEIGHTS, Preset, from_preset, read_preset
from tfisp.naming import choose
from tfisp.perceptual.arrays import read_arrays
from tfisp.rendering.runtime import KerasRuntime, LiteRuntime, Runtime

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

RUNTIMES = ("auto", "litert", "tensorflow")

# The file of a run that may stand for its Keras weights: float32, as `tfisp.train` exports it.
_EXPORTED = Path("export", "model.tflite")


def open_runtime(
    model: "Generator | Runtime | str | os.PathLike", runtime: str = "auto"
) -> Runtime:
    """A model that is ready to run.

    Args:
        model: A preset's name, a run's or preset's folder, or a `.tflite` file, as `--model` names
            it; a Keras generator; or a runtime, which is returned as it is.
        runtime: One of `RUNTIMES`; only for what has a name.

    Raises:
        InputError: there is no such model or runtime, the model cannot be used, or not in this
            runtime.
    """
    choose("--runtime", runtime, RUNTIMES)
    if not isinstance(model, str | os.PathLike):
        return model if isinstance(model, Runtime) else KerasRuntime(model)
    if Path(model).suffix == ".tflite":
        if runtime == "tensorflow":
            raise InputError(f"--runtime=tensorflow: {model} is a file for LiteRT only")
        return LiteRuntime(model)
    if runtime == "litert" or (runtime == "auto" and importlib.util.find_spec("ai_edge_litert")):
        preset = read_preset(model)
        found = exported_twin(preset)
        if found is not None:
            return found
        if runtime == "litert":
            raise InputError(
                f"--runtime=litert: {model} is no run whose {_EXPORTED} holds the same network;"
                " export it (python -m tfisp.export) and give the .tflite file"
            )
    load_tensorflow()
    return KerasRuntime(from_preset(model))


def exported_twin(preset: Preset) -> LiteRuntime | None:
    """The exported file of the run that a preset belongs to, if it holds the same network.

    Args:
        preset: Of a generator.

    Returns:
        The file in LiteRT. None if the preset is not of a run, or its run has no exported file that
        can be used at any size; if name, contract, sensor or any weight differ; or if the weights
        cannot be compared, since the converter has merged them.
    """
    folder = preset.folder.resolve()
    path = folder.parent / _EXPORTED
    if folder.name != RUN_SUBFOLDER or not path.is_file():
        return None
    if preset.config.get("dtype", "float32") != "float32":
        return None  # exported in single precision, whatever Keras computes in
    try:
        runtime = LiteRuntime(path)
    except InputError:
        return None
    metadata = runtime.metadata
    expected = preset.model, preset.contract, preset.sensor
    if (metadata.name, metadata.contract, metadata.sensor) != expected:
        return None
    if runtime.fixed is not None or not _same_weights(preset.folder / WEIGHTS, runtime):
        return None
    return runtime


def _same_weights(weights: Path, runtime: LiteRuntime) -> bool:
    """Whether each array of a Keras weight file is, number for number, a constant of a file."""
    constants = {(array.shape, array.tobytes()) for array in runtime.constants()}

    def stored(array: np.ndarray) -> bool:
        # Keras puts a kernel's output channels last, TensorFlow Lite first.
        arrangements = (array, np.ascontiguousarray(np.moveaxis(array, -1, 0)))
        return any((each.shape, each.tobytes()) in constants for each in arrangements)

    return all(map(stored, read_arrays(weights).values()))
