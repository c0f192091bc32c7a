"""A critic: a tap of a frozen network, the discriminator that judges it, and how it learns."""

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from tfisp import losses
from tfisp.contract import INPUT_FORMS
from tfisp.models import discriminators, patch_critics
from tfisp.perceptual.bank import FeatureBank
from tfisp.seeds import derive
from tfisp.training import replicas
from tfisp.training.objectives import critic_feature
from tfisp.training.pool import Pool
from tfisp.training.specification import CriticSpec, Recipe

# What `CriticSpec.network` may be.
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "token_mlp": discriminators.TokenMLP,
    "texture_cnn": discriminators.TextureCNN,
    "texture_cnn_frozen_fc1": functools.partial(discriminators.TextureCNN, train_dense=False),
    "pixel_cnn": discriminators.PixelCNN,
    "patchgan": patch_critics.PatchGAN,
    "unet_spectral": patch_critics.UNetCritic,
}


class Critic:
    """One adversary of the generator.

    Attributes:
        name: As in the recipe.
        weight: Factor of the normalised gradient it sends to the generator.
        feature: What it judges.
        of: Which of the images made (`made.IMAGES`) it judges.
        real: The member of the batch that this is to be like.
        network: The discriminator, features `[B, ...]` -> scores `[B]`, or `[B, ...]` where it
            scores parts of an image.
        optimizer: Its own Adam, built.
        pool: Earlier images, None where it sees new ones only.
    """

    def __init__(
        self,
        spec: CriticSpec,
        recipe: Recipe,
        feature_shape: tuple[int, ...],
        seed: int,
        steps: int = 1,
        back_to: str | None = None,
    ) -> None:
        """Makes network and optimizer.

        Args:
            spec: What it is.
            recipe: Of the stage.
            feature_shape: Of what it judges, one image's.
            seed: Of the first weights.
            steps: Of the stage, where its rate follows a schedule.
            back_to: For one of the way back, what that makes.
        """
        self.name = spec.name
        self.weight = spec.weight
        self.feature = critic_feature(spec, recipe)
        self.of, self.real = ("captured", back_to) if back_to else ("generated", "target")
        self.network = NETWORKS[spec.network](feature_shape, seed=seed, name=spec.name)
        learnt = -(-steps // recipe.critic_interval)
        self.optimizer = adam(critic_rate(recipe.critic_learning_rate, recipe, learnt), recipe)
        self.optimizer.build(self.network.trainable_variables)
        self._adversarial = recipe.adversarial
        self._gamma = recipe.gamma
        self._clip = recipe.critic_clip
        dtype = self.network.compute_dtype
        self.pool = Pool(recipe.pool, feature_shape, seed, dtype) if recipe.pool else None

    def weight_at(self, step: tf.Tensor) -> float | tf.Tensor:
        """The factor of its gradient at a step, counted from 0."""
        return self.weight

    def generator_loss(self, real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
        """What it asks of the generator (Eq. 8): features `[B, ...]` of both sides -> `[B]`."""
        return losses.generator_loss(
            self.network(real), self.network(fake), self._adversarial, replicas.mean
        )

    def shown(self, fake: tf.Tensor) -> tf.Tensor:
        """What it learns from of generated features `[B, ...]`: its pool may exchange some."""
        return fake if self.pool is None else self.pool.exchange(fake)

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
        logs["margin"] = logs["real_scores"] - logs["fake_scores"]
        return gradients, logs | {"accuracy": accuracy(found.real_scores, found.fake_scores)}

    def apply(self, gradients: list[tf.Tensor]) -> tf.Tensor:
        """Clips the gradient as a whole, takes one step, and returns the norm before clipping.

        The gradient is the same on all replicas, over which Keras sums it up.
        """
        norm = tf.linalg.global_norm(gradients)
        clipped = gradients
        if self._clip is not None:
            clipped, _ = tf.clip_by_global_norm(gradients, self._clip, norm)
        self.optimizer.apply(replicas.share(clipped), self.network.trainable_variables)
        return norm


def accuracy(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """How often a photograph is scored above the generated picture that it is paired with.

    Args:
        real: Scores `[B]` of photographs.
        fake: Scores `[B]` of generated pictures.

    Returns:
        A scalar, the share of the pairs; equal scores count half. A mean over pairs, as the losses
        are, so that parts of a batch and replicas may be averaged.
    """
    return (1 + tf.reduce_mean(tf.sign(real - fake))) / 2


def make_critics(
    recipe: Recipe, bank: FeatureBank, image_shape: tuple[int, int], seed: int, steps: int = 1
) -> tuple[Critic, ...]:
    """All critics of a recipe, the way back's last, their weights drawn from the seed.

    Args:
        recipe: Names them.
        bank: The frozen networks.
        image_shape: `(height, width)` of pictures.
        seed: Of their first weights.
        steps: Of the stage, where their rate follows a schedule.
    """
    shapes = {"raw": INPUT_FORMS["packed"].shape(*image_shape)}
    back = recipe.way_back

    def make(spec: CriticSpec, to: str | None) -> Critic:
        shape = shapes.get(to or "") or bank.shape(critic_feature(spec, recipe), image_shape)
        return Critic(spec, recipe, shape, derive(seed, spec.name), steps, to)

    own = [make(spec, None) for spec in recipe.critics]
    return (*own, *(make(spec, back.to) for spec in back.critics)) if back else tuple(own)


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
    return critic_rate(recipe.learning_rate, recipe, steps)


def critic_rate(
    first: float, recipe: Recipe, steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A rate that is constant, or falls over the second half of so many of its optimizer's steps.

    Args:
        first: The rate at first.
        recipe: Says whether it falls.
        steps: That will be taken.
    """
    if recipe.schedule != "linear":
        return first
    half = steps // 2
    return _LinearSecondHalf(first, half, max(steps - half, 1))


class _LinearSecondHalf(keras.optimizers.schedules.LearningRateSchedule):
    """`first` until step `start`, then down to 0 over `length` steps."""

    def __init__(self, first: float, start: int, length: int) -> None:
        self.first, self.start, self.length = first, start, length

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """The rate at a step, counted from 0."""
        done = (tf.cast(step, tf.float32) - self.start) / self.length
        return self.first * (1.0 - tf.clip_by_value(done, 0.0, 1.0))

    def get_config(self) -> dict[str, float]:
        """Arguments that make the same schedule."""
        return {"first": self.first, "start": self.start, "length": self.length}
