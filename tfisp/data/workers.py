"""Doing the same to many files at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
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
