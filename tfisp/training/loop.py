"""Runs the stages of a configuration: batches in, steps, logs and checkpoints out."""

import contextlib
import dataclasses
import json
import signal
import time
from collections import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfisp.data.base import Dataset
from tfisp.data.cache import Store
from tfisp.data.pipeline import batches
from tfisp.models.generator import Generator
from tfisp.seeds import derive
from tfisp.training import hparams
from tfisp.training.checkpoints import Checkpoints
from tfisp.training.compat import FIXED_PERMUTATION
from tfisp.training.config import Stage, TrainConfig
from tfisp.training.events import cut_events
from tfisp.training.feature_cache import FeatureCache, check_repeats, cost_note
from tfisp.training.finite_checks import overflowed, require_sound
from tfisp.training.health import Watch
from tfisp.training.monitor import Monitor, RunMonitor
from tfisp.training.networks import FrozenNetworks
from tfisp.training.position import Position
from tfisp.training.preview import Preview
from tfisp.training.profiling import Profiler
from tfisp.training.publisher import Publisher
from tfisp.training.run_folder import RunFolder
from tfisp.training.run_log import read_log
from tfisp.training.stopwatch import Stopwatch
from tfisp.training.strategies import Workers, devices
from tfisp.training.target_detail import in_target_detail
from tfisp.training.trainer import Trainer
from tfisp.training.validation import Validation


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run is carried out; what it computes is in `TrainConfig`.

    Attributes:
        save_every: Steps between checkpoints.
        max_to_keep: Checkpoints kept of each stage.
        image_every: Steps between drawings of the preview's scenes; 0 for none.
        xla: Compile steps with XLA; it changes the result by rounding.
        feature_cache: Folder in which the frozen features of real images are kept, if any; it
            changes the result by rounding.
        feature_cache_gb: How much of them is kept, in gigabytes; None for all.
        keep_if_worse: Publish the last stage's end even if the verdict is against it.
        profile: Steps to record, see `Profiler`.
    """

    save_every: int = 500
    max_to_keep: int = 3
    image_every: int = 500
    xla: bool = False
    feature_cache: str | None = None
    feature_cache_gb: float | None = None
    keep_if_worse: bool = False
    profile: tuple[int, int] | None = None


@dataclass(frozen=True)
class StageRun:
    """One stage while it is worked through.

    Attributes:
        index: Its number, from 0.
        stage: The recipe, and for how many steps.
        trainer: What learns.
        monitor: What is told of it.
        critics: What the critics logged when they last learnt: they do so at other steps than those
            at which numbers are written down.
    """

    index: int
    stage: Stage
    trainer: Trainer
    monitor: Monitor
    critics: dict[str, float] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """How many of its steps are done."""
        return int(self.trainer.step.numpy())


class Run:
    """A run from its first to its last step, wherever an earlier start of it left off.

    Attributes:
        generator: The network in training, with its raw weights; of a pyramid, the present stage's.

    Args:
        config: What to compute.
        folder: The run's folder, claimed.
        dataset: open.
        generator: Built with the configuration's seed; trained in place.
        frozen: Every frozen network and trained distance that any stage needs.
        options: How to go about it.
        workers: The processes that train together, in whose scope the networks were made. Only the
            chief writes and validates.
        notes: What a reader of the results must know; goes into TensorBoard and model cards.
        simulated: The data set of the stages whose pairs are simulated, if there are any.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        dataset: Dataset,
        generator: Generator,
        frozen: FrozenNetworks,
        options: RunOptions,
        workers: Workers,
        notes: Sequence[str] = (),
        simulated: Dataset | None = None,
    ) -> None:
        self._notes = tuple(notes)
        self._simulated = simulated or dataset
        self._config, self._folder, self._dataset = config, folder, dataset
        self.generator, self._frozen, self._options = generator, frozen, options
        self._publisher = Publisher(
            config, folder, dataset, generator.copy(), options.keep_if_worse, self._notes
        )
        self._workers = workers
        self._checkpoints = Checkpoints(folder.checkpoints, options.max_to_keep)
        self._validation = Validation(dataset, config.validation_split, config.validation_images)
        self._preview = Preview(dataset, folder.pictures) if options.image_every else None
        self._interrupted = False
        chief = workers.is_chief
        self._profiler = Profiler(options.profile if chief else None, folder.profile)
        self._stopwatch = Stopwatch(folder.time, devices())

    def train(self) -> None:
        """Does all that is left to do; each stage ends as a preset of its averaged weights.

        Raises:
            InputError: if a loss or gradient stops being finite, or another worker is lost; the
                last good checkpoint stays.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint of the last whole step is
                on disk.
        """
        start = self._checkpoints.latest()
        self._workers.require_same(
            start,
            f"--work_dir={self._folder.path}: the workers find different checkpoints there; it must"
            " be storage that all of them share",
        )
        if not self._workers.is_chief:
            self._train_from(start, Monitor())
            return
        self._folder.cut_metrics(start)
        cut_events(self._folder.events, None if start is None else self._steps_until(start))
        watch = Watch([dataclasses.asdict(stage.recipe) for stage in self._config.stages])
        for line in read_log(self._folder.metrics):
            watch.hear(line)
        monitor = RunMonitor(self._folder.metrics, self._folder.events, watch=watch.hear)
        watching = (monitor, self._stopwatch, self._profiler)
        with contextlib.ExitStack() as stack:
            for each in watching:
                stack.callback(each.close)
            if start is None:
                monitor.begin_run(hparams.settings(self._config))
            monitor.text(
                "run/config", f"```json\n{json.dumps(self._config.to_dict(), indent=2)}\n```"
            )
            monitor.text("run/flags", f"```\n{self._folder.flags()}\n```")
            monitor.text("run/notes", "\n".join(f"- {note}" for note in self._notes) or "none")
            for fault in self._checkpoints.damaged:
                monitor.say(f"{fault}; the one before it is taken")
            self._train_from(start, monitor)

    def _steps_until(self, position: Position) -> int:
        """Steps of all stages up to a position."""
        return sum(s.steps for s in self._config.stages[: position.stage]) + position.step

    def _train_from(self, start: Position | None, monitor: Monitor) -> None:
        """Does the stages that a position leaves to be done."""
        with self._catching_signals(), self._workers.minding_the_others():
            for index, stage in enumerate(self._config.stages):
                if start is None or index >= start.stage:
                    run = StageRun(index, stage, self.trainer(index), monitor)
                    if start is not None and index == start.stage:
                        state = run.trainer.checkpointable
                        run.critics.update(self._checkpoints.restore(state, start))
                        monitor.say(f"continuing {stage.recipe.name} after step {start.step}")
                    offset = self._steps_until(Position(index, 0))
                    monitor.begin_stage(index, stage.recipe.name, stage.steps, offset, run.done)
                    self._run_stage(run)

    def trainer(self, index: int) -> Trainer:
        """A fresh trainer for a stage, its critics' weights drawn from seed and stage.

        Where the stage is one of a pyramid's levels, the generator becomes one of that level.
        """
        size = self._data(index).raw.patch_size
        recipe = self._config.stages[index].recipe
        with self._workers.strategy.scope():
            if recipe.level is not None:
                self.generator = self.generator.at_level(recipe.level)
            return Trainer(
                self.generator,
                recipe,
                self._frozen.bank,
                (size, size),
                self._config.accumulate,
                derive(self._config.seed, "critics", index),
                self._options.xla,
                self._frozen.distances,
                self._config.stages[index].steps,
            )

    def _data(self, index: int) -> Dataset:
        """Where a stage's batches come from."""
        return self._simulated if self._config.stages[index].recipe.simulated else self._dataset

    def batches(
        self, index: int, start: int, stop: int, dataset: Dataset | None = None
    ) -> abc.Generator[dict[str, tf.Tensor], None, None]:
        """The batches of a stage's steps `start` to `stop - 1`, by default of the plain data."""
        return batches(
            dataset or self._data(index),
            batch_size=self._config.batch_size,
            seed=derive(self._config.seed, "data"),
            stage=index,
            start=start,
            stop=stop,
            paired=self._config.stages[index].recipe.paired,
            fixed_permutation=FIXED_PERMUTATION in self._config.compat,
            shard=(self._workers.index, self._workers.count),
        )

    def _run_stage(self, run: StageRun) -> None:
        """Takes the steps of one stage that are left, and saves what it ends with."""
        if run.done == 0:
            self._validate(run, 0)
        with contextlib.closing(self._source(run)) as source:
            for step in range(run.done, run.stage.steps):
                self._take_step(run, step, source)
        if self._workers.is_chief:
            self._publisher.publish(run.index, run.trainer.ema, run.monitor)

    def _source(self, run: StageRun) -> abc.Generator[dict[str, Any], None, None]:
        """The batches of a stage that are left, with their frozen features if those are kept."""
        dataset = self._data(run.index)
        if run.stage.recipe.simulated and run.stage.recipe.needs_photographs:
            start = self._publisher.start_of(run.index)
            kept = self._folder.detail if self._workers.is_chief else None
            dataset = in_target_detail(self._dataset, dataset, start, run.monitor, kept)
        source = self.batches(run.index, run.done, run.stage.steps, dataset)
        if self._options.feature_cache is None:
            return source
        check_repeats(self._data(run.index))
        bank, needs = self._frozen.bank, dict(run.trainer.needs)
        needs.pop("raw", None)  # its samples, which nothing computes
        mirrored = self._config.data.augment == "flip"
        run.monitor.say(cost_note(bank, needs, self._dataset, run.stage.recipe.paired, mirrored))
        store, limit = Store(Path(self._options.feature_cache)), self._options.feature_cache_gb
        most = None if limit is None else round(limit * 1e9)
        return FeatureCache(bank, needs, store, most, run.monitor.say).around(source)

    def _take_step(self, run: StageRun, step: int, source: Iterator[dict[str, Any]]) -> None:
        """Takes one step with the next batch: logs it, and saves where it is time to."""
        before = time.monotonic()
        batch = next(source)
        waited = time.monotonic() - before
        with self._profiler.around(self._steps_until(Position(run.index, step))):
            found = run.trainer.run_step(batch, step)
            logs = {tag: value.numpy().item() for tag, value in found.items()}
        seconds = time.monotonic() - before
        self._log(run, step, logs, seconds, waited)
        done = step + 1
        last = done == run.stage.steps
        self._validate(run, done, last)
        interrupted = self._workers.any(self._interrupted)
        if interrupted or last or done % self._options.save_every == 0:
            self._save(run)
        if interrupted:
            run.monitor.say(
                f"stopped after step {done} of {run.stage.recipe.name}; the same command continues"
            )
            raise KeyboardInterrupt

    def _log(
        self, run: StageRun, step: int, logs: dict[str, float], seconds: float, waited: float
    ) -> None:
        """Tells of a step, and stops the run if it cannot go on from it."""
        done, where = step + 1, f"{run.stage.recipe.name} step {step}"
        require_sound(logs, where)
        for name, scale in overflowed(logs).items():
            run.monitor.say(f"{where} skipped: {name} overflowed at scale {scale:g}, now halved")
            run.monitor.log(done, {f"overflow/{name}": 1.0, f"scale/{name}": scale})
        run.critics.update({tag: v for tag, v in logs.items() if tag.startswith("critic/")})
        losses = {tag: value for tag, value in logs.items() if tag.startswith("loss/")}
        run.monitor.step_done(done, self._config.batch_size, seconds, waited, losses)
        if done % self._config.log_every == 0 or done == run.stage.steps:
            run.monitor.log(done, logs | run.critics | _learning_rates(run.trainer))

    def _save(self, run: StageRun) -> None:
        """Writes a checkpoint, after all that was logged up to it."""
        if self._workers.is_chief:
            run.monitor.flush()
            self._stopwatch.write()
            self._checkpoints.save(
                run.trainer.checkpointable,
                Position(run.index, run.done),
                run.stage.recipe.name,
                run.critics,
            )

    def _validate(self, run: StageRun, done: int, last: bool = False) -> None:
        """Measures and draws, where it is time to."""
        if not self._workers.is_chief:
            return
        if _due(done, self._config.validate_every, last):
            found = self._validation.measure(run.trainer.generator, "val_raw")
            found |= self._validation.measure(run.trainer.ema, "val_ema")
            if found:
                run.monitor.log(done, found)
        if self._preview and _due(done, self._options.image_every, last):
            self._draw(run, done, self._preview)

    def _draw(self, run: StageRun, done: int, preview: Preview) -> None:
        """Draws the preview's scenes; a stage begins with what the one before it was drawn with."""
        drawn = preview.draw(run.trainer.ema)
        if not drawn:
            return
        run.monitor.log(done, preview.signs(drawn, run.trainer.ema))
        run.monitor.images(done, "preview", preview.sheet(drawn))
        if done or not run.index:
            run.monitor.histograms(done, run.trainer.weights())
            preview.write(self._steps_until(Position(run.index, done)), drawn)

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """Lets Ctrl-C and SIGTERM end the run after the present step; a second one, at once."""

        def note(number: int, frame: object) -> None:
            self._interrupted = True
            signal.signal(number, before[signal.Signals(number)])

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _due(done: int, every: int, last: bool) -> bool:
    """Whether something that happens every so many steps happens now; 0 means never."""
    return every > 0 and (done % every == 0 or last)


def _learning_rates(trainer: Trainer) -> dict[str, float]:
    """The rate of every optimizer."""
    optimizers = {"generator": trainer.optimizer} | {c.name: c.optimizer for c in trainer.critics}
    return {f"lr/{name}": float(np.asarray(o.learning_rate)) for name, o in optimizers.items()}
