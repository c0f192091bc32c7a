"""How good is each way of training, without and with pairs, at its last step?

    python scripts/benchmark_quality.py --photos=PHOTOS --weights=WEIGHTS --output=DIR
    [--looks=warm,vivid,faded,local] [--contracts=as_shot,withheld] [--seeds=0,1,2] [--arms=...]

PHOTOS holds photographs and SPLITS (`splits_bsds.json`), which says which become RAW files to train
on (`source`), which show the look (`target`), and which are held out (`val`, `test`). Sources and
targets share no scene. Photographs are edited in four looks (`benchmark_looks.py`). Contracts:

    as_shot    the RAW files state white balance and colour matrix
    withheld   they state neither, and illuminants vary, as in Zurich RAW-to-RGB

Arms, each at its last step, no pair having been used to train, stop or choose the unpaired ones:

    classical      the reference rendering of the RAW file
    look_map       the same in the look that was fitted in closed form
    start          `pretrain_plus`: a neutral rendering, learnt from the RAW files alone
    unpaired_plus  from there, by RAW files and photographs of other scenes
    unpaired       the paper's stage, from the same start
    paired_plus    the same number of steps with true pairs: the bound
    paired_adversarial, paired   the paper's stages with pairs; they need VGG-16's weights
    wespe_cycle, cyclegan, statistics   other published methods, from the same start
    lut3d_plus, nilut_plus   half of the steps on simulated captures in the look of the pairs, then
                   `paired_plus`

Training is the command line's, so each run continues where it was interrupted. Results:
`results.json`, `summary.md` (mean and 95 % bootstrap interval over scenes and seeds), `curves.png`
and `pictures.png`. A cell that is measured is not measured again: `test` is opened once.
"""

import argparse
import itertools
import json
from pathlib import Path

import cv2
import numpy as np
from benchmark_looks import LOOKS
from benchmark_report import write_report
from run_once import program, run_once

from tfisp.files import atomic_file, write_json

# Frozen networks of the paper's recipes that are small enough for two cores.
CONTENT = ("--batch_size=8", "--content=alexnet_imagenet:relu2,alexnet_imagenet:relu5")
SMALL = (*CONTENT, "--color_backbone=deit_tiny")
# What is measured is the end, whatever the verdict.
LAST = "--keep_if_worse"

