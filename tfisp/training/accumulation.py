"""Working through a batch in parts, which takes less memory and gives the same means."""

from collections.abc import Callable
from typing import Any, TypeVar

import tensorflow as tf

Nest = TypeVar("Nest")


def mean_over_parts(compute: Callable[[Any], Nest], batch: Any, count: int) -> Nest:
    """The mean of what is computed of equal parts of a batch that follow each other.

    Args:
        compute: Part of the batch -> nest of float tensors, each a mean over that part.
        batch: Nest of tensors `[B, ...]`.
        count: Of parts; it divides `B`. Only one is in memory at a time.
    """
    if count == 1:
        return compute(batch)
    parts = tf.nest.map_structure(lambda x: tf.stack(tf.split(x, count)), batch)

    def part(index: tf.Tensor) -> Nest:
        return compute(tf.nest.map_structure(lambda x: x[index], parts))

    def add(index: tf.Tensor, total: Nest) -> tuple[tf.Tensor, Nest]:
        return index + 1, tf.nest.map_structure(tf.add, total, part(index))

    _, total = tf.while_loop(
        lambda index, _: index < count, add, (1, part(0)), parallel_iterations=1
    )
    return tf.nest.map_structure(lambda x: x / count, total)
