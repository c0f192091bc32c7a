"""A profile of a few steps: where their time goes, operation by operation."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf


class Profiler:
    """Records the steps from one to another of a run, once.

    TensorBoard shows the record if its profile plugin is installed (`pip install xprof`).

    Args:
        steps: First step to record and the one to stop before, counted from 0 through all stages;
            None records nothing.
        folder: Where to write.
    """

    def __init__(self, steps: tuple[int, int] | None, folder: Path) -> None:
        self._steps, self._folder = steps, folder
        self._running = False

    @contextlib.contextmanager
    def around(self, step: int) -> Iterator[None]:
        """Records a step, if it is one of those; `step` counts through all stages."""
        if self._steps is None or not self._steps[0] <= step < self._steps[1]:
            yield
            return
        if not self._running:
            tf.profiler.experimental.start(str(self._folder))
            self._running = True
        with tf.profiler.experimental.Trace("train", step_num=step, _r=1):
            yield
        if step == self._steps[1] - 1:
            self.close()

    def close(self) -> None:
        """Writes what was recorded, also of a run that ends before the last of the steps."""
        if self._running:
            self._running = False
            tf.profiler.experimental.stop()
