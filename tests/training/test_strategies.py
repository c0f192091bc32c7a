"""The program with two workers on this machine: what they write, and how they stop and go on."""

import json
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers import worker_processes
from tfisp import train
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training import launch, strategies
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.loop import RunOptions

SCRIPT = Path(__file__).with_name("killed_run.py")
# Two stages, one critic, which learns at every step; checkpoints after steps 2 and 3, 2 and 3.
FLAGS = (
    "--flagfile=unpaired_smoke.flags",
    "--steps=3",
    "--patch_size=64",
    "--batch_size=4",
    "--critics=adv_color",
    "--critic_interval=1",
    "--save_every=2",
    "--log_every=1",
    "--validate_every=0",
    "--image_every=0",
    "--export_size=64x64",
)
LOST = "another worker stopped or cannot be reached"


def command(folder, moment, *more):
    run = [f"--work_dir={folder / 'run'}", f"--cache_dir={folder.parent / 'cache'}"]
    return [str(SCRIPT), moment, *FLAGS, *run, *more]


def together(folder, moments=("never", "never")):
    """Two workers on one run, each of which may do something to itself at a moment."""
    commands = [command(folder, moment, "--strategy=multiworker") for moment in moments]
    return worker_processes.run(commands, folder)


def error_lines(ended):
    assert "Traceback" not in ended.err
    return [line for line in ended.err.splitlines() if line.startswith("tfisp.train: error:")]


def checkpoints(folder):
    return sorted(path.name for path in (folder / "run" / "checkpoints").iterdir())


