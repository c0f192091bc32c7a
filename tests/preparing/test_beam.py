"""The same records by Apache Beam, also where one of its workers is killed.

Beam does not go with the versions of constraints.txt, so it has an environment of its own:

    TFISP_BEAM_PYTHON=BEAM/bin/python pytest tests/preparing/test_beam.py      (docs/PREPARE.md)
"""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.prepared_files import write_photographs, write_raws
from tests.test_prepare import children, contents, wait_for

ROOT = Path(__file__).parents[2]
OPTIONS = (
    "--runner=DirectRunner --direct_num_workers=2 --direct_running_mode=multi_processing"
    " --environment_cache_millis=0"
)


@pytest.fixture(scope="module")
def python():
    """A Python with Beam; without one the tests are skipped."""
    stated = os.environ.get("TFISP_BEAM_PYTHON")
    if stated is None and importlib.util.find_spec("apache_beam") is None:
        pytest.skip("Apache Beam is not installed, and TFISP_BEAM_PYTHON names no Python with it")
    return stated or sys.executable


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """240 RAW files and ten photographs."""
    root = tmp_path_factory.mktemp("beam")
    write_raws(root / "raw", 240)
    write_photographs(root / "look")
    return root


def start(python, folders, output, *more):
    words = [f"--raw_dir={folders / 'raw'}", f"--target_dir={folders / 'look'}", "--patch_size=32"]
    command = [python, "-m", "tfisp.prepare", *words, f"--output={output}", "--shard_mb=1", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with open(f"{output}.log", "w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment)


@pytest.mark.slow
def test_a_few_hundred_files_by_two_workers_one_of_them_killed(python, folders, tmp_path):
    local = start(python, folders, tmp_path / "local", "--workers=1")
    assert local.wait(300) == 0
    output = tmp_path / "beam"
    process = start(python, folders, output, "--engine=beam", f"--beam_options={OPTIONS}")
    process.stderr = open(f"{output}.log")  # noqa: SIM115
    wait_for(lambda: len(list((output / "survey").rglob("*.json"))) > 20, process)
    workers = [pid for pid in children(process.pid) if is_worker(pid)]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    if process.wait(300):  # a runner may give up: the same command goes on
        process = start(python, folders, output, "--engine=beam", f"--beam_options={OPTIONS}")
        assert process.wait(300) == 0
    assert contents(output) == contents(tmp_path / "local")
    assert len(list(output.glob("raw-*.tfrecord"))) > 2


def is_worker(pid):
    """Whether a process is one of Beam's."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return b"sdk_worker_main" in command


def test_a_pipeline_that_fails_is_told_in_a_line(python, folders, tmp_path):
    process = start(
        python, folders, tmp_path / "out", "--engine=beam", "--beam_options=--runner=NoSuchRunner"
    )
    assert process.wait(120) == 1
    last = Path(f"{tmp_path / 'out'}.log").read_text().splitlines()[-1]
    assert last.startswith("tfisp.prepare: error: --engine=beam: the pipeline failed")
    assert "NoSuchRunner" in last
