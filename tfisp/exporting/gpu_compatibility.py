"""May a `.tflite` file go to a mobile GPU, or which layer and operation keep it off?

A GPU delegate takes the operations that it knows and leaves the rest to the CPU: each change of
side copies the whole picture, and some delegates refuse the file or compute it wrongly. So a file
passes only if every operation is on the list of `gpu_operations.json` and fulfils its conditions
there; the list names its sources. The converter's own check, `tf.lite.experimental.Analyzer`, says
yes to everything (https://github.com/tensorflow/tensorflow/issues/77042) and is not used.
"""

import functools
import json
import math
import os
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any, NamedTuple

from tfisp.errors import InputError
from tfisp.exporting import tflite_graph as graph_module
from tfisp.exporting.tflite_graph import Operation, Tensor

# Dimensions of the tensors that mobile GPUs hold: batch, height, width, channels.
MOST_DIMENSIONS = 4

# Operations in an error line; a file with one unsuitable layer often has many.
_SHOWN = 3


class Violation(NamedTuple):
    """What keeps a file off the GPU.

    Attributes:
        layer: Which layer of the Keras model, as the file names it.
        operation: In TensorFlow Lite's words: `TILE`, `CUSTOM:FlexRFFT`; `INPUT` and `OUTPUT` for
            what is fed and what comes out.
        reason: What is wrong with it there, and what to use instead where known.
    """

    layer: str
    operation: str
    reason: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.layer}: {self.operation}: {self.reason}"


def told(found: Sequence[Violation]) -> str:
    """One line on why a file is not for mobile GPUs: its first violations, and how many more."""
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"not for mobile GPUs: {'; '.join(map(str, found[:_SHOWN]))}{more}"


def violations(path: str | os.PathLike) -> list[Violation]:
    """Everything in a `.tflite` file that keeps it off a mobile GPU, in the order of execution.

    Raises:
        InputError: the file is missing, damaged, or no TensorFlow Lite model.
    """
    found: list[Violation] = []
    graphs = graph_module.read(path)
    for kind in ("inputs", "outputs"):
        for name, tensor in getattr(graphs[0], kind).items():
            found += [Violation(name, kind[:-1].upper(), why) for why in _outside(tensor)]
    for operation in (operation for part in graphs for operation in part.operations):
        try:
            reasons = _reasons(operation)
        except graph_module.DAMAGED as error:  # it lacks the inputs or settings of its kind
            where = f"{operation.name} in {operation.layer}"
            raise InputError(f"{path}: a damaged model, {where} ({error!r})") from None
        found += [Violation(operation.layer, operation.name, reason) for reason in reasons]
    return found


def operations(path: str | os.PathLike) -> list[str]:
    """The names of a `.tflite` file's operations, in the order of execution, all graphs.

    Raises:
        InputError: as `violations`.
    """
    return [operation.name for part in graph_module.read(path) for operation in part.operations]


@functools.cache
def rules() -> dict[str, Any]:
    """The content of `gpu_operations.json`, which says itself what its entries mean."""
    text = (resources.files("tfisp.exporting") / "gpu_operations.json").read_text("utf-8")
    return json.loads(text)


def _outside(tensor: Tensor) -> list[str]:
    """What is wrong with something that is fed or given out."""
    reasons = []
    if -1 in tensor.shape:
        sides = ", ".join("?" if side < 0 else str(side) for side in tensor.shape)
        reasons.append(f"shape [{sides}] is not fixed; convert with a fixed height and width")
    if tensor.type != "FLOAT32":
        reasons.append(f"is {tensor.type.lower()}; GPU files take and give float32")
    return reasons


def _reasons(operation: Operation) -> list[str]:
    """What is wrong with an operation; empty if nothing is."""
    known = rules()
    entry = known["operations"].get(operation.name)
    if entry is None:
        refused = known["refused"].get(operation.name.split(":")[0])
        return [refused["reason"] if refused else known["unknown"]]
    reasons = [_CONDITIONS[name](operation) for name in (*known["always"], *entry["conditions"])]
    return [reason for reason in reasons if reason]


# Each condition gives None where it is fulfilled, else the reason why it is not.


def _fixed_shapes(operation: Operation) -> str | None:
    if any(-1 in tensor.shape for tensor in operation.tensors):
        return "its shape is not fixed; convert with a fixed height and width"
    return None


def _few_dimensions(operation: Operation) -> str | None:
    worst = max(len(tensor.shape) for tensor in operation.tensors)
    if worst > MOST_DIMENSIONS:
        return f"has {worst} dimensions, mobile GPUs hold {MOST_DIMENSIONS}"
    return None


def _single_picture(operation: Operation) -> str | None:
    for tensor in operation.tensors:
        if not tensor.stored and len(tensor.shape) == MOST_DIMENSIONS and tensor.shape[0] != 1:
            return f"holds {tensor.shape[0]} pictures at once, expected 1"
    return None