def read_log(folder):
    text = (folder / "run" / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """One run of two workers through all that may happen to it: name -> how both ended, and what
    checkpoints there were."""
    pytest.importorskip("skimage")
    folder = tmp_path_factory.mktemp("two")
    moments = {
        "worker 1 killed": ("never", "after:pretrain:2"),
        "worker 0 killed": ("before:unpaired:0", "never"),
        "worker 1 told to stop": ("never", "stopped:unpaired:0"),
        "to the end": ("never", "never"),
    }
    chapters = {}
    for name, pair in moments.items():
        chapters[name] = (together(folder, pair), checkpoints(folder))
    return folder, chapters


@pytest.mark.slow
@pytest.mark.parametrize("killed", [1, 0])
def test_a_killed_worker_stops_the_other_with_one_line(story, killed):
    ended, found = story[1][f"worker {killed} killed"]
    other = 1 - killed
    assert ended[killed].code == -signal.SIGKILL
    assert ended[other].code == 1
    (line,) = error_lines(ended[other])
    assert line.startswith(f"tfisp.train: error: worker {other}: {LOST}")
    assert "Graph execution" not in line
    assert "the same command" in line
    assert found[-1] == {1: "0-pretrain-00000002", 0: "0-pretrain-00000003"}[killed]


@pytest.mark.slow
def test_a_worker_told_to_stop_stops_both_after_the_same_step(story):
    ended, found = story[1]["worker 1 told to stop"]
    assert [worker.code for worker in ended] == [130, 130]
    assert found[-1] == "1-unpaired-00000001"
    assert "stopped after step 1 of unpaired" in ended[0].err


@pytest.mark.slow
def test_the_same_command_goes_on_to_the_end(story):
    folder, chapters = story
    ended, found = chapters["to the end"]
    assert [worker.code for worker in ended] == [0, 0]
    assert "continuing unpaired after step 1" in ended[0].err
    assert found[-1] == "1-unpaired-00000003"
    assert ended[0].out.splitlines()[-1].endswith(str(folder / "run" / "export"))
    assert (folder / "run" / "export" / "model.tflite").is_file()
    assert ended[1].out.splitlines()[-1] == (
        f"worker 1 is done; worker 0 has written {folder / 'run'}"
    )


@pytest.mark.slow
def test_only_worker_0_writes(story):
    files = [path for path in (story[0] / "run").rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if not path.stat().st_mode & 0o044] == []


@pytest.mark.slow
def test_two_workers_log_what_one_device_does(story):
    """Only the first stage, and the first step of the next, can be compared number for number.

    Adam's first steps have full length in a direction that rounding decides wherever a gradient is
    close to zero, so two runs of other roundings part.
    """
    alone = story[0].parent / "one"
    (ended,) = worker_processes.run([command(alone, "never")], alone)
    assert ended.code == 0, ended.err
    expected, found = read_log(alone), read_log(story[0])
    assert [(e["stage"], e["step"]) for e in expected] == [
        (stage, step) for stage in (0, 1) for step in (1, 2, 3)
    ]
    for one, two in zip(expected, found, strict=True):
        assert one.keys() == two.keys()
        close = one["stage"] == 0 or one["step"] == 1
        for tag in set(one) - {"recipe"}:
            np.testing.assert_allclose(
                two[tag],
                one[tag],
                rtol=1e-5 if close else 0.1,
                atol=1e-5 if close else 0.05,
                err_msg=f"{one['recipe']} {one['step']} {tag}",
            )


@pytest.mark.slow
def test_workers_with_different_flags_are_refused(tmp_path):
    commands = [
        command(tmp_path, "never", "--strategy=multiworker", f"--seed={seed}") for seed in (1, 2)
    ]
    for ended in worker_processes.run(commands, tmp_path):
        assert ended.code == 1
        (line,) = error_lines(ended)
        assert "started with different flags" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_worker_that_finds_a_mistake_stops_the_other_with_one_line(tmp_path):
    (tmp_path / "file").touch()
    wrong = f"--cache_dir={tmp_path / 'file'}"
    commands = [
        command(tmp_path, "never", "--strategy=multiworker"),
        command(tmp_path, "never", "--strategy=multiworker", wrong),
    ]
    good, bad = worker_processes.run(commands, tmp_path)
    assert (good.code, bad.code) == (1, 1)
    (line,) = error_lines(bad)
    assert str(tmp_path / "file") in line
    (line,) = error_lines(good)
    assert LOST in line


@pytest.mark.slow
def test_workers_whose_folder_is_not_the_same_are_refused(story, tmp_path):
    folders = (story[0], tmp_path)
    cache = f"--cache_dir={story[0].parent / 'cache'}"
    commands = [command(each, "never", "--strategy=multiworker", cache) for each in folders]
    for ended in worker_processes.run(commands, tmp_path):
        assert ended.code == 1
        (line,) = error_lines(ended)
        assert "storage that all of them share" in line


CLUSTER = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("", "TF_CONFIG is not set"),
        ("{'cluster'", "expected"),
        ("[]", "expected"),
        ('"worker"', "expected"),
        (json.dumps({"task": {"type": "worker", "index": 0}}), "KeyError('cluster')"),
        (json.dumps({"cluster": CLUSTER}), "KeyError('task')"),
        (
            json.dumps({"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}),
            "must be a list of host:port, got 'a:1'",
        ),
        (json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": "x"}}), "'x'"),
        (json.dumps({"cluster": CLUSTER, "task": {"type": "chief", "index": 0}}), "type worker"),
        (
            json.dumps({"cluster": CLUSTER | {"ps": ["c:1"]}, "task": {"type": "ps", "index": 0}}),
            "type worker",
        ),
        (json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": 2}}), "index 2 of 2"),
        (json.dumps({"cluster": CLUSTER, "task": {"type": "worker", "index": -1}}), "index -1 of"),
    ],
)
def test_a_wrong_tf_config_gets_one_line(monkeypatch, config, message):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(InputError, match="TF_CONFIG") as caught:
        strategies.create("multiworker")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_program_ends_with_1_where_tf_config_is_missing(monkeypatch, tmp_path, capfd):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert train.run([*FLAGS, f"--work_dir={tmp_path / 'run'}", "--strategy=multiworker"]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1].endswith(
        "--strategy=multiworker: the environment variable TF_CONFIG is not set"
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("address", ["localhost:{taken}", "localhost"])
def test_an_address_at_which_a_worker_cannot_start_is_named(tmp_path, monkeypatch, address):
    with socket.create_server(("", 0)) as taken:
        own = address.format(taken=taken.getsockname()[1])
        monkeypatch.setenv(
            "TF_CONFIG",
            json.dumps({"cluster": {"worker": [own]}, "task": {"type": "worker", "index": 0}}),
        )
        (ended,) = worker_processes.run(
            [command(tmp_path, "never", "--strategy=multiworker")], tmp_path
        )
    assert ended.code == 1
    (line,) = error_lines(ended)
    assert "TF_CONFIG: worker 0 cannot start at its address" in line


def test_xla_is_refused_on_several_devices(tmp_path):
    strategy = SimpleNamespace(num_replicas_in_sync=2)
    workers = strategies.Workers(strategy, 0, 1)
    with pytest.raises(InputError, match="--xla: compiles steps of one device only"):
        launch.train(make_config(), tmp_path / "run", RunOptions(xla=True), "", None, workers)


def test_an_unknown_strategy_gets_the_closest_name():
    with pytest.raises(InputError, match="did you mean mirrored"):
        strategies.create("mirror")


def test_a_process_alone_keeps_its_own_errors():
    error = tf.errors.UnavailableError(None, None, "the disk went away")
    with (
        pytest.raises(tf.errors.UnavailableError),
        strategies.create("single").minding_the_others(),
    ):
        raise error


def make_config(**changes):
    stages = make_stages(("unpaired",), (1,), adversarial=changes.pop("adversarial", None))
    return TrainConfig(stages, DataConfig("zrr", raw_dir="raw"), **changes)


def test_a_batch_that_cannot_be_cut_into_equal_parts_is_refused():
    make_config(batch_size=12, accumulate=2).require_parts(3)
    with pytest.raises(InputError, match="--batch_size=12: must be divisible by the 8 devices"):
        make_config(batch_size=12).require_parts(8)
    with pytest.raises(InputError, match="4 devices times --accumulate=2"):
        make_config(batch_size=12, accumulate=2).require_parts(4)


def test_means_of_scores_cannot_be_taken_in_parts_on_several_devices():
    config = make_config(batch_size=8, accumulate=2, adversarial="relativistic_average")
    config.require_parts(1)
    with pytest.raises(InputError, match="relativistic_average"):
        config.require_parts(2)
