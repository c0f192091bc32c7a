"""Does the verdict without pairs rank generators as the truth does?

    python scripts/benchmark_verdict.py --output=DIR [--split=val]

DIR is the folder of `benchmark_quality.py`. For each run there that was trained without pairs, the
weights go from its start to its end, and as far again beyond: at every point the verdict's distance
of colours is held against the true PSNR. Prints a Markdown table: Spearman's rank correlation of
the two (-1 is perfect: the smaller the distance, the higher the PSNR), and whether the verdict on
the whole stage says what the truth says.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from tfisp import data, metrics, models
from tfisp.data.config import DataConfig
from tfisp.models.strength import interpolated
from tfisp.training.verdict import Judge, Render, Verdict, renderer

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
ARMS = ("unpaired_plus", "unpaired")
SCENES = 20


def main() -> None:
    """Prints the table."""
    options = parse_arguments(__doc__ or "", "val")
    print("| contract | look | seed | stage | rank correlation | PSNR, dB | verdict | right |")
    print("|---|---|---:|---|---:|---|---|---|")
    for run in unpaired_runs(options.output):
        print(row(run, options.split), flush=True)


def parse_arguments(description: str, split: str) -> argparse.Namespace:
    """The benchmark's folder and a split, `split` unless given."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--split", default=split, choices=["val", "test"])
    return parser.parse_args()


def unpaired_runs(output: Path) -> list[Path]:
    """The finished runs of the benchmark that were trained without pairs."""
    runs = sorted(output.glob("runs/*/seed*/*/*"))
    return [run for run in runs if run.name in ARMS and (run / "verdict.json").is_file()]


def row(run: Path, split: str) -> str:
    """What is found for one run, as a line of the table."""
    config = DataConfig(**json.loads((run / "run.json").read_text())["data"])
    dataset = data.open_dataset(config)
    scenes = list(itertools.islice(dataset.pairs[split], SCENES))
    judge = Judge(dataset)
    start = models.from_preset(run.parents[1] / "start")
    end = models.from_preset(run / "stages" / f"0-{run.name}")
    distances, quality = [], []
    for strength in STRENGTHS:
        render = renderer(interpolated(start, end, strength))
        distances.append(judge.judge(render))
        quality.append(mean_psnr(render, scenes))
    correlation = spearmanr([distance.colour for distance in distances], quality).statistic
    whole = STRENGTHS.index(1.0)
    better = Verdict(distances[0], distances[whole]).better
    right = better == (quality[whole] > quality[0])
    contract, seed, look = run.parts[-4], run.parts[-3].removeprefix("seed"), run.parts[-2]
    return (
        f"| {contract} | {look} | {seed} | {run.name} | {correlation:.2f}"
        f" | {quality[0]:.1f} -> {quality[whole]:.1f} | {'better' if better else 'not better'}"
        f" | {'yes' if right else 'no'} |"
    )


def mean_psnr(render: Render, scenes: Sequence[tuple]) -> float:
    """Of pictures rounded to 8 bits, over scenes as a data set's pairs have them; in dB."""
    scores = [
        metrics.compute(["psnr"], metrics.quantise8(render(raw)), truth)["psnr"]
        for _, raw, _, truth in scenes
    ]
    return float(np.mean(scores))


if __name__ == "__main__":
    main()
