"""The fingerprint sees every kind of difference between two runs."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from kill_campaign import WHOLE, fingerprint

from tfisp.training.checkpoints import Checkpoints
from tfisp.training.position import Position


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    state = {"ema": tf.train.Checkpoint(v=tf.Variable(np.arange(4.0)))}
    Checkpoints(folder / "checkpoints").save(state, Position(0, 1), "pretrain")
    for name in (*WHOLE, "model/model.weights.h5", "export/model.tflite", "stages/0-x/SHA256SUMS"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    writer = tf.summary.create_file_writer(str(folder / "events"))
    with writer.as_default(step=3):
        tf.summary.scalar("loss", 1.0)
        tf.summary.scalar("perf/speed", 1.0)
    writer.close()
    return folder


def weights(folder):
    state = {"ema": tf.train.Checkpoint(v=tf.Variable(np.arange(4.0) + 1e-15))}
    Checkpoints(folder / "checkpoints").save(state, Position(0, 1), "pretrain")


def events(folder):
    writer = tf.summary.create_file_writer(str(folder / "events"))
    with writer.as_default(step=3):
        tf.summary.scalar("loss", 1.0)
    writer.close()


def speed(folder):
    writer = tf.summary.create_file_writer(str(folder / "events"))
    with writer.as_default(step=3):
        tf.summary.scalar("perf/speed", 2.0)
    writer.close()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (weights, "checkpoints/0-pretrain-00000001/ema/v/.ATTRIBUTES/VARIABLE_VALUE"),
        (events, "events"),
        (speed, None),
        (lambda folder: (folder / "metrics.jsonl").write_text("x"), "metrics.jsonl"),
        (
            lambda folder: (folder / "model/model.weights.h5").write_text("x"),
            "model/model.weights.h5",
        ),
        (lambda folder: (folder / "export/model.tflite").write_text("x"), "export/model.tflite"),
        (lambda folder: (folder / "stages/.ab.tmp.0-x").mkdir(), "leftovers"),
    ],
)
def test_any_difference_is_seen_and_times_are_not(run, tmp_path, change, part):
    other = tmp_path / "other"
    shutil.copytree(run, other)
    change(other)
    before, after = fingerprint(run), fingerprint(other)
    assert before.keys() == after.keys()
    different = [key for key in before if before[key] != after[key]]
    assert different == ([part] if part else [])
