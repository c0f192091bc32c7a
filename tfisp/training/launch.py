"""From a configuration to a trained model: opens what a run needs, runs it, keeps its story."""

import json
import os
import sys
from collections.abc import Sequence

from tfisp import data, models
from tfisp.data.base import Dataset, Progress
from tfisp.errors import InputError
from tfisp.models.generator import Generator
from tfisp.naming import choose
from tfisp.perceptual import backbones, distance_registry
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import strategies
from tfisp.training.config import TrainConfig
from tfisp.training.loop import Run, Upkeep
from tfisp.training.objectives import features_of
from tfisp.training.run_folder import RunFolder
from tfisp.training.seeds import derive
from tfisp.training.strategies import Workers


def train(
    config: TrainConfig,
    work_dir: str | os.PathLike,
    upkeep: Upkeep,
    flags: str,
    progress: Progress | None = None,
    workers: Workers | None = None,
) -> RunFolder:
    """Trains, or continues, a run; its folder then holds the result as a preset.

    Args:
        config: what to compute.
        work_dir: the run's folder.
        upkeep: how often to save and to draw.
        flags: the flags as given, kept for the record.
        progress: called as progress(done, total, what) while the data is opened.
        workers: the processes that train together; None for this one on one device.

    Raises:
        InputError: for anything wrong with flags, files or folder, or if the losses stop being
            numbers.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    workers = workers or strategies.create("single")
    config.require_parts(workers.replicas)
    if upkeep.xla and workers.replicas > 1:
        raise InputError("--xla: compiles steps of one device only; leave it out with --strategy")
    workers.require_same(
        derive(0, json.dumps(config.to_dict(), sort_keys=True)) >> 7,
        "--strategy=multiworker: the workers were started with different flags",
    )
    dataset = open_data(config, progress)
    with workers.strategy.scope():
        bank = load_bank(config)
        generator = make_generator(config, dataset)
    notes = remarks(dataset, bank, config.compat)
    for note in notes if workers.is_chief else ():
        print(f"note: {note}", file=sys.stderr)
    folder = RunFolder(work_dir, config, claim=workers.is_chief)
    if workers.is_chief:
        frozen = bank.backbones | bank.distances
        weights = {name: part.weights for name, part in frozen.items()}
        computing = {"replicas": workers.replicas, "workers": workers.count, "xla": upkeep.xla}
        folder.describe(
            flags, dataset, {"backbones": weights, "notes": notes, "computing": computing}
        )
    workers.any(False)  # the others wait here until the chief has claimed the folder
    Run(config, folder, dataset, generator, bank, upkeep, workers, notes).train()
    for path, reason in dataset.skipped if workers.is_chief else ():
        print(f"skipped {path}: {reason}", file=sys.stderr)
    return folder


def open_data(config: TrainConfig, progress: Progress | None = None) -> Dataset:
    """Opens the data set and sees that every stage can be run on it.

    Args:
        config: of the run.
        progress: called as progress(done, total, what) while files are worked through.

    Raises:
        InputError: if a file or folder is wrong, or a recipe needs what the data set does not have.
    """
    dataset = data.open_dataset(config.data, progress)
    for stage in config.stages:
        recipe = stage.recipe
        if recipe.paired and not dataset.paired:
            raise InputError(
                f"--recipe={recipe.name}: needs pairs, which --data={dataset.name} does not have"
            )
        if recipe.critics and dataset.targets is None and not recipe.paired:
            raise InputError(
                f"--recipe={recipe.name}: needs photographs of the look wanted; give --target_dir"
            )
    return dataset


def load_bank(config: TrainConfig) -> FeatureBank:
    """Loads every frozen network and trained distance that any stage looks through.

    Raises:
        InputError: for an unknown network or layer, if weights are not found, or if patches are too
            small for one.
    """
    names = dict.fromkeys(
        name for stage in config.stages for name in stage.recipe.frozen_networks()
    )
    networks = {
        name: backbones.create(
            name,
            config.weights.get(backbones.weights_key(name)),
            seed=derive(config.seed, "backbone", name),
            dtype=config.backbone_dtype,
        )
        for name in names
    }
    trunks = {
        name: trunk for stage in config.stages for name, trunk in stage.recipe.distances().items()
    }
    bank = FeatureBank(
        networks,
        {
            name: distance_registry.create(
                name, networks[trunk], config.weights.get(distance_registry.weights_key(name))
            )
            for name, trunk in trunks.items()
        },
    )
    for stage in config.stages:
        for feature in features_of(stage.recipe):
            bank.shape(feature, (config.data.patch_size, config.data.patch_size))
    return bank


def make_generator(config: TrainConfig, dataset: Dataset) -> Generator:
    """A new generator of the configured name, or the one of a preset or run folder.

    Raises:
        InputError: for an unknown name, or a preset whose input contract is not the data's.
    """
    if not os.path.exists(config.model) and config.model not in models.preset_names():
        choose("--model", config.model, [*models.names(), *models.preset_names()])
        return models.create(
            config.model,
            contract=dataset.contract,
            seed=derive(config.seed, "generator"),
            sensor=dataset.sensor,
            dtype=config.precision,
        )
    generator = models.from_preset(config.model).computing_in(config.precision)
    if generator.contract != dataset.contract:
        raise InputError(
            f"--model={config.model}: was trained for another input contract "
            f"({generator.contract}) than --data={dataset.name} gives ({dataset.contract})"
        )
    return generator


def remarks(dataset: Dataset, bank: FeatureBank, compat: Sequence[str] = ()) -> list[str]:
    """What a reader of the results must know: of the data, of `compat`, and of random weights."""
    notes = list(dataset.notes)
    if compat:
        notes.append(f"follows the paper's published code in {', '.join(compat)}")
    frozen = bank.backbones | bank.distances
    random = [name for name, part in frozen.items() if part.is_random]
    if random:
        names = ", ".join(random)
        notes.append(f"random weights in {names}: this is a smoke test, and no measure of quality")
    return notes
