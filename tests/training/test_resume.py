"""A run that is killed again and again ends with the very bits of one that never was."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from kill_campaign import fingerprint

# Two short stages; critics learn at steps 0, 3, 6; an epoch of 12 patches ends within the second
# stage.
FLAGS = (
    "--flagfile=unpaired_smoke.flags",
    "--steps=5,8",
    "--patch_size=96",
    "--batch_size=2",
    "--critic_interval=3",
    "--save_every=2",
    "--log_every=1",
    "--validate_every=4",
    "--validation_images=1",
    "--image_every=4",
    "--export_size=64x64",
)

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


@pytest.mark.slow
def test_a_run_killed_at_every_kind_of_moment_ends_as_one_that_was_not(tmp_path):
    pytest.importorskip("skimage")
    whole, broken, cache = tmp_path / "whole", tmp_path / "broken", tmp_path / "cache"
    done = start(whole, cache, "never")
    assert done.returncode == 0, done.stderr
    for moment in MOMENTS:
        done = start(broken, cache, moment)
        assert done.returncode == -signal.SIGKILL, (moment, done.stderr)
    newest = sorted((broken / "checkpoints").iterdir())[-1]
    content = next(newest.glob("*.data*"))
    content.write_bytes(content.read_bytes()[:-100])  # and then the disk lost some
    done = start(broken, cache, "never")
    assert done.returncode == 0, done.stderr
    assert f"{newest}: damaged (" in done.stderr
    assert "continuing unpaired after step" in done.stderr

    expected, found = fingerprint(whole), fingerprint(broken)
    for part in (
        "/optimizer/",
        "/ema/",
        ".tflite",
        "stages/0-pretrain",
        "events",
        "metrics.jsonl",
        ".png",
    ):
        assert any(part in key for key in expected), part
    assert expected["leftovers"] == ""
    assert [key for key in expected if expected[key] != found.get(key)] == []
    assert expected.keys() == found.keys()
