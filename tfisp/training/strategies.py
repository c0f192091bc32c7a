"""Where a run computes: on one device, on all of a machine, or on several machines.

    single        one device
    mirrored      every GPU of this machine
    multiworker   every GPU (or the CPU) of several machines, each of which runs the same command
                  with the environment variable TF_CONFIG saying who it is (docs/SCALE.md)

All of them drive the same `Trainer.train_step`. Every worker reads its own part of each batch from
the data; the first one, the chief, alone writes.
"""

import contextlib
import json
import os
from collections.abc import Iterator

import tensorflow as tf

from tfisp.errors import InputError
from tfisp.naming import choose
from tfisp.rendering.runtime import cores
from tfisp.seeds import derive
from tfisp.training.config import STRATEGIES


class Workers:
    """The processes that train together, seen from one of them.

    Attributes:
        strategy: In whose scope networks are made and steps are taken.
        index: Which of the processes this is.
        count: How many there are.
    """

    def __init__(self, strategy: tf.distribute.Strategy, index: int = 0, count: int = 1) -> None:
        self.strategy = strategy
        self.index = index
        self.count = count
        self._sum_over_replicas = tf.function(self._exchange, autograph=False)

    @property
    def is_chief(self) -> bool:
        """Whether this is the process that writes."""
        return self.index == 0

    @property
    def replicas(self) -> int:
        """Devices that work on a batch, on all machines together."""
        return self.strategy.num_replicas_in_sync

    def any(self, flag: bool) -> bool:
        """Whether a flag is set in any of the processes; all of them must ask at the same time.

        Raises:
            InputError: if another process is lost.
        """
        return bool(self._sum(float(flag)))

    def barrier(self) -> None:
        """Waits until all processes have come to this point.

        Raises:
            InputError: if another process is lost.
        """
        self._sum(0.0)

    def require_same(self, value: object, message: str) -> None:
        """Refuses to go on unless all processes have the same value; all must call it together.

        Args:
            value: Anything whose `repr` is the same wherever it is equal.
            message: Of the error.

        Raises:
            InputError: if they differ, or another process is lost.
        """
        digest = derive(0, repr(value))
        if self._sum(float(digest)) != self.count * digest:
            raise InputError(message)

    @contextlib.contextmanager
    def minding_the_others(self) -> Iterator[None]:
        """Says in one line if another process is lost while this one works inside.

        Raises:
            InputError: if it is.
        """
        try:
            yield
        except (
            tf.errors.UnavailableError,
            tf.errors.AbortedError,
            tf.errors.CancelledError,
            tf.errors.DeadlineExceededError,
            tf.errors.InternalError,
        ) as error:
            if self.count == 1:
                raise
            raise InputError(
                f"worker {self.index}: another worker stopped or cannot be reached"
                f" ({_reason(error)}). Start all of them again with the same command: the run goes"
                " on from its last checkpoint"
            ) from error

    def _sum(self, number: float) -> float:
        if self.count == 1:
            return number

        with self.minding_the_others():
            per_replica = self._sum_over_replicas(tf.constant(number, tf.float64))
        local = self.strategy.experimental_local_results(per_replica)
        return float(local[0]) / (self.replicas // self.count)

    def _exchange(self, number: tf.Tensor) -> tf.Tensor:
        """On each replica, the sum of the number over all replicas."""

        def total(number: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            here = tf.identity(number)  # an argument has no device yet, which the exchange asks for
            return context.all_reduce(tf.distribute.ReduceOp.SUM, here)

        return self.strategy.run(total, (number,))


def create(name: str) -> Workers:
    """The workers of a strategy; for `multiworker`, waits until all of them are there.

    It must be the first thing that a program does with TensorFlow.

    Raises:
        InputError: for an unknown name, or a TF_CONFIG that is missing or wrong.
    """
    choose("--strategy", name, STRATEGIES)
    if name == "single":
        return Workers(tf.distribute.get_strategy())
    if name == "mirrored":
        return Workers(tf.distribute.MirroredStrategy())
    index, count = _position()
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:  # an address without a port, a port that is in use
        raise InputError(
            f"TF_CONFIG: worker {index} cannot start at its address ({_reason(error)})"
        ) from error
    return Workers(strategy, index, count)


def devices() -> str:
    """What TensorFlow computes on in this process, in words: its GPUs, else the CPU."""
    found = []
    for device in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(device)
        found.append(details.get("device_name", device.name))
    return ", ".join(found) or f"CPU, {cores()} cores (no GPU that TensorFlow can use)"


def _position() -> tuple[int, int]:
    """Which worker this is, and of how many, as TF_CONFIG says.

    Its form: {"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}
    (https://www.tensorflow.org/guide/distributed_training).
    """
    text = os.environ.get("TF_CONFIG", "")
    if not text:
        raise InputError("--strategy=multiworker: the environment variable TF_CONFIG is not set")
    try:
        stated = json.loads(text)
        workers, task = stated["cluster"]["worker"], stated["task"]
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f'TF_CONFIG: expected {{"cluster": {{"worker": ["host:port", ...]}}, "task": {{"type": '
            f'"worker", "index": 0}}}}, got {text!r} ({error!r})'
        ) from None
    if not (isinstance(workers, list) and all(isinstance(each, str) for each in workers)):
        raise InputError(f"TF_CONFIG: cluster.worker must be a list of host:port, got {workers!r}")
    if kind != "worker" or set(stated["cluster"]) != {"worker"}:
        raise InputError(f"TF_CONFIG: all tasks must be of the type worker, got {text!r}")
    if not 0 <= index < len(workers):
        raise InputError(f"TF_CONFIG: task index {index} of {len(workers)} workers")
    return index, len(workers)


def _reason(error: tf.errors.OpError) -> str:
    """What TensorFlow says has happened, without the places in graph and code where it did."""
    lines = (line.strip().rpartition("}} ")[2] for line in error.message.splitlines())
    places = ("Graph execution error", "Detected at node", "File ")
    said = next((line for line in lines if line and not line.startswith(places)), "no reason given")
    return said.partition(" [type.googleapis")[0]
