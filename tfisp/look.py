"""Fits the look of photographs and writes it as a .cube file, without any training.

    python -m tfisp.look --raw_dir=RAW --target_dir=PHOTOGRAPHS --output=look.cube

The classical renderings of the RAW files give the colours before, the photographs those after; no
scene need be in both. The file (33 points) opens in any photo or film editor; a strip of pictures
before and after lies beside it (look.png). Of several families of maps that one is taken which the
scenes determine best, and a warning says when they are too few or too unlike.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfisp import cli
from tfisp.cli import flags, imports
from tfisp.cli.progress import Progress
from tfisp.data import flags as data_flags
from tfisp.errors import InputError, UsageError
from tfisp.looks.families import FAMILIES
from tfisp.looks.fit import AUTO, remarks, summary
from tfisp.looks.look import Look

# Side of the smallest patch: photographs need not be larger than that here.
_SMALLEST = 16

_SHOWN, _SIDE = 4, 480  # scenes in the strip, and their longer side in pixels


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    data_flags.define(values)
    values.set_default("reference", "opencv")  # colours are what counts here, and time
    values.set_default("patch_size", _SMALLEST)
    flags.heading(values, "the look")
    flags.path(values, "output", None, "The .cube file to write.", required=True)
    flags.choice(
        values,
        "family",
        AUTO,
        (AUTO, *FAMILIES),
        "The kind of map: what the scenes determine best (auto), a shift of the mean colour, also"
        " contrast and saturation (spread), curves and saturation, curves and a matrix, or curves"
        " between two matrices, for sensors whose own matrix is not known (matrices).",
    )
    flags.integer(
        values, "scenes", 400, "Read at most so many RAW files, and so many photographs.", minimum=1
    )
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Fits one look."""
    output = Path(values.output)
    if output.suffix != ".cube":
        raise UsageError(f"--output={output}: expected a name that ends in .cube")
    config = data_flags.make_config(values)
    from tfisp.data import open_dataset
    from tfisp.data.listing import evenly
    from tfisp.data.target_look import fit_target_look
    from tfisp.looks.cube import write_cube
    from tfisp.rendering.pictures import write_picture

    dataset = open_dataset(config, Progress())
    if not len(dataset.raw):
        raise InputError(f"--raw_dir={config.raw_dir}: no RAW file to train on, only held-out ones")
    look = fit_target_look(
        dataset, Progress(), family=values.family, most=values.scenes, seed=config.seed
    )
    about = summary(look)
    write_cube(output, look.cube(title=output.stem), ("fitted by tfisp.look", about))
    picture = output.with_suffix(".png")
    write_picture(picture, before_and_after(look, evenly(dataset.raw.frames, _SHOWN)))
    for path, reason in dataset.skipped:
        print(f"skipped {path}: {reason}", file=sys.stderr)
    for remark in remarks(look):
        cli.warn(main, remark)
    print(about)
    print(f"{output}, and before and after in {picture}")


def before_and_after(look: Look, frames: Sequence) -> np.ndarray:
    """A strip of pictures: a row per frame, its reference and the same in the look."""
    from tfisp.packing import orient
    from tfisp.rendering.pictures import strip

    columns: dict[str, list[np.ndarray]] = {"before": [], "after": []}
    for frame in frames:
        scene = frame.load()
        step = max(max(scene.reference.shape) // (2 * _SIDE), 1)
        image = orient(scene.reference[::step, ::step], scene.capture.orientation) / 65535
        for name, shown in (("before", image), ("after", look.apply(image))):
            columns[name].append(np.rint(shown * 255).astype(np.uint8))
    return strip(columns, _SIDE)


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
