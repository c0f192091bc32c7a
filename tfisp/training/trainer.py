"""One step of training, the same for every stage.

The losses meet the generator only through the picture it made. So each is differentiated once, to
that picture, and the result is pulled back through the generator, which is small; its norm costs no
second pass through a frozen network.
"""

from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from tfisp.models.generator import Generator
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training.adaptation import normalised_sum
from tfisp.training.critics import adam, make_critics
from tfisp.training.objectives import Features, make_objectives
from tfisp.training.recipes import Recipe

Batch = Mapping[str, tf.Tensor]


class StepGradients(NamedTuple):
    """What a batch says about how to change every weight.

    Attributes:
        generator: per loss, its gradient for each generator variable.
        critics: per critic that learns at this step, the gradient for each of its variables.
        logs: scalars, each a mean over the batch.
    """

    generator: dict[str, list[tf.Tensor]]
    critics: dict[str, list[tf.Tensor]]
    logs: dict[str, tf.Tensor]


class Trainer:
    """Everything that learns in one stage, and the step by which it does.

    Attributes:
        generator: the network being trained (its raw weights).
        ema: the same network with exponentially averaged weights; the one that is exported.
        critics: the adversaries, in the recipe's order.
        step: int64 variable, number of steps taken in this stage.
        checkpointable: names to objects, for `tf.train.Checkpoint`: all of the above and every
            optimizer.
    """

    def __init__(
        self,
        generator: Generator,
        recipe: Recipe,
        bank: FeatureBank,
        image_shape: tuple[int, int],
        accumulate: int = 1,
        seed: int = 0,
    ) -> None:
        """Builds critics, optimizers and averages at once, so that a checkpoint finds them all.

        Args:
            generator: built; trained in place. The average starts from its weights.
            recipe: what to train for.
            bank: the frozen networks that the recipe names.
            image_shape: `(height, width)` of generated images.
            accumulate: number of equal parts that a batch is worked through in, to save memory.
            seed: of the critics' first weights.
        """
        self.generator = generator
        self.recipe = recipe
        self.bank = bank
        self.accumulate = accumulate
        self.ema = generator.copy()
        self.objectives = make_objectives(recipe, bank.distances)
        self.critics = make_critics(recipe, bank, image_shape, seed)
        self.optimizer = adam(recipe.learning_rate, recipe)
        self.optimizer.build(generator.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self._weights = {part.name: part.weight for part in (*self.objectives, *self.critics)}
        self._needs = self._features_needed()
        self._compiled = {
            learn: tf.function(
                lambda batch, learn=learn: self.train_step(batch, learn), autograph=False
            )
            for learn in (False, True)
        }

    @property
    def checkpointable(self) -> dict[str, object]:
        """Names to trackable objects: the whole state of the stage."""
        state = {
            "generator": self.generator,
            "ema": self.ema,
            "optimizer": self.optimizer,
            "step": self.step,
        }
        for critic in self.critics:
            state |= {critic.name: critic.network, f"{critic.name}_optimizer": critic.optimizer}
        return state

    def critics_learn(self, step: int) -> bool:
        """Whether critics learn at that step, counted from 0."""
        return bool(self.critics) and step % self.recipe.critic_interval == 0

    def run_step(self, batch: Batch, step: int) -> dict[str, tf.Tensor]:
        """Takes step number `step` with one of the two compiled functions and returns its logs."""
        return self._compiled[self.critics_learn(step)](dict(batch))

    def train_step(self, batch: Batch, critics_learn: bool) -> dict[str, tf.Tensor]:
        """One step of the method: all gradients are of the weights from before it.

        Args:
            batch: `raw` in the generator's form; `reference` and `target` `[B, H, W, 3]`.
            critics_learn: whether critics take a step as well.

        Returns:
            Scalars to log, by tag.
        """
        gradients = self._accumulated_gradients(batch, critics_learn)
        direction, norms = normalised_sum(gradients.generator, self._weights)
        self.optimizer.apply(direction, self.generator.trainable_variables)
        logs = gradients.logs
        for critic in self.critics:
            if critics_learn:
                logs[f"critic/{critic.name}/grad_norm"] = critic.apply(
                    gradients.critics[critic.name]
                )
        self._update_average()
        self.step.assign_add(1)
        for name, norm in norms.items():
            logs[f"grad_norm/{name}"] = norm
            logs[f"weight/{name}"] = self._weights[name] / (norm + 1e-8)
        return logs

    def gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """Losses of a batch and their gradients; each frozen network runs once per view."""
        variables = [variable.value for variable in self.generator.trainable_variables]
        with tf.GradientTape(persistent=True) as generator_tape:
            generated = self.generator(batch["raw"])
        seen = {
            name: self.bank(batch[name], features)
            for name, features in self._needs.items()
            if name != "generated"
        }
        with tf.GradientTape(persistent=True) as image_tape:
            image_tape.watch(generated)
            fake = self.bank(generated, self._needs.get("generated", []))
            losses = self._losses(batch, generated, fake, seen)

        pulled_back = {}
        for name, loss in losses.items():
            at_image = image_tape.gradient(loss, generated)
            pulled_back[name] = generator_tape.gradient(generated, variables, at_image)

        logs = {f"loss/{name}": loss for name, loss in losses.items()}
        logs |= _mean_colors(generated=generated, target=batch.get("target"))
        critic_gradients = {}
        for critic in self.critics if critics_learn else ():
            real_seen, fake_seen = (
                seen["target"][critic.feature],
                tf.stop_gradient(fake[critic.feature]),
            )
            critic_gradients[critic.name], parts = critic.gradients(real_seen, fake_seen, self.step)
            logs |= {f"critic/{critic.name}/{part}": value for part, value in parts.items()}
        return StepGradients(pulled_back, critic_gradients, logs)

    def _losses(
        self, batch: Batch, generated: tf.Tensor, fake: Features, seen: Mapping[str, Features]
    ) -> dict[str, tf.Tensor]:
        """Every loss of the generator, as the mean over the batch."""
        per_image = {
            part.name: part.loss(generated, fake, batch.get(part.compares), seen.get(part.compares))
            for part in self.objectives
        } | {
            critic.name: critic.generator_loss(seen["target"][critic.feature], fake[critic.feature])
            for critic in self.critics
        }
        return {name: tf.reduce_mean(loss) for name, loss in per_image.items()}

    def _accumulated_gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """`gradients` of equal parts of the batch, one after the other, averaged."""
        if self.accumulate == 1:
            return self.gradients(batch, critics_learn)
        parts = {name: tf.stack(tf.split(x, self.accumulate)) for name, x in batch.items()}

        def part(index: tf.Tensor) -> StepGradients:
            return self.gradients({name: x[index] for name, x in parts.items()}, critics_learn)

        def add(index: tf.Tensor, total: StepGradients) -> tuple[tf.Tensor, StepGradients]:
            return index + 1, tf.nest.map_structure(tf.add, total, part(index))

        _, total = tf.while_loop(
            lambda index, _: index < self.accumulate, add, (1, part(0)), parallel_iterations=1
        )
        return tf.nest.map_structure(lambda x: x / self.accumulate, total)

    def _update_average(self) -> None:
        """Moves the average to the weights: decay `min(0.999, (1 + t) / (10 + t))`, `t` from 0."""
        t = tf.cast(self.step, tf.float32)
        decay = tf.minimum(0.999, (1.0 + t) / (10.0 + t))
        for average, weight in zip(self.ema.weights, self.generator.weights, strict=True):
            average.assign(decay * average + (1.0 - decay) * weight)

    def _features_needed(self) -> dict[str, list[Feature]]:
        """Which features of which image the losses and critics read, each listed once."""
        needs: dict[str, list[Feature]] = {"generated": []}
        for part in self.objectives:
            needs["generated"] += part.features
            needs.setdefault(part.compares, []).extend(part.features)
        for critic in self.critics:
            needs["generated"].append(critic.feature)
            needs.setdefault("target", []).append(critic.feature)
        return {name: list(dict.fromkeys(features)) for name, features in needs.items() if features}


def _mean_colors(**images: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Mean colour of what is made and of what is wanted: drift shows here first."""
    return {
        f"color/{name}_{channel}": tf.reduce_mean(image[..., index])
        for name, image in images.items()
        if image is not None
        for index, channel in enumerate("rgb")
    }
