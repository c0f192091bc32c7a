"""Does the generator learn the same when gradients come through frozen networks in bfloat16?

    python scripts/check_precision.py --photos=PHOTOS --weights=WEIGHTS --output=DIR
    [--networks=real,published] [--steps=PRETRAIN,UNPAIRED] [--real_runs=RUNS] [--batches=8]

A step uses only the direction of each loss's gradient, so the measure is an angle: for each loss of
the unpaired stage, the cosine between its gradient over all generator parameters with frozen
networks in float32 and the one with `--backbone_dtype=bfloat16`. Generator, critics and batch are
the same for both. It is taken where training begins, after pretraining (the critics are new), and
at the end of the unpaired stage, on batches that no step took. Two sets of networks:

    real        AlexNet for content and texture, DeiT-tiny for colour, all trained
    published   those of the paper: VGG-19 and ViT-B/16, whose weights are random here, and a
                trained AlexNet

Both stages are trained first, in float32, on RAW made from photographs as in
benchmark_unpaired.py; interrupted, the same command continues. That script's own output folder, if
there is one, spares the training of `real`: --real_runs. PHOTOS holds `splits.json`; WEIGHTS holds
`alexnet_features.npz` and `deit_tiny_patch16_224_fp16.npz`. Prints the table, writes it as
`precision.md`, and exits with 1 if a cosine is below 0.999.
"""

import argparse
import dataclasses
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfisp.data.config import DataConfig
from tfisp.data.pipeline import batches
from tfisp.errors import InputError
from tfisp.files import write_text
from tfisp.naming import choose
from tfisp.perceptual.bank import FeatureBank
from tfisp.seeds import derive
from tfisp.training import launch
from tfisp.training.checkpoints import Checkpoints
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.loop import RunOptions
from tfisp.training.networks import load_frozen, make_generator
from tfisp.training.position import Position
from tfisp.training.trainer import Batch, Trainer

LEAST = 0.999


@dataclass(frozen=True)
class Setting:
    """A set of frozen networks and the training that shows them at work.

    Attributes:
        title: What the table calls the networks; says which weights are random.
        content: `(backbone, tap)` pairs of the content loss.
        color_backbone: What the colour critic looks through.
        weights: Key of a network's weights to the file's name in WEIGHTS, or `random`.
        size: Side of the patches, pixels.
        batch: Patches per step.
        steps: Of the two stages.
    """

    title: str
    content: tuple[tuple[str, str], ...]
    color_backbone: str
    weights: dict[str, str]
    size: int
    batch: int
    steps: tuple[int, int]


# The runs of benchmark_unpaired.py that hold the trained states.
ARMS = ("pretrain", "unpaired")
ALEXNET = {"alexnet": "alexnet_features.npz"}
SETTINGS = {
    "real": Setting(
        title="AlexNet, DeiT-tiny",
        content=(("alexnet_imagenet", "relu2"), ("alexnet_imagenet", "relu5")),
        color_backbone="deit_tiny",
        weights=ALEXNET | {"deit_tiny": "deit_tiny_patch16_224_fp16.npz"},
        size=128,
        batch=4,
        steps=(1000, 1000),
    ),
    "published": Setting(
        title="VGG-19 (random), ViT-B/16 (random), AlexNet",
        content=(("vgg19", "relu5_4"),),
        color_backbone="vit_b16",
        weights=ALEXNET | {"vgg19": "random", "vit_b16": "random"},
        size=96,
        batch=2,
        steps=(300, 200),
    ),
}


Saved = tuple[Checkpoints, Position]


@dataclass(frozen=True)
class Row:
    """One loss's cosines in one state, a number for each batch."""

    state: str
    networks: str
    loss: str
    cosines: list[float]


def parse_arguments() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--networks", default=",".join(SETTINGS), help="comma list")
    parser.add_argument(
        "--steps",
        help="of both stages; unset: "
        + "; ".join(
            f"{name} {before},{after}"
            for name, s in SETTINGS.items()
            for before, after in [s.steps]
        ),
    )
    parser.add_argument("--real_runs", type=Path, help="output folder of benchmark_unpaired.py")
    parser.add_argument("--batches", type=int, default=8, help="compared in each state")
    return parser.parse_args()


def main() -> None:
    """Trains what is not trained yet, compares, and writes the table."""
    options = parse_arguments()
    tf.config.experimental.enable_op_determinism()
    rows: list[Row] = []
    try:
        for name in options.networks.split(","):
            setting = SETTINGS[choose("--networks", name, SETTINGS)]
            if options.steps:
                steps = tuple(int(count) for count in options.steps.split(","))
                setting = dataclasses.replace(setting, steps=steps)
            config = configure(setting, options)
            if name == "real" and options.real_runs:
                trained = [latest(options.real_runs / f"{stage}-0") for stage in ARMS]
            else:
                trained = train(config, options.output / name)
            for row in compare(setting.title, config, trained, options.batches):
                print(f"{name}, {row.state}: {row.loss} {min(row.cosines):.6f}", file=sys.stderr)
                rows.append(row)
    except InputError as error:
        print(f"check_precision: {error}", file=sys.stderr)
        sys.exit(1)
    text = table(rows)
    write_text(options.output / "precision.md", text)
    print(text)
    print(options.output / "precision.md")
    sys.exit(min(min(row.cosines) for row in rows) < LEAST)


