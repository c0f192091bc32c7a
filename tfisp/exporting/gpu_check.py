"""Running a `.tflite` file through the LiteRT GPU accelerator, in software where there is no GPU.

The accelerator needs a Vulkan driver. `scripts/install_software_gpu.sh` unpacks one that computes
on the CPU (Mesa's lavapipe) into a folder of its own; without it, the system's own is used, if any.
What runs here is the accelerator's choice of operations, its changes of the graph and its
shaders, compiled for that driver. It is no phone: their drivers are others, their delegates may use
OpenCL or OpenGL, and no time measured here says anything about them.

    verdict = gpu_check.check("model.tflite", inputs)
    print(verdict)      # passed on llvmpipe (LLVM 15.0.6, 256 bits), software: ...
"""

import importlib.util
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfisp.errors import InputError
from tfisp.exporting import tflite_graph as graph_module
from tfisp.perceptual.weights import cache_folder

# Largest difference to the CPU allowed on 0..1 output where the accelerator computes in float32.
LIMIT = 1e-5

# Where the driver lies, if not in the cache.
FOLDER_VARIABLE = "TFISP_SOFTWARE_GPU"

# Up to so many input values the software driver compiles shaders without optimising them: half the
# time to compile; on a frame of 1088x1920 they would run several times slower.
_SMALL = 100_000

# Compiling the shaders of a large network takes a minute or two.
_SECONDS = 600

_UNNAMED = "a driver without a name"

_PROGRAM = Path(__file__).with_name("gpu_program.py")

# LiteRT says these on stderr, with a prefix of Google's logging library or its own.
_ADAPTER = re.compile(r"Selected adapter: (.+), arch=.*adapterType=(.+)")
_NO_ADAPTER = "No adapters found"
_PREFIX = re.compile(r"^(?:[A-Z]\d{4} .*?\] |[└ ]+|ERROR: )")
_UNSUPPORTED = re.compile(
    r"not supported by GPU delegate:\n(.+?)\n[^\n]*operations? will run", re.S
)


@dataclass(frozen=True)
class Verdict:
    """What the accelerator made of a file.

    Attributes:
        adapter: Which driver ran it: `llvmpipe (...), software`; empty if it was not run.
        failure: Why it did not pass; empty if it passed. Where it was not run, why not.
        largest_difference: To the CPU on 0..1 output, computed in float32; None without a result.
        largest_difference_default: The same in the precision that the accelerator chooses itself,
            usually half; for information, it is not limited.
    """

    adapter: str
    failure: str
    largest_difference: float | None = None
    largest_difference_default: float | None = None

    @property
    def ran(self) -> bool:
        """Whether there was a driver to run it on."""
        return bool(self.adapter)

    @property
    def passed(self) -> bool:
        """Whether it ran wholly there and agrees with the CPU."""
        return self.ran and not self.failure

    def __str__(self) -> str:
        """One line that claims no more than what was seen."""
        if not self.ran:
            return f"not run: {self.failure}"
        if self.failure:
            return f"failed on {self.adapter}: {self.failure}"
        return (
            f"passed on {self.adapter}: wholly accelerated, largest difference to the CPU"
            f" {self.largest_difference:.2g} in float32,"
            f" {self.largest_difference_default:.2g} in its own precision"
        )


def driver_folder() -> Path:
    """Where the software driver is looked for: `$TFISP_SOFTWARE_GPU`, else beside the cache."""
    given = os.environ.get(FOLDER_VARIABLE)
    return Path(given).expanduser() if given else cache_folder().parent / "software_gpu"


