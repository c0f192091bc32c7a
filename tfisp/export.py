"""Exports a trained generator for the phone, and proves each file.

    python -m tfisp.export --model=RUN --output=EXPORTED --size=1088x1920

writes saved_model/ with a fixed signature, which the stock `tflite_convert` accepts as well;
TensorFlow Lite files: model.tflite, model_tile.tflite and model_float16.tflite for the GPU,
model_none.tflite (any height and width), model_dynamic_range.tflite and model_isp.tflite (sensor
counts in, 8-bit picture out) for the CPU; with RAW files to calibrate by, also model_int8.tflite;
model.json with the input contract; and report.json and report.md. A file for the GPU must consist
of operations that mobile GPUs run, and every file must agree with Keras: else nothing is written
and the exit code is 1.

    python -m tfisp.export --model=RUN --web=PAGE

writes a folder that runs the network in a browser (`python -m tfisp.web PAGE`, docs/WEB.md);
--model=A,B puts several on one page.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp import cli
from tfisp.backend import load_tensorflow
from tfisp.cli import flags, imports, rawflags
from tfisp.cli.progress import Progress
from tfisp.errors import UsageError
from tfisp.models.presets import preset_names
from tfisp.rendering.flags import strength

if TYPE_CHECKING:
    from tfisp.models.generator import Generator

# What says how the files of --output are written, and nothing about a page.
_OF_OUTPUT = ("size", "target", "calibration", "gpu_check", "onnx")


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.heading(values, "the network")
    flags.paths(
        values,
        "model",
        (),
        "A preset's name, or the folder of a preset or run; for --web several, to choose from.",
        known=preset_names(),
        required=True,
    )
    strength(values)
    flags.heading(values, "files")
    flags.path(values, "output", None, "Folder to write the files to.")
    flags.path(values, "web", None, "Folder to write a page to, which runs it in a browser.")
    flags.path(
        values, "look", None, "A .cube file that pictures on the page pass through at first."
    )
    flags.size(
        values,
        "size",
        (1088, 1920),
        "Height and width in pixels of the pictures that files of fixed size make.",
    )
    flags.choice(
        values,
        "target",
        "gpu",
        ("gpu", "cpu"),
        "gpu: refuse a generator whose files cannot run wholly on a mobile GPU; cpu: export it"
        " all the same, every file for the CPU.",
    )
    flags.paths(
        values,
        "calibration",
        (),
        "RAW files, and folders of them, that model_int8.tflite learns its ranges from: varied"
        " photographs with deep shadows and saturated highlights.",
    )
    flags.boolean(
        values,
        "gpu_check",
        True,
        "Run the files for the GPU on LiteRT's GPU accelerator too, in software where there is no"
        " GPU (scripts/install_software_gpu.sh).",
    )
    flags.boolean(values, "onnx", False, 'Also write model.onnx; needs pip install "tfisp[onnx]".')
    rawflags.define(values)
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Exports one generator."""
    if values.output is None and values.web is None:
        raise UsageError("--output or --web: say where to write")
    for model in values.model:
        if Path(model).suffix == ".tflite":
            raise UsageError(f"--model={model}: is exported already; give a preset or run folder")
    if values.output is not None and len(values.model) > 1:
        raise UsageError(
            f"--model={','.join(values.model)}: --output takes one; --web takes several"
        )
    output = None if values.output is None else Path(values.output)
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"--output={output}: is a file, expected a folder")
    idle = dict.fromkeys(_OF_OUTPUT, "without --output") if output is None else {}
    idle |= {"look": "without --web"} if values.web is None else {}
    for warning in flags.refuse_idle(values, idle):
        cli.warn(main, warning)
    from tfisp.rawfiles.gainmap import gain_map_of_flag

    raw_options = {**rawflags.options(values), "gain_map": gain_map_of_flag(values.gain_map)}
    load_tensorflow()
    from tfisp.browser.site import check_place
    from tfisp.models.strength import at_strength

    page = None if values.web is None else Path(values.web)
    if page is not None:
        check_place(page)

    generators = {model: at_strength(model, values.strength) for model in values.model}
    if page is not None:
        _write_page(values, generators, page)
    if output is not None:
        (generator,) = generators.values()
        _export(values, generator, output, raw_options)


def _write_page(
    values: flags.FlagValues, generators: Mapping[str, "Generator"], page: Path
) -> None:
    """Writes the page of `--web` and says how to look at it."""
    from tfisp.browser.site import Exported, write_site
    from tfisp.evaluating.plans import labels
    from tfisp.models.strength import start_of

    models = {}
    for name, model in labels(list(generators)).items():
        # In between can be chosen on the page, where it is not fixed here.
        start = start_of(model, generators[model]) if values.strength == 1 else None
        models[name] = Exported(generators[model], start)
    look = None if values.look is None else Path(values.look)
    for note in write_site(models, page, look=look, progress=Progress()):
        cli.warn(main, note)
    print(f"page written; look at it by: python -m tfisp.web {page}")


def _export(
    values: flags.FlagValues, generator: "Generator", output: Path, raw_options: dict[str, Any]
) -> None:
    """Writes the files of `--output` and says what they are."""
    from tfisp.exporting import conversion

    report = conversion.export(
        generator,
        values.size,
        output,
        target=values.target,
        calibration=values.calibration,
        raw_options=raw_options,
        onnx=values.onnx,
        on_gpu=values.gpu_check,
        progress=Progress(),
    )
    for line in summary(report):
        print(line)
    for warning in report["warnings"]:
        cli.warn(main, warning)
    print(f"exported to {output}")


def summary(report: dict[str, Any]) -> list[str]:
    """The report in a few lines."""
    height, width = report["output"][1:3]
    lines = [
        f"{report['model']}, {report['parameters']:,} parameters, {height}x{width} pixels,"
        f" {report['macs'] / 1e9:.3f} billion multiply-accumulates",
        f"  {'file':26} {'for':>3} {'bytes':>11}  largest difference to Keras, of 255, and PSNR",
    ]
    for entry in report["files"]:
        line = f"  {entry['name']:26} {entry['target'] or '-':>3} {entry['bytes']:>11,}  "
        if entry["compared_on"]:
            psnr = entry["difference"]["psnr_db"]
            line += f"{entry['difference']['largest']:.2g}"
            line += ", equal" if psnr is None else f", {psnr:.1f} dB"
        else:
            line += "not compared: install onnxruntime"
        lines.append(line + ("  (experimental)" if entry.get("experimental") else ""))
    lines += [
        f"  {entry['name']} on LiteRT's GPU accelerator: {entry['accelerator']}"
        for entry in report["files"]
        if "accelerator" in entry
    ]
    lines += [f"  {name}: not written: {why}" for name, why in report["missing"].items()]
    return lines


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
