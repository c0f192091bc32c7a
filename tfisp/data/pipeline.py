"""Batches by `tf.data`, in an order that is a pure function of (seed, stage, step).

A stage reads two endless streams, one of RAW patches and one of target patches. Position p of a
stream is element j of step s, p = s * batch_size + j. With N patches it belongs to epoch p // N and
reads patch shuffle(p % N), where shuffle is the permutation that `index_shuffle` gives for a seed
made of (seed, stage, stream, epoch). Nothing is remembered from batch to batch, so a run may start
at any step; and raws and targets meet anew in each epoch.

Where a patch lies within its cell, and whether it is mirrored, is drawn from (seed, stage, stream,
p) by NumPy.
"""

import atexit
import os
import threading
import time
from collections.abc import Generator
from enum import IntEnum

import numpy as np
import tensorflow as tf

from tfisp.data.base import Dataset
from tfisp.errors import InputError
from tfisp.seeds import mixed

Batch = dict[str, tf.Tensor]

# Batches made ready while a step runs.
_AHEAD = 2

# More threads than this only wait for each other: part of the work holds Python's lock.
_MOST_WORKERS = 16

# Nothing is read any more if nothing has been for so many seconds.
_QUIET = 0.2


class Stream(IntEnum):
    """The independent streams of a stage."""

    RAW = 0
    TARGET = 1


def batches(
    dataset: Dataset,
    *,
    batch_size: int,
    seed: int,
    stage: int,
    start: int,
    stop: int,
    paired: bool = False,
    fixed_permutation: bool = False,
    shard: tuple[int, int] = (0, 1),
    workers: int | None = None,
) -> Generator[Batch, None, None]:
    """The batches of steps `start` to `stop - 1` of a stage.

    Args:
        dataset: Where they come from.
        batch_size: Patches per batch.
        seed: Non-negative; of the order, the places of patches and their mirroring.
        stage: Number of the stage, 0 first: stages read in different orders.
        start: First step.
        stop: Step before which to end.
        paired: Whether `target` is the pair of `raw` (the same part, mirrored alike) instead of a
            patch of any photograph.
        fixed_permutation: Whether, where `target` is such a patch, it is the same one for the same
            `raw` in all epochs and stages, as in the published code; else they meet anew.
        shard: (k, n): only part k of n equal ones of each batch, for the k-th of n machines.
        workers: Patches read at a time; None: one for each processor.

    Returns:
        An iterator over dicts of float32 tensors: `raw` in the generator's form (packed
        `[B, h, w, 4]`), `reference` `[B, H, W, 3]`, and `target` `[B, H, W, 3]` where the data set
        has targets. It raises the `InputError` of a file that cannot be read.

    Raises:
        InputError: If the data set has nothing to train on, no pairs where they are asked for, or
            a batch has no such parts.
    """
    if batch_size % shard[1]:
        raise InputError(f"--batch_size={batch_size}: has no {shard[1]} equal parts")
    if not len(dataset.raw):
        raise InputError(f"--data={dataset.name}: nothing to train on, only held-out pairs")
    if paired and not dataset.paired:
        raise InputError(
            f"--data={dataset.name}: has no paired targets, which a paired recipe needs"
        )
    loader = _Loader(dataset, seed, stage, paired, fixed_permutation)
    workers = workers or min(os.cpu_count() or 1, _MOST_WORKERS)
    index, parts = shard
    size = batch_size // parts
    positions = tf.data.Dataset.range(start * size, stop * size).map(
        lambda i: i // size * batch_size + index * size + i % size
    )
    loaded = positions.map(loader.load, num_parallel_calls=workers, deterministic=True)
    ready = loaded.batch(size, drop_remainder=True).prefetch(_AHEAD)
    return loader.reraising(ready)


def shuffled(position: tf.Tensor, count: int, seed: int, stage: int, stream: Stream) -> tf.Tensor:
    """Which of `count` elements a stream reads at a position.

    Args:
        position: int64, 0 or more.
        count: Number of elements.
        seed: Of the run.
        stage: Number of the stage.
        stream: Which stream.

    Returns:
        int64, 0 to `count - 1`; over an epoch of `count` positions each of them once.
    """
    epoch, index = position // count, position % count
    # index_shuffle gives related permutations for related seeds, so an epoch's seed is drawn, not
    # counted.
    words = tf.random.stateless_uniform(
        [2], [mixed(seed, stage, stream), epoch], None, None, tf.int64, alg="philox"
    )
    return tf.random.experimental.index_shuffle(index, words, tf.constant(count - 1, tf.int64))