def _types(operation: Operation) -> str | None:
    """Pictures are float32, or whole numbers that stand for real ones; constants also others."""
    for tensor in operation.tensors:
        allowed = rules()["types"]["computed" if tensor.values is None else "constant"]
        if tensor.type not in allowed:
            return f"has {tensor.type.lower()} values"
        if tensor.values is None and tensor.type != "FLOAT32" and not tensor.quantised:
            return f"computes with whole numbers ({tensor.type.lower()})"
    return None


def _activation(operation: Operation) -> str | None:
    """0..4 are none, ReLU, ReLU -1..1, ReLU6 and tanh in the schema; 5 is the sign bit."""
    if operation.options.get("fused_activation_function", 0) > 4:
        return "has a fused activation that mobile GPUs do not run"
    return None


def _one_computed(operation: Operation) -> str | None:
    computed = [tensor for tensor in operation.inputs if tensor and not tensor.stored]
    if len(computed) != 1:
        return f"takes {len(computed)} computed tensors, expected 1 and constants"
    return None


def _two_inputs(operation: Operation) -> str | None:
    if len(operation.inputs) != 2:
        return f"has {len(operation.inputs)} inputs, expected 2"
    return None


def _one_covers_the_other(operation: Operation) -> str | None:
    """Broadcasting: one input has the shape of the result, the other one that fits into it."""
    shape = operation.outputs[0].shape
    if all(tensor is None or tensor.shape != shape for tensor in operation.inputs):
        given = " and ".join(str(list(tensor.shape)) for tensor in operation.inputs if tensor)
        return f"both inputs are broadcast, {given} to {list(shape)}"
    return None


def _not_grouped(operation: Operation) -> str | None:
    channels, seen = operation.input(0).shape[3], operation.input(1).shape[3]
    if channels != seen:
        return (
            f"a grouped convolution, {channels} channels in {channels // max(seen, 1)} groups,"
            " which GPUs may compute wrongly; use a full or a depthwise one"
        )
    return None


def _one_filter_per_channel(operation: Operation) -> str | None:
    filters, channels = operation.options["depth_multiplier"], operation.input(0).shape[3]
    if filters != 1 and channels != 1:
        return f"has {filters} filters for each of {channels} channels, expected 1"
    return None


def _slope_per_channel(operation: Operation) -> str | None:
    channels, slopes = operation.input(0).shape[-1], operation.input(1).shape[-1]
    return f"has {slopes} slopes for {channels} channels" if slopes != channels else None


def _plain_weights(operation: Operation) -> str | None:
    return "has shuffled weights" if operation.options["weights_format"] else None


def _block(operation: Operation) -> str | None:
    return "has a block of less than 2" if operation.options["block_size"] < 2 else None


def _one_alignment(operation: Operation) -> str | None:
    both = operation.options["align_corners"] and operation.options["half_pixel_centers"]
    return "aligns corners and pixel centres at once" if both else None


def _keeps_places(operation: Operation) -> str | None:
    """A tensor without its height or its channels alone would be laid out otherwise."""
    if operation.options["keep_dims"] or sorted(operation.input(1).integers()) == [1, 2]:
        return None
    return "drops a dimension; reduce with keepdims=True"


def _unit_beta(operation: Operation) -> str | None:
    beta = operation.options["beta"]
    return None if math.isclose(beta, 1) else f"has a beta of {beta:g}, expected 1"


def _plain_slice(operation: Operation) -> str | None:
    masks = ("ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    if any(operation.options[mask] for mask in masks):
        return "adds or removes a dimension; slice with start:stop along every axis"
    if any(step < 1 for step in operation.input(3).integers()):
        return "goes backwards"
    return None


def _reflects(operation: Operation) -> str | None:
    """In the schema, mode 0 is REFLECT and 1 is SYMMETRIC."""
    return "repeats the edge; pad with mode REFLECT" if operation.options["mode"] else None


# The names that `gpu_operations.json` uses.
_CONDITIONS: dict[str, Callable[[Operation], str | None]] = {
    "fixed_shapes": _fixed_shapes,
    "few_dimensions": _few_dimensions,
    "single_picture": _single_picture,
    "types": _types,
    "activation": _activation,
    "one_computed": _one_computed,
    "two_inputs": _two_inputs,
    "one_covers_the_other": _one_covers_the_other,
    "not_grouped": _not_grouped,
    "one_filter_per_channel": _one_filter_per_channel,
    "slope_per_channel": _slope_per_channel,
    "plain_weights": _plain_weights,
    "block": _block,
    "one_alignment": _one_alignment,
    "keeps_places": _keeps_places,
    "unit_beta": _unit_beta,
    "plain_slice": _plain_slice,
    "reflects": _reflects,
}
