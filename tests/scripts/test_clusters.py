"""Slurm's script and Kubernetes' manifest tell each worker who it is, and pass its flags on."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Stands in for Slurm: `srun --label` reports tasks as they come, here the last one first; `srun`
# runs its command once for each task.
SRUN = """#!/bin/sh
if [ "$1" = --label ]; then
    printf '10: node-k\\n 2: node-c\\n 1: node-b\\n 0: node-a\\n'
    exit
fi
shift
for SLURM_PROCID in 0 2; do export SLURM_PROCID; "$@"; done
"""
PYTHON = """#!/bin/sh
printf '%s\\n' "$TF_CONFIG" "$@" END
"""


@pytest.fixture
def commands(tmp_path):
    """An environment in which `srun` and `python` are the scripts above."""
    for name, text in (("srun", SRUN), ("python", PYTHON)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return clean | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


def started(command, environment):
    """What each started worker was told: (TF_CONFIG, arguments of python)."""
    done = subprocess.run(
        command, env=environment, cwd="/", capture_output=True, text=True, check=True
    )
    workers = [part.splitlines() for part in done.stdout.split("END\n") if part]
    return [(json.loads(config), arguments) for config, *arguments in workers]


def test_slurm_workers_know_each_other_in_the_order_of_tasks(commands):
    script = str(ROOT / "scripts" / "slurm.sh")
    flags = ["--flagfile=unpaired.flags", "--work_dir=a run"]
    found = started([script, *flags], commands | {"SLURM_JOB_ID": "1234567"})
    hosts = [f"node-{name}:24567" for name in "abck"]
    for index, (config, arguments) in zip((0, 2), found, strict=True):
        assert config == {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": index}}
        assert arguments == ["-m", "tfisp.train", "--strategy=multiworker", *flags]


def test_slurm_takes_a_port_that_is_given(commands):
    found = started(
        [str(ROOT / "scripts" / "slurm.sh")],
        commands | {"SLURM_JOB_ID": "7", "TFISP_PORT": "2222"},
    )
    assert found[0][0]["cluster"]["worker"][0] == "node-a:2222"


def test_kubernetes_pods_know_each_other_by_the_names_that_the_service_gives_them(commands):
    yaml = pytest.importorskip("yaml")
    text = (ROOT / "docs" / "SCALE.md").read_text(encoding="utf-8")
    (manifest,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    service, job = yaml.safe_load_all(manifest)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert job["spec"]["completionMode"] == "Indexed"
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == 2

    given = {entry["name"]: entry["value"] for entry in container["env"]}
    (port,) = (entry["port"] for entry in service["spec"]["ports"])
    assert pod["subdomain"] == service["metadata"]["name"]
    hosts = [f"{job['metadata']['name']}-{index}.{pod['subdomain']}:{port}" for index in (0, 1)]
    ((config, arguments),) = started(
        container["command"], commands | given | {"JOB_COMPLETION_INDEX": "1"}
    )
    assert config == {"cluster": {"worker": hosts}, "task": {"type": "worker", "index": 1}}
    assert arguments[:3] == ["-m", "tfisp.train", "--strategy=multiworker"]
