"""What the replicas of a step must agree on, said from inside the step.

A replica is one device that works through its part of every batch; all hold the same weights. With
a single one all of this is the identity, so a step is written once. Parts are equal in size and in
the batch's order: replica k of n has images `k B / n` to `(k + 1) B / n`.
"""

from collections.abc import Sequence
from typing import TypeVar

import keras
import tensorflow as tf

Tensors = TypeVar("Tensors")


def count() -> int:
    """How many replicas there are, on all machines together."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def mean(tensors: Tensors) -> Tensors:
    """Means over the replicas of a nest of tensors, one exchange for all of them.

    Differentiable: what flows back is the gradient of the sum of all replicas' losses.
    """
    if count() == 1:
        return tensors
    flat = [tf.convert_to_tensor(tensor) for tensor in tf.nest.flatten(tensors)]
    means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, flat)
    return tf.nest.pack_sequence_as(tensors, means)


def split(strategy: tf.distribute.Strategy, batch: Tensors) -> Tensors:
    """This machine's part of a batch, cut into those of its replicas; called outside of the step.

    Args:
        strategy: That the step runs on.
        batch: Nest of tensors whose first axis the number of this machine's replicas divides.
    """
    if strategy.num_replicas_in_sync == 1:
        return batch
    local = len(strategy.extended.worker_devices)

    def part(context: tf.distribute.experimental.ValueContext) -> Tensors:
        index = context.replica_id_in_sync_group % local
        return tf.nest.map_structure(lambda x: tf.split(x, local)[index], batch)

    return strategy.experimental_distribute_values_from_function(part)


def share(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """A gradient that all replicas have alike, for an optimizer that will add theirs up."""
    return [gradient / count() for gradient in gradients]


def uniform(seed: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """This replica's `size` of the numbers, uniform in 0..1, that are drawn for a whole batch."""
    context = tf.distribute.get_replica_context()
    drawn = tf.random.stateless_uniform([count() * size], seed)
    first = context.replica_id_in_sync_group * size
    return tf.slice(drawn, [first], [size])


def assign(variables: Sequence[keras.Variable | tf.Variable], values: Sequence[tf.Tensor]) -> None:
    """Sets variables to values that are equal on all replicas.

    A variable that has a copy on each replica refuses a plain assignment from one of them.
    """

    def update(strategy: tf.distribute.Strategy, values: Sequence[tf.Tensor]) -> None:
        for variable, value in zip(variables, values, strict=True):
            held = variable.value if isinstance(variable, keras.Variable) else variable
            strategy.extended.update(held, lambda v, x: v.assign(x), args=(value,), group=False)

    tf.distribute.get_replica_context().merge_call(update, args=(list(values),))
