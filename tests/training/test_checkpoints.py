"""Checkpoints are whole, ordered and pruned."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.errors import InputError
from tfisp.models import ways_back
from tfisp.models.patch_critics import PatchGAN
from tfisp.training.checkpoints import Checkpoints
from tfisp.training.position import Position


def state(value):
    return {"x": tf.train.Checkpoint(v=tf.Variable(value))}


def test_the_latest_is_the_furthest_stage_then_step(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    for position in (Position(0, 100), Position(1, 5), Position(0, 20)):
        checkpoints.save(state(1.0), position, "pretrain")
    assert checkpoints.latest() == Position(1, 5)


def test_restore_gives_back_what_was_saved(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    facts = {"critic/x": 0.1, "critic/y": -1e-30}
    checkpoints.save(state(3.5), Position(0, 1), "pretrain", facts)
    other = state(0.0)
    assert checkpoints.restore(other, Position(0, 1)) == facts
    assert other["x"].v.numpy() == 3.5


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: models.create("rmfa_net_tiny", seed=seed),
        lambda seed: models.create("syenet", seed=seed),
        lambda seed: ways_back.create("resnet_narrow", "raw", seed),
        lambda seed: PatchGAN((32, 32, 3), seed),
    ],
)
def test_a_network_is_restored_with_the_layers_that_it_holds_in_lists(tmp_path, make):
    """Keras shows those to no `tf.train.Checkpoint` (keras 3, `_trackable_children`)."""
    saved, restored = make(1), make(2)
    for index, weight in enumerate(saved.weights):
        weight.assign(tf.fill(weight.shape, float(index)))
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save({"network": saved}, Position(0, 1), "pretrain")
    checkpoints.restore({"network": restored}, Position(0, 1))
    for index, weight in enumerate(restored.weights):
        np.testing.assert_array_equal(weight, np.full(weight.shape, index), err_msg=weight.path)


def test_a_checkpoint_without_one_of_the_variables_is_not_accepted(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(state(3.5), Position(0, 1), "pretrain")
    with pytest.raises(InputError, match="0-pretrain-00000001: does not hold the state of this"):
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


def cut(path):
    data = next(path.glob("*.data*"))
    data.write_bytes(data.read_bytes()[:-1])


def flip(path):
    data = next(path.glob("*.data*"))
    content = bytearray(data.read_bytes())
    content[len(content) // 2] ^= 1
    data.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        flip,
        lambda path: (path / "state.index").unlink(),
        lambda path: (path / "state.index").write_bytes(b"no index"),
        lambda path: next(path.glob("*.data*")).unlink(),
        lambda path: (path / "facts.json").write_text("{"),
        lambda path: (path / "facts.json").unlink(),
        lambda path: [file.unlink() for file in path.iterdir()],
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(tmp_path, damage):
    checkpoints = Checkpoints(tmp_path)
    values = np.arange(1000.0)
    for step in (1, 2):
        checkpoints.save(state(values + step), Position(0, step), "pretrain")
    assert checkpoints.latest() == Position(0, 2)
    assert checkpoints.damaged == []
    damage(tmp_path / "0-pretrain-00000002")
    assert checkpoints.latest() == Position(0, 1)
    (line,) = checkpoints.damaged
    assert line.startswith(f"{tmp_path}/0-pretrain-00000002: damaged (") and "\n" not in line
    other = state(np.zeros(1000))
    checkpoints.restore(other, Position(0, 1))
    np.testing.assert_array_equal(other["x"].v, values + 1)
    damage(tmp_path / "0-pretrain-00000001")
    with pytest.raises(InputError, match=r"00000002: damaged .* no other checkpoint can be read"):
        checkpoints.latest()
    shutil.rmtree(tmp_path / "0-pretrain-00000001")
    shutil.rmtree(tmp_path / "0-pretrain-00000002")
    assert checkpoints.latest() is None
