"""TensorBoard's files of a run that goes on: what will be logged again is taken out first."""

import os
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from tfisp.files import atomic_folder

# Texts that every start of a run writes anew.
_EVERY_START = "run/"


def cut_events(folder: str | os.PathLike, last: int | None) -> None:
    """Drops what was logged after a checkpoint, as `RunFolder.cut_metrics` does for the numbers.

    A stage's end and the beginning of the next share a step, and both are measured. So of several
    values of a tag at the checkpoint's own step the first is kept: what came later belonged to the
    next stage.

    Args:
        folder: With the event files; replaced as a whole.
        last: The checkpoint's step, counted through all stages; None drops everything.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return
    seen: set[str] = set()
    with atomic_folder(folder) as temporary:
        if last is None:
            return
        for path in sorted(folder.glob("events.out.tfevents.*"), key=_begun):
            with tf.io.TFRecordWriter(str(temporary / path.name)) as writer:
                for record in _records(path):
                    if _stays(tf.compat.v1.Event.FromString(record), last, seen):
                        writer.write(record)


def _begun(path: Path) -> float:
    """When logging into a file began; its name and its first record know whole seconds only."""
    for record in _records(path):
        event = tf.compat.v1.Event.FromString(record)
        if event.HasField("summary"):
            return event.wall_time
    return 0.0


def _stays(event: tf.compat.v1.Event, last: int, seen: set[str]) -> bool:
    """Whether an event was logged up to a step; notes the tags seen at that step."""
    tags = [value.tag for value in event.summary.value]
    if any(tag.startswith(_EVERY_START) for tag in tags) or event.step > last:
        return False
    repeated = event.step == last and not seen.isdisjoint(tags)
    if event.step == last:
        seen.update(tags)
    return not repeated


def _records(path: Path) -> Iterator[bytes]:
    """The whole records of an event file; a killed process may have left half of one at its end."""
    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.DataLossError:
        return
