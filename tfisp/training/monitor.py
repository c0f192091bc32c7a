"""What a run says while it works: a progress line, a log of numbers, and TensorBoard."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import tensorflow as tf

from tfisp.training import hparams
from tfisp.training.tags import layout, meaning

# Steps of a stage that are compiled before they are taken: a plain one and one of critics.
_COMPILING = 2


class Monitor:
    """What a run tells of its progress, stage by stage; this one keeps it to itself.

    All processes but the one that writes have such a monitor.
    """

    def begin_stage(self, index: int, recipe: str, steps: int, offset: int, done: int) -> None:
        """A stage starts, or goes on after `done` of its steps; `offset` steps came before it."""

    def step_done(
        self, step: int, images: int, seconds: float, waited: float, losses: Mapping[str, float]
    ) -> None:
        """A step is done, in `seconds`, `waited` of them for its batch."""

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers after `step` steps of this stage."""

    def images(self, step: int, tag: str, picture: np.ndarray) -> None:
        """A picture `[H, W, 3]`, uint8 or 0..1."""

    def histograms(self, step: int, weights: Mapping[str, np.ndarray]) -> None:
        """The weights of layers, after `step` steps of this stage."""

    def say(self, message: str) -> None:
        """A line for whoever watches."""

    def flush(self) -> None:
        """A checkpoint is about to rely on everything logged so far."""


class RunMonitor(Monitor):
    """Reports a run's progress; one for the whole run, told of each stage as it begins.

    Times go to the screen and to TensorBoard only: `metrics.jsonl` holds nothing that differs
    between two runs of the same configuration.

    Args:
        metrics: Path of `metrics.jsonl`; lines are appended.
        events: TensorBoard's folder.
        screen: Where progress goes, stderr by default; redrawn in place if it is a terminal, else
            one line per logged step.
        watch: Hears every line of `metrics.jsonl`; what it says of one is told.
    """

    def __init__(
        self,
        metrics: Path,
        events: Path,
        screen: TextIO | None = None,
        watch: Callable[[Mapping[str, Any]], Iterable[object]] | None = None,
    ) -> None:
        self._watch = watch
        self._metrics = metrics.open("a", encoding="utf-8")
        self._writer = tf.summary.create_file_writer(str(events))
        self._screen = screen or sys.stderr
        self._live = self._screen.isatty()
        self._drawn = 0.0

    def begin_stage(self, index: int, recipe: str, steps: int, offset: int, done: int) -> None:
        """A stage starts, or goes on after `done` of its steps; `offset` steps came before it."""
        self._stage, self._recipe, self._steps, self._offset = index, recipe, steps, offset
        self._began, self._first = time.monotonic(), done
        self._busy = self._waited = 0.0
        self._slowest = [0.0] * _COMPILING
        self._images = 0

    def step_done(
        self, step: int, images: int, seconds: float, waited: float, losses: Mapping[str, float]
    ) -> None:
        """A step is done, in `seconds`, `waited` of them for its batch; redraws the line."""
        self._busy += seconds
        self._slowest = sorted([*self._slowest, seconds])[1:]
        self._waited += waited
        self._images += images
        if self._live and (time.monotonic() - self._drawn > 0.2 or step == self._steps):
            self._drawn = time.monotonic()
            self._screen.write("\r\x1b[K" + self._line(step, losses))
            if step == self._steps:
                self._screen.write("\n")
            self._screen.flush()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers after `step` steps of this stage to `metrics.jsonl` and to TensorBoard."""
        entry = {"stage": self._stage, "recipe": self._recipe, "step": step, **values}
        self._metrics.write(json.dumps(entry) + "\n")
        self._metrics.flush()
        timing = {"perf/images_per_second": self._speed, "perf/wait_share": self._wait_share}
        with self._writer.as_default(step=self._offset + step):
            for tag, value in {**values, **timing}.items():
                tf.summary.scalar(tag, value, description=meaning(tag))
        for note in self._watch(entry) if self._watch else ():
            self.say(f"note: {note}")
        if not self._live:
            losses = {tag: value for tag, value in values.items() if tag.startswith("loss/")}
            if losses:
                print(self._line(step, losses), file=self._screen, flush=True)

    def images(self, step: int, tag: str, picture: np.ndarray) -> None:
        """Shows a picture `[H, W, 3]`, uint8 or 0..1, in TensorBoard."""
        with self._writer.as_default(step=self._offset + step):
            tf.summary.image(tag, picture[None])

    def histograms(self, step: int, weights: Mapping[str, np.ndarray]) -> None:
        """Shows how weights are distributed, in TensorBoard: `weights/` and the name of each."""
        with self._writer.as_default(step=self._offset + step):
            for name, values in weights.items():
                tag = f"weights/{name}"
                tf.summary.histogram(tag, values, description=meaning(tag))

    def begin_run(self, settings: Mapping[str, str | float | bool]) -> None:
        """Tells TensorBoard a run's settings, and which numbers belong into one chart; once."""
        with self._writer.as_default(step=0):
            for summary in (layout(), hparams.record(settings)):
                tf.summary.experimental.write_raw_pb(summary)

    def text(self, tag: str, markdown: str) -> None:
        """Puts a text into TensorBoard."""
        with self._writer.as_default(step=0):
            tf.summary.text(tag, markdown)

    def say(self, message: str) -> None:
        """Prints a line without tearing the progress line."""
        print(("\r\x1b[K" if self._live else "") + message, file=self._screen, flush=True)

    def flush(self) -> None:
        """Forces everything logged so far to disk, as a checkpoint is about to rely on it."""
        self._metrics.flush()
        os.fsync(self._metrics.fileno())
        self._writer.flush()

    def close(self) -> None:
        """Flushes and closes all files."""
        self.flush()
        self._metrics.close()
        self._writer.close()

    @property
    def _speed(self) -> float:
        """Images per second, over this stage so far."""
        return self._images / self._busy if self._busy else 0.0

    @property
    def _wait_share(self) -> float:
        """Part of this stage's time, 0..1, that was spent waiting for a batch."""
        return self._waited / self._busy if self._busy else 0.0

    def _left(self, step: int) -> str:
        """How long the rest of the stage will take; the steps that compile count as others do."""
        others = step - self._first - _COMPILING
        if others <= 0:
            return "?" if step < self._steps else _clock(0)
        compiling = sum(self._slowest)
        extra = compiling - _COMPILING * (self._busy - compiling) / others
        elapsed = time.monotonic() - self._began - extra
        return _clock(elapsed / (others + _COMPILING) * (self._steps - step))

    def _line(self, step: int, losses: Mapping[str, float]) -> str:
        """`[unpaired 120/2000] content 0.53 tv 0.001 | 12.3 img/s | wait 0.4% | left 0:12:08`."""
        shown = " ".join(
            f"{tag.removeprefix('loss/')} {value:.4g}" for tag, value in losses.items()
        )
        return (
            f"[{self._recipe} {step}/{self._steps}] {shown} | {self._speed:.1f} img/s | "
            f"wait {100 * self._wait_share:.1f}% | left {self._left(step)}"
        )


def _clock(seconds: float) -> str:
    """`1:02:03` for a number of seconds."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
