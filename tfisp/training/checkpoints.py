"""Checkpoints that are whole or absent, however the process ends.

Each is a folder `<stage>-<recipe>-<step>` with TensorFlow's own checkpoint files inside. It is
filled under a temporary name and renamed when all of it is on disk, so a folder with a proper name
was whole when it got it. Disks damage files later: before a run goes on, all of its newest
checkpoint is read, and the one before is taken if that fails.
"""

import errno
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from tfisp.errors import InputError, first_line
from tfisp.files import atomic_folder, remove_leftovers
from tfisp.training.position import Position

_NAME = re.compile(r"(?P<stage>\d+)-(?P<recipe>\w+)-(?P<step>\d{8})")
_FACTS = "facts.json"

# What TensorFlow's reader and JSON's raise for damaged or missing files.
_DAMAGE = (
    tf.errors.OpError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    MemoryError,
    OSError,
)


class Checkpoints:
    """The checkpoints of one run.

    Attributes:
        damaged: What `latest` found that cannot be read, a line each, newest first.

    Args:
        folder: Where they lie; created if absent. What a killed process left half-written there is
            removed.
        max_to_keep: How many of each stage stay; older ones go after a newer one is whole. The last
            of a finished stage is the next one's start and stays too.
    """

    def __init__(self, folder: str | os.PathLike, max_to_keep: int = 3) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(self.folder)
        self._max_to_keep = max_to_keep
        self.damaged: list[str] = []

    def all(self) -> list[tuple[Position, Path]]:
        """What is there, oldest first."""
        matches = [(_NAME.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return sorted((Position(int(m["stage"]), int(m["step"])), path) for m, path in matches if m)

    def latest(self) -> Position | None:
        """The furthest position whose checkpoint is whole, or None if none was ever saved.

        Afterwards `damaged` says which ones further on cannot be read.

        Raises:
            InputError: there are checkpoints, and all of them are damaged.
        """
        self.damaged = []
        for position, path in reversed(self.all()):
            fault = _fault(path)
            if fault is None:
                return position
            self.damaged.append(f"{path}: damaged ({fault})")
        if self.damaged:
            raise InputError(
                f"{self.damaged[0]}, and no other checkpoint can be read; choose a new --work_dir"
            )
        return None

    def save(
        self,
        state: Mapping[str, object],
        position: Position,
        recipe: str,
        facts: Mapping[str, float] | None = None,
    ) -> Path:
        """Writes the state of all objects given and returns the folder.

        Args:
            state: Name -> object with variables.
            position: Where the run stands.
            recipe: Of the stage.
            facts: Numbers to be kept with it.

        Raises:
            OSError: if the disk is full or not writable; earlier checkpoints are untouched.
        """
        path = self.folder / f"{position.stage}-{recipe}-{position.step:08d}"
        try:
            with atomic_folder(path) as temporary:
                _checkpoint(state).write(str(temporary / "state"))
                (temporary / _FACTS).write_text(json.dumps(dict(facts or {})), encoding="utf-8")
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        same_stage = [old for at, old in self.all() if at.stage == position.stage]
        for old in same_stage[: -self._max_to_keep]:
            shutil.rmtree(old)
        return path

    def restore(self, state: Mapping[str, object], position: Position) -> dict[str, float]:
        """Puts a saved state back into the objects; returns the facts kept with it.

        Raises:
            InputError: a variable of theirs is not in it, or it cannot be read.
        """
        path = dict(self.all())[position]
        try:
            status = _checkpoint(state).read(str(path / "state"))
            status.assert_existing_objects_matched().expect_partial()
            return _facts(path)
        except (AssertionError, *_DAMAGE) as error:
            raise InputError(
                f"{path}: does not hold the state of this run ({first_line(error)}); continue with"
                " the version of tfisp that wrote it, or choose a new --work_dir"
            ) from error


def _checkpoint(state: Mapping[str, object]) -> tf.train.Checkpoint:
    """All objects, and beside each network the variables that TensorFlow does not find in it.

    Keras 3 shows it layers that are attributes, but none in an attribute that is a list
    (`keras/src/backend/tensorflow/layer.py`, `_trackable_children`).
    """
    hidden = {}
    for name, network in state.items():
        if isinstance(network, keras.Model):
            found = {id(part) for part in tf.train.TrackableView(network).descendants()}
            hidden[f"{name}_in_lists"] = {
                f"{index} {variable.name}": variable
                for index, variable in enumerate(network.variables)
                if id(variable) not in found
            }
    return tf.train.Checkpoint(**state, **{name: rest for name, rest in hidden.items() if rest})


def _fault(path: Path) -> str | None:
    """What is wrong with a checkpoint, after reading all of it; None if nothing is."""
    try:
        reader = tf.train.load_checkpoint(str(path / "state"))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)  # compares its checksum
        _facts(path)
    except _DAMAGE as error:
        return first_line(error)
    return None


def _facts(path: Path) -> dict[str, float]:
    return dict(json.loads((path / _FACTS).read_text(encoding="utf-8")))
