"""From a configuration to a trained model: opens what a run needs, runs it, keeps its story."""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from tfisp import data
from tfisp.data.base import Dataset, Progress
from tfisp.data.simulation import simulated
from tfisp.data.target_look import fit_target_look
from tfisp.errors import InputError
from tfisp.looks import Look, TableLook, write_cube
from tfisp.looks.fit import remarks as remarks_on
from tfisp.looks.fit import summary
from tfisp.metrics.report import few
from tfisp.training import run_lock, strategies
from tfisp.training.config import TrainConfig
from tfisp.training.loop import Run, RunOptions
from tfisp.training.networks import FrozenNetworks, load_frozen, make_generator
from tfisp.training.paired_look import fit_paired_look
from tfisp.training.paired_look import summary as paired_summary
from tfisp.training.run_folder import RunFolder, imported
from tfisp.training.strategies import Workers


def train(
    config: TrainConfig,
    work_dir: str | os.PathLike,
    options: RunOptions,
    flags: str,
    progress: Progress | None = None,
    workers: Workers | None = None,
    finish: Callable[[RunFolder], object] | None = None,
    show: Callable[[RunFolder], object] | None = None,
) -> RunFolder:
    """Trains, or continues, a run; its folder then holds the result as a preset.

    Args:
        config: What to compute.
        work_dir: The run's folder.
        options: How to go about it.
        flags: The flags as given, kept for the record.
        progress: Called as progress(done, total, what) while the data is opened.
        workers: The processes that train together; None for this one on one device.
        finish: What the first of them does with the trained run, while no other process may work in
            its folder.
        show: What it does before, and with a run that stopped on its way too.

    Raises:
        InputError: for anything wrong with flags, files or folder, or if the losses stop being
            numbers.
        KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint is written.
    """
    workers = workers or strategies.create("single")
    config.require_parts(workers.replicas)
    if options.xla and workers.replicas > 1:
        raise InputError("--xla: compiles steps of one device only; leave it out with --strategy")
    workers.require_same(
        json.dumps(config.to_dict(), sort_keys=True),
        "--strategy=multiworker: the workers were started with different flags",
    )
    folder = RunFolder(work_dir)
    with run_lock.held(folder.path) if workers.is_chief else contextlib.nullcontext():
        _train(config, folder, options, flags, progress, workers, show)
        if finish and workers.is_chief:
            finish(folder)
    return folder


def _train(
    config: TrainConfig,
    folder: RunFolder,
    options: RunOptions,
    flags: str,
    progress: Progress | None,
    workers: Workers,
    show: Callable[[RunFolder], object] | None,
) -> None:
    """As `train`, in a folder that no other process works in."""
    if workers.is_chief:
        folder.require_same(config)
    with workers.strategy.scope():
        frozen = load_frozen(config)
    dataset = open_data(config, progress)
    with workers.strategy.scope():
        generator = make_generator(config, dataset)
    notes = remarks(config, dataset, frozen)
    for note in notes if workers.is_chief else ():
        print(f"note: {note}", file=sys.stderr)
    if workers.is_chief:
        folder.require_same_data(dataset)
        folder.claim(config)
        weights = {name: part.weights for name, part in frozen.by_name().items()}
        computing = {"replicas": workers.replicas, "workers": workers.count, "xla": options.xla}
        origins: dict[str, Any] = {"backbones": weights, "notes": notes, "computing": computing}
        if config.imports:
            origins["imports"] = imported(config.imports)
        folder.describe(flags, dataset, origins)
    workers.barrier()  # until the chief has claimed the folder
    pairs = simulated_pairs(config, dataset, folder if workers.is_chief else None, progress)
    run = Run(config, folder, dataset, generator, frozen, options, workers, notes, pairs)
    try:
        run.train()
    finally:
        if show and workers.is_chief:
            show(folder)
    for path, reason in dataset.skipped if workers.is_chief else ():
        print(f"skipped {path}: {reason}", file=sys.stderr)


def open_data(config: TrainConfig, progress: Progress | None = None) -> Dataset:
    """Opens the data set and sees that every stage can be run on it.

    Args:
        config: Of the run.
        progress: Called as progress(done, total, what) while files are worked through.

    Raises:
        InputError: if a file or folder is wrong, or a recipe needs what the data set does not have.
    """
    dataset = data.open_dataset(config.data, progress)
    for stage in config.stages:
        recipe = stage.recipe
        if recipe.needs_pairs and not dataset.paired:
            raise InputError(
                f"--recipe={recipe.name}: needs pairs, which --data={dataset.name} does not have"
            )
        if recipe.needs_photographs and dataset.targets is None:
            raise InputError(
                f"--recipe={recipe.name}: needs photographs of the look wanted; give --target_dir"
            )
    return dataset


def simulated_pairs(
    config: TrainConfig,
    dataset: Dataset,
    folder: RunFolder | None,
    progress: Progress | None = None,
) -> Dataset | None:
    """The data set of the stages that train on simulated pairs; None if none does.

    The look of the target photographs, or of the pairs, is fitted where a stage needs it.

    Args:
        config: Of the run.
        dataset: open.
        folder: Where the look is kept as `look.cube`, if it is to be kept.
        progress: Called while pictures are looked at.

    Raises:
        InputError: if a file is damaged.
    """
    recipes = [stage.recipe for stage in config.stages if stage.recipe.simulated]
    if not recipes:
        return None
    look: Look | TableLook = Look.identity()
    kinds = {recipe.look for recipe in recipes if recipe.look}
    if kinds:
        (kind,) = kinds  # `TrainConfig` allows no other look beside it
        look = fit_paired_look(dataset, kind, config.seed, progress)
        print(f"note: {paired_summary(look)}", file=sys.stderr)
        if folder is not None:
            write_cube(folder.look, look.cube(title=f"{kind} of the pairs"))
    elif any(recipe.needs_photographs for recipe in recipes):
        look = fitted = fit_target_look(dataset, progress)
        for line in (summary(fitted), *remarks_on(fitted)):
            print(f"note: {line}", file=sys.stderr)
        if folder is not None:
            write_cube(folder.look, fitted.cube(title="look of the target photographs"))
    return simulated(dataset, look)


def remarks(config: TrainConfig, dataset: Dataset, frozen: FrozenNetworks) -> list[str]:
    """What a reader of the results must know: of the data, of `compat`, and of random weights."""
    notes = list(dataset.notes)
    if config.compat:
        notes.append(f"follows the paper's published code in {', '.join(config.compat)}")
    pairs = dataset.pairs.get(config.validation_split) or ()
    measured = min(len(pairs), config.validation_images) if config.validate_every else 0
    if measured and (warning := few(measured)):
        notes.append(f"validation: means {warning}")
    random = [name for name, part in frozen.by_name().items() if part.is_random]
    if random:
        names = ", ".join(random)
        notes.append(f"random weights in {names}: this is a smoke test, and no measure of quality")
    return notes
