"""How large the numbers inside a network get: a GPU that computes in float16 ends at 65,504."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfisp.backend import without_chatter
from tfisp.exporting import tflite_graph
from tfisp.rendering.runtime import without_notice

# Largest finite number of IEEE 754 half precision.
FLOAT16_LARGEST = 65504.0


def largest(path: Path, inputs: Iterable[np.ndarray]) -> list[dict[str, Any]]:
    """The largest absolute value that each operation gives, over some inputs.

    The converted file is measured rather than the Keras layers: it has what runs on the phone, the
    sum in front of a tanh for instance, which Keras shows nowhere.

    Args:
        path: A float32 file that takes any size.
        inputs: float32 `[1, h, w, C]`, all of one shape.

    Returns:
        For each operation in order: `layer`, `operation`, and `largest`. What only computes shapes
        is left out.
    """
    operations = [
        operation
        for operation in tflite_graph.read(path)[0].operations
        if any(tensor.type == "FLOAT32" for tensor in operation.outputs)
    ]
    peaks = np.zeros(len(operations))
    interpreter = None
    for values in inputs:
        if interpreter is None:
            interpreter = _keeping_all(path, values.shape)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
        interpreter.invoke()
        for i, operation in enumerate(operations):
            given = [interpreter.get_tensor(tensor.index) for tensor in operation.outputs]
            peaks[i] = max(peaks[i], *(float(np.abs(values).max()) for values in given))
    return [
        {"layer": operation.layer, "operation": operation.name, "largest": float(peak)}
        for operation, peak in zip(operations, peaks, strict=True)
    ]


def _keeping_all(path: Path, shape: tuple[int, ...]) -> Any:
    """An interpreter that keeps what every operation gave, for an input of some shape."""
    resolver = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with without_chatter(), without_notice():
        interpreter = tf.lite.Interpreter(
            str(path),
            experimental_op_resolver_type=resolver,
            experimental_preserve_all_tensors=True,
        )
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
        interpreter.allocate_tensors()
    return interpreter
