"""A critic: a tap of a frozen network, the discriminator that judges it, and how it learns."""

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from tfisp import losses
from tfisp.models import discriminators
from tfisp.perceptual.bank import FeatureBank
from tfisp.seeds import derive
from tfisp.training import replicas
from tfisp.training.objectives import critic_feature
from tfisp.training.specification import CriticSpec, Recipe

# What `CriticSpec.network` may be.
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "token_mlp": discriminators.TokenMLP,
    "texture_cnn": discriminators.TextureCNN,
    "texture_cnn_frozen_fc1": functools.partial(discriminators.TextureCNN, train_dense=False),
    "pixel_cnn": discriminators.PixelCNN,
}


class Critic:
    """One adversary of the generator.

    Attributes:
        name: As in the recipe.
        weight: Factor of the normalised gradient it sends to the generator.
        feature: What it judges.
        network: The discriminator, features `[B, ...]` -> scores `[B]`.
        optimizer: Its own Adam, built.
    """

    def __init__(
        self, spec: CriticSpec, recipe: Recipe, feature_shape: tuple[int, ...], seed: int
    ) -> None:
        self.name = spec.name
        self.weight = spec.weight
        self.feature = critic_feature(spec, recipe)
        self.network = NETWORKS[spec.network](feature_shape, seed=seed, name=spec.name)
        self.optimizer = adam(recipe.critic_learning_rate, recipe)
        self.optimizer.build(self.network.trainable_variables)
        self._adversarial = recipe.adversarial
        self._gamma = recipe.gamma
        self._clip = recipe.critic_clip

    def weight_at(self, step: tf.Tensor) -> float | tf.Tensor:
        """The factor of its gradient at a step, counted from 0."""
        return self.weight

    def generator_loss(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        """What it asks of the generator (Eq. 8): features `[B, ...]` of both sides -> `[B]`."""
        return losses.generator_loss(
            self.network(real), self.network(fake), self._adversarial, replicas.mean
        )

    def gradients(
        self, real: tf.Tensor, fake: tf.Tensor, interpolation: tf.Tensor | None = None
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The gradient of its own loss (Eq. 7), and that loss's terms as means over the batch.

        Args:
            real: Features `[B, ...]` of photographs.
            fake: The same of generated images.
            interpolation: As drawn by `draw_interpolation`.
        """
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            found = losses.critic_loss(
                self.network,
                real,
                fake,
                self._gamma,
                self._adversarial,
                interpolation,
                replicas.mean,
            )
            loss = tf.reduce_mean(found.total)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        logs = {name: tf.reduce_mean(term) for name, term in found.terms.items()}
        for name in ("real_scores", "fake_scores"):
            logs[name] = tf.reduce_mean(getattr(found, name))
        return gradients, logs | {"margin": logs["real_scores"] - logs["fake_scores"]}

    def apply(self, gradients: list[tf.Tensor]) -> tf.Tensor:
        """Clips the gradient as a whole, takes one step, and returns the norm before clipping.

        The gradient is the same on all replicas, over which Keras sums it up.
        """
        clipped, norm = tf.clip_by_global_norm(gradients, self._clip)
        self.optimizer.apply(replicas.share(clipped), self.network.trainable_variables)
        return norm


def make_critics(
    recipe: Recipe, bank: FeatureBank, image_shape: tuple[int, int], seed: int
) -> tuple[Critic, ...]:
    """All critics of a recipe, for images `(height, width)`, their weights drawn from the seed."""
    return tuple(
        Critic(
            spec,
            recipe,
            bank.shape(critic_feature(spec, recipe), image_shape),
            derive(seed, spec.name),
        )
        for spec in recipe.critics
    )


def draw_interpolation(recipe: Recipe, seed: tf.Tensor, count: tf.Tensor) -> dict[str, tf.Tensor]:
    """For a game whose penalty lies between real and generated samples, where it does.

    Args:
        recipe: Names the game.
        seed: int64 `[2]`, of the step.
        count: Images of this replica's part of the batch.

    Returns:
        `interpolation`, `[count]` uniform in 0..1, to be a member of the batch; nothing for other
        games.
    """
    if not losses.ADVERSARIAL[recipe.adversarial].interpolates:
        return {}
    return {"interpolation": replicas.uniform(seed, count)}


def adam(
    learning_rate: float | keras.optimizers.schedules.LearningRateSchedule, recipe: Recipe
) -> keras.optimizers.Adam:
    """Adam (arXiv 1412.6980) with the recipe's constants.

    Keras folds both bias corrections into the rate and adds epsilon to the root of the raw second
    moment, so its epsilon acts as `epsilon / sqrt(1 - beta2^t)` would in Algorithm 1 (and in
    PyTorch): with beta2 = 0.9 that is 3.2 times as much at the first step and 1.2 times at the
    tenth.
    """
    beta_1, beta_2 = recipe.betas
    return keras.optimizers.Adam(learning_rate, beta_1, beta_2, epsilon=recipe.epsilon)


def generator_rate(
    recipe: Recipe, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The generator's rate over a stage of so many steps."""
    if recipe.schedule == "cosine":
        return keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    return recipe.learning_rate
