"""Runs a `.tflite` file through the LiteRT GPU accelerator; a program of its own for `gpu_check`.

    python -P gpu_program.py MODEL INPUTS.npz RESULT.json

It must not share a process with TensorFlow: both bring an LLVM, and together they crash. So it
imports nothing of tfisp. It compares the accelerator, first made to compute in float32, then in the
precision that it chooses itself, with the interpreter on the CPU, and writes the result as JSON.
"""

import json
import sys
from typing import Any

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel, GpuOptions, Options
from ai_edge_litert.hardware_accelerator import HardwareAccelerator
from ai_edge_litert.interpreter import Interpreter


def main(model: str, inputs: str, result: str) -> None:
    """Compares one file on all inputs and writes the result.

    Args:
        model: The `.tflite` file, with one float32 input and one float32 output.
        inputs: An `.npz` archive of the arrays to feed.
        result: The JSON file to write: `accelerated`, and the largest and the mean difference on
            0..1 output for `float32` and for `default` precision.
    """
    with np.load(inputs) as archive:
        given = [archive[name] for name in archive.files]
    expected = [_clipped(output) for output in _on_cpu(model, given)]
    found: dict[str, Any] = {"accelerated": True}
    for name, enforced in (("float32", True), ("default", False)):
        outputs, accelerated = _on_gpu(model, given, expected[0].shape, enforced)
        found["accelerated"] &= accelerated
        differences = [
            np.abs(_clipped(ours) - theirs) for ours, theirs in zip(outputs, expected, strict=True)
        ]
        found[name] = {
            "largest_difference": float(np.max(differences)),
            "mean_difference": float(np.mean(differences)),
        }
    with open(result, "w", encoding="utf-8") as file:
        json.dump(found, file)


def _on_cpu(model: str, given: list[np.ndarray]) -> list[np.ndarray]:
    interpreter = Interpreter(model)
    interpreter.allocate_tensors()
    into = interpreter.get_input_details()[0]["index"]
    out = interpreter.get_output_details()[0]["index"]
    outputs = []
    for array in given:
        interpreter.set_tensor(into, array)
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(out))
    return outputs


def _on_gpu(
    model: str, given: list[np.ndarray], shape: tuple[int, ...], float32: bool
) -> tuple[list[np.ndarray], bool]:
    """The outputs, and whether every operation ran on the accelerator.

    With the GPU alone asked for, LiteRT refuses a file of which a part would run on the CPU.
    """
    options = Options(
        hardware_accelerators=HardwareAccelerator.GPU,
        gpu_options=GpuOptions(enforce_f32=float32),
    )
    compiled = CompiledModel.from_file(model, options=options)
    into, out = compiled.create_input_buffers(0), compiled.create_output_buffers(0)
    outputs = []
    for array in given:
        into[0].write(array)
        compiled.run_by_index(0, into, out)
        outputs.append(out[0].read(int(np.prod(shape)), np.float32).reshape(shape))
    return outputs, bool(compiled.is_fully_accelerated())


def _clipped(output: np.ndarray) -> np.ndarray:
    """What is shown; NaN stays NaN, and fails every limit."""
    return np.clip(output, 0.0, 1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
