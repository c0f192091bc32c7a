"""Measures trained generators on pictures whose truth is known.

    python -m tfisp.evaluate --model=RUN --data=zrr --raw_dir=ZRR --output=REPORT

Each pair is rendered whole and rounded to 8 bits (cut off under --compat=truncated_uint8). REPORT
gets images.csv (every picture), summary.json, summary.md and pictures.png (demosaic | models |
truth). Several models, separated by commas, are measured side by side: presets, runs, or .tflite
files.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from tfisp import cli, compat
from tfisp._version import __version__
from tfisp.backend import load_tensorflow
from tfisp.cli import flags, imports
from tfisp.data import flags as data_flags
from tfisp.errors import InputError
from tfisp.metrics.measures import METRICS
from tfisp.rendering.flags import levels, runtime

_WEIGHTS = sorted({key for metric in METRICS.values() for key in metric.weights})


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.paths(
        values,
        "model",
        (),
        "What to measure: names of presets, folders of presets or runs, .tflite files.",
        required=True,
    )
    runtime(values)
    levels(values)
    flags.path(values, "output", None, "Folder for the report.", required=True)
    data_flags.define(values)
    flags.choice(values, "split", "test", ("val", "test"), "Which held-out pairs.")
    flags.integer(values, "images", None, "Only the first so many pairs.", minimum=1)
    protocols = "; ".join(f"{name}: {metric.protocol}" for name, metric in METRICS.items())
    flags.names(
        values, "metrics", ("psnr", "ssim"), f"What to compute. {protocols}.", choices=METRICS
    )
    for key in _WEIGHTS:
        flags.text(values, f"{key}_weights", None, f"File with the weights of {key}.")
    flags.names(
        values,
        "compat",
        (),
        "Things in which to follow the paper's published code: truncated_uint8, "
        f"{compat.ITEMS['truncated_uint8'].does}; or published for all of them.",
    )
    flags.integer(values, "pictures", 8, "Rows of pictures.png; 0 for none.", minimum=0)
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Measures, and writes the report."""
    config = data_flags.make_config(values)
    items = compat.select(values.compat, compat.EVALUATION)
    labels = _labels(values.model)
    load_tensorflow()
    from tfisp import metrics
    from tfisp.cli.progress import Progress
    from tfisp.data import open_dataset
    from tfisp.files import write_json, write_text
    from tfisp.metrics import report
    from tfisp.rendering import load
    from tfisp.rendering.evaluation import evaluate
    from tfisp.rendering.levels import mapped_note
    from tfisp.rendering.pictures import strip, write_picture

    renderers = {
        label: load(model, runtime=values.runtime, levels=values.levels)
        for label, model in labels.items()
    }
    progress = Progress()
    dataset = open_dataset(config, progress)
    pairs = dataset.pairs.get(values.split)
    if not pairs:
        known = ", ".join(dataset.pairs) or "no split"
        raise InputError(
            f"--split={values.split}: --data={config.name} has no such pairs here; it has {known}"
        )
    for label, renderer in renderers.items():
        if note := mapped_note(renderer.metadata, dataset.sensor, values.levels):
            cli.warn(main, f"--data={config.name} with --model={label}: {note}")
    weights = {key: values[f"{key}_weights"].value for key in _WEIGHTS}
    protocols = metrics.describe(values.metrics, weights)
    found = evaluate(
        renderers,
        pairs,
        values.metrics,
        dataset.bad_files,
        images=values.images,
        pictures=values.pictures,
        method=config.reference,
        truncate="truncated_uint8" in items,
        weights=weights,
        progress=progress,
    )
    output, table = Path(values.output), report.to_markdown(found.scores, protocols)
    write_text(output / "images.csv", report.to_csv(found.scores, protocols))
    write_text(output / "summary.md", table)
    if values.pictures:
        write_picture(output / "pictures.png", strip(found.columns))
    images = len({score.image for score in found.scores})
    summary = {
        "tfisp": __version__,
        "data": dataclasses.asdict(config),
        "split": values.split,
        "compat": items,
        "models": labels,
        "images": images,
        "note": report.few(images) and f"means {report.few(images)}",
        "metrics": {name: protocol.text for name, protocol in protocols.items()},
        "results": report.plain(report.summarise(found.scores)),
        "skipped": [reason for _, reason in dataset.skipped],
    }
    write_json(output / "summary.json", summary)
    for _, reason in dataset.skipped:
        print(f"skipped: {reason}")
    print(table)
    print(f"report in {output}")


def _labels(models: Sequence[str]) -> dict[str, str]:
    """Model by short name: the last part of its path where that tells it apart."""
    paths = [Path(model).expanduser() for model in models]
    short = [path.resolve().name.removesuffix(".tflite") for path in paths]
    return {
        name if short.count(name) == 1 else str(path): str(path)
        for name, path in zip(short, paths, strict=True)
    }


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
