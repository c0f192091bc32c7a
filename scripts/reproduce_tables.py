"""Trains and measures what a table of the paper (arXiv 2505.10420) compares, beside its figures.

    python scripts/reproduce_tables.py --table=1 --data_dir=ZRR --output=DIR
    python scripts/reproduce_tables.py --table=2 --data_dir=ULTRAISP --output=DIR --seeds=0,1,2
    python scripts/reproduce_tables.py --table=3 --data_dir=ZRR --output=DIR --dry_run

Tables 1, 3 and 4 take Zurich RAW-to-RGB, table 2 Fujifilm UltraISP, both as they are published
(`tfisp/data/patches.py`). Every row is a training by `tfisp.train` and a measurement by
`tfisp.evaluate`, whose commands are printed:

    DIR/runs/zrr/start-efficient_isp/seed0     the stage before, which rows that begin alike share
    DIR/runs/zrr/efficient_isp-unpaired/seed0  a row, which tables that have it share
    DIR/measured/zrr/efficient_isp-unpaired/seed0-test   what `tfisp.evaluate` wrote
    DIR/table1.md, table1.json                 the table, written anew after each row

Interrupted, the same command continues; what is finished is not run again. `--dry_run` prints the
commands and what `tfisp.train --dry_run` estimates for each here. With `--steps_scale`, `--images`,
`--patch_size`, `--batch_size` or `--train_flagfile` the setting is another than the paper's: files
are called `table1-other_setting.md`, and heading and columns say so.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from paper_tables import PRETRAIN_STEPS, TABLES, Row, Table
from run_once import is_finished, output_of, program, run_once, shown
from sweep import seeds
from table_report import Measured, write_table

from tfisp.data.listing import require_folder
from tfisp.data.patches import LAYOUTS
from tfisp.errors import InputError
from tfisp.files import read_json
from tfisp.metrics.registry import METRICS
from tfisp.naming import choose

# Of the last stages whose end a verdict without pairs might keep back: a table shows it.
_ALWAYS_PUBLISHED = ("--keep_if_worse",)
_UNITS = {"h": 3600, "min": 60, "s": 1}


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--table", type=int, choices=list(TABLES), required=True)
    parser.add_argument("--data_dir", required=True, help="the data set as it is published")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=seeds, default=[0], help="comma list")
    parser.add_argument("--rows", type=names, help="comma list of names; unset: all")
    parser.add_argument("--metrics", type=names, default=["psnr", "ssim", "ms_ssim", "lpips"])
    parser.add_argument("--data_seed", type=int, default=0, help="of the splits")
    parser.add_argument("--cache_dir", help="as of tfisp.train")
    parser.add_argument("--weights", type=Path, help="folder of frozen networks' weights")
    parser.add_argument("--steps_scale", type=float, default=1.0, help="times the table's steps")
    parser.add_argument("--patch_size", type=int, help="unset: the data set's own")
    parser.add_argument("--batch_size", type=int, help="unset: the paper's, 32")
    parser.add_argument("--images", type=int, help="measure only the first so many pairs")
    parser.add_argument("--train_flagfile", type=Path, help="further flags for every training")
    parser.add_argument("--dry_run", action="store_true", help="commands and estimated cost")
    return parser.parse_args(argv)


def run(argv: Sequence[str] | None = None) -> int:
    """Works through a table; returns the exit code."""
    options = parse_arguments(argv)
    try:
        table, rows = _checked(options)
        if options.dry_run:
            for line in estimate(options, table, rows):
                print(line, flush=True)
            return 0
        path = work(options, table, rows)
    except InputError as error:
        print(f"reproduce_tables.py: {error}", file=sys.stderr)
        return 1
    print(path.read_text(encoding="utf-8"))
    print(path)
    return 0


def work(options: argparse.Namespace, table: Table, rows: Sequence[Row]) -> Path:
    """Runs what is not finished; the table is written after each row. Returns its path."""
    environment = {"TFISP_WEIGHTS": str(options.weights)} if options.weights else {}
    measured: list[Measured] = []
    path = write_table(options.output, table, rows, measured, options.metrics, other(options))
    for row in (row for row in rows if not row.reason):
        for seed in options.seeds:
            for folder, words in trainings(options, table, row, seed):
                run_once(words, folder, environment)
            for split in table.splits:
                folder, words = measurement(options, table, row, seed, split)
                run_once(words, folder, environment)
                measured.append(_read(folder, row, seed, split))
        path = write_table(options.output, table, rows, measured, options.metrics, other(options))
    return path


def estimate(options: argparse.Namespace, table: Table, rows: Sequence[Row]) -> Iterator[str]:
    """Yields every command, with what `tfisp.train --dry_run` says of its cost here.

    Of several seeds the first is measured. A stage whose start is not trained yet is measured from
    first weights: it takes as long.
    """
    costs: dict[Path, float] = {}
    seen: set[Path] = set()
    total = 0.0
    for row in rows:
        if row.reason:
            yield f"# {row.title}: not run: {row.reason}"
            continue
        for seed in options.seeds:
            for folder, words in trainings(options, table, row, seed):
                if folder in seen:
                    continue
                seen.add(folder)
                cost = "finished"
                if not is_finished(words, folder):
                    if folder.parent not in costs:
                        costs[folder.parent] = _cost(options, row, words)
                    total += costs[folder.parent]
                    cost = f"about {costs[folder.parent] / 3600:.2f} h"
                yield f"{shown(words)}  # {cost}"
            for split in table.splits:
                yield shown(measurement(options, table, row, seed, split)[1])
    yield (
        f"# training left to do: about {total / 3600:.2f} h on this machine, without reading the"
        " data for the first time and without measuring"
    )


def trainings(
    options: argparse.Namespace, table: Table, row: Row, seed: int
) -> list[tuple[Path, list[str]]]:
    """(folder, command) of the trainings that a row takes, in order."""
    place = options.output / "runs" / table.data
    model, stages = row.model, []
    last = [f"--model={model}", *row.last_flags]
    if row.is_pretrained:
        folder = place / row.start / f"seed{seed}"
        stages.append((folder, "pretrain", PRETRAIN_STEPS, [f"--model={model}"]))
        last = [f"--model={folder}", *row.last_flags]
    stages.append((place / row.name / f"seed{seed}", row.recipe, row.steps, last))
    # The file's flags first: the table's own take precedence.
    extra = [f"--flagfile={options.train_flagfile}"] if options.train_flagfile else []
    batch = [f"--batch_size={options.batch_size}"] if options.batch_size else []
    return [
        (
            folder,
            program(
                "train",
                *extra,
                f"--work_dir={folder}",
                f"--recipe={recipe}",
                f"--steps={max(round(options.steps_scale * steps), 1)}",
                f"--seed={seed}",
                *_data_flags(options, table),
                *row.flags,
                *batch,
                *flags,
                *_ALWAYS_PUBLISHED,
            ),
        )
        for folder, recipe, steps, flags in stages
    ]


def measurement(
    options: argparse.Namespace, table: Table, row: Row, seed: int, split: str
) -> tuple[Path, list[str]]:
    """(folder, command) of a row's measurement on a split."""
    folder = options.output / "measured" / table.data / row.name / f"seed{seed}-{split}"
    few = [f"--images={options.images}"] if options.images else []
    words = program(
        "evaluate",
        f"--model={options.output / 'runs' / table.data / row.name / f'seed{seed}'}",
        f"--output={folder}",
        f"--split={split}",
        f"--metrics={','.join(options.metrics)}",
        *_data_flags(options, table),
        *few,
    )
    return folder, words


