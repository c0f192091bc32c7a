"""One step of training, the same for every stage.

The losses meet the generator only through the picture it made. So each is differentiated once, to
that picture, and the result is pulled back through the generator, which is small; its norm costs no
second pass through a frozen network. Where a recipe has a way back (`WayBack`), the step makes more
images with both networks (`made`), and a loss is pulled back through both.

Made inside the scope of a `tf.distribute` strategy, a trainer takes its steps on all replicas of
that strategy, each with its part of the batch (`replicas`). Gradients are averaged over them before
anything is done with them: a norm of a mean is no mean of norms.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from tfisp.models import ways_back
from tfisp.models.generator import Generator
from tfisp.perceptual.bank import FeatureBank
from tfisp.seeds import derive
from tfisp.training import compilation, made, replicas
from tfisp.training.accumulation import mean_over_parts
from tfisp.training.adaptation import normalised_sum, weighted_sum
from tfisp.training.averaging import EMA
from tfisp.training.critics import (
    Critic,
    adam,
    draw_interpolation,
    generator_rate,
    make_critics,
)
from tfisp.training.objectives import (
    Distances,
    Features,
    Objective,
    Sides,
    by_image,
    make_objectives,
)
from tfisp.training.scaling import LossScaling, NoScaling
from tfisp.training.specification import Recipe

# Members by name; `features`, where present, has member -> feature -> what is known already.
Batch = Mapping[str, Any]


class StepGradients(NamedTuple):
    """What a batch says about how to change every weight.

    Attributes:
        generator: Per loss, its gradient for each generator variable, and then for each of the way
            back if there is one.
        critics: Per critic that learns at this step, the gradient for each of its variables.
        logs: scalars, each a mean over the batch.
    """

    generator: dict[str, list[tf.Tensor]]
    critics: dict[str, list[tf.Tensor]]
    logs: dict[str, tf.Tensor]


class Trainer:
    """Everything that learns in one stage, and the step by which it does.

    Attributes:
        generator: The network being trained (its raw weights).
        way_back: The one that is trained beside it, None where there is none.
        recipe: What it is trained for.
        bank: The frozen networks.
        objectives: Terms of the generator's loss that need no critic, in the recipe's order.
        critics: The adversaries, in the recipe's order; each is one more term.
        optimizer: The generator's, and the way back's.
        step: int64 variable, number of steps taken in this stage.
        needs: Member of a batch -> the features that are read of it.
        scaling: The scales of the losses, which are 1 unless the generator computes in float16.
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
        distances: Distances | None = None,
        steps: int = 1,
    ) -> None:
        """Builds critics, optimizers and averages at once, so that a checkpoint finds them all.

        Args:
            generator: built; trained in place. The average starts from its weights. One that
                computes in float16 is trained with loss scaling (`scaling`).
            recipe: What to train for.
            bank: The frozen networks that the recipe names.
            image_shape: `(height, width)` of generated images.
            accumulate: Number of equal parts that a batch is worked through in, to save memory.
            seed: Of the critics' first weights, and of what a step draws.
            xla: Compile with XLA where its results are right (`compilation`).
            distances: By name, the trained distances among the recipe's losses.
            steps: Of the stage, where the recipe's rate follows a schedule.
        """
        self.generator = generator
        self.recipe = recipe
        self.bank = bank
        self.objectives = make_objectives(recipe, distances)
        self.critics = make_critics(recipe, bank, image_shape, seed, steps)
        self.way_back: keras.Model | None = None
        if (back := recipe.way_back) is not None:
            self.way_back = ways_back.create(back.network, back.to, derive(seed, "way_back"))
        self.optimizer = adam(generator_rate(recipe, steps), recipe)
        self.optimizer.build(self.trained)
        once = tf.VariableAggregation.ONLY_FIRST_REPLICA
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step", aggregation=once)
        halved = generator.compute_dtype == "float16"
        self.scaling = LossScaling([term.name for term in self.terms]) if halved else NoScaling()
        read = [(t.of, t.compares, t.features) for t in self.objectives]
        read += [(c.of, c.real, (c.feature,)) for c in self.critics]
        needs = by_image((real, features) for _, real, features in read)
        self.needs = {name: features for name, features in needs.items() if features}
        made_of = ((of, features) for of, _, features in read)
        self._needs_of_made = by_image([("generated", ()), *made_of])
        self._average = EMA(generator, recipe.ema_decay)
        self._combine = normalised_sum if recipe.normalised else weighted_sum
        self._accumulate = accumulate
        self._seed = seed
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
    def ema(self) -> Generator:
        """The generator with exponentially averaged weights, which is judged and exported."""
        return self._average.generator

    @property
    def trained(self) -> list[keras.Variable]:
        """What the losses' gradients are taken for: the generator's variables, the way back's."""
        back = self.way_back.trainable_variables if self.way_back else []
        return [*self.generator.trainable_variables, *back]

    @property
    def terms(self) -> tuple[Objective | Critic, ...]:
        """What the generator minimises: each has a name, and a weight at every step."""
        return (*self.objectives, *self.critics)

    @property
    def checkpointable(self) -> dict[str, object]:
        """Names to trackable objects: the whole state of the stage."""
        state = {
            "generator": self.generator,
            "ema": self.ema,
            "optimizer": self.optimizer,
            "step": self.step,
        }
        state |= {"way_back": self.way_back} if self.way_back else {}
        for critic in self.critics:
            state |= {critic.name: critic.network, f"{critic.name}_optimizer": critic.optimizer}
            pool = critic.pool.state if critic.pool else {}
            state |= {f"{critic.name}_pool/{name}": part for name, part in pool.items()}
        return state | ({"scaling": self.scaling.state} if self.scaling.state else {})

    def weights(self) -> dict[str, np.ndarray]:
        """What is trained, by network and place: `generator/00 kernel`; critics by their names.

        Keras' own names count through the process: a run that was continued would have others.
        """
        networks = {"generator": self.generator} | {c.name: c.network for c in self.critics}
        return {
            f"{name}/{place:02d} {variable.name}": np.asarray(variable)
            for name, network in networks.items()
            for place, variable in enumerate(network.trainable_variables)
        }

    def critics_learn(self, step: int) -> bool:
        """Whether critics learn at that step, counted from 0."""
        return bool(self.critics) and step % self.recipe.critic_interval == 0

    def run_step(self, batch: Batch, step: int) -> dict[str, tf.Tensor]:
        """Takes step number `step` with one of the two compiled functions and returns its logs.

        Args:
            batch: This machine's part of the step's batch.
            step: Its number.
        """
        parts = replicas.split(self._strategy, dict(batch))
        logs = self._compiled[self.critics_learn(step)](parts)
        return {
            tag: self._strategy.experimental_local_results(value)[0] for tag, value in logs.items()
        }

    def train_step(self, batch: Batch, critics_learn: bool) -> dict[str, tf.Tensor]:
        """One step of the method, on one replica: all gradients are of the weights from before it.

        Args:
            batch: `raw` in the generator's form; `reference` and `target` `[B, H, W, 3]`.
            critics_learn: Whether critics take a step as well.

        Returns:
            Scalars to log, by tag, the same on all replicas.
        """
        learning = self.critics if critics_learn else ()
        weights = {term.name: term.weight_at(self.step) for term in self.terms}
        gradients = replicas.mean(self.gradients(batch, critics_learn))
        direction, norms = self._combine(gradients.generator, weights)

        def update() -> dict[str, tf.Tensor]:
            shares = replicas.share(direction)
            self.optimizer.apply(shares, self.trained)
            found = {c.name: c.apply(gradients.critics[c.name]) for c in learning}
            self._average.update(self.generator, self.step)
            return {f"critic/{name}/grad_norm": norm for name, norm in found.items()}

        changed = self._variables(learning)
        logs = self.scaling.keep_if_finite(update, gradients.generator, changed)
        self.step.assign_add(1)
        for name, norm in norms.items():
            logs[f"grad_norm/{name}"] = norm
            if self.recipe.normalised:
                logs[f"weight/{name}"] = weights[name] / (norm + 1e-8)
        return gradients.logs | logs

    def gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """Losses of a batch and their gradients.

        Args:
            batch: As for `train_step`.
            critics_learn: Whether those of the critics are wanted.
        """
        count = tf.shape(batch["raw"])[0]
        drawn = draw_interpolation(self.recipe, tf.stack([self._seed, self.step]), count)
        return mean_over_parts(
            lambda part: self._gradients(part, critics_learn), {**batch, **drawn}, self._accumulate
        )

    def _gradients(self, batch: Batch, critics_learn: bool) -> StepGradients:
        """Losses and gradients of one part; each frozen network runs once per view."""
        variables = [variable.value for variable in self.trained]
        with tf.GradientTape(persistent=True) as generator_tape:
            images = made.make(self._needs_of_made, batch, self.generator, self.way_back)
        known = batch.get("features", {})
        seen = {
            name: known.get(name) or self.bank(batch[name], features)
            for name, features in self.needs.items()
        }
        with tf.GradientTape(persistent=True) as image_tape:
            image_tape.watch(list(images.values()))
            fake = {of: self.bank(images[of], needs) for of, needs in self._needs_of_made.items()}
            losses = self._losses(batch, images, fake, seen)

        pulled_back = {}
        for name, loss in losses.items():
            scale = self.scaling.scale(name)
            at_images = image_tape.gradient(loss, images)
            scaled = {of: None if part is None else scale * part for of, part in at_images.items()}
            at_weights = made.pull_back(scaled, images, generator_tape, variables)
            pulled_back[name] = [part / scale for part in at_weights]

        logs = {f"loss/{name}": loss for name, loss in losses.items()}
        logs |= _mean_colors(generated=images["generated"], target=batch.get("target"))
        critic_gradients = {}
        for critic in self.critics if critics_learn else ():
            real = seen[critic.real][critic.feature]
            shown = critic.shown(tf.stop_gradient(fake[critic.of][critic.feature]))
            found, terms = critic.gradients(real, shown, batch.get("interpolation"))
            critic_gradients[critic.name] = found
            logs |= {f"critic/{critic.name}/{name}": term for name, term in terms.items()}
        return StepGradients(pulled_back, critic_gradients, logs)

    def _losses(
        self,
        batch: Batch,
        images: Mapping[str, tf.Tensor],
        fake: Mapping[str, Features],
        seen: Mapping[str, Features],
    ) -> dict[str, tf.Tensor]:
        """Every loss of the generator, as the mean over the batch."""
        per_image = {
            term.name: term.loss(
                Sides(
                    images[term.of],
                    fake[term.of],
                    batch.get(term.compares),
                    seen.get(term.compares, {}),
                )
            )
            for term in self.objectives
        } | {
            critic.name: critic.generator_loss(
                seen[critic.real][critic.feature], fake[critic.of][critic.feature]
            )
            for critic in self.critics
        }
        return {name: tf.reduce_mean(loss) for name, loss in per_image.items()}

    def _variables(self, learning: Sequence[Critic]) -> list[keras.Variable]:
        """All that a step changes in which these critics learn."""
        networks = [self.generator, self.ema, *(critic.network for critic in learning)]
        networks += [self.way_back] if self.way_back else []
        optimizers = [self.optimizer, *(critic.optimizer for critic in learning)]
        return [v for part in (*networks, *optimizers) for v in part.variables]


def _mean_colors(**images: tf.Tensor | None) -> dict[str, tf.Tensor]:
    """Mean colour of what is made and of what is wanted: drift shows here first."""
    return {
        f"color/{name}_{channel}": tf.reduce_mean(image[..., index])
        for name, image in images.items()
        if image is not None
        for index, channel in enumerate("rgb")
    }
