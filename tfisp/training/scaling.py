"""Loss scaling: how gradients get through a generator that computes in half precision.

Numbers of float16 end at 6e-8 below and at 65504 above. The gradient of a loss at the image, which
is a mean over many pixels, is often smaller; so it is multiplied by a scale before it goes through
the generator, and the gradient of the weights is divided by it afterwards. Each loss has a scale of
its own: they differ by many powers of ten, and normalisation (`adaptation`) would scale a small one
to norm 1 after most of it was lost.

A scale that was too large shows as infinity or NaN: that step changes nothing, and the scale is
halved. After enough good steps it is tried twice as large (arXiv 1710.03740, section 3.2; the
constants are those of `torch.amp.GradScaler`, but for the smaller start).
"""

from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from tfisp.training import replicas

START = 2.0**15
SMALLEST, LARGEST = 2.0**-14, 2.0**24
GROW_AFTER = 2000

Gradients = Sequence[tf.Tensor]
Logs = dict[str, tf.Tensor]


class NoScaling:
    """For a generator that computes in the exponent range of float32: every scale is 1.

    Attributes:
        state: Nothing to keep in checkpoints.
    """

    def __init__(self) -> None:
        self.state: dict[str, tf.Variable] = {}

    def scale(self, name: str) -> float:
        """1."""
        return 1.0

    def keep_if_finite(
        self,
        update: Callable[[], Logs],
        gradients: Mapping[str, Gradients],
        variables: Sequence[keras.Variable],
    ) -> Logs:
        """Updates, whatever the gradients are (`finite_checks` stops a run that diverges)."""
        return update()


class LossScaling:
    """One scale per loss.

    Attributes:
        state: The variables, for checkpoints.
    """

    def __init__(self, names: Sequence[str]) -> None:
        """Starts all scales at `START`.

        Args:
            names: Of the losses.
        """
        once = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self.state = {
            f"{what}/{name}": tf.Variable(first, trainable=False, aggregation=once)
            for name in names
            for what, first in (("scale", START), ("good_steps", 0.0))
        }
        self._names = tuple(names)

    def scale(self, name: str) -> tf.Tensor:
        """The present scale of a loss."""
        return self.state[f"scale/{name}"].value()

    def keep_if_finite(
        self,
        update: Callable[[], Logs],
        gradients: Mapping[str, Gradients],
        variables: Sequence[keras.Variable],
    ) -> Logs:
        """Updates, adapts the scales, and takes the update back if a gradient has overflowed.

        Nothing that updates weights may stand inside a `tf.cond` when there are several replicas.

        Args:
            update: Changes variables by the gradients and returns what to log.
            gradients: As for `judge`.
            variables: All that `update` changes.

        Returns:
            What `update` and `judge` log.
        """
        before = [tf.identity(variable.value) for variable in variables]
        logs = update()
        finite, found = self.judge(gradients)
        now = [variable.value for variable in variables]
        kept = [tf.where(finite, new, old) for new, old in zip(now, before, strict=True)]
        replicas.assign(variables, kept)
        return logs | found

    def judge(self, gradients: Mapping[str, Gradients]) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Adapts the scales to a step's gradients, which must be the same on all replicas.

        Args:
            gradients: Per loss, its gradient for each variable, its scale taken out again.

        Returns:
            Whether all of them are finite, so that the step counts; and what to log: `scale/<loss>`
            as it was used, and `overflow/<loss>`, 1 where that loss's was not finite.
        """
        good, logs = {}, {}
        for name in self._names:
            finite = [tf.reduce_all(tf.math.is_finite(part)) for part in gradients[name]]
            good[name] = tf.reduce_all(finite)
            logs[f"scale/{name}"] = self.scale(name)
            logs[f"overflow/{name}"] = tf.cast(~good[name], tf.float32)
        for name, ok in good.items():
            self._adapt(name, ok)
        return tf.reduce_all(list(good.values())), logs

    def _adapt(self, name: str, ok: tf.Tensor) -> None:
        scale, steps = self.state[f"scale/{name}"], self.state[f"good_steps/{name}"]
        run = tf.where(ok, steps + 1.0, 0.0)
        grows = run >= GROW_AFTER
        factor = tf.where(ok, tf.where(grows, 2.0, 1.0), 0.5)
        scale.assign(tf.clip_by_value(scale * factor, SMALLEST, LARGEST))
        steps.assign(tf.where(grows, 0.0, run))
