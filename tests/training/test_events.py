"""What is logged again after a kill does not stand twice in TensorBoard's files."""

import numpy as np
import tensorflow as tf

from tfisp.training.events import cut_events


def write(folder, *logged):
    """One event file with scalars (tag, step, value)."""
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default(step=0):
        tf.summary.text("run/flags", "--x")
        for tag, step, value in logged:
            tf.summary.scalar(tag, value, step=step)
        tf.summary.image("preview", np.zeros((1, 4, 4, 3)), step=logged[-1][1])
    writer.close()


def read(folder):
    """(tag, step, value) of what is logged, in the order in which it was."""
    events = []
    for file in folder.iterdir():
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            events.append(tf.compat.v1.Event.FromString(record))
    found = []
    for event in sorted(events, key=lambda event: event.wall_time):
        for value in event.summary.value:
            number = tf.make_ndarray(value.tensor) if value.tag == "loss" else None
            found.append((value.tag, event.step, None if number is None else float(number)))
    return found


def test_only_what_was_logged_up_to_the_checkpoint_stays(tmp_path):
    folder = tmp_path / "events"
    write(folder, *(("loss", step, float(step)) for step in (1, 2, 3, 4)))
    cut_events(folder, 3)
    assert read(folder) == [("loss", step, float(step)) for step in (1, 2, 3)]
    write(folder, ("loss", 4, 40.0), ("loss", 5, 50.0))
    cut_events(folder, 4)
    assert [value for _, _, value in read(folder)] == [1.0, 2.0, 3.0, 40.0]
    assert {path.name for path in tmp_path.iterdir()} == {"events"}


def test_of_a_step_that_ends_one_stage_and_begins_the_next_the_end_stays(tmp_path):
    folder = tmp_path / "events"
    write(folder, ("loss", 4, 1.0), ("loss", 5, 2.0), ("loss", 5, 3.0), ("other", 5, 0.0))
    cut_events(folder, 5)
    assert read(folder)[:2] == [("loss", 4, 1.0), ("loss", 5, 2.0)]
    assert ("other", 5, None) in read(folder)


def test_without_a_checkpoint_nothing_stays(tmp_path):
    folder = tmp_path / "events"
    cut_events(folder, None)
    assert not folder.exists()
    write(folder, ("loss", 1, 1.0))
    cut_events(folder, None)
    assert list(folder.iterdir()) == []


def test_half_a_record_at_the_end_is_dropped(tmp_path):
    folder = tmp_path / "events"
    write(folder, ("loss", 1, 1.0), ("loss", 2, 2.0))
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    cut_events(folder, 9)
    assert read(folder)[:2] == [("loss", 1, 1.0), ("loss", 2, 2.0)]


def test_files_of_one_second_count_in_the_order_in_which_they_were_opened(tmp_path):
    """TensorFlow names the files of a second .9.v2 and .10.v2, which sort the other way."""
    folder = tmp_path / "events"
    write(folder, ("loss", 5, 1.0))
    (first,) = folder.iterdir()
    first.rename(folder / "events.out.tfevents.1700000000.host.7.9.v2")
    write(folder, ("loss", 5, 2.0))
    (second,) = set(folder.iterdir()) - {folder / "events.out.tfevents.1700000000.host.7.9.v2"}
    second.rename(folder / "events.out.tfevents.1700000000.host.7.10.v2")
    cut_events(folder, 5)
    assert [found for found in read(folder) if found[0] == "loss"] == [("loss", 5, 1.0)]
