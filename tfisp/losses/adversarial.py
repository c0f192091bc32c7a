"""The games that a critic and the generator can play, by name.

A critic `D` gives each picture a score. Each game says what both sides minimise given the scores
`r` of real and `f` of generated pictures, and how the critic's gradient is held in check:

    relativistic          only the difference of a pair counts: `softplus(f - r)` for the critic,
                          `softplus(r - f)` for the generator (Eqs. 7 and 8 of the paper, arXiv
                          2505.10420, after R3GAN, arXiv 2501.05441); the default
    relativistic_average  the difference from the mean score of the other side (arXiv 1807.00734)
    standard              the first one, in its non-saturating form (arXiv 1406.2661)
    least_squares         scores are drawn to 1 and 0 (arXiv 1611.04076, a = 0, b = c = 1)
    hinge                 scores count up to 1 and -1 for the critic (arXiv 1705.02894)
    wgan_gp               scores as they are, under a gradient norm of 1 (arXiv 1704.00028)

All but the last have the zero-centred penalties R1 and R2 (Eqs. 5 and 6), which pull the gradient
of `D` towards zero on real and on generated samples and keep the game from diverging; of strength 0
they are left out. `wgan_gp` has its own penalty instead, which pulls the gradient's norm towards 1
at a point between the two.

A critic may score parts of a picture, `[B, ...]`: then the game is played at each and averaged. The
gradient that is penalised is that of the sum of all scores.

A sample, here, is whatever the critic judges. With critics on frozen features the penalties are
on the gradient with respect to the *features*, not the pixels: that is what the published code
does, and it spares a second derivative through the frozen network.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import tensorflow as tf

from tfisp.naming import choose
from tfisp.perceptual.safe_math import positive_power

Network = Callable[[tf.Tensor], tf.Tensor]
# The mean over one replica's part of a batch -> the mean over the whole batch.
Mean = Callable[[tf.Tensor], tf.Tensor]
# (scores of real samples, of generated ones) -> [B]
ScoreLoss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class CriticLoss(NamedTuple):
    """What a critic minimises, per pair; all tensors are `[B]`.

    Attributes:
        terms: The critic minimises their sum: `adversarial`, and the penalties: `r1` and `r2`, each
            with its `gamma / 2`, or `gp`.
        real_scores: What it gave the real samples.
        fake_scores: What it gave the generated ones; both `[B, ...]` if it scores parts of them.
    """

    terms: dict[str, tf.Tensor]
    real_scores: tf.Tensor
    fake_scores: tf.Tensor

    @property
    def total(self) -> tf.Tensor:
        """The sum of the terms."""
        return sum(self.terms.values())


@dataclass(frozen=True)
class AdversarialObjective:
    """One game.

    Attributes:
        generator: What the generator minimises, per pair, of the scores of both sides.
        critic: What the critic minimises, but for the penalties.
        against_means: Each score is compared with the mean of the other side's, not with the one
            that it is paired with.
        interpolates: The penalty is `wgan_gp`'s, between the samples, instead of R1 and R2.
    """

    generator: ScoreLoss
    critic: ScoreLoss
    against_means: bool = False
    interpolates: bool = False


_RELATIVISTIC = AdversarialObjective(
    generator=lambda r, f: tf.nn.softplus(r - f),
    critic=lambda r, f: tf.nn.softplus(f - r),
)

ADVERSARIAL: dict[str, AdversarialObjective] = {
    "relativistic": _RELATIVISTIC,
    "relativistic_average": replace(_RELATIVISTIC, against_means=True),
    "standard": AdversarialObjective(
        generator=lambda r, f: tf.nn.softplus(-f),
        critic=lambda r, f: tf.nn.softplus(-r) + tf.nn.softplus(f),
    ),
    "least_squares": AdversarialObjective(
        generator=lambda r, f: 0.5 * tf.square(f - 1.0),
        critic=lambda r, f: 0.5 * (tf.square(r - 1.0) + tf.square(f)),
    ),
    "hinge": AdversarialObjective(
        generator=lambda r, f: -f,
        critic=lambda r, f: 0.5 * (tf.nn.relu(1.0 - r) + tf.nn.relu(1.0 + f)),
    ),
    "wgan_gp": AdversarialObjective(
        generator=lambda r, f: -f,
        critic=lambda r, f: f - r,
        interpolates=True,
    ),
}


def generator_loss(
    real_scores: tf.Tensor,
    fake_scores: tf.Tensor,
    objective: str = "relativistic",
    over_replicas: Mean = tf.identity,
) -> tf.Tensor:
    """What the generator minimises, per pair.

    Args:
        real_scores: `[B]` or `[B, ...]`, the critic's scores of real samples, paired with
            `fake_scores` by position.
        fake_scores: The same shape, of generated samples.
        objective: One of `ADVERSARIAL`. `relativistic_average` takes its means over the scores that
            it gets, so over one part of a batch that is worked through in parts.
        over_replicas: Where these are the scores of one replica's part of a batch, what makes its
            mean that of the whole batch.

    Returns:
        `[B]`; with `relativistic`, ln 2 where the critic cannot tell the two apart.

    Raises:
        InputError: for an unknown objective.
    """
    game = _game(objective)
    return _compare(game, game.generator, real_scores, fake_scores, over_replicas)


def critic_loss(
    critic: Network,
    real: tf.Tensor,
    fake: tf.Tensor,
    gamma: float,
    objective: str = "relativistic",
    interpolation: tf.Tensor | None = None,
    over_replicas: Mean = tf.identity,
) -> CriticLoss:
    """What a critic minimises, per pair, in its terms.

    Args:
        critic: Maps `[B, ...]` to scores `[B]`, or `[B, ...]` of a sample's parts; a sample's
            scores may depend on that sample alone.
        real: `[B, ...]`, samples of the target look.
        fake: The same shape, generated samples; no gradient flows on to the generator if the caller
            stopped it.
        gamma: Strength of the penalties. The paper's code multiplies its stated 10 by 100, so 1000
            takes effect for R1 and R2; the paper of `wgan_gp` uses 10.
        objective: One of `ADVERSARIAL`.
        interpolation: For `wgan_gp` alone, `[B]` within 0..1: how much of the real sample goes into
            the one at which the gradient is taken; to be drawn anew, uniformly, for each step.
        over_replicas: As for `generator_loss`.

    Raises:
        InputError: for an unknown objective.
    """
    game = _game(objective)
    if game.interpolates:
        penalties = {"gp": gamma * _one_centred(critic, real, fake, interpolation)}
        real_scores, fake_scores = critic(real), critic(fake)
    elif gamma == 0.0:
        penalties = {}
        real_scores, fake_scores = critic(real), critic(fake)
    else:
        real_penalty, real_scores = gradient_penalty(critic, real)
        fake_penalty, fake_scores = gradient_penalty(critic, fake)
        penalties = {"r1": 0.5 * gamma * real_penalty, "r2": 0.5 * gamma * fake_penalty}
    adversarial = _compare(game, game.critic, real_scores, fake_scores, over_replicas)
    return CriticLoss({"adversarial": adversarial, **penalties}, real_scores, fake_scores)


def gradient_penalty(critic: Network, samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared gradient norm of a critic at each sample, and the scores found on the way.

    Args:
        critic: Maps `[B, ...]` to scores `[B]`; a sample's score may depend on that sample alone.
        samples: `[B, ...]`.

    Returns:
        `(penalty, scores)`, `[B]` and as the critic has them: `penalty = sum (d score / d
        sample)^2`, differentiable once more with respect to the critic's weights. There is no
        square root in it, so its own gradient is finite where the critic's gradient is zero.
    """
    with tf.GradientTape() as tape:
        tape.watch(samples)
        scores = critic(samples)
    gradient = tape.gradient(scores, samples)
    return tf.reduce_sum(tf.square(gradient), axis=list(range(1, samples.shape.rank))), scores


def _one_centred(
    critic: Network, real: tf.Tensor, fake: tf.Tensor, interpolation: tf.Tensor
) -> tf.Tensor:
    """`(norm - 1)^2` of the critic's gradient between the samples of each pair."""
    share = tf.reshape(interpolation, [-1] + [1] * (real.shape.rank - 1))
    squared_norm, _ = gradient_penalty(critic, share * real + (1.0 - share) * fake)
    return tf.square(positive_power(squared_norm, 0.5) - 1.0)


def _compare(
    game: AdversarialObjective, loss: ScoreLoss, real: tf.Tensor, fake: tf.Tensor, mean: Mean
) -> tf.Tensor:
    """One side's loss of the scores of both, the mean over the parts of each sample."""
    if game.against_means:
        found = loss(real, mean(tf.reduce_mean(fake))) + loss(mean(tf.reduce_mean(real)), fake)
    else:
        found = loss(real, fake)
    parts = list(range(1, found.shape.rank))
    return tf.reduce_mean(found, axis=parts) if parts else found


def _game(objective: str) -> AdversarialObjective:
    return ADVERSARIAL[choose("--adversarial", objective, ADVERSARIAL)]
