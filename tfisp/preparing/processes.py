"""Steps on this machine, in as many processes as wanted."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import cv2

from tfisp.errors import InputError


class Processes:
    """An engine of `tfisp.preparing.job`; to be closed, which it is at the end of a `with`.

    Args:
        count: How many processes; one is this process itself.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._pool is None:
            return
        if error is not None:
            for worker in multiprocessing.active_children():  # what they write is whole or goes
                worker.terminate()
        self._pool.shutdown(cancel_futures=True)

    def __call__(
        self, step: Callable[[Any], None], tasks: Sequence[Any], done: Callable[[int], None]
    ) -> None:
        """See `tfisp.preparing.job.Engine`.

        Raises:
            InputError: Of a step; or if a process was killed.
        """
        if self._count == 1:
            for number, task in enumerate(tasks):
                step(task)
                done(number)
            return
        if self._pool is None:
            # Spawned, for what a fork inherits may hold locks.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._count, context, _begin)
        try:
            numbers = {self._pool.submit(step, task): number for number, task in enumerate(tasks)}
            for future in as_completed(numbers):
                future.result()
                done(numbers[future])
        except BrokenProcessPool as error:
            raise InputError(
                "a worker process was killed, for want of memory perhaps; run the same command"
                " again to go on, with fewer --workers if it happens again"
            ) from error


def _begin() -> None:
    """Prepares a worker: one processor, and an end when its parent's has come."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    """Ends this process when its parent is gone, by whatever means."""
    with contextlib.suppress(OSError):
        parent.join()
    os._exit(1)
