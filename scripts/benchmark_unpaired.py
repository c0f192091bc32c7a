"""Does the unpaired stage move the output toward the target look?

    python scripts/benchmark_unpaired.py --photos=PHOTOS --weights=WEIGHTS --output=DIR
    [--steps=2000] [--seeds=0,1,2]

For each seed, a generator is pretrained on RAW made from photographs, and then trained on for the
same number of steps in two ways: with the critics (`unpaired`) and, as a control, without any
(content and total variation only). Held-out scenes are measured all along, with the raw weights and
with their average. The RAW files state no white balance and no colour matrix, as those of ZRR: the
right colours can come only from the target photographs. The frozen networks are real ones, AlexNet
for content and texture and DeiT-tiny for colour, so the figures are of this setting and not the
paper's.

PHOTOS holds `splits.json`; WEIGHTS holds `alexnet_features.npz` and
`deit_tiny_patch16_224_fp16.npz`. Interrupted, the same command continues. Results: `curves.csv`,
`summary.md`, and each run's folder.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tfisp.files import atomic_file, write_text

ARMS = {"unpaired": ["--color_backbone=deit_tiny"], "control": ["--critics=none"]}
MEASURES = ("psnr", "ssim", "color_error")
SETTING = (
    "--data=unprocessed",
    "--metadata=withheld",
    "--illuminant=default",
    "--patch_size=128",
    "--batch_size=4",
    "--content=alexnet_imagenet:relu2,alexnet_imagenet:relu5",
    "--validation_split=test",
    "--image_every=500",
    "--log_every=50",
    "--max_to_keep=1",
)


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--pretrain_steps", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--every", type=int, default=100, help="steps between measurements")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument(
        "extra", nargs="*", help="after --: further flags for the second stage of both arms"
    )
    return parser.parse_args()


def train(
    options: argparse.Namespace, folder: Path, recipe: str, steps: int, seed: int, *more: str
) -> None:
    """Runs, or continues, one training."""
    command = [
        sys.executable,
        "-m",
        "tfisp.train",
        f"--work_dir={folder}",
        f"--recipe={recipe}",
        f"--steps={steps}",
        f"--seed={seed}",
        f"--raw_dir={options.photos}",
        f"--splits={options.photos / 'splits.json'}",
        f"--validate_every={options.every}",
        *SETTING,
        *more,
    ]
    print("$", " ".join(command[1:]), flush=True)
    subprocess.run(command, check=True, env=os.environ | {"TFISP_WEIGHTS": str(options.weights)})


def read_curve(folder: Path) -> list[dict[str, float]]:
    """The validations of a run, one dictionary per measured step."""
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "val_ema/psnr" in entry]


def main() -> None:
    """Trains everything that is not trained yet and writes down the curves."""
    options = parse_arguments()
    rows = []
    for seed in map(int, options.seeds.split(",")):
        start = options.output / f"pretrain-{seed}"
        train(options, start, "pretrain", options.pretrain_steps, seed)
        for arm, flags in ARMS.items():
            folder = options.output / f"{arm}-{seed}"
            train(
                options,
                folder,
                "unpaired",
                options.steps,
                seed,
                f"--model={start}",
                *flags,
                *options.extra,
            )
            rows += [
                {"arm": arm, "seed": seed, "weights": weights, "step": entry["step"]}
                | {name: entry[f"val_{weights}/{name}"] for name in MEASURES}
                for entry in read_curve(folder)
                for weights in ("raw", "ema")
            ]
        write_results(options.output, rows)
    print(options.output / "summary.md")


def write_results(folder: Path, rows: list[dict]) -> None:
    """Writes all curves as CSV, and their mean over the seeds as a Markdown table."""
    with atomic_file(folder / "curves.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    seeds = sorted({row["seed"] for row in rows})
    lines = [
        f"Mean over seeds {', '.join(map(str, seeds))} (lowest .. highest), held-out scenes",
        "",
        "| step | arm | weights | PSNR, dB | SSIM | mean colour error, 8-bit steps |",
        "|---:|---|---|---|---|---|",
    ]
    for step in sorted({row["step"] for row in rows}):
        for arm in ARMS:
            for weights in ("raw", "ema"):
                group = [
                    r for r in rows if (r["step"], r["arm"], r["weights"]) == (step, arm, weights)
                ]
                if group:
                    cells = [
                        f"{spread([r[name] for r in group], digits)}"
                        for name, digits in zip(MEASURES, (2, 3, 1), strict=True)
                    ]
                    lines.append(f"| {step} | {arm} | {weights} | {' | '.join(cells)} |")
    write_text(folder / "summary.md", "\n".join(lines) + "\n")


def spread(values: list[float], digits: int) -> str:
    """`21.3 (20.8 .. 22.0)`."""
    low, high = min(values), max(values)
    return f"{statistics.mean(values):.{digits}f} ({low:.{digits}f} .. {high:.{digits}f})"


if __name__ == "__main__":
    main()
