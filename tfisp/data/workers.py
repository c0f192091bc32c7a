"""Threads that read: many files at a time, or ahead of the one who needs what is read."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Generator[Result, None, None]:
    """Yields `function(item)` of every item, in the items' order, while threads work ahead.

    Close it (`contextlib.closing`) where it may not be read to its end: what has not begun by then
    is dropped. An exception of `function` is raised in its place, and has the same effect.

    Args:
        function: Called in several threads at a time.
        items: Its arguments.
        workers: How many threads; None: a few more than there are processors.
    """
    pool = ThreadPoolExecutor(workers)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)


def ahead(
    function: Callable[[Item], Result], items: Iterable[Item], count: int
) -> Generator[Result, None, None]:
    """Yields `function(item)` of every item, while a thread makes the next `count` ready.

    Items are fetched by that thread too, one after the other. Close it (`contextlib.closing`) where
    it may not be read to its end: the thread then ends with the item at hand. An exception of
    `function` or of `items` is raised in its place.

    Args:
        function: Called in the thread.
        items: Its arguments.
        count: How many results may wait.
    """
    source = iter(items)

    def step() -> tuple[Result] | None:
        for item in source:
            return (function(item),)
        return None

    thread = ThreadPoolExecutor(1)
    try:
        waiting = deque(thread.submit(step) for _ in range(count))
        while (result := waiting.popleft().result()) is not None:
            waiting.append(thread.submit(step))
            yield result[0]
    finally:
        thread.shutdown(cancel_futures=True)