def _partner(raw: tf.Tensor, count: int, seed: int) -> tf.Tensor:
    """The one of `count` target patches that a RAW patch always meets.

    The same permutation in every stage; of more targets than RAW patches some are never met.
    """
    return shuffled(raw % count, count, seed, 0, Stream.TARGET)


class _Loader:
    """Reads the patches at a position, and keeps the errors that TensorFlow would flatten."""

    def __init__(
        self,
        dataset: Dataset,
        seed: int,
        stage: int,
        paired: bool,
        fixed_permutation: bool = False,
    ) -> None:
        self._raw, self._seed, self._stage, self._paired = dataset.raw, seed, stage, paired
        self._targets = None if paired else dataset.targets
        self._fixed_permutation = fixed_permutation
        self._failures: dict[int, Exception] = {}
        self._lock = threading.Lock()
        self._stopped, self._reading, self._last_call = False, 0, 0.0
        size = dataset.raw.patch_size
        self._shapes = {
            "raw": dataset.contract.input_form.shape(size, size),
            "reference": (size, size, 3),
        }
        if paired or self._targets is not None:
            self._shapes["target"] = (size, size, 3)

    def load(self, position: tf.Tensor) -> Batch:
        """The patches at a position, as a graph."""
        order = (self._seed, self._stage)
        raw = shuffled(position, len(self._raw), *order, Stream.RAW)
        indices = [position, raw]
        if self._targets is not None and self._fixed_permutation:
            indices.append(_partner(raw, len(self._targets), self._seed))
        elif self._targets is not None:
            indices.append(shuffled(position, len(self._targets), *order, Stream.TARGET))
        # Declared free of state, as it is: under `enable_op_determinism` tf.data would otherwise
        # read one patch at a time.
        outputs = tf.numpy_function(
            self._read, indices, [tf.float32] * len(self._shapes), stateful=False
        )
        for output, shape in zip(outputs, self._shapes.values(), strict=True):
            output.set_shape(shape)
        return dict(zip(self._shapes, outputs, strict=True))

    def reraising(self, source: tf.data.Dataset) -> Generator[Batch, None, None]:
        """Yields the elements of a dataset made with `load`; its errors are those of `_read`."""
        atexit.register(self._stop)
        try:
            yield from source
        except tf.errors.OpError:
            if not self._failures:
                raise
            # Several positions are read at a time; the first of them is the one that is missing.
            raise self._failures[min(self._failures)] from None
        finally:
            atexit.unregister(self._stop)

    def _stop(self) -> None:
        """Lets nothing be read any more, and waits until nothing is.

        A program may end while batches are being made ready, as after an error that nobody caught.
        Python then ends all threads that ask for its lock, and TensorFlow, which waits for those
        that it reads with, would hang or abort.
        """
        self._stopped = True
        while self._reading or time.monotonic() - self._last_call < _QUIET:
            time.sleep(_QUIET / 10)

    def _read(self, *numbers: np.int64) -> list[np.ndarray]:
        """What `load` gives for a position, by NumPy; called by TensorFlow's threads."""
        with self._lock:
            self._reading += 1
        try:
            if self._stopped:
                return [np.zeros(shape, np.float32) for shape in self._shapes.values()]
            return self._patches(*numbers)
        finally:
            with self._lock:
                self._reading -= 1
                self._last_call = time.monotonic()

    def _patches(self, position: np.int64, index: np.int64, *target: np.int64) -> list[np.ndarray]:
        try:
            place = (self._seed, self._stage, Stream.RAW, int(position))
            if self._paired:
                return list(self._raw.read_pair(int(index), place))
            patches = list(self._raw.read(int(index), place))
            if target and self._targets is not None:
                place = (self._seed, self._stage, Stream.TARGET, int(position))
                patches.append(self._targets.read(int(target[0]), place))
            return patches
        except Exception as error:
            self._failures[int(position)] = error
            raise
