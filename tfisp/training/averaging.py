"""The exponential moving average of a generator's weights: what is judged and exported."""

import tensorflow as tf

from tfisp.models.generator import Generator
from tfisp.training import replicas


class EMA:
    """A moving average with the decay `min(most, (1 + t) / (10 + t))`, `t` steps after its start.

    Attributes:
        generator: A network like the one that it follows, with the averaged weights.
    """

    def __init__(self, generator: Generator, most: float = 0.999) -> None:
        """Starts from the generator's weights.

        Args:
            generator: To follow.
            most: The decay that is approached.
        """
        self.generator = generator.copy()
        self._most = most

    def update(self, generator: Generator, step: tf.Tensor) -> None:
        """Moves the average to a generator's weights.

        Args:
            generator: Whose weights have just been changed.
            step: Number of the step that changed them, from 0.
        """
        t = tf.cast(step, tf.float32)
        decay = tf.minimum(self._most, (1.0 + t) / (10.0 + t))
        pairs = zip(self.generator.weights, generator.weights, strict=True)
        replicas.assign(
            self.generator.weights, [decay * old + (1.0 - decay) * new for old, new in pairs]
        )
