"""Runs the stages of a configuration: batches in, steps, logs and checkpoints out."""

import contextlib
import json
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.data.base import Dataset
from tfisp.data.cache import Store
from tfisp.data.pipeline import batches
from tfisp.models.generator import Generator
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.checkpoints import Checkpoints, Position
from tfisp.training.compat import FIXED_PERMUTATION
from tfisp.training.config import Stage, TrainConfig
from tfisp.training.feature_cache import FeatureCache, check_repeats, cost_note
from tfisp.training.finite_checks import overflowed, require_sound
from tfisp.training.model_card import model_card
from tfisp.training.monitor import Monitor, Silence
from tfisp.training.run_folder import RunFolder
from tfisp.training.seeds import derive
from tfisp.training.strategies import Workers
from tfisp.training.trainer import Trainer
from tfisp.training.validation import Validation


@dataclass(frozen=True)
class Upkeep:
    """What a run does for its user without changing its result.

    Attributes:
        save_every: steps between checkpoints.
        max_to_keep: checkpoints kept of each stage.
        image_every: steps between image grids in TensorBoard; 0 for none.
        xla: compile steps with XLA; it changes the result by rounding.
        feature_cache: folder in which the frozen features of real images are kept, if any; it
            changes the result by rounding.
        feature_cache_gb: how much of them is kept, in gigabytes; None for all.
    """

    save_every: int = 500
    max_to_keep: int = 3
    image_every: int = 500
    xla: bool = False
    feature_cache: str | None = None
    feature_cache_gb: float | None = None


