"""Keras' `fit` around a trainer, for notebooks on one device.

    model = FitModel(trainer)
    model.fit(batches, steps_per_epoch=100, epochs=5, callbacks=[...])

The steps are those of `Trainer.run_step`, number for number, so a run by `fit` and one by a loop
end with the same weights. On several machines use `tfisp.train --strategy=multiworker`: Keras' own
`fit` does not work there (https://github.com/keras-team/keras/issues/20585).
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import keras
import tensorflow as tf

from tfisp.errors import InputError
from tfisp.training.trainer import Batch, Trainer


class FitModel(keras.Model):
    """A Keras model whose training is that of a trainer; called, it is the trained generator.

    Attributes:
        trainer: What learns.
    """

    def __init__(self, trainer: Trainer) -> None:
        """Wraps a trainer and compiles itself, with the trainer's optimizer.

        Args:
            trainer: Of one device.

        Raises:
            InputError: if it works on several.
        """
        if tf.distribute.get_strategy().num_replicas_in_sync > 1:
            raise InputError("fit trains on one device; use tfisp.train with --strategy for more")
        super().__init__(name="fit_model")
        self.generator = trainer.generator
        self.trainer = trainer
        self.compile(optimizer=trainer.optimizer)

    def call(self, raw: tf.Tensor) -> tf.Tensor:
        """What the generator, with its raw weights, makes of its input."""
        return self.generator(raw)

    def fit(self, batches: Iterable[Batch], **settings: Any) -> keras.callbacks.History:
        """Takes one step with each batch.

        Args:
            batches: As `tfisp.data.pipeline.batches` gives them; enough for all epochs.
            **settings: Those of `keras.Model.fit`, such as `steps_per_epoch`.
        """
        # Keras takes a generator's items to be tuples of inputs, targets and weights.
        return super().fit(((batch,) for batch in batches), shuffle=False, **settings)

    def make_train_function(self, force: bool = False) -> Callable[[Iterator], dict[str, Any]]:
        """What `fit` calls for each step: the trainer compiles its two kinds of step itself."""

        def train_function(iterator: Iterator) -> dict[str, tf.Tensor]:
            (batch,) = next(iterator)
            return self.trainer.run_step(batch, int(self.trainer.step.numpy()))

        self.train_function = train_function
        return train_function
