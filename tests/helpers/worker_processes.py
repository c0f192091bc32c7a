"""Starts several processes that train together on this machine, and waits for all of them."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Ended(NamedTuple):
    """How a process ended, and what it printed."""

    code: int
    out: str
    err: str


def free_ports(count):
    """Ports of this machine that nobody listens at."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in sockets]


def run(commands, folder, timeout=600):
    """Runs the commands, words after `python`, at the same time.

    Two and more are workers that find each other by TF_CONFIG. Their files are told apart by mode:
    those of worker 1 and above only their owner may read.

    Args:
        commands: One list of words per process.
        folder: For what they print.
        timeout: Seconds for all of them; what still runs then is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(len(commands))]}
    processes = []
    with ExitStack() as stack:
        for index, command in enumerate(commands):
            environment = os.environ | {"PYTHONPATH": str(ROOT)}
            if len(commands) > 1:
                task = {"type": "worker", "index": index}
                environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": task})
            out, err = (
                stack.enter_context(open(folder / f"{index}.{kind}", "w"))
                for kind in ("out", "err")
            )
            process = subprocess.Popen(
                [sys.executable, *command],
                env=environment,
                stdout=out,
                stderr=err,
                umask=0o077 if index else 0o022,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            process.wait(timeout)
    return [
        Ended(
            process.returncode, *((folder / f"{i}.{kind}").read_text() for kind in ("out", "err"))
        )
        for i, process in enumerate(processes)
    ]
