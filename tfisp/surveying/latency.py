"""How long a network takes on this CPU beside another, both in turns in one process.

Seconds depend on the machine; where two networks take turns, what slows one down slows the other
too, and the ratio of their medians is left. Both run on one core and by the clock of its thread,
which stands still while other programs have the core: they interrupt a long run many times and a
short one not at all, so that by the wall clock of a busy machine ratios come out far too large.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfisp.exporting import cost, tflite_graph
from tfisp.rendering.runtime import open_interpreter
from tfisp.surveying.networks import require_memory

PAUSE = 0.05  # seconds; the threads of OpenBLAS spin for 25 ms, others for a few
_RUNS = 3

# What a run takes beside the tensors, as a factor: XNNPACK keeps the weights a second time and
# pointers for every output pixel (`tfisp.exporting.memory`).
_BESIDE = 3


@dataclass(frozen=True)
class Latency:
    """One network beside the reference.

    Attributes:
        milliseconds: Median of its turns, of a core's time.
        reference: Median of the reference's turns between them.
        ratio: The first by the second.
    """

    milliseconds: float
    reference: float
    ratio: float


def compare(path: Path, reference: Path, rounds: int) -> Latency:
    """Runs two `.tflite` files of fixed size in turns, by LiteRT on one core.

    Args:
        path: The network.
        reference: The one that it is held against.
        rounds: Turns of each.

    Raises:
        InputError: memory does not suffice for the network.
    """
    tensors = cost.arena_bytes(tflite_graph.read(path)[0])
    require_memory(_BESIDE * (tensors + path.stat().st_size), "running it")
    tasks = {"reference": _task(reference), "network": _task(path)}
    seconds = interleaved(tasks, rounds, time.thread_time)
    medians = {name: 1e3 * statistics.median(turns) for name, turns in seconds.items()}
    return Latency(
        milliseconds=medians["network"],
        reference=medians["reference"],
        ratio=medians["network"] / medians["reference"],
    )


def interleaved(
    tasks: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each task in each round.

    In a round each task has a turn: a pause for the threads of the one before to fall asleep, a run
    to warm up, three runs of which the fastest counts.

    Args:
        tasks: What is timed, by name.
        rounds: Turns of each.
        clock: Gives seconds.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            time.sleep(PAUSE)
            task()
            runs = []
            for _ in range(_RUNS):
                start = clock()
                task()
                runs.append(clock() - start)
            seconds[name].append(min(runs))
    return seconds


def _task(path: Path) -> Callable[[], object]:
    """One run of a file on random numbers of 0..1."""
    interpreter = open_interpreter(path, threads=1)
    given = interpreter.get_input_details()[0]
    values = np.random.default_rng(0).random(given["shape"], np.float32)
    interpreter.set_tensor(given["index"], values)
    return interpreter.invoke