def check(
    path: str | os.PathLike, inputs: Sequence[np.ndarray] | None = None, limit: float = LIMIT
) -> Verdict:
    """Runs a file on the accelerator and on the CPU, in a process of its own, and compares.

    Args:
        path: A `.tflite` file with one float32 input and one float32 output of fixed shapes.
        inputs: What to feed, each of the input's shape; None for noise over -0.1..1.2.
        limit: Largest difference allowed on 0..1 output.

    Returns:
        The verdict; one that is not `ran` where there is no driver or no accelerator.

    Raises:
        InputError: the file is missing, no TensorFlow Lite model, or does not take these inputs.
    """
    shape = _input_shape(path)
    if inputs is None:
        inputs = [np.random.default_rng(0).uniform(-0.1, 1.2, shape)]
    for array in inputs:
        if array.shape != shape:
            raise InputError(f"{path}: takes {list(shape)}, the given array is {list(array.shape)}")
    if importlib.util.find_spec("ai_edge_litert") is None:
        return Verdict("", "ai-edge-litert is not installed (pip install ai-edge-litert)")
    with tempfile.TemporaryDirectory(prefix="tfisp-gpu-") as folder:
        given, result = Path(folder) / "inputs.npz", Path(folder) / "result.json"
        np.savez(given, *[np.asarray(array, np.float32) for array in inputs])
        command = [sys.executable, "-P", str(_PROGRAM), str(path), str(given), str(result)]
        try:
            process = subprocess.run(
                command, env=_environment(shape), capture_output=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            adapter = _adapter((error.stderr or b"").decode(errors="replace"))
            return Verdict(adapter or _UNNAMED, f"no result after {_SECONDS} seconds")
        log = process.stderr.decode(errors="replace")
        if process.returncode:
            return _failed(process.returncode, log)
        found = json.loads(result.read_text(encoding="utf-8"))
    largest = found["float32"]["largest_difference"]
    failure = ""
    if not found["accelerated"]:
        failure = "some operations ran on the CPU"
    elif not largest <= limit:  # NaN fails too
        failure = f"differs from the CPU by {largest:.3g}, allowed are {limit:.3g}"
    by_default = found["default"]["largest_difference"]
    return Verdict(_adapter(log) or _UNNAMED, failure, largest, by_default)


def _input_shape(path: str | os.PathLike) -> tuple[int, ...]:
    """The shape of the only input.

    Raises:
        InputError: as `check`.
    """
    graph = graph_module.read(path)[0]
    for kind, tensors in (("input", graph.inputs), ("output", graph.outputs)):
        if len(tensors) != 1:
            raise InputError(f"{path}: has {len(tensors)} {kind}s, expected 1")
        (tensor,) = tensors.values()
        if tensor.type != "FLOAT32" or -1 in tensor.shape:
            raise InputError(
                f"{path}: {kind} is {tensor.type.lower()} {list(tensor.shape)},"
                " expected float32 of a fixed shape"
            )
    return next(iter(graph.inputs.values())).shape


def _environment(shape: tuple[int, ...]) -> dict[str, str]:
    """The environment of the program: with the software driver, where it is unpacked."""
    environment = dict(os.environ)
    if math.prod(shape) <= _SMALL:
        environment.setdefault("GALLIVM_PERF", "nopt")  # read by Mesa's lavapipe
    folder = driver_folder()
    description = folder / "usr/share/vulkan/icd.d/lvp_icd.json"
    if description.is_file():
        environment["VK_DRIVER_FILES"] = str(description)
        libraries = sorted({str(file.parent) for file in folder.rglob("lib*.so*")})
        known = os.environ.get("LD_LIBRARY_PATH")
        environment["LD_LIBRARY_PATH"] = os.pathsep.join(libraries + ([known] if known else []))
    return environment


def _adapter(log: str) -> str:
    """The driver that LiteRT chose; one that is no GPU is called software."""
    found = _ADAPTER.search(log)
    if found is None:
        return ""
    name, kind = found.groups()
    return f"{name}, software" if "Software" in kind else name


def _failed(status: int, log: str) -> Verdict:
    """The verdict on a process that gave no result."""
    adapter = _adapter(log)
    if not adapter:
        if _NO_ADAPTER in log:
            return Verdict("", "no Vulkan driver (scripts/install_software_gpu.sh unpacks one)")
        return Verdict("", f"LiteRT could not start its GPU accelerator ({_last_line(log)})")
    unsupported = _UNSUPPORTED.search(log)
    if unsupported:
        return Verdict(adapter, f"refused: {'; '.join(unsupported[1].splitlines())}")
    if status < 0:
        return Verdict(adapter, f"the accelerator crashed ({signal.Signals(-status).name})")
    return Verdict(adapter, f"refused: {_last_line(log)}")


def _last_line(log: str) -> str:
    """The last thing said that is not routine."""
    lines = [line for line in log.splitlines() if line and not line.startswith(("INFO", "I0"))]
    return _PREFIX.sub("", lines[-1]).strip() if lines else "it said nothing"
