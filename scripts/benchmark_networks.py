"""How good is each network after the same number of steps on the same true pairs?

    python scripts/benchmark_networks.py --photos=PHOTOS --weights=WEIGHTS --output=DIR
    [--models=efficient_isp,lan] [--steps=400] [--results=tfisp/surveying/benchmark.json]

Every network of the registry, or those named, learns from its first weights by `paired_plus`: the
same scenes, crops and order of batches, one seed, one look of `benchmark_quality.py`. The budget is
steps and not time: what a step takes depends on the machine and on what else runs there; the
seconds are written down too. Each is measured at its last step on the held-out scenes. Large
networks are far from their best after so few steps: the figures say what a small budget buys.

PHOTOS is as for `benchmark_quality.py`. Runs continue where they were interrupted; a network that
RESULTS holds is not run again, and others join it if the budget is the same. `python -m tfisp.zoo`
shows the results that lie in the package.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmark_looks import LOOKS
from benchmark_quality import data_flags

from tfisp.backend import load_tensorflow
from tfisp.errors import InputError
from tfisp.files import read_json, write_json
from tfisp.models import names
from tfisp.naming import choose

RECIPE = "paired_plus"
CONTRACT = "as_shot"
# The measures that are kept, means over the scenes, and their decimals.
MEASURES = {"psnr": 3, "ssim": 4, "lpips": 4, "delta_e": 3}
# What decides the figures beside the network.
BUDGET = ("steps", "batch_size", "patch_size", "seed", "look", "split")


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--splits", default="splits_bsds.json")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True, help="Folder for the runs.")
    parser.add_argument("--results", type=Path, help="Instead of OUTPUT/results.json.")
    parser.add_argument("--models", type=lambda text: text.split(","), default=names())
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch_size", type=int, default=4)
    # The least that every network takes: MicroISP sees no less than 79 packed samples.
    parser.add_argument("--patch_size", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--look", default="warm", choices=LOOKS)
    parser.add_argument("--split", default="test", choices=["val", "test"])
    options = parser.parse_args(words)
    options.results = options.results or options.output / "results.json"
    try:
        for name in options.models:
            choose("--models", name, names())
        load_results(options)
    except InputError as error:
        parser.error(str(error))
    return options


def load_results(options: argparse.Namespace) -> dict[str, Any]:
    """What was measured before with this budget: `budget`, and `networks` by name.

    Raises:
        InputError: the file holds results of another budget.
    """
    budget = {name: getattr(options, name) for name in BUDGET} | {
        "recipe": RECIPE,
        "contract": CONTRACT,
    }
    if not options.results.is_file():
        return {"budget": budget, "networks": {}}
    before = read_json(options.results)
    if before["budget"] != budget:
        different = [name for name in budget if before["budget"].get(name) != budget[name]]
        raise InputError(
            f"{options.results}: measured with another {', '.join(different)}; take another"
            " --results"
        )
    return before


def run_network(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """Trains and measures one network: means over the scenes, and seconds of the training."""
    from benchmark_measures import measure

    folder = options.output / "runs" / name
    data = data_flags(options, options.look, CONTRACT, str(options.seed))
    data.append(f"--patch_size={options.patch_size}")
    began = time.monotonic()
    train(options, name, folder, data)
    seconds = time.monotonic() - began
    scores = measure(folder, RECIPE, data, options.split, options.weights)
    means = {key: round(float(np.mean(scores[key])), d) for key, d in MEASURES.items()}
    return means | {"scenes": len(scores["psnr"]), "seconds": round(seconds)}


def train(options: argparse.Namespace, name: str, folder: Path, data: list[str]) -> None:
    """Runs, or continues, one training, as `tfisp.train` does, but exports nothing."""
    from tfisp import train as program
    from tfisp.cli import flagfile, flags
    from tfisp.training import launch
    from tfisp.training.loop import RunOptions

    words = [
        f"--work_dir={folder}",
        f"--model={name}",
        f"--recipe={RECIPE}",
        f"--steps={options.steps}",
        f"--batch_size={options.batch_size}",
        f"--seed={options.seed}",
        "--validate_every=0",
        "--log_every=50",
        *data,
    ]
    values = flags.FlagValues()
    program.define(values)
    values(["benchmark", *words])
    how = RunOptions(save_every=max(options.steps // 4, 1), max_to_keep=1, image_every=0)
    launch.train(program.make_config(values), folder, how, flagfile.write(values))


def main() -> None:
    """Works through the networks; the results are written after each."""
    options = parse_arguments()
    load_tensorflow()
    for name in options.models:
        results = load_results(options)
        if name not in results["networks"]:
            print(name, file=sys.stderr, flush=True)
            measured = run_network(options, name)
            results = load_results(options)  # others may have been added meanwhile
            results["networks"][name] = measured
            write_json(options.results, results)
        print(f"{name:<20} {results['networks'][name]}", flush=True)
    print(options.results)


if __name__ == "__main__":
    main()
