"""Running exported files, and how far they are from Keras, in code values of 8 bits."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.exporting import gpu_compatibility
from tfisp.exporting.artifacts import Artifact
from tfisp.exporting.entries import Comparison, Figures
from tfisp.rendering.runtime import open_interpreter

# Operations that read weights from outside the file: a sign that they were not stored in it.
_VARIABLE_OPERATIONS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}

# The int8 file counts as good, no longer experimental, from here on: in the shadows no brightening
# or darkening that shows, and errors below one code value, which rounding alone makes up to half.
GOOD_SHADOWS = {"mean": 1.0, "bias": 0.5, "psnr_db": 40.0}

Run = Callable[[Mapping[str, np.ndarray]], np.ndarray]


class Case(NamedTuple):
    """One comparison.

    Attributes:
        name: Of the trial.
        inputs: Of the file, by name.
        expected: What Keras gives, `[1, H, W, 3]`: float32 on 0..1, or uint8 code values.
        shadows: Which pixels lie in the shadows, bool `[H, W]`.
    """

    name: str
    inputs: Mapping[str, np.ndarray]
    expected: np.ndarray
    shadows: np.ndarray


def compare(artifact: Artifact, path: Path, cases: Sequence[Case]) -> Comparison:
    """Measures how far a file is from Keras.

    Args:
        artifact: Which file it is.
        path: The file.
        cases: What to compare on.

    Raises:
        InputError: the file reads weights from outside, or differs too much.
    """
    if path.suffix == ".tflite":
        outside = sorted(_VARIABLE_OPERATIONS.intersection(gpu_compatibility.operations(path)))
        if outside:
            names = ", ".join(outside)
            raise InputError(f"{artifact.name}: its weights are not in the file ({names})")
    run = runner(path)
    differences = [_codes(run(case.inputs)) - _codes(case.expected) for case in cases]
    in_shadows = [given[0, case.shadows] for given, case in zip(differences, cases, strict=True)]
    total, dark = figures(differences), figures(in_shadows)
    if total is None:
        raise InputError(f"{artifact.name}: there is nothing to compare it on")
    check(artifact, total)
    if dark is not None:
        dark["share"] = float(np.mean(np.concatenate([case.shadows.ravel() for case in cases])))
    limit = {"largest": artifact.largest} if artifact.psnr is None else {"psnr_db": artifact.psnr}
    return Comparison(
        compared_on=[case.name for case in cases],
        difference=total,
        allowed=limit,
        shadows=dark,
    )


def figures(differences: Sequence[np.ndarray]) -> Figures | None:
    """Differences in code values, summed up; None if there are no pixels at all."""
    count = sum(difference.size for difference in differences)
    if not count:
        return None
    # One picture at a time, for they may be large; NaN goes through all of these.
    there = [difference for difference in differences if difference.size]
    squares = sum(float(np.sum(np.square(part), dtype=np.float64)) for part in there)
    return {
        "largest": float(np.max([np.abs(part).max() for part in there])),
        "mean": sum(float(np.sum(np.abs(part), dtype=np.float64)) for part in there) / count,
        "bias": sum(float(np.sum(part, dtype=np.float64)) for part in there) / count,
        "psnr_db": float(10 * np.log10(255**2 * count / squares)) if squares else None,
    }


def check(artifact: Artifact, difference: Figures) -> None:
    """Holds a file to its limits.

    Raises:
        InputError: it differs too much.
    """
    largest, psnr = difference["largest"], difference["psnr_db"]
    if artifact.largest is not None and not largest <= artifact.largest:  # NaN fails too
        raise InputError(
            f"{artifact.name}: differs from Keras by {largest:.3g} code values of 8 bits,"
            f" allowed are {artifact.largest:.3g}"
        )
    if artifact.psnr is not None and psnr is not None and not psnr >= artifact.psnr:
        raise InputError(
            f"{artifact.name}: has a PSNR of {psnr:.1f} dB to Keras, expected are at least"
            f" {artifact.psnr:g} dB"
        )


def experimental(shadows: Figures | None) -> bool:
    """Whether an int8 file's shadows are not good yet, or unknown."""
    if shadows is None:
        return True
    psnr = shadows["psnr_db"]
    return not (
        shadows["mean"] <= GOOD_SHADOWS["mean"]
        and abs(shadows["bias"]) <= GOOD_SHADOWS["bias"]
        and (psnr is None or psnr >= GOOD_SHADOWS["psnr_db"])
    )


def runner(path: Path) -> Run:
    """A function that runs an exported file: inputs by name -> `rgb`."""
    if path.is_dir():
        signature = tf.saved_model.load(str(path)).signatures["serving_default"]
        return lambda inputs: signature(**_tensors(inputs))["rgb"].numpy()
    if path.suffix == ".onnx":
        return _onnx_runner(path)
    # By name, since a file's inputs have no order of their own; takes any size that the file can.
    run = open_interpreter(path).get_signature_runner()
    return lambda inputs: run(**inputs)["rgb"]


def _onnx_runner(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(["rgb"], dict(inputs))[0]


def _tensors(inputs: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(values) for name, values in inputs.items()}


def _codes(picture: np.ndarray) -> np.ndarray:
    """A picture as float32 code values 0..255, not rounded if it was not."""
    if picture.dtype == np.uint8:
        return picture.astype(np.float32)
    return np.clip(picture, 0.0, 1.0) * np.float32(255)