def other(options: argparse.Namespace) -> list[str]:
    """In what the setting is another than the paper's; empty if it is the paper's."""
    found = []
    if options.steps_scale != 1:
        found.append(f"steps times {options.steps_scale:g}")
    found += [
        f"--{name}={value}"
        for name in ("patch_size", "batch_size", "images", "train_flagfile")
        if (value := getattr(options, name)) is not None
    ]
    if options.train_flagfile:
        lines = options.train_flagfile.read_text(encoding="utf-8").splitlines()
        found += [line for line in map(str.strip, lines) if line and not line.startswith("#")]
    return found


def _checked(options: argparse.Namespace) -> tuple[Table, list[Row]]:
    """The table, and the rows that were asked for.

    Raises:
        InputError: A name, number or folder that was given cannot be.
    """
    table = TABLES[options.table]
    if not 0 < options.steps_scale <= 1:
        raise InputError(f"--steps_scale={options.steps_scale:g}: expected more than 0, at most 1")
    for name in ("patch_size", "batch_size", "images"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise InputError(f"--{name}={value}: expected at least 1")
    for metric in options.metrics:
        choose("--metrics", metric, METRICS)
    if options.train_flagfile and not options.train_flagfile.is_file():
        raise InputError(f"--train_flagfile={options.train_flagfile}: no such file")
    root = require_folder("data_dir", options.data_dir)
    wanted = root / "train" / LAYOUTS[table.data].raw
    if not wanted.is_dir():
        raise InputError(
            f"--data_dir={root}: no train/{wanted.name} here; table {table.number} is of"
            f" --data={table.data}"
        )
    known = {row.name: row for row in table.rows}
    names = options.rows or list(known)
    return table, [known[choose("--rows", name, known)] for name in names]


def _data_flags(options: argparse.Namespace, table: Table) -> list[str]:
    """Flags of the data, the same in training and measuring: they decide the splits."""
    flags = [*table.data_flags(), f"--raw_dir={options.data_dir}"]
    flags.append(f"--data_seed={options.data_seed}")
    if options.patch_size:
        flags.append(f"--patch_size={options.patch_size}")
    if options.cache_dir:
        flags.append(f"--cache_dir={options.cache_dir}")
    return flags


def _cost(options: argparse.Namespace, row: Row, words: Sequence[str]) -> float:
    """Seconds that `tfisp.train --dry_run` estimates for a training."""
    start = next(word for word in words if word.startswith("--model="))
    there = (Path(start.partition("=")[2]) / "model").is_dir()
    instead = start if there else f"--model={row.model}"
    environment = {"TFISP_WEIGHTS": str(options.weights)} if options.weights else {}
    words = [instead if word == start else word for word in words]
    return duration(output_of([*words, "--dry_run"], environment))


def duration(plan: str) -> float:
    """Seconds of the total time in what `tfisp.train --dry_run` prints.

    Raises:
        InputError: It states none.
    """
    found = re.search(r"^total time about ((?:\d+ (?:h|min|s) ?)+)here", plan, re.MULTILINE)
    if not found:
        raise InputError("tfisp.train --dry_run: states no total time")
    parts = re.findall(r"(\d+) (h|min|s)", found[1])
    return float(sum(int(number) * _UNITS[unit] for number, unit in parts))


def _read(folder: Path, row: Row, seed: int, split: str) -> Measured:
    """What `tfisp.evaluate` found."""
    summary = read_json(folder / "summary.json")
    (measures,) = summary["results"].values()  # it measured one model
    means = {name: float(values["mean"]) for name, values in measures.items()}
    return Measured(row.name, split, seed, summary["images"], means)


if __name__ == "__main__":
    sys.exit(run())
