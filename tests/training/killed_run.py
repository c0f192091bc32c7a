"""Runs `tfisp.train` and kills or stops its own process at a chosen moment.

    python killed_run.py MOMENT [flag ...]

MOMENT is `never`, `before:RECIPE:STEP` or `after:RECIPE:STEP` (of a training step, killed without
warning), `stopped:RECIPE:STEP` (sent SIGTERM after it), or `saving:N`: killed when the N-th
checkpoint's files are written, but it has not got its name yet.
"""

import os
import signal
import sys

import tensorflow as tf

from tfisp import train
from tfisp.training.trainer import Trainer


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arrange(moment: str) -> None:
    kind, *where = moment.split(":")
    if kind in ("before", "after", "stopped"):
        recipe, step = where[0], int(where[1])
        run_step = Trainer.run_step

        def patched(self, batch, number):
            here = self.recipe.name == recipe and number == step
            if here and kind == "before":
                kill()
            logs = run_step(self, batch, number)
            if here and kind == "after":
                kill()
            if here and kind == "stopped":
                os.kill(os.getpid(), signal.SIGTERM)
            return logs

        Trainer.run_step = patched
    if kind == "saving":
        write, count = tf.train.Checkpoint.write, [0]

        def patched_write(self, path):
            result = write(self, path)
            count[0] += 1
            if count[0] == int(where[0]):
                kill()
            return result

        tf.train.Checkpoint.write = patched_write


if __name__ == "__main__":
    arrange(sys.argv[1])
    sys.exit(train.run(sys.argv[2:]))
