"""Runs the stages of a configuration: batches in, steps, logs and checkpoints out."""

import contextlib
import json
import math
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfisp import models
from tfisp.data.base import Dataset
from tfisp.data.pipeline import batches
from tfisp.errors import InputError
from tfisp.models.generator import Generator
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.cards import model_card
from tfisp.training.checkpoints import Checkpoints, Position
from tfisp.training.compat import FIXED_PERMUTATION
from tfisp.training.config import Stage, TrainConfig
from tfisp.training.monitor import Monitor
from tfisp.training.run_folder import RunFolder
from tfisp.training.seeds import derive
from tfisp.training.trainer import Trainer
from tfisp.training.validation import Validation


@dataclass(frozen=True)
class Upkeep:
    """What a run does for its user without changing its result.

    Attributes:
        save_every: steps between checkpoints.
        max_to_keep: checkpoints kept of each stage.
        image_every: steps between image grids in TensorBoard; 0 for none.
    """

    save_every: int = 500
    max_to_keep: int = 3
    image_every: int = 500


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
        notes: Sequence[str] = (),
    ) -> None:
        self._notes = tuple(notes)
        self._config, self._folder, self._dataset = config, folder, dataset
        self.generator, self._bank, self._upkeep = generator, bank, upkeep
        self._checkpoints = Checkpoints(folder.checkpoints, upkeep.max_to_keep)
        self._validation = Validation(dataset, config.validation_split, config.validation_images)
        self._interrupted = False

    def train(self) -> None:
        """Does all that is left to do; each stage ends as a preset of its averaged weights.

        Raises:
            InputError: if a loss or gradient stops being finite; the last good checkpoint stays.
            KeyboardInterrupt: after Ctrl-C or SIGTERM, once a checkpoint of the last whole step is
                on disk.
        """
        start = self._checkpoints.latest()
        self._folder.cut_metrics(start)
        monitor = Monitor(self._folder.metrics, self._folder.events)
        with contextlib.closing(monitor), self._catching_signals():
            monitor.text(
                "run/config", f"```json\n{json.dumps(self._config.to_dict(), indent=2)}\n```"
            )
            monitor.text("run/flags", f"```\n{(self._folder.path / 'flags.txt').read_text()}\n```")
            monitor.text("run/notes", "\n".join(f"- {note}" for note in self._notes) or "none")
            offset = 0
            for index, stage in enumerate(self._config.stages):
                if start is None or index >= start.stage:
                    trainer = self.trainer(index)
                    if start is not None and index == start.stage:
                        self._checkpoints.restore(trainer.checkpointable, start)
                        monitor.say(f"continuing {stage.recipe.name} after step {start.step}")
                    monitor.begin_stage(
                        index, stage.recipe.name, stage.steps, offset, int(trainer.step)
                    )
                    self._run_stage(index, stage, trainer, monitor)
                    self._publish(index, stage, trainer.ema)
                offset += stage.steps

    def trainer(self, index: int) -> Trainer:
        """A fresh trainer for a stage, its critics' weights drawn from seed and stage."""
        size = self._config.data.patch_size
        return Trainer(
            self.generator,
            self._config.stages[index].recipe,
            self._bank,
            (size, size),
            self._config.accumulate,
            derive(self._config.seed, "critics", index),
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
        )

    def _run_stage(self, index: int, stage: Stage, trainer: Trainer, monitor: Monitor) -> None:
        """Takes the steps of one stage that are left."""
        done = int(trainer.step)
        if done == 0:
            self._look(0, trainer, monitor)
        source = iter(self.batches(index, done, stage.steps))
        for step in range(done, stage.steps):
            before = time.monotonic()
            batch = next(source)
            waited = time.monotonic() - before
            logs = {
                tag: value.numpy().item() for tag, value in trainer.run_step(batch, step).items()
            }
            seconds = time.monotonic() - before
            _require_finite(logs, stage, step)
            done = step + 1
            losses = {tag: value for tag, value in logs.items() if tag.startswith("loss/")}
            monitor.step_done(done, self._config.batch_size, seconds, waited, losses)
            if done % self._config.log_every == 0 or done == stage.steps:
                monitor.log(done, logs | _learning_rates(trainer))
            self._look(done, trainer, monitor, last=done == stage.steps)
            if self._interrupted or done % self._upkeep.save_every == 0 or done == stage.steps:
                monitor.flush()
                self._checkpoints.save(
                    trainer.checkpointable, Position(index, done), stage.recipe.name
                )
            if self._interrupted:
                monitor.say(
                    f"stopped after step {done} of {stage.recipe.name}; the same command continues"
                )
                raise KeyboardInterrupt

    def _publish(self, index: int, stage: Stage, generator: Generator) -> None:
        """Saves what a stage ended with as a preset; after the last one, as the run's model too."""
        card = model_card(self._config, index, self._notes)
        folders = [self._folder.stage(index, stage.recipe.name)]
        if index == len(self._config.stages) - 1:
            folders.append(self._folder.model)
        for folder in folders:
            models.save_to_preset(
                generator, folder, sensor=self._dataset.sensor, card=card, overwrite=True
            )

    def _look(self, done: int, trainer: Trainer, monitor: Monitor, last: bool = False) -> None:
        """Validates and draws, where it is time to."""
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


def _require_finite(logs: dict[str, float], stage: Stage, step: int) -> None:
    """Stops the run at the first loss or gradient norm that is no number."""
    bad = [tag for tag, value in logs.items() if tag.startswith(("loss/", "grad_norm/", "critic/"))
           and not math.isfinite(value)]  # fmt: skip
    if bad:
        raise InputError(
            f"{stage.recipe.name} step {step}: {', '.join(bad)} became {logs[bad[0]]}; the last "
            "checkpoint is from before. A smaller --learning_rate or another --seed may help"
        )


def _learning_rates(trainer: Trainer) -> dict[str, float]:
    """The rate of every optimizer."""
    optimizers = {"generator": trainer.optimizer} | {c.name: c.optimizer for c in trainer.critics}
    return {f"lr/{name}": float(np.asarray(o.learning_rate)) for name, o in optimizers.items()}
