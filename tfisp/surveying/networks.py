"""What a network is and what it costs, read from its declarations and from its `.tflite` file."""

from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from tfisp.backend import without_chatter
from tfisp.errors import InputError
from tfisp.exporting import cost, gpu_compatibility, memory, tflite_graph, writers
from tfisp.exporting.artifacts import check_size
from tfisp.models.generator import Generator
from tfisp.rendering.metadata import ModelMetadata

# What converting takes at its peak for each byte of weights: 7.7 was measured with the 47 million
# of PyNET, which are copied for the SavedModel, by the converter and for the file.
_COPIES = 10


@dataclass(frozen=True)
class Declared:
    """What a network says of itself.

    Attributes:
        parameters: Of the form that ships (`Generator.folded`).
        trained: Of the form that is trained.
        form: Arrangement of the mosaic that it takes.
        field: Side in pixels of the square of the mosaic that one pixel of the picture depends on;
            None for the whole picture.
    """

    parameters: int
    trained: int
    form: str
    field: int | None


@dataclass(frozen=True)
class Converted:
    """What the float32 `.tflite` file for one picture size says.

    Attributes:
        bytes: Size of the file.
        macs: Multiply-accumulates of a picture.
        activations: Numbers that its convolutions and dense layers give.
        memory: Bytes of everything that is computed, laid out as TensorFlow Lite does it.
        operations: How often each occurs.
        off_gpu: What keeps it off mobile GPUs; empty if nothing does.
    """

    bytes: int
    macs: int | None
    activations: int | None
    memory: int
    operations: dict[str, int]
    off_gpu: list[str]


def declared(generator: Generator) -> Declared:
    """What a generator says of itself."""
    ships, metadata = generator.folded(), ModelMetadata.of(generator)
    return Declared(
        parameters=ships.count_params(),
        trained=generator.count_params(),
        form=metadata.contract.form,
        field=None if metadata.halo is None else (2 * metadata.halo + 1) * metadata.step,
    )


def convert(generator: Generator, size: tuple[int, int], path: Path) -> None:
    """Writes the float32 `.tflite` file of a generator for one picture size.

    Args:
        generator: With any weights; its folded form is written.
        size: (height, width) of the picture in pixels.
        path: Of the file.

    Raises:
        InputError: it cannot give such a picture, it cannot be converted, or memory does not
            suffice.
    """
    metadata = ModelMetadata.of(generator)
    shape = (1, *check_size(metadata, size), metadata.channels)
    generator = generator.folded()
    require_memory(4 * generator.count_params() * _COPIES, "converting it")
    try:
        with without_chatter():
            writers.write_tflite(generator, shape, path)
    except (ConverterError, MemoryError, tf.errors.ResourceExhaustedError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(f"cannot be converted: {reason}") from None


def read(path: Path) -> Converted:
    """What a `.tflite` file of fixed size says."""
    graph = tflite_graph.read(path)[0]
    return Converted(
        bytes=path.stat().st_size,
        macs=cost.macs(graph),
        activations=cost.activations(graph),
        memory=cost.arena_bytes(graph),
        operations=cost.operations(graph),
        off_gpu=[str(violation) for violation in gpu_compatibility.violations(path)],
    )


def require_memory(needed: int, what: str) -> None:
    """Sees that there is memory before it is taken: a process that takes too much is killed.

    Args:
        needed: Bytes.
        what: It is for, for the message.

    Raises:
        InputError: there is less.
    """
    there = memory.available()
    if there is not None and needed > there:
        raise InputError(f"{what} takes some {needed / 1e9:.1f} GB, {there / 1e9:.1f} GB are free")