# The trained arms: their recipes, each with its share of the steps, and further flags. The paper's
# look through frozen networks, so that a step takes many times as long; so do ways back.
STAGES: dict[str, tuple[dict[str, float], tuple[str, ...]]] = {
    "unpaired_plus": ({"unpaired_plus": 1.0}, ()),
    "paired_plus": ({"paired_plus": 1.0}, ()),
    "unpaired": ({"unpaired": 0.25}, SMALL),
    "paired": ({"paired": 0.25}, SMALL),
    "paired_adversarial": ({"paired_adversarial": 0.25}, SMALL),
    "wespe_cycle": ({"wespe_cycle": 0.25}, (*CONTENT, "--way_back=dped_narrow", LAST)),
    "cyclegan": ({"cyclegan": 0.25}, ("--batch_size=1", "--way_back=resnet_narrow", LAST)),
    "statistics": ({"statistics": 0.125, "statistics_adversarial": 0.125}, (*CONTENT, LAST)),
    "lut3d_plus": ({"lut3d_plus": 0.5, "paired_plus": 0.5}, ()),
    "nilut_plus": ({"nilut_plus": 0.5, "paired_plus": 0.5}, ()),
}


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--splits", default="splits_bsds.json")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--looks", type=names, default=list(LOOKS))
    parser.add_argument("--contracts", type=names, default=["as_shot", "withheld"])
    parser.add_argument("--seeds", type=names, default=["0", "1", "2"])
    parser.add_argument(
        "--arms",
        type=names,
        default=["classical", "look_map", "start", "unpaired_plus", "paired_plus", "unpaired"],
    )
    parser.add_argument("--model", default="efficient_isp")
    parser.add_argument("--split", default="test", choices=["val", "test"])
    parser.add_argument("--start_steps", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument(
        "--checkpoints",
        type=int,
        default=1,
        help="How many a training keeps, evenly spread; benchmark_choosing.py compares them.",
    )
    return parser.parse_args()


def edit_photographs(options: argparse.Namespace, look: str) -> Path:
    """Writes every photograph of the splits in a look, 16 bits; returns the folder."""
    folder = options.output / "photographs" / look
    for names in json.loads((options.photos / options.splits).read_text()).values():
        for name in names:
            path = (folder / name).with_suffix(".png")
            if path.is_file():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            image = cv2.imread(str(options.photos / name))[..., ::-1].astype(np.float32) / 255
            edited = np.rint(LOOKS[look](image)[..., ::-1] * 65535).astype(np.uint16)
            with atomic_file(path) as temporary:
                temporary.write_bytes(cv2.imencode(".png", edited)[1].tobytes())
    return folder


def data_flags(options: argparse.Namespace, look: str, contract: str, seed: str) -> list[str]:
    """The flags that say what a cell of the benchmark works on."""
    metadata = {"as_shot": "recorded", "withheld": "withheld"}[contract]
    return [
        "--data=unprocessed",
        f"--raw_dir={options.photos}",
        "--patch_size=96",
        f"--splits={options.photos / options.splits}",
        f"--data_seed={seed}",
        f"--edited_dir={edit_photographs(options, look)}",
        f"--metadata={metadata}",
        f"--cache_dir={options.output / 'cache'}",
    ]


def train(options: argparse.Namespace, folder: Path, recipes: dict[str, int], *flags: str) -> float:
    """Runs, or continues, one training of recipes with their steps; seconds it took."""
    total = sum(recipes.values())
    count = options.checkpoints
    spread = [f"--save_every={max(total // count, 1)}"] if count > 1 else []
    command = program(
        "train",
        f"--work_dir={folder}",
        f"--recipe={','.join(recipes)}",
        f"--steps={','.join(map(str, recipes.values()))}",
        f"--batch_size={options.batch_size}",
        "--image_every=0",
        f"--validate_every={max(total // 12, 1)}",
        "--validation_images=20",
        "--log_every=100",
        "--export_size=64x64",
        f"--max_to_keep={options.checkpoints}",
        *spread,
        *flags,
    )
    return run_once(command, folder, {"TFISP_WEIGHTS": str(options.weights)})


def run_cell(options: argparse.Namespace, look: str, contract: str, seed: str) -> list[dict]:
    """Trains and measures all arms of a cell: a row for each arm."""
    from benchmark_measures import measure

    data = data_flags(options, look, contract, seed)
    folder = options.output / "runs" / contract / f"seed{seed}"
    start = folder / "start"
    # The start sees no photograph, so it is the same for all looks; it is validated in the first.
    first = data_flags(options, next(iter(LOOKS)), contract, seed)
    begun = train(
        options,
        start,
        {"pretrain_plus": options.start_steps},
        f"--model={options.model}",
        f"--seed={seed}",
        *first,
    )
    rows = []
    for arm in options.arms:
        run = start if arm == "start" else folder / look / arm
        seconds = begun if arm == "start" else 0.0
        if arm in STAGES:
            shares, further = STAGES[arm]
            steps = {recipe: round(share * options.steps) for recipe, share in shares.items()}
            seconds = begun + train(
                options,
                run,
                steps,
                f"--model={start}",
                f"--seed={seed}",
                *data,
                *further,
            )
        cell = {"arm": arm, "look": look, "contract": contract, "seed": seed, "seconds": seconds}
        file = options.output / "measured" / f"{options.split}-{contract}-{look}-{seed}-{arm}.json"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, measure(run, arm, data, options.split, options.weights))
        rows.append(cell | json.loads(file.read_text()) | {"run": str(run)})
    return rows


def main() -> None:
    """Works through all cells; the report is written after each."""
    options = parse_arguments()
    rows = []
    for contract, look, seed in itertools.product(options.contracts, options.looks, options.seeds):
        rows += run_cell(options, look, contract, seed)
        write_json(options.output / "results.json", rows)
        write_report(options.output, rows)
    print(options.output / "summary.md")


if __name__ == "__main__":
    main()
