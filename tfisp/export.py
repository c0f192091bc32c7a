"""Exports a trained generator: a SavedModel and TensorFlow Lite files, each compared with Keras.

    python -m tfisp.export --model=RUN --output=EXPORTED --size=1088x1920

writes saved_model/ with a fixed signature, which the stock `tflite_convert` accepts as well,
model.tflite, model_float16.tflite, model.json with the input contract, and report.json. If a form
does not agree with Keras, nothing is written and the exit code is 1.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tfisp import cli
from tfisp.backend import load_tensorflow
from tfisp.cli import flags
from tfisp.errors import UsageError


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.path(
        values, "model", None, "A preset's name, or the folder of a preset or run.", required=True
    )
    flags.path(values, "output", None, "Folder to write to.", required=True)
    flags.size(
        values,
        "size",
        (1088, 1920),
        "Height and width of the picture in pixels: the files work on this one size.",
    )


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Exports one generator."""
    output = Path(values.output)
    if Path(values.model).suffix == ".tflite":
        raise UsageError(
            f"--model={values.model}: is exported already; give a preset or run folder"
        )
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output={output}: is a file, expected a folder")
    load_tensorflow()
    from tfisp.models import from_preset
    from tfisp.rendering import conversion

    report = conversion.export(from_preset(values.model), values.size, output)
    height, width = values.size
    print(f"{report['model']}, {report['parameters']:,} parameters, {height}x{width} pixels")
    for entry in report["files"]:
        print(
            f"  {entry['name']:22} {entry['bytes']:>9,} bytes   largest difference to Keras"
            f" {entry['largest_difference']:.2g} (allowed {entry['allowed_difference']:.2g})"
        )
    print(f"exported to {output}")


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
