"""Checkpoints are whole, ordered and pruned."""

import pytest
import tensorflow as tf

from tfisp.training.checkpoints import Checkpoints, Position


def state(value):
    return {"x": tf.train.Checkpoint(v=tf.Variable(value))}


def test_the_latest_is_the_furthest_stage_then_step(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for position in (Position(0, 100), Position(1, 5), Position(0, 20)):
        checkpoints.save(state(1.0), position, "pretrain")
    assert checkpoints.latest() == Position(1, 5)


def test_restore_gives_back_what_was_saved(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(3.5), Position(0, 1), "pretrain")
    other = state(0.0)
    checkpoints.restore(other, Position(0, 1))
    assert other["x"].v.numpy() == 3.5


def test_a_checkpoint_without_one_of_the_variables_is_not_accepted(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(3.5), Position(0, 1), "pretrain")
    with pytest.raises(AssertionError):
        checkpoints.restore(
            state(0.0) | {"y": tf.train.Checkpoint(w=tf.Variable(1.0))}, Position(0, 1)
        )


def test_old_ones_of_a_stage_go_and_other_stages_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path, max_to_keep=2)
    checkpoints.save(state(0.0), Position(0, 7), "pretrain")
    for step in (1, 2, 3):
        checkpoints.save(state(0.0), Position(1, step), "unpaired")
    assert [position for position, _ in checkpoints.all()] == [
        Position(0, 7),
        Position(1, 2),
        Position(1, 3),
    ]


def test_half_written_ones_are_not_seen_and_are_removed(tmp_path):
    (tmp_path / ".99.tmp.0-pretrain-00000009").mkdir()
    checkpoints = Checkpoints(tmp_path)
    assert checkpoints.latest() is None
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_an_os_error_and_keeps_the_old(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(0.0), Position(0, 1), "pretrain")

    def refuse(self, path):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.Checkpoint, "write", refuse)
    with pytest.raises(OSError, match=r"No space left on device: .*0-pretrain-00000002"):
        checkpoints.save(state(0.0), Position(0, 2), "pretrain")
    assert checkpoints.latest() == Position(0, 1)
    assert len(list(tmp_path.iterdir())) == 1