class Run:
    """A run from its first to its last step, wherever an earlier start of it left off.

    Attributes:
        generator: the network in training, with its raw weights.

    Args:
        config: what to compute.
        folder: the run's folder, claimed.
        dataset: open.
        generator: built with the configuration's seed; trained in place.
        bank: every frozen network that any stage needs.
        upkeep: cadences.
        workers: the processes that train together, in whose scope generator and bank were made.
            Only the chief writes and validates.
        notes: what a reader of the results must know; goes into TensorBoard and model cards.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        dataset: Dataset,
        generator: Generator,
        bank: FeatureBank,
        upkeep: Upkeep,
        workers: Workers,
        notes: Sequence[str] = (),
    ) -> None:
        self._notes = tuple(notes)
        self._config, self._folder, self._dataset = config, folder, dataset
        self.generator, self._bank, self._upkeep = generator, bank, upkeep
        self._workers = workers
        self._checkpoints = Checkpoints(folder.checkpoints, upkeep.max_to_keep)
        self._validation = Validation(dataset, config.validation_split, config.validation_images)
        self._interrupted = False

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
            0 if start is None else start.stage * 2**20 + start.step,
            f"--work_dir={self._folder.path}: the workers find different checkpoints there; it must"
            " be storage that all of them share",
        )
        if not self._workers.is_chief:
            self._train_from(start, Silence())
            return
        self._folder.cut_metrics(start)
        monitor = Monitor(self._folder.metrics, self._folder.events)
        with contextlib.closing(monitor):
            monitor.text(
                "run/config", f"```json\n{json.dumps(self._config.to_dict(), indent=2)}\n```"
            )
            monitor.text("run/flags", f"```\n{(self._folder.path / 'flags.txt').read_text()}\n```")
            monitor.text("run/notes", "\n".join(f"- {note}" for note in self._notes) or "none")
            self._train_from(start, monitor)

    def _train_from(self, start: Position | None, monitor: Monitor) -> None:
        """Does the stages that a position leaves to be done."""
        offset = 0
        with self._catching_signals(), self._workers.minding_the_others():
            for index, stage in enumerate(self._config.stages):
                if start is None or index >= start.stage:
                    trainer = self.trainer(index)
                    if start is not None and index == start.stage:
                        self._checkpoints.restore(trainer.checkpointable, start)
                        monitor.say(f"continuing {stage.recipe.name} after step {start.step}")
                    monitor.begin_stage(
                        index, stage.recipe.name, stage.steps, offset, int(trainer.step.numpy())
                    )
                    self._run_stage(index, stage, trainer, monitor)
                    if self._workers.is_chief:
                        self._publish(index, stage, trainer.ema)
                offset += stage.steps

    def trainer(self, index: int) -> Trainer:
        """A fresh trainer for a stage, its critics' weights drawn from seed and stage."""
        size = self._config.data.patch_size
        with self._workers.strategy.scope():
            return Trainer(
                self.generator,
                self._config.stages[index].recipe,
                self._bank,
                (size, size),
                self._config.accumulate,
                derive(self._config.seed, "critics", index),
                self._upkeep.xla,
            )

    def batches(self, index: int, start: int, stop: int) -> Iterator[dict[str, tf.Tensor]]:
        """The batches of a stage's steps `start` to `stop - 1`."""
        return batches(
            self._dataset,
            batch_size=self._config.batch_size,
            seed=derive(self._config.seed, "data"),
            stage=index,
            start=start,
            stop=stop,
            paired=self._config.stages[index].recipe.paired,
            fixed_permutation=FIXED_PERMUTATION in self._config.compat,
            shard=(self._workers.index, self._workers.count),
        )

    def _source(
        self, index: int, done: int, stage: Stage, trainer: Trainer, monitor: Monitor
    ) -> Iterator[dict[str, Any]]:
        """The batches of a stage that are left, with their frozen features if those are kept."""
        source = self.batches(index, done, stage.steps)
        if self._upkeep.feature_cache is None:
            return source
        limit = self._upkeep.feature_cache_gb
        check_repeats(self._dataset)
        monitor.say(
            cost_note(
                self._bank,
                trainer.needs,
                self._dataset,
                stage.recipe.paired,
                self._config.data.augment == "flip",
            )
        )
        return FeatureCache(
            self._bank,
            trainer.needs,
            Store(Path(self._upkeep.feature_cache)),
            None if limit is None else round(limit * 1e9),
            monitor.say,
        ).around(source)

    def _run_stage(self, index: int, stage: Stage, trainer: Trainer, monitor: Monitor) -> None:
        """Takes the steps of one stage that are left."""
        done = int(trainer.step.numpy())
        if done == 0:
            self._look(0, trainer, monitor)
        with contextlib.closing(self._source(index, done, stage, trainer, monitor)) as source:
            self._take_steps(index, stage, trainer, monitor, source)

    def _take_steps(
        self,
        index: int,
        stage: Stage,
        trainer: Trainer,
        monitor: Monitor,
        source: Iterator[dict[str, Any]],
    ) -> None:
        """Takes the steps of a stage with the batches given, one each."""
        for step in range(int(trainer.step.numpy()), stage.steps):
            before = time.monotonic()
            batch = next(source)
            waited = time.monotonic() - before
            logs = {
                tag: value.numpy().item() for tag, value in trainer.run_step(batch, step).items()
            }
            seconds = time.monotonic() - before
            done = step + 1
            where = f"{stage.recipe.name} step {step}"
            require_sound(logs, where)
            for name, scale in overflowed(logs).items():
                monitor.say(f"{where} skipped: {name} overflowed at scale {scale:g}, now halved")
                monitor.log(done, {f"overflow/{name}": 1.0, f"scale/{name}": scale})
            losses = {tag: value for tag, value in logs.items() if tag.startswith("loss/")}
            monitor.step_done(done, self._config.batch_size, seconds, waited, losses)
            if done % self._config.log_every == 0 or done == stage.steps:
                monitor.log(done, logs | _learning_rates(trainer))
            self._look(done, trainer, monitor, last=done == stage.steps)
            interrupted = self._workers.any(self._interrupted)
            if interrupted or done % self._upkeep.save_every == 0 or done == stage.steps:
                self._save(Position(index, done), stage, trainer, monitor)
            if interrupted:
                monitor.say(
                    f"stopped after step {done} of {stage.recipe.name}; the same command continues"
                )
                raise KeyboardInterrupt

    def _save(self, position: Position, stage: Stage, trainer: Trainer, monitor: Monitor) -> None:
        """Writes a checkpoint, after all that was logged up to it."""
        if self._workers.is_chief:
            monitor.flush()
            self._checkpoints.save(trainer.checkpointable, position, stage.recipe.name)

    def _publish(self, index: int, stage: Stage, generator: Generator) -> None:
        """Saves what a stage ended with as a preset; after the last one, as the run's model too."""
        card = model_card(self._config, index, self._notes)
        folders = [self._folder.stage(index, stage.recipe.name)]
        if index == len(self._config.stages) - 1:
            folders.append(self._folder.model)
        for folder in folders:
            models.save_to_preset(
                generator.computing_in("float32"),
                folder,
                sensor=self._dataset.sensor,
                card=card,
                overwrite=True,
            )

    def _look(self, done: int, trainer: Trainer, monitor: Monitor, last: bool = False) -> None:
        """Validates and draws, where it is time to."""
        if not self._workers.is_chief:
            return
        if _due(done, self._config.validate_every, last):
            found = self._validation.measure(trainer.generator, "val_raw")
            found |= self._validation.measure(trainer.ema, "val_ema")
            if found:
                monitor.log(done, found)
        if _due(done, self._upkeep.image_every, last):
            monitor.images(done, "preview", self._validation.grid(trainer.ema))

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """Lets Ctrl-C and SIGTERM end the run after the present step; a second one, at once."""

        def note(number: int, frame: object) -> None:
            self._interrupted = True
            signal.signal(number, before[number])

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
