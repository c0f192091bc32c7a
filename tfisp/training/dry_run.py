"""What a run would do and cost, found by taking a few of its steps and throwing them away."""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator

import tensorflow as tf

from tfisp.data.base import Dataset, Progress
from tfisp.training import launch, strategies
from tfisp.training.config import Stage, TrainConfig
from tfisp.training.loop import Run, RunOptions
from tfisp.training.networks import load_frozen, make_generator
from tfisp.training.run_folder import RunFolder
from tfisp.training.trainer import Trainer


def dry_run(config: TrainConfig, progress: Progress | None = None) -> Iterator[str]:
    """Yields the plan of a run line by line, as it becomes known; measuring takes a few steps.

    Raises:
        InputError: as the run itself would for wrong flags, files or weights.
    """
    dataset = launch.open_data(config, progress)
    frozen = load_frozen(config)
    generator = make_generator(config, dataset)
    with tempfile.TemporaryDirectory(prefix="tfisp-") as folder:
        claimed, workers = RunFolder(folder), strategies.create("single")
        pairs = launch.simulated_pairs(config, dataset, None, progress)
        run = Run(
            config, claimed, dataset, generator, frozen, RunOptions(), workers, simulated=pairs
        )
        yield from _describe(run, config, dataset)
    for note in launch.remarks(config, dataset, frozen):
        yield f"note       {note}"


def _describe(run: Run, config: TrainConfig, dataset: Dataset) -> Iterator[str]:
    """The plan of a run, whose generator is changed on the way."""
    yield f"data       {dataset.name}: " + ", ".join(
        f"{len(files)} {role}" for role, files in dataset.splits().items()
    )
    yield f"cache      {dataset.kept_bytes / 1e9:.2g} GB of references and decoded files" + (
        "" if config.data.cache_gb is None else f", of which --cache_gb={config.data.cache_gb:g}"
    )
    yield f"generator  {config.model}, {run.generator.count_params():,} parameters"
    yield f"batch      {config.batch_size} patches of {config.data.patch_size} px" + (
        f" in {config.accumulate} parts" if config.accumulate > 1 else ""
    )
    total = 0.0
    for index, stage in enumerate(config.stages):
        trainer = run.trainer(index)
        yield from _describe_stage(index, stage, trainer)
        plain, with_critics = _time_steps(trainer, next(iter(run.batches(index, 0, 1))))
        every = stage.recipe.critic_interval if trainer.critics else stage.steps
        learning = -(-stage.steps // every) if trainer.critics else 0
        seconds = plain * (stage.steps - learning) + with_critics * learning
        yield (
            f"  time     {plain:.2f} s a step"
            + (f", {with_critics:.2f} s where critics learn" if trainer.critics else "")
            + f": about {_duration(seconds)}"
        )
        total += seconds
    yield f"total time about {_duration(total)} here, without reading the data for the first time"
    yield f"memory     {peak_memory() / 2**20:,.0f} MiB at the peak so far" + _device_memory()


def peak_memory() -> int:
    """Largest resident memory of this process up to now, bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _describe_stage(index: int, stage: Stage, trainer: Trainer) -> Iterator[str]:
    """The stage's losses, critics and frozen networks."""
    recipe = stage.recipe
    yield f"stage {index}    {recipe.name}, {stage.steps:,} steps, Adam {recipe.learning_rate:g}"
    if trainer.way_back is not None and recipe.way_back is not None:
        yield (
            f"  way back {recipe.way_back.network}, {trainer.way_back.count_params():,} parameters,"
            f" from pictures to {recipe.way_back.to}"
        )
    for spec in recipe.all_objectives:
        against = f" against the {spec.compares}" if spec.compares else ""
        seen = f", {spec.view}" if spec.view else ""
        if spec.loss == "content":
            seen += f" through {', '.join(':'.join(c) for c in recipe.content)}"
        yield f"  loss     {spec.name}{against}{seen}"
    for critic in trainer.critics:
        backbone, view, tap = critic.feature
        yield (
            f"  critic   {critic.name}, {critic.network.count_params():,} parameters on {view} "
            f"through {backbone}:{tap}, Adam {recipe.critic_learning_rate:g} every "
            f"{recipe.critic_interval} steps, {recipe.adversarial}, gamma {recipe.gamma:g}"
        )


def _time_steps(trainer: Trainer, batch: dict[str, tf.Tensor]) -> tuple[float, float]:
    """Seconds of a plain step and of one where critics learn, each after one that compiles it."""

    def seconds(step: int) -> float:
        trainer.run_step(batch, step)
        before = time.monotonic()
        for value in trainer.run_step(batch, step).values():
            value.numpy()  # waits for an accelerator to finish
        return time.monotonic() - before

    with_critics = seconds(0) if trainer.critics else 0.0
    plain_step = 1 if trainer.recipe.critic_interval > 1 else 0
    return seconds(plain_step), with_critics


def _device_memory() -> str:
    """What accelerators have used at the peak, where there are any."""
    devices = [device.name for device in tf.config.list_logical_devices("GPU")]
    peaks = [tf.config.experimental.get_memory_info(name)["peak"] for name in devices]
    return "".join(
        f"; {name} {peak / 2**20:,.0f} MiB" for name, peak in zip(devices, peaks, strict=True)
    )


def _duration(seconds: float) -> str:
    """`3 h 20 min`, `12 min` or `40 s`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
