"""Turns TensorFlow checkpoints of the published PyNET or PUNET code into presets that tfisp uses.

    python scripts/port_pynet.py pynet models/original/pynet_level_0.ckpt --output=pynet_zrr

The code is https://github.com/aiff22/PyNET and
https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp. Give the part of the name that
the two files NAME.index and NAME.data-00000-of-00001 share. Their variables have no names of their
own (generator/Variable, generator/Variable_1 ...): what each is follows from the order in which the
code makes them. Number and shapes of all are compared before any is taken; the width of the network
is read from them.

PyNET's pictures of levels 1 to 5 and its biases in front of normalisations are left out
(`tfisp/models/pynet.py`). Only numbers are read; nothing in the files is executed.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tfisp import models
from tfisp.backend import load_tensorflow
from tfisp.errors import InputError
from tfisp.sensor import get_sensor

if TYPE_CHECKING:
    from tfisp.models.pyramid import Branches, Pyramid

SOURCES = {
    "pynet": "https://github.com/aiff22/PyNET",
    "punet": "https://github.com/MediaTek-NeuroPilot/mai21-learned-smartphone-isp",
}


class Place(NamedTuple):
    """Where a variable of the checkpoint goes.

    Attributes:
        shape: Of it.
        weight: Of our network; None for what it does not need.
    """

    shape: tuple[int, ...]
    weight: Any = None


def main() -> None:
    """Converts one checkpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", choices=SOURCES, help="Which of the two networks it holds.")
    parser.add_argument("checkpoint", type=Path, help="Its files' name without .index or .data-*.")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="DIR", help="The preset's folder, to be made."
    )
    parser.add_argument(
        "--sensor", help="What it was trained for, to be noted: zrr, ultraisp or a JSON file."
    )
    arguments = parser.parse_args()
    try:
        port(arguments.model, arguments.checkpoint, arguments.output, arguments.sensor)
    except (InputError, OSError) as error:
        print(f"port_pynet: {error}", file=sys.stderr)
        sys.exit(1)
    print(f"written to {arguments.output}")


def port(model: str, checkpoint: Path, folder: Path, sensor: str | None = None) -> None:
    """Converts one checkpoint and writes it as a preset.

    Args:
        model: `pynet` or `punet`.
        checkpoint: What the names of its files begin with.
        folder: Of the preset, to be made.
        sensor: Name of the sensor to be noted in the preset, or a JSON file that describes one.

    Raises:
        InputError: there is no such checkpoint, it holds something else, or the folder exists.
    """
    noted = None if sensor is None else get_sensor(sensor)
    index = checkpoint.with_name(checkpoint.name + ".index")
    if not index.is_file():
        raise InputError(f"{index}: no such file; give its name without .index")
    load_tensorflow()
    arrays = read(checkpoint)
    width = arrays[0].shape[-1]
    if arrays[0].shape != (3, 3, 4, width) or width % 4:
        raise InputError(
            f"{checkpoint}: its first variable has shape {arrays[0].shape}, expected [3, 3, 4,"
            f" width] of {model}"
        )
    generator = models.create(model, width=width)
    places = list(in_order(generator))
    if len(places) != len(arrays):
        raise InputError(
            f"{checkpoint}: holds {len(arrays)} variables, expected {len(places)} of {model}"
        )
    for index, (place, array) in enumerate(zip(places, arrays, strict=True)):
        if place.shape != array.shape:
            raise InputError(
                f"{checkpoint}: {_name(index)} has shape {array.shape}, expected {place.shape} of"
                f" {model}"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{checkpoint}: {_name(index)} holds numbers that are not finite")
        if place.weight is not None:
            place.weight.assign(array)
    card = (
        f"# {type(generator).__name__}, published weights\n\n"
        f"- Code: {SOURCES[model]}\n- Checkpoint: `{checkpoint.name}`\n"
        "- Licence: that of who published the weights; see there before passing this on\n"
    )
    models.save_to_preset(generator, folder, sensor=noted, card=card)


def read(checkpoint: Path) -> list[np.ndarray]:
    """The variables of a checkpoint in the order in which they were made.

    Raises:
        InputError: it is not readable, or its variables have others' names.
    """
    import tensorflow as tf

    try:
        reader = tf.train.load_checkpoint(str(checkpoint))
        found = reader.get_variable_to_shape_map()
        names = [_name(number) for number in range(len(found))]
        if not found or set(names) != set(found):
            strange = min(set(found) - set(names), default="nothing")
            raise InputError(
                f"{checkpoint}: holds {strange}, expected generator/Variable, generator/Variable_1"
                " ... alone"
            )
        return [reader.get_tensor(name) for name in names]
    # Of a damaged checkpoint, TensorFlow says so in errors of several kinds.
    except (tf.errors.OpError, RuntimeError, ValueError, IndexError) as error:
        raise InputError(f"{checkpoint}: not readable ({str(error).splitlines()[0]})") from error


def _name(number: int) -> str:
    """What TensorFlow calls the variable that was made as that number, from 0."""
    return "generator/Variable" + (f"_{number}" if number else "")


def in_order(generator: "Pyramid") -> Iterator[Place]:
    """The places of all variables, as the published code makes them."""
    for block in generator.encoders:
        yield from _of_block(block)
    for level in range(generator.depth, 0, -1):
        blocks = list(generator.blocks(level)[0])
        for block in blocks:
            yield from _of_block(block)
        if level > 1:
            for up in generator.blocks(level - 1)[1]:
                yield _of(up.kernel)
        if type(generator).__name__ == "PyNET":  # it shows what every level knows
            yield Place((3, 3, blocks[-1].filters, 3))
            yield Place((3,))
    yield _of(generator.exit.up.kernel)
    yield from map(_of, generator.exit.colour.weights)


def _of_block(block: "Branches") -> Iterator[Place]:
    """Of each branch the two convolutions: kernel, bias, shift, scale."""
    for index in range(len(block.first)):
        for layers, norms in ((block.first, block.first_norm), (block.second, block.second_norm)):
            layer = layers[index]
            yield _of(layer.kernel)
            yield _of(layer.bias) if layer.use_bias else Place((block.width,))
            if norms:
                yield _of(norms[index].shift)
                yield _of(norms[index].scale)


def _of(weight: Any) -> Place:
    return Place(tuple(weight.shape), weight)


if __name__ == "__main__":
    main()