def configure(setting: Setting, options: argparse.Namespace) -> TrainConfig:
    """Pretraining and the unpaired stage with a setting's networks."""
    stages = make_stages(
        ARMS,
        setting.steps,
        content=setting.content,
        backbones=(("color", setting.color_backbone), ("texture", "alexnet")),
    )
    data = DataConfig(
        "unprocessed",
        raw_dir=str(options.photos),
        splits=str(options.photos / "splits.json"),
        metadata="withheld",
        illuminant="default",
        patch_size=setting.size,
    )
    weights = {
        key: file if file == "random" else str(options.weights / file)
        for key, file in setting.weights.items()
    }
    return TrainConfig(
        stages, data, batch_size=setting.batch, weights=weights, log_every=50, validate_every=0
    )


def train(config: TrainConfig, work_dir: Path) -> list[Saved]:
    """Trains both stages, or what is left of them, and returns how each ended."""
    options = RunOptions(save_every=100, max_to_keep=1, image_every=0)
    folder = launch.train(config, work_dir, options, "\n".join(sys.argv[1:]))
    kept = Checkpoints(folder.checkpoints)
    return [(kept, Position(index, stage.steps)) for index, stage in enumerate(config.stages)]


def latest(run: Path) -> Saved:
    """The last state of a run of one stage.

    Raises:
        InputError: if it has none.
    """
    folder = run / "checkpoints"
    position = Checkpoints(folder).latest() if folder.is_dir() else None
    if position is None:
        raise InputError(f"--real_runs: no checkpoint in {folder}")
    return Checkpoints(folder), position


def compare(title: str, config: TrainConfig, trained: list[Saved], count: int) -> Iterator[Row]:
    """Yields the part of the table that a set of networks has.

    Args:
        title: What to call it.
        config: Of the training.
        trained: How its two stages ended.
        count: Number of batches.
    """
    dataset = launch.open_data(config)
    generator = make_generator(config, dataset)
    half = dataclasses.replace(config, backbone_dtype="bfloat16")
    banks = load_frozen(config).bank, load_frozen(half).bank
    unseen = list(
        batches(
            dataset,
            batch_size=config.batch_size,
            seed=derive(config.seed, "data"),
            stage=len(config.stages),  # one more than there are
            start=0,
            stop=count,
        )
    )
    size = config.data.patch_size
    trainer = Trainer(generator, config.stages[1].recipe, banks[0], (size, size), seed=config.seed)
    for state in states(trainer, *trained):
        for loss, found in cosines(trainer, banks, unseen).items():
            yield Row(state, title, loss, found)


def states(trainer: Trainer, pretrained: Saved, late: Saved) -> Iterator[str]:
    """Puts a new trainer into each state and yields its name."""
    yield "initialisation"
    networks = {"generator": trainer.generator}
    checkpoints, position = pretrained
    checkpoints.restore(networks, position)
    yield f"after pretraining, {position.step} steps"
    networks |= {critic.name: critic.network for critic in trainer.critics}
    checkpoints, position = late
    checkpoints.restore(networks, position)
    yield f"late, {position.step} unpaired steps"


def cosines(
    trainer: Trainer, banks: tuple[FeatureBank, FeatureBank], batches: Iterable[Batch]
) -> dict[str, list[float]]:
    """For each loss, the cosine between its gradients with one bank and with the other.

    Args:
        trainer: Generator and critics; its own bank is replaced.
        banks: The frozen networks in both precisions.
        batches: Each gives one cosine.

    Returns:
        Loss -> a cosine per batch.
    """
    found: dict[str, list[float]] = {}
    for batch in batches:
        pair = []
        for trainer.bank in banks:
            gradients = trainer.gradients(batch, critics_learn=False).generator
            pair.append({name: _direction(parts) for name, parts in gradients.items()})
        for name in pair[0]:
            found.setdefault(name, []).append(float(pair[0][name] @ pair[1][name]))
    return found


def _direction(parts: Iterable[tf.Tensor]) -> np.ndarray:
    """A gradient as one vector of length 1, in double precision."""
    vector = np.concatenate([np.ravel(part) for part in parts]).astype(np.float64)
    return vector / np.linalg.norm(vector)


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| state | networks | loss | smallest cosine | median |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.state} | {row.networks} | `{row.loss}` | {min(row.cosines):.6f} | "
        f"{statistics.median(row.cosines):.6f} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
