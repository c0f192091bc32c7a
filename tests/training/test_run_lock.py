"""One process at a time in a run's folder."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tfisp.errors import InputError
from tfisp.training import run_lock

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from tfisp.training import run_lock
with run_lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of `tmp_path / "run"`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_start_is_refused_with_host_and_process(tmp_path, holder):
    (tmp_path / "run" / "run.json").write_text("{}")
    expected = rf"--work_dir=.*run: process {holder.pid} on host {socket.gethostname()} works in it"
    for _ in range(2):
        with pytest.raises(InputError, match=expected), run_lock.held(tmp_path / "run"):
            pass
        with pytest.raises(InputError, match=expected):
            run_lock.require_free(tmp_path / "run")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "run" / ".lock").exists()
    run_lock.require_free(tmp_path / "run")
    with run_lock.held(tmp_path / "run"):
        pass
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["run.json"]


def test_a_folder_that_stays_empty_goes_again_with_its_parents(tmp_path):
    with run_lock.held(tmp_path / "a" / "b"):
        assert json.loads((tmp_path / "a" / "b" / ".lock").read_text()) == {
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
    assert list(tmp_path.iterdir()) == []
    with run_lock.held(tmp_path / "a" / "b"):
        (tmp_path / "a" / "kept").touch()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["kept"]


def test_where_the_file_system_has_no_locks_a_live_process_is_still_found(tmp_path, monkeypatch):
    def unsupported(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(run_lock.fcntl, "flock", unsupported)
    host = socket.gethostname()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for signature, free in (
        ({"host": host, "pid": os.getppid()}, False),
        ({"host": host, "pid": 1}, False),  # in a container a run may well be the first process
        ({"host": host, "pid": dead.pid}, True),
        ({"host": "elsewhere", "pid": os.getppid()}, True),
        ("nonsense", True),
        ({"host": host, "pid": -1}, True),
        ({"host": host, "pid": 0}, True),
        ({"host": host, "pid": 2**31}, True),
        ({"host": host, "pid": 10**30}, True),
    ):
        (tmp_path / ".lock").write_text(json.dumps(signature))
        if free:
            with run_lock.held(tmp_path):
                pass
        else:
            with pytest.raises(InputError, match=f"process {signature['pid']} on host {host}"):
                run_lock.require_free(tmp_path)


def test_what_is_no_folder_for_a_run_is_told_before_the_work(tmp_path):
    (tmp_path / "file").touch()
    for path, message in (
        ("file", "is a file, expected a folder"),
        ("file/run", "cannot be made in"),
        (".", "not empty, and no run of tfisp.train"),
        ("caf\udce9", "the name is not UTF-8"),
    ):
        with pytest.raises(InputError, match=rf"--work_dir=.*: {message}"):
            run_lock.require_free(tmp_path / path)
    run_lock.require_free(tmp_path / "new" / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}
