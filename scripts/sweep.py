"""Runs one command with several seeds and tells how much its figures depend on the seed.

    python scripts/sweep.py --output=DIR --seeds=0,1,2 --
        python -m tfisp.train --flagfile=unpaired_plus.flags --raw_dir=RAW --target_dir=PHOTOGRAPHS

`tfisp.train` gets --seed and --work_dir from here. Any other command says itself where they belong,
by `{seed}` and `{folder}`; for instance, to measure test pictures as well:

    ... -- sh -c "python -m tfisp.train --flagfile=paired.flags --raw_dir=ZRR --seed={seed}
        --work_dir={folder}/run && python -m tfisp.evaluate --model={folder}/run --data=zrr
        --raw_dir=ZRR --output={folder}/report"

Every seed has a folder, DIR/seed0 and so on. Interrupted, the same command continues; a seed that
has finished is not run again. DIR/sweep.md and sweep.json hold mean, standard deviation and 95 %
t interval of the final figures: what `tfisp.evaluate` measured (`summary.json`) and the last
validation of `tfisp.train` (`metrics.jsonl`), wherever in a seed's folder these lie.
"""

import argparse
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from run_once import run_once
from seed_statistics import CONFIDENCE, Spread

from tfisp.errors import InputError
from tfisp.files import parse_json, read_json, write_json, write_text

_SEED, _FOLDER = "{seed}", "{folder}"


def parse_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=seeds, default=[0, 1, 2], help="comma list")
    parser.add_argument("command", nargs="+", help="after --: the command, from its first word")
    return parser.parse_args(argv)


def seeds(text: str) -> list[int]:
    """The seeds of a comma list, each once.

    Raises:
        argparse.ArgumentTypeError: It is no such list.
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 0 or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected different numbers of at least 0 with commas between, as in 0,1,2"
        )
    return found


def with_seed(command: Sequence[str], seed: int, folder: Path) -> list[str]:
    """The words of a command for one seed.

    Args:
        command: Its words, with `{seed}` and `{folder}`, or a `tfisp.train` without them.
        seed: The seed.
        folder: Its folder.

    Raises:
        InputError: It says nowhere where seed and folder belong, or sets them itself.
    """
    marked = [any(mark in word for word in command) for mark in (_SEED, _FOLDER)]
    if all(marked):
        return [word.replace(_SEED, str(seed)).replace(_FOLDER, str(folder)) for word in command]
    trains = any(word == "tfisp.train" or word.endswith("tfisp-train") for word in command)
    if any(marked) or not trains:
        raise InputError(
            f"{shlex.join(command)}: must hold both {_SEED} and {_FOLDER}, or be a tfisp.train"
            " that holds neither"
        )
    for flag in ("--seed", "--work_dir"):
        if any(word == flag or word.startswith(f"{flag}=") for word in command):
            raise InputError(f"{flag}: every seed of a sweep has its own; leave it out")
    return [*command, f"--seed={seed}", f"--work_dir={folder}"]


def figures(folder: Path) -> dict[str, float]:
    """The final figures that a command has left anywhere in its folder.

    Args:
        folder: Of one seed.

    Returns:
        Name -> value: `psnr` or, of several reports or models, `report/model/psnr`; and
        `val_ema/psnr` and so on of the last validation.

    Raises:
        InputError: There are none, or a file is damaged.
    """
    found: dict[str, float] = {}
    for report in sorted(folder.rglob("summary.json")):
        place = report.parent.relative_to(folder).as_posix()
        for model, measures in read_json(report)["results"].items():
            found |= {f"{place}/{model}/{name}": float(m["mean"]) for name, m in measures.items()}
    if len({name.rpartition("/")[0] for name in found}) == 1:
        found = {name.rpartition("/")[2]: value for name, value in found.items()}
    for log in sorted(folder.rglob("metrics.jsonl")):
        place = log.parent.relative_to(folder).as_posix()
        prefix = "" if place == "." or len(list(folder.rglob(log.name))) == 1 else f"{place}/"
        last: Mapping[str, float] = {}
        for line in log.read_text(encoding="utf-8").splitlines():
            entry = parse_json(line.encode(), str(log))
            validated = {name: value for name, value in entry.items() if name.startswith("val_")}
            last = validated or last
        found |= {f"{prefix}{name}": float(value) for name, value in last.items()}
    if not found:
        raise InputError(
            f"{folder}: the command left no figures: neither a summary.json of tfisp.evaluate nor"
            " validations in a metrics.jsonl of tfisp.train"
        )
    return found


def table(found: Mapping[int, Mapping[str, float]], command: Sequence[str]) -> str:
    """Markdown: a row for each figure that every seed has.

    Args:
        found: Seed -> its figures.
        command: What was run.
    """
    lines = [
        f"`{shlex.join(command)}`",
        "",
        f"Seeds {', '.join(map(str, found))}; mean, standard deviation (divisor n - 1) and"
        f" {CONFIDENCE:.0%} t interval of the mean.",
        "",
        "| figure | n | mean | deviation | interval |",
        "|---|---:|---:|---:|---|",
    ]
    for name, spread in spreads(found).items():
        deviation = "-" if spread.deviation is None else f"{spread.deviation:.3g}"
        low, high = spread.interval or (None, None)
        interval = "- (one seed)" if low is None else f"{low:.5g} to {high:.5g}"
        lines.append(f"| {name} | {spread.count} | {spread.mean:.5g} | {deviation} | {interval} |")
    return "\n".join(lines) + "\n"


def spreads(found: Mapping[int, Mapping[str, float]]) -> dict[str, Spread]:
    """Figure -> its spread, of the figures that every seed has."""
    first = next(iter(found.values()))
    common = [name for name in first if all(name in other for other in found.values())]
    return {name: Spread.of([values[name] for values in found.values()]) for name in common}


def run(argv: Sequence[str] | None = None) -> int:
    """Runs what is not finished; the table is written after each seed. Returns the exit code."""
    options = parse_arguments(argv)
    try:
        commands = {
            seed: with_seed(options.command, seed, options.output / f"seed{seed}")
            for seed in options.seeds
        }
        found: dict[int, dict[str, float]] = {}
        for seed, words in commands.items():
            folder = options.output / f"seed{seed}"
            run_once(words, folder)
            found[seed] = figures(folder)
            write_json(options.output / "sweep.json", {str(s): v for s, v in found.items()})
            write_text(options.output / "sweep.md", table(found, options.command))
    except InputError as error:
        print(f"sweep.py: {error}", file=sys.stderr)
        return 1
    print(table(found, options.command))
    print(options.output / "sweep.md")
    return 0


if __name__ == "__main__":
    sys.exit(run())
