"""Checkpoints that are whole or absent, however the process ends.

Each is a folder `<stage>-<recipe>-<step>` with TensorFlow's own checkpoint files inside. It is
filled under a temporary name and renamed when all of it is on disk, so a folder with a proper name
can always be trusted.
"""

import errno
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from tfisp.files import atomic_folder, remove_leftovers

_NAME = re.compile(r"(?P<stage>\d+)-(?P<recipe>\w+)-(?P<step>\d{8})")


@dataclass(frozen=True, order=True)
class Position:
    """Where a run stands: `step` steps of stage number `stage` are done."""

    stage: int
    step: int


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: where they lie; created if absent. What a killed process left half-written there is
            removed.
        max_to_keep: how many of each stage stay; older ones go after a newer one is whole. The last
            of a finished stage is the next one's start and stays too.
    """

    def __init__(self, folder: str | os.PathLike, max_to_keep: int = 3) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        self._max_to_keep = max_to_keep

    def all(self) -> list[tuple[Position, Path]]:
        """What is there, oldest first."""
        matches = [(_NAME.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((Position(int(m["stage"]), int(m["step"])), path) for m, path in matches if m)

    def latest(self) -> Position | None:
        """The furthest position saved, or None."""
        found = self.all()
        return found[-1][0] if found else None

    def save(self, state: Mapping[str, object], position: Position, recipe: str) -> Path:
        """Writes the state of all objects given and returns the folder.

        Raises:
            OSError: if the disk is full or not writable; earlier checkpoints are untouched.
        """
        path = self.folder / f"{position.stage}-{recipe}-{position.step:08d}"
        try:
            with atomic_folder(path) as temporary:
                tf.train.Checkpoint(**state).write(str(temporary / "state"))
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        same_stage = [old for at, old in self.all() if at.stage == position.stage]
        for old in same_stage[: -self._max_to_keep]:
            shutil.rmtree(old)
        return path

    def restore(self, state: Mapping[str, object], position: Position) -> None:
        """Puts a saved state back into the objects; every one of their variables must be in it."""
        path = dict(self.all())[position]
        status = tf.train.Checkpoint(**state).read(str(path / "state"))
        status.assert_existing_objects_matched().expect_partial()
