"""One step of training, the same for every stage.

The losses meet the generator only through the picture it made. So each is differentiated once, to
that picture, and the result is pulled back through the generator, which is small; its norm costs no
second pass through a frozen network.

Made inside the scope of a `tf.distribute` strategy, a trainer takes its steps on all replicas of
that strategy, each with its part of the batch (`replicas`). Gradients are averaged over them before
anything is done with them: a norm of a mean is no mean of norms.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tfisp.models.generator import Generator
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training import compilation, replicas
from tfisp.training.adaptation import normalised_sum
from tfisp.training.critics import adam, make_critics
from tfisp.training.objectives import Features, features_of, make_objectives
from tfisp.training.recipes import Recipe
from tfisp.training.scaling import LossScaling

# Members by name; `features`, where present, has member -> feature -> what is known already.
Batch = Mapping[str, Any]


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
        needs: member of a batch -> the features that are read of it.
        scaling: the scales of the losses, where the generator computes in float16, else None.
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
        xla: bool = False,
    ) -> None:
        """Builds critics, optimizers and averages at once, so that a checkpoint finds them all.

        Args:
            generator: built; trained in place. The average starts from its weights. One that
                computes in float16 is trained with loss scaling (`scaling`).
            recipe: what to train for.
            bank: the frozen networks that the recipe names.
            image_shape: `(height, width)` of generated images.
            accumulate: number of equal parts that a batch is worked through in, to save memory.
            seed: of the critics' first weights, and of what a step draws.
            xla: compile with XLA where its results are right (`compilation`).
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
        once = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step", aggregation=once)
        self._seed = seed
        self._weights = {part.name: part.weight for part in (*self.objectives, *self.critics)}
        self.needs = self._features_needed()
        self._needs_of_generated = features_of(recipe)
        halved = generator.compute_dtype == "float16"
        self.scaling = LossScaling(list(self._weights)) if halved else None
        self._strategy = tf.distribute.get_strategy()
        exact = compilation.is_exact(critic.network for critic in self.critics)
        self._compiled = {
            learn: tf.function(
                lambda batch, learn=learn: self._strategy.run(self.train_step, (batch, learn)),
                autograph=False,
                jit_compile=True if xla and (not learn or exact) else None,
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
        if self.scaling:
            state["scaling"] = self.scaling.state
        return state

    def critics_learn(self, step: int) -> bool:
        """Whether critics learn at that step, counted from 0."""
        return bool(self.critics) and step % self.recipe.critic_interval == 0

    def run_step(self, batch: Batch, step: int) -> dict[str, tf.Tensor]:
        """Takes step number `step` with one of the two compiled functions and returns its logs.

        Args:
            batch: this machine's part of the step's batch.
            step: its number.
        """
        logs = self._compiled[self.critics_learn(step)](self._on_replicas(dict(batch)))
        return {
            tag: self._strategy.experimental_local_results(value)[0] for tag, value in logs.items()
        }

    def train_step(self, batch: Batch, critics_learn: bool) -> dict[str, tf.Tensor]:
        """One step of the method, on one replica: all gradients are of the weights from before it.

        Args:
            batch: `raw` in the generator's form; `reference` and `target` `[B, H, W, 3]`.
            critics_learn: whether critics take a step as well.

        Returns:
            Scalars to log, by tag, the same on all replicas.
        """
        gradients = replicas.mean(self.gradients(batch, critics_learn))
        direction, norms = normalised_sum(gradients.generator, self._weights)
        logs = gradients.logs | {f"grad_norm/{name}": norm for name, norm in norms.items()}
        with self._undone_unless_finite(gradients, critics_learn, logs):
            # Keras adds the replicas' gradients up, which are all the same by now.
            share = [part / replicas.count() for part in direction]
            self.optimizer.apply(share, self.generator.trainable_variables)
            for critic in self.critics if critics_learn else ():
                norm = critic.apply(gradients.critics[critic.name])
                logs[f"critic/{critic.name}/grad_norm"] = norm
            self._update_average()
        self.step.assign_add(1)
        return logs | {
            f"weight/{name}": self._weights[name] / (norm + 1e-8) for name, norm in norms.items()
        }

    def gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """Losses of a batch and their gradients, as means over equal parts that follow each other.

        Args:
            batch: as for `train_step`.
            critics_learn: whether those of the critics are wanted.
        """
        count = tf.shape(batch["raw"])[0]
        mix = replicas.uniform(tf.stack([self._seed, self.step]), count)
        batch = {**batch, "mix": mix}
        if self.accumulate == 1:
            return self._gradients(batch, critics_learn)
        parts = tf.nest.map_structure(lambda x: tf.stack(tf.split(x, self.accumulate)), batch)

        def part(index: tf.Tensor) -> StepGradients:
            return self._gradients(tf.nest.map_structure(lambda x: x[index], parts), critics_learn)

        def add(index: tf.Tensor, total: StepGradients) -> tuple[tf.Tensor, StepGradients]:
            return index + 1, tf.nest.map_structure(tf.add, total, part(index))

        _, total = tf.while_loop(
            lambda index, _: index < self.accumulate, add, (1, part(0)), parallel_iterations=1
        )
        return tf.nest.map_structure(lambda x: x / self.accumulate, total)

    def _gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """Losses and gradients of one part; each frozen network runs once per view."""
        variables = [variable.value for variable in self.generator.trainable_variables]
        with tf.GradientTape(persistent=True) as generator_tape:
            generated = self.generator(batch["raw"])
        known = batch.get("features", {})
        seen = {
            name: known.get(name) or self.bank(batch[name], features)
            for name, features in self.needs.items()
        }
        with tf.GradientTape(persistent=True) as image_tape:
            image_tape.watch(generated)
            fake = self.bank(generated, self._needs_of_generated)
            losses = self._losses(batch, generated, fake, seen)

        pulled_back = {}
        for name, loss in losses.items():
            scale = self.scaling.scale(name) if self.scaling else 1.0
            at_image = scale * image_tape.gradient(loss, generated)
            at_weights = generator_tape.gradient(generated, variables, at_image)
            pulled_back[name] = [part / scale for part in at_weights]

        logs = {f"loss/{name}": loss for name, loss in losses.items()}
        logs |= _mean_colors(generated=generated, target=batch.get("target"))
        critic_gradients = {}
        for critic in self.critics if critics_learn else ():
            real, made = seen["target"][critic.feature], tf.stop_gradient(fake[critic.feature])
            critic_gradients[critic.name], parts = critic.gradients(real, made, batch["mix"])
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

    @contextlib.contextmanager
    def _undone_unless_finite(
        self, gradients: StepGradients, critics_learn: bool, logs: dict[str, tf.Tensor]
    ) -> Iterator[None]:
        """With loss scaling, takes back what is done inside if a gradient has overflowed.

        Nothing that updates weights may stand inside a `tf.cond` when there are several replicas.
        """
        if self.scaling is None:
            yield
            return
        learning = [(self.generator, self.optimizer), (self.ema, None)]
        if critics_learn:
            learning += [(critic.network, critic.optimizer) for critic in self.critics]
        variables = [
            variable
            for network, optimizer in learning
            for variable in (*network.variables, *(optimizer.variables if optimizer else ()))
        ]
        before = [tf.identity(variable.value) for variable in variables]
        yield
        finite, found = self.scaling.judge(gradients.generator)
        logs |= found
        replicas.assign(
            variables,
            [tf.where(finite, v.value, old) for v, old in zip(variables, before, strict=True)],
        )

    def _update_average(self) -> None:
        """Moves the average to the weights: decay `min(0.999, (1 + t) / (10 + t))`, `t` from 0."""
        t = tf.cast(self.step, tf.float32)
        decay = tf.minimum(0.999, (1.0 + t) / (10.0 + t))
        pairs = zip(self.ema.weights, self.generator.weights, strict=True)
        replicas.assign(self.ema.weights, [decay * old + (1.0 - decay) * new for old, new in pairs])

    def _on_replicas(self, batch: Batch) -> Batch:
        """This machine's part of a batch, cut into those of its replicas."""
        if replicas.count() == 1:
            return batch
        local = len(self._strategy.extended.worker_devices)

        def part(context: tf.distribute.experimental.ValueContext) -> Batch:
            index = context.replica_id_in_sync_group % local
            return tf.nest.map_structure(lambda x: tf.split(x, local)[index], batch)

        return self._strategy.experimental_distribute_values_from_function(part)

    def _features_needed(self) -> dict[str, list[Feature]]:
        """Which features the losses and critics compare generated ones with, each listed once."""
        needs: dict[str, list[Feature]] = {}
        for part in self.objectives:
            needs.setdefault(part.compares, []).extend(part.features)
        for critic in self.critics:
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
