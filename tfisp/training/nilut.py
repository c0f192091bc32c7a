"""NILUT: a map of colours as a small network (M. Conde et al., AAAI 2024, arXiv 2306.11920).

    x -> dense 128, ReLU -> dense 128, tanh -> dense 128, tanh -> dense 3 = f(x)
    clip(x + f(x), 0, 1)

33,923 parameters. As in github.com/mv-lab/nilut (fit.py): L1, Adam at 1e-3, 1,000 steps. There it
is fitted to all colours of a Hald image before and after an edit, here to the colours of true
pairs, 4,096 drawn for each step; then it is written down as a lookup table.
"""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from tfisp.looks.cube import SIZE, Cube
from tfisp.seeds import layer_seeds

STEPS, RATE, BATCH = 1000, 1e-3, 4096
HIDDEN = (128, 128, 128)


class NILUT(keras.Model):
    """Colours `[B, 3]`, 0..1 -> colours, 0..1."""

    def __init__(self, hidden: Sequence[int] = HIDDEN, seed: int = 0) -> None:
        """Makes all weights, PyTorch's first ones: uniform within 1 / sqrt(fan-in).

        Args:
            hidden: Widths of the hidden layers.
            seed: Of the first weights.
        """
        super().__init__(name="nilut")
        seeds = layer_seeds(seed, len(hidden) + 1)
        sizes = (3, *hidden)
        self.chain = [
            keras.layers.Dense(
                units,
                activation,
                kernel_initializer=_uniform(width, s),
                bias_initializer=_uniform(width, s + 1),
            )
            for units, activation, width, s in zip(
                (*hidden, 3),
                ("relu", *("tanh" for _ in hidden[1:]), None),
                sizes,
                seeds,
                strict=True,
            )
        ]
        self.build((None, 3))

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates all weights."""
        for layer in self.chain:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)
        self.built = True

    def call(self, colours: tf.Tensor) -> tf.Tensor:
        """Maps colours."""
        change = colours
        for layer in self.chain:
            change = layer(change)
        return tf.clip_by_value(colours + change, 0.0, 1.0)


def gradients(
    network: NILUT, colours: tf.Tensor, wanted: tf.Tensor
) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The mean absolute difference of mapped colours from those wanted, and its gradient."""
    variables = [variable.value for variable in network.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(network(colours) - wanted))
    return loss, tape.gradient(loss, variables)


def fit_nilut(
    colours: np.ndarray,
    wanted: np.ndarray,
    seed: int = 0,
    steps: int = STEPS,
    progress: Callable[[int, int, str], object] | None = None,
) -> Cube:
    """The table of a network that was trained on pairs of colours.

    Args:
        colours: Float `[M, 3]`, sRGB-encoded, 0..1.
        wanted: The same shape.
        seed: Of first weights and of what a step sees.
        steps: Of training.
        progress: Called as progress(done, total, what).
    """
    network, optimizer = NILUT(seed=seed), keras.optimizers.Adam(RATE, epsilon=1e-8)
    optimizer.build(network.trainable_variables)
    pairs = tf.constant(np.stack([colours, wanted], axis=1), tf.float32)

    @tf.function(autograph=False)
    def step(index: tf.Tensor) -> None:
        seeds = tf.stack([tf.constant(seed, tf.int64), index])
        drawn = tf.random.stateless_uniform([BATCH], seeds, 0, len(colours), tf.int32)
        seen = tf.gather(pairs, drawn)
        _, found = gradients(network, seen[:, 0], seen[:, 1])
        optimizer.apply(found, network.trainable_variables)

    for index in range(steps):
        step(tf.constant(index, tf.int64))
        if progress:
            progress(index + 1, steps, "steps of NILUT")
    axis = np.linspace(0, 1, SIZE, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    table = network(tf.constant(grid.reshape(-1, 3))).numpy()
    return Cube(table.reshape(grid.shape))


def _uniform(fan_in: int, seed: int) -> keras.initializers.Initializer:
    bound = fan_in**-0.5
    return keras.initializers.RandomUniform(-bound, bound, seed)
