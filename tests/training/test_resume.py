"""A run that is killed again and again ends with the very bits of one that never was."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

# Two short stages; critics learn at steps 0, 3, 6; an epoch of 12 patches ends within the second
# stage.
FLAGS = (
    "--flagfile=demo.flags", "--steps=5,8", "--patch_size=96", "--batch_size=2",
    "--critic_interval=3", "--save_every=2", "--log_every=1", "--validate_every=4",
    "--validation_images=1", "--image_every=0",
    "--export_size=64x64",
)  # fmt: skip

# Each moment is where one more start of the same command dies.
MOMENTS = (
    "after:pretrain:2",  # step 2 is done, the last checkpoint is from before it
    "saving:1",  # a checkpoint is complete but has no name yet
    "before:unpaired:0",  # the switch to the second stage
    "before:unpaired:3",  # just before a critic step
    "after:unpaired:3",  # just after it
    "before:unpaired:7",  # the epoch has ended on the way
)


def start(folder: Path, cache: Path, moment: str) -> subprocess.CompletedProcess:
    script = Path(__file__).with_name("killed_run.py")
    command = [
        sys.executable,
        str(script),
        moment,
        *FLAGS,
        f"--work_dir={folder}",
        f"--cache_dir={cache}",
    ]
    path = str(Path(__file__).parents[2])
    return subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, timeout=300
    )


def read_checkpoint(folder: Path) -> dict[str, np.ndarray]:
    reader = tf.train.load_checkpoint(str(folder / "state"))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH"
    }


def logged(events: Path) -> list[tuple[str, int, bytes]]:
    """All that TensorBoard shows, in order, but for times."""
    return [
        (value.tag, event.step, value.tensor.SerializeToString())
        for file in sorted(events.iterdir())
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
        for event in [tf.compat.v1.Event.FromString(record)]
        for value in event.summary.value
        if not value.tag.startswith(("perf/", "run/"))
    ]


def model_files(run: Path) -> dict[str, bytes]:
    """What a run leaves of its networks, and the files that stand for them."""
    places = ("model", "stages", "export")
    return {
        str(path.relative_to(run)): path.read_bytes()
        for place in places
        for path in sorted((run / place).rglob("*"))
        if (path.is_file() and path.suffix in (".h5", ".tflite")) or path.name == "SHA256SUMS"
    }


@pytest.mark.slow
def test_a_run_killed_at_every_kind_of_moment_ends_as_one_that_was_not(tmp_path):
    pytest.importorskip("skimage")
    whole, broken, cache = tmp_path / "whole", tmp_path / "broken", tmp_path / "cache"
    done = start(whole, cache, "never")
    assert done.returncode == 0, done.stderr
    for moment in MOMENTS:
        done = start(broken, cache, moment)
        assert done.returncode == -signal.SIGKILL, (moment, done.stderr)
    done = start(broken, cache, "never")
    assert done.returncode == 0, done.stderr
    assert "continuing unpaired after step" in done.stderr

    names = [sorted(p.name for p in (run / "checkpoints").iterdir()) for run in (whole, broken)]
    assert names[0] == names[1]
    for name in names[0]:
        expected, found = (read_checkpoint(run / "checkpoints" / name) for run in (whole, broken))
        assert expected.keys() == found.keys()
        assert any("optimizer" in key for key in expected)
        assert any(key.startswith("ema/") for key in expected)
        different = [key for key in expected if not np.array_equal(expected[key], found[key])]
        assert different == []
    assert len(model_files(whole)) > 8
    assert model_files(whole) == model_files(broken)
    assert not list(broken.rglob(".*.tmp.*"))
    assert logged(whole / "events") == logged(broken / "events")
    for log in ("metrics.jsonl", "splits.json", "manifest.json", "run.json"):
        assert (whole / log).read_bytes() == (broken / log).read_bytes(), log
