"""Lists every network and every method side by side: size, cost, mobile GPU, latency, quality.

    python -m tfisp.zoo                                     all, what takes seconds
    python -m tfisp.zoo --model=efficient_isp,lan --latency
    python -m tfisp.zoo --export=all --latency --json=zoo.json

Costs are counted in the `.tflite` file that each network is converted to, so that all come from the
registry, your own with --imports. What is not known says why in its place. Quality is what the
benchmarks found that come with tfisp (docs/ZOO.md). Prints Markdown; progress goes to stderr.
With --json a survey that was interrupted goes on where it was.
"""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfisp import cli
from tfisp._version import __version__
from tfisp.backend import load_tensorflow
from tfisp.cli import flags, imports
from tfisp.cli.progress import Progress
from tfisp.errors import UsageError
from tfisp.files import read_json, write_json
from tfisp.models import names
from tfisp.surveying.options import EXPORTS, REFERENCE, SMALL, Options

if TYPE_CHECKING:
    from tfisp.surveying.survey import Row


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.names(values, "model", (), "Networks to list, all if none is named.", choices=names())
    flags.size(values, "size", (1088, 1920), "Picture that costs are stated for.")
    flags.choice(
        values,
        "export",
        "small",
        EXPORTS,
        "Which networks to convert, for everything that is counted in a file: none, those of up to"
        f" {SMALL:,} parameters, or all, of which large ones take a minute each.",
    )
    flags.boolean(
        values, "latency", False, f"Time each converted network in turns with {REFERENCE}."
    )
    flags.size(values, "latency_size", (256, 384), "Picture that is timed.")
    flags.integer(values, "rounds", 5, "Turns of each timed network.", minimum=1)
    flags.path(
        values,
        "json",
        None,
        "Also write everything to this file, row by row: interrupted, the same command goes on.",
    )
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Surveys the networks and prints the tables."""
    if values.latency and values.export == "none":
        raise UsageError("--latency: needs converted networks; leave out --export=none")
    if not values.latency:
        idle = dict.fromkeys(("latency_size", "rounds"), "without --latency")
        for warning in flags.refuse_idle(values, idle):
            cli.warn(main, warning)
    if values.json and Path(values.json).is_dir():
        raise UsageError(f"--json={values.json}: is a folder, expected a file")
    load_tensorflow()
    from tfisp.surveying import tables
    from tfisp.surveying.methods import methods
    from tfisp.surveying.results import Results
    from tfisp.surveying.survey import survey

    results = Results.kept()
    size = values.latency_size if values.latency else None
    options = Options(values.size, values.export, size, values.rounds)
    asked: dict[str, Any] = {
        "version": __version__,
        "options": json.loads(json.dumps(dataclasses.asdict(options))),
    }
    rows: list[Row] = []
    before = _interrupted(values.json, asked)
    for row in survey(values.model or names(), options, results, Progress(sys.stderr), before):
        rows.append(row)
        if values.json:
            so_far = {"finished": False, "networks": [each.to_dict() for each in rows]}
            write_json(Path(values.json), asked | so_far)
    recipes = methods(results)
    sections = {
        "Networks": tables.costs(rows, options),
        "Operations": tables.operations(rows),
        "Quality after the same budget": tables.quality(rows, results),
        "Methods": tables.methods(recipes, results),
    }
    print("\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items()))
    if values.json:
        found: dict[str, Any] = {
            "finished": True,
            "networks": [row.to_dict() for row in rows],
            "budget": results.budget,
            "methods": [row.to_dict() for row in recipes],
            "setting": results.setting,
        }
        write_json(Path(values.json), asked | found)
        print(f"\n{values.json}")


def _interrupted(path: str | None, asked: dict[str, Any]) -> list["Row"]:
    """The rows of a survey that was interrupted, if it asked for the same.

    Raises:
        UsageError: the file is something else: it is not overwritten.
    """
    if not path or not Path(path).exists():
        return []
    from tfisp.surveying.survey import Row

    before = read_json(Path(path))
    if not isinstance(before, dict) or "networks" not in before or "finished" not in before:
        raise UsageError(f"--json={path}: holds something else, and is not overwritten")
    if before["finished"] or any(before.get(key) != value for key, value in asked.items()):
        return []
    return [Row.from_dict(row) for row in before["networks"]]


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
