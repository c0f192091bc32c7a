"""Which step of a run to take: the last, the average, or what a criterion chooses?

    python scripts/benchmark_quality.py --output=DIR --checkpoints=12 ...
    python scripts/benchmark_choosing.py --output=DIR [--split=test]

DIR is the folder of `benchmark_quality.py`, whose trainings have kept several checkpoints. For each
run there that was trained without pairs, all of them are measured, with the weights of the step and
with averaged weights, beside the start. Prints a Markdown table: for each way of choosing what it
takes, and how much PSNR that loses against the best of all.

    last        the weights of the last step
    average     the averaged weights of the last step: what is published
    verdict     the averaged weights whose colours are nearest to the photographs', with content
                held, as the verdict of `unpaired_plus` says; needs no pair
    paired      the averaged weights with the highest PSNR on `val`: needs pairs, which a user
                without pairs does not have
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from benchmark_verdict import SCENES, mean_psnr, parse_arguments, unpaired_runs

from tfisp import data, models
from tfisp.data.config import DataConfig
from tfisp.models import Generator
from tfisp.training.checkpoints import Checkpoints
from tfisp.training.verdict import Distance, Judge, Verdict, renderer


class Candidate(NamedTuple):
    """Weights that may be taken.

    Attributes:
        step: Of the stage; 0 is its start.
        averaged: Whether they are averaged, or those of the step.
        distance: What can be said of them without pairs.
        chosen_by: PSNR on `val`, dB.
        psnr: On the split that is reported, dB.
    """

    step: int
    averaged: bool
    distance: Distance
    chosen_by: float
    psnr: float

    def __str__(self) -> str:
        """`averaged, step 480`."""
        if not self.step:
            return "the start"
        return f"{'averaged' if self.averaged else 'raw'}, step {self.step}"


def main() -> None:
    """Prints the table."""
    options = parse_arguments(__doc__ or "", "test")
    print("| contract | look | seed | stage | way | takes | PSNR, dB | loses, dB |")
    print("|---|---|---:|---|---|---|---:|---:|")
    for run in unpaired_runs(options.output):
        for line in rows(run, candidates(run, options.split)):
            print(line, flush=True)


def candidates(run: Path, split: str) -> list[Candidate]:
    """Everything that a run has kept, measured; the start first."""
    config = DataConfig(**json.loads((run / "run.json").read_text())["data"])
    dataset = data.open_dataset(config)
    judge = Judge(dataset)
    scenes = [list(itertools.islice(dataset.pairs[name], SCENES)) for name in ("val", split)]
    found = []
    for step, averaged, generator in weights(run):
        render = renderer(generator)
        quality = (mean_psnr(render, part) for part in scenes)
        found.append(Candidate(step, averaged, judge.judge(render), *quality))
    return found


def weights(run: Path) -> Iterator[tuple[int, bool, Generator]]:
    """Step, whether averaged, and a generator with these weights, for all that a run has kept."""
    generator = models.from_preset(run.parents[1] / "start")
    yield 0, True, generator
    for position, path in Checkpoints(run / "checkpoints").all():
        for name, averaged in (("generator", False), ("ema", True)):
            state = tf.train.Checkpoint(**{name: generator})
            state.read(str(path / "state")).assert_existing_objects_matched().expect_partial()
            yield position.step, averaged, generator


def rows(run: Path, found: list[Candidate]) -> list[str]:
    """The lines of one run."""
    start, last = found[0], found[-1].step
    averages = [candidate for candidate in found if candidate.averaged]
    better = [one for one in averages if Verdict(start.distance, one.distance).better]
    ways = {
        "last": next(one for one in found if one.step == last and not one.averaged),
        "average": averages[-1],
        "verdict (no pairs)": min(better or [start], key=lambda one: one.distance.colour),
        "PSNR on val (pairs)": max(averages, key=lambda one: one.chosen_by),
        "best of all": max(found, key=lambda one: one.psnr),
    }
    best = ways["best of all"].psnr
    contract, seed, look = run.parts[-4], run.parts[-3].removeprefix("seed"), run.parts[-2]
    return [
        f"| {contract} | {look} | {seed} | {run.name} | {way} | {taken} | {taken.psnr:.2f}"
        f" | {best - taken.psnr:.2f} |"
        for way, taken in ways.items()
    ]


if __name__ == "__main__":
    main()
