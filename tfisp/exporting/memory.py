"""How much memory a `.tflite` file takes on a CPU, measured in a process of its own.

    python -m tfisp.exporting.memory FILE.tflite        prints bytes

What tensors need can be computed (`cost.arena_bytes`). XNNPACK, which runs the files on CPUs, adds
a pointer for every output pixel and every place of a convolution's kernel (the indirect convolution
algorithm, Dukhan 2019, https://arxiv.org/abs/1907.02129): more than the tensors of small networks.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from tfisp.backend import without_chatter
from tfisp.rendering.runtime import open_interpreter

_STATUS = Path("/proc/self/status")
_MACHINE = Path("/proc/meminfo")


def measured(path: Path) -> int | None:
    """The growth of resident memory when a file of fixed size is loaded and run once, in bytes.

    Returns:
        None where the system does not tell it, or the memory does not suffice.
    """
    if not _STATUS.exists():
        return None
    command = [sys.executable, "-m", "tfisp.exporting.memory", str(path.absolute())]
    # From the folder that holds this very tfisp, installed or not.
    home = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 else None


def available() -> int | None:
    """Bytes that can be had without swapping (proc(5), MemAvailable); None if not known."""
    return _kibibytes(_MACHINE, "MemAvailable") if _MACHINE.exists() else None


def main(path: str) -> None:
    """Runs a file and prints what that took."""
    # The first interpreter loads the libraries, and frees what it needs itself.
    with without_chatter():
        open_interpreter(path)
        before = _resident()
        run = open_interpreter(path).get_signature_runner()
        details = run.get_input_details()
        run(**{name: np.zeros(entry["shape"], entry["dtype"]) for name, entry in details.items()})
    print(_resident() - before)


def _resident() -> int:
    """Bytes of this process in memory (proc(5), VmRSS)."""
    return _kibibytes(_STATUS, "VmRSS")


def _kibibytes(file: Path, name: str) -> int:
    """The value of a line of proc(5) in units of 1,024 bytes, in bytes."""
    line = next(line for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1])
