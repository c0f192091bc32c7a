"""What a `.tflite` file costs, computed from its graph: operations, multiplications, memory."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tfisp.exporting.tflite_graph import Graph, Operation, Tensor

# Bytes of one element.
_BYTES = {"FLOAT32": 4, "FLOAT16": 2, "INT32": 4, "INT8": 1, "UINT8": 1, "UINT16": 2, "INT64": 8}

# TensorFlow Lite places tensors at multiples of it (tflite/util.h, kDefaultTensorAlignment).
_ALIGNMENT = 64


class Lifetime(NamedTuple):
    """A tensor in memory: its bytes, and the first and last operation during which it is there."""

    size: int
    first: int
    last: int


def operations(graph: Graph) -> dict[str, int]:
    """How often each operation occurs, in the order of the first."""
    return dict(Counter(operation.name for operation in graph.operations))


def listed(counted: Mapping[str, int]) -> str:
    """Operations in words: `CONV_2D x3, TANH`."""
    return ", ".join(f"{name} x{n}" if n > 1 else name for name, n in counted.items())


def macs(graph: Graph) -> int | None:
    """Multiply-accumulates of one run: those of all convolutions and dense layers.

    Zeros at the border that a convolution multiplies count as well, as they do everywhere.

    Returns:
        The number, or None if a shape is free.
    """
    weighted = [operation for operation in graph.operations if operation.name in _MACS]
    if any(-1 in tensor.shape for operation in weighted for tensor in operation.tensors):
        return None
    return sum(_MACS[operation.name](operation) for operation in weighted)


def activations(graph: Graph) -> int | None:
    """Numbers that all convolutions and dense layers give in one run: "activations" in papers.

    They tell more of the time on hardware that memory holds up than multiplications do (Radosavovic
    et al. 2020, https://arxiv.org/abs/2003.13678, section 4).

    Returns:
        The number, or None if a shape is free.
    """
    given = [operation.outputs[0] for operation in graph.operations if operation.name in _MACS]
    if any(-1 in tensor.shape for tensor in given):
        return None
    return sum(math.prod(tensor.shape) for tensor in given)


def arena_bytes(graph: Graph, scale: float = 1.0) -> int:
    """Memory for everything that the graph is fed and computes, in one run.

    Tensors are laid out as TensorFlow Lite does it: the largest first, each into the smallest gap
    that is free while it is needed (Pisarchyk and Lee 2020, https://arxiv.org/abs/2001.03288).
    Weights, and what kernels need for themselves, come on top; a delegate may need less, or more.

    Args:
        graph: With fixed shapes.
        scale: A picture of so many times the pixels: tensors with a height and a width grow.
    """
    placed: list[tuple[int, Lifetime]] = []  # by offset
    for tensor in sorted(lifetimes(graph, scale), key=lambda tensor: -tensor.size):
        meanwhile = [
            (offset, other.size)
            for offset, other in placed
            if other.first <= tensor.last and tensor.first <= other.last
        ]
        placed.append((_offset(tensor.size, meanwhile), tensor))
        placed.sort(key=lambda entry: entry[0])
    return max((offset + tensor.size for offset, tensor in placed), default=0)


def lifetimes(graph: Graph, scale: float = 1.0) -> list[Lifetime]:
    """When each tensor that is fed or computed is in memory; both ends of the graph stay."""
    last = len(graph.operations)
    needed: dict[int, list[int]] = {}
    found: dict[int, Tensor] = {}
    for tensor in graph.inputs.values():
        needed[tensor.index], found[tensor.index] = [0, last], tensor
    for step, operation in enumerate(graph.operations):
        for tensor in operation.tensors:
            if not tensor.stored:
                found[tensor.index] = tensor
                needed.setdefault(tensor.index, []).append(step)
    for tensor in graph.outputs.values():
        needed.setdefault(tensor.index, []).append(last)
        found[tensor.index] = tensor
    return [
        Lifetime(_size(tensor, scale), min(needed[index]), max(needed[index]))
        for index, tensor in found.items()
    ]


def _offset(size: int, taken: list[tuple[int, int]]) -> int:
    """The start of the smallest gap between taken places that holds `size`, else their end."""
    best, best_gap, end = None, math.inf, 0
    for offset, length in taken:
        gap = offset - end
        if size <= gap < best_gap:
            best, best_gap = end, gap
        end = max(end, offset + -(-length // _ALIGNMENT) * _ALIGNMENT)
    return end if best is None else best


def _size(tensor: Tensor, scale: float) -> int:
    """Bytes of a tensor in a picture of `scale` times the pixels."""
    spatial = len(tensor.shape) >= 3 and min(tensor.shape[1:3]) > 1
    elements = math.prod(tensor.shape) * (scale if spatial else 1)
    return math.ceil(elements * _BYTES[tensor.type])


def _convolution(operation: Operation) -> int:
    """Output elements times the kernel `[out, kh, kw, in per group]` of each."""
    return math.prod(operation.outputs[0].shape) * math.prod(operation.input(1).shape[1:])


def _depthwise(operation: Operation) -> int:
    """Output elements times the kernel `[1, kh, kw, channels]` of one channel."""
    return math.prod(operation.outputs[0].shape) * math.prod(operation.input(1).shape[1:3])


def _transposed(operation: Operation) -> int:
    """Input elements times the kernel `[out, kh, kw, in]` that each spreads."""
    kernel = operation.input(1).shape
    return math.prod(operation.input(2).shape) * kernel[0] * kernel[1] * kernel[2]


def _dense(operation: Operation) -> int:
    """Output elements times the weights `[out, in]` of each."""
    return math.prod(operation.outputs[0].shape) * operation.input(1).shape[1]


_MACS: dict[str, Callable[[Operation], int]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _dense,
}
