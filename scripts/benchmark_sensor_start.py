"""What is a start worth for a camera that has a few RAW files and no pair?

    python scripts/benchmark_sensor_start.py --photos=PHOTOS --weights=WEIGHTS --output=DIR
    [--seeds=0,1] [--start_steps=N] [--steps=N] [--split=val]

The scenes that `benchmark_quality.py` turns into RAW files (`source`, as shot) play the new
camera's files: they are written as DNGs, which is all that a start knows of the camera. Starts, of
equal steps and batches:

    classical         the reference rendering itself; not trained
    classical_start   regression to that rendering at full size (`classical_start.py`)
    pretrain_plus     RAW simulated from the files' own references
    simulated_sensor  `paired_plus` on `--data=unprocessed --sensor=FILES`: photographs of the
                      `target` scenes, unedited, as the camera of the files would have recorded them

Each is measured on the held-out scenes against the true neutral picture (look `neutral`), and once
more after `unpaired_plus` on the camera's files from there, in one of the benchmark's looks
(`--look`, `--steps`; 0 leaves that out). Report, continuing and cells as in `benchmark_quality.py`.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from benchmark_looks import LOOKS
from benchmark_measures import measure
from benchmark_quality import edit_photographs, train
from benchmark_report import MEASURES, interval, write_report

from tfisp.data import DataConfig, open_dataset
from tfisp.errors import InputError
from tfisp.files import write_json, write_text
from tfisp.rawfiles.dng_writer import write_dng

# The recipe of each trained start.
STARTS = {
    "classical_start": "classical_start",
    "pretrain_plus": "pretrain_plus",
    "simulated_sensor": "paired_plus",
}


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--splits", default="splits_bsds.json")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seeds", type=lambda text: text.split(","), default=["0", "1"])
    parser.add_argument("--look", default="warm", choices=list(LOOKS))
    parser.add_argument("--model", default="efficient_isp")
    parser.add_argument("--split", default="test", choices=["val", "test"])
    parser.add_argument("--start_steps", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch_size", type=int, default=32)
    return parser.parse_args(namespace=argparse.Namespace(checkpoints=1))


def write_files(splits: Path, seed: int, cache: Path, folder: Path) -> None:
    """Writes the RAW files that the benchmark trains on as DNGs, which state all that they do."""
    config = DataConfig(
        "unprocessed", splits=str(splits), seed=seed, cache_dir=str(cache), patch_size=96
    )
    folder.mkdir(parents=True, exist_ok=True)
    for frame in open_dataset(config).raw.frames:
        path = folder / f"{frame.name}.dng"
        if not path.is_file():
            scene = frame.load(reference=False)
            write_dng(path, scene.mosaic, scene.sensor, scene.capture)


def other_scenes(splits: Path) -> dict[str, list[str]]:
    """The roles of the simulated sensor's photographs: none is a scene of the files."""
    roles = json.loads(splits.read_text())
    return {
        role: [str((splits.parent / name).resolve()) for name in roles[played]]
        for role, played in {"source": "target", "val": "val", "test": "test"}.items()
    }


def run_seed(options: argparse.Namespace, seed: str) -> list[dict]:
    """Trains and measures the starts, and what follows from each: a row for each."""
    splits, cache = options.photos / options.splits, options.output / "cache"
    data = [
        "--data=unprocessed",
        f"--raw_dir={options.photos}",
        "--patch_size=96",
        f"--data_seed={seed}",
        f"--cache_dir={cache}",
    ]
    files = [*data, f"--splits={splits}"]
    camera = options.output / "camera" / f"seed{seed}"
    write_files(splits, int(seed), cache, camera)
    others = options.output / "other_scenes.json"
    write_json(others, other_scenes(splits))
    simulated = [*data, f"--splits={others}", f"--sensor={camera}"]

    rows = []

    def add(arm: str, look: str, run: Path, seconds: float, flags: list[str]) -> None:
        file = options.output / "measured" / f"{options.split}-{look}-{seed}-{arm}.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, measure(run, arm, flags, options.split, options.weights))
        cell = {"arm": arm, "look": look, "contract": "as_shot", "seed": seed, "seconds": seconds}
        rows.append(cell | json.loads(file.read_text()) | {"run": str(run)})

    runs = options.output / "runs" / f"seed{seed}"
    add("classical", "neutral", runs, 0.0, files)
    taken = {}
    for arm, recipe in STARTS.items():
        taken[arm] = train(
            options,
            runs / arm,
            {recipe: options.start_steps},
            f"--model={options.model}",
            f"--seed={seed}",
            *(simulated if arm == "simulated_sensor" else files),
            "--imports=classical_start",
        )
        add(arm, "neutral", runs / arm, taken[arm], files)
    if options.steps:
        edited = [*files, f"--edited_dir={edit_photographs(options, options.look)}"]
        add("classical", options.look, runs, 0.0, edited)
        for arm in STARTS:
            run = runs / options.look / arm
            seconds = train(
                options,
                run,
                {"unpaired_plus": options.steps},
                f"--model={runs / arm}",
                f"--seed={seed}",
                *edited,
                "--imports=classical_start",
                "--keep_if_worse",
            )
            add(arm, options.look, run, taken[arm] + seconds, edited)
    return rows


def differences(rows: list[dict]) -> str:
    """The table of `simulated_sensor` less each other arm: scenes and seeds are the same for all.

    Args:
        rows: As of `run_seed`; each arm of a look with the same seeds.

    Returns:
        Markdown: means with 95 % bootstrap intervals over scenes and seeds.
    """
    cells: dict[tuple[str, str], list[dict]] = {}
    for row in rows:
        cells.setdefault((row["look"], row["arm"]), []).append(row)
    lines = [
        f"| look | `simulated_sensor` less | {' | '.join(MEASURES)} |",
        f"|---|---|{'---|' * len(MEASURES)}",
    ]
    for (look, arm), group in cells.items():
        if arm == "simulated_sensor":
            continue
        ours = cells[look, "simulated_sensor"]
        shown = (
            interval([np.subtract(a[name], b[name]) for a, b in zip(ours, group, strict=True)], d)
            for name, d in MEASURES.items()
        )
        lines.append(f"| {look} | {arm} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Works through the seeds; the report is written after each."""
    options = parse_arguments()
    # `--imports` of the trainings finds the recipe beside this script.
    here, before = str(Path(__file__).resolve().parent), os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *([before] if before else [])])
    rows = []
    for seed in options.seeds:
        rows += run_seed(options, seed)
        write_json(options.output / "results.json", rows)
        write_report(options.output, rows)
        write_text(options.output / "differences.md", differences(rows))
    print(options.output / "summary.md")


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"benchmark_sensor_start.py: {error}")
