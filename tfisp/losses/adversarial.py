"""The games that a critic and the generator can play, by name.

A critic `D` gives each picture a score. Each game says what both sides minimise given the scores
`r` of real and `f` of generated pictures, and how the critic's slope is held in check:

    relativistic          only the difference of a pair counts: `softplus(f - r)` for the critic,
                          `softplus(r - f)` for the generator (Eqs. 7 and 8 of the paper, arXiv
                          2505.10420, after R3GAN, arXiv 2501.05441); the default
    relativistic_average  the difference from the mean score of the other side (arXiv 1807.00734)
    standard              the first one, in its non-saturating form (arXiv 1406.2661)
    least_squares         scores are drawn to 1 and 0 (arXiv 1611.04076, a = 0, b = c = 1)
    wgan_gp               scores as they are, under a slope of 1 (arXiv 1704.00028)

All but the last have the zero-centred penalties R1 and R2 (Eqs. 5 and 6), which pull the slope of
`D` towards zero on real and on generated samples and keep the game from running away. `wgan_gp` has
its own penalty instead, which pulls the slope's length towards 1 somewhere between the two.

A sample, here, is whatever the critic looks at. With critics on frozen features the penalties are
on the slope with respect to the *features*, not the pixels: that is what the published code does,
and it spares a second derivative through the frozen network.
"""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from tfisp.naming import choose
from tfisp.perceptual.safe_math import positive_power

Network = Callable[[tf.Tensor], tf.Tensor]
# The scores of a batch, or of one replica's part of it -> their mean over the batch.
Mean = Callable[[tf.Tensor], tf.Tensor]
# (scores of real samples, of generated ones, mean over a batch) -> [B]
ScoreLoss = Callable[[tf.Tensor, tf.Tensor, Mean], tf.Tensor]
# (critic, real, fake, gamma, mix) -> penalties by name, scores of both sides; all [B]
Penalty = Callable[
    [Network, tf.Tensor, tf.Tensor, float, tf.Tensor | None],
    tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor],
]


def gradient_penalty(critic: Network, samples: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Squared slope of a critic at each sample, and the scores found on the way.

    Args:
        critic: maps `[B, ...]` to scores `[B]`; a sample's score may depend on that sample alone.
        samples: `[B, ...]`.

    Returns:
        `(penalty, scores)`, both `[B]`: `penalty = sum (d score / d sample)^2`, differentiable once
        more with respect to the critic's weights. There is no square root in it, so its own
        gradient is finite at a zero slope.
    """
    with tf.GradientTape() as tape:
        tape.watch(samples)
        scores = critic(samples)
    slope = tape.gradient(scores, samples)
    return tf.reduce_sum(tf.square(slope), axis=list(range(1, samples.shape.rank))), scores


def _zero_centred(
    critic: Network, real: tf.Tensor, fake: tf.Tensor, gamma: float, mix: tf.Tensor | None
) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """R1 and R2: half of `gamma` times the squared slope at real and at generated samples."""
    real_slope, real_scores = gradient_penalty(critic, real)
    fake_slope, fake_scores = gradient_penalty(critic, fake)
    penalties = {"r1": 0.5 * gamma * real_slope, "r2": 0.5 * gamma * fake_slope}
    return penalties, real_scores, fake_scores


def _one_centred(
    critic: Network, real: tf.Tensor, fake: tf.Tensor, gamma: float, mix: tf.Tensor | None
) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
    """`gamma (|slope| - 1)^2` at `mix * real + (1 - mix) * fake`."""
    mix = tf.reshape(mix, [-1] + [1] * (real.shape.rank - 1))
    squared_slope, _ = gradient_penalty(critic, mix * real + (1.0 - mix) * fake)
    slope = positive_power(squared_slope, 0.5)
    return {"gp": gamma * tf.square(slope - 1.0)}, critic(real), critic(fake)


@dataclass(frozen=True)
class AdversarialObjective:
    """One game.

    Attributes:
        generator: what the generator minimises, per pair, of the scores of both sides.
        critic: what the critic minimises, but for the penalties.
        penalty: what holds the critic's slope in check.
    """

    generator: ScoreLoss
    critic: ScoreLoss
    penalty: Penalty = _zero_centred


ADVERSARIAL: dict[str, AdversarialObjective] = {
    "relativistic": AdversarialObjective(
        generator=lambda r, f, _: tf.nn.softplus(r - f),
        critic=lambda r, f, _: tf.nn.softplus(f - r),
    ),
    "relativistic_average": AdversarialObjective(
        generator=lambda r, f, mean: tf.nn.softplus(r - mean(f)) + tf.nn.softplus(mean(r) - f),
        critic=lambda r, f, mean: tf.nn.softplus(mean(f) - r) + tf.nn.softplus(f - mean(r)),
    ),
    "standard": AdversarialObjective(
        generator=lambda r, f, _: tf.nn.softplus(-f),
        critic=lambda r, f, _: tf.nn.softplus(-r) + tf.nn.softplus(f),
    ),
    "least_squares": AdversarialObjective(
        generator=lambda r, f, _: 0.5 * tf.square(f - 1.0),
        critic=lambda r, f, _: 0.5 * (tf.square(r - 1.0) + tf.square(f)),
    ),
    "wgan_gp": AdversarialObjective(
        generator=lambda r, f, _: -f,
        critic=lambda r, f, _: f - r,
        penalty=_one_centred,
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
        real_scores: `[B]`, the critic's scores of real samples, paired with `fake_scores` by
            position.
        fake_scores: `[B]`, of generated samples.
        objective: one of `ADVERSARIAL`. `relativistic_average` takes its means over the scores that
            it gets, so over one part of a batch that is worked through in parts.
        over_replicas: where these are the scores of one replica's part of a batch, what makes its
            mean that of the whole batch.

    Returns:
        `[B]`; with `relativistic`, ln 2 where the critic cannot tell the two apart.

    Raises:
        InputError: for an unknown objective.
    """
    return _game(objective).generator(real_scores, fake_scores, _mean(over_replicas))


def critic_loss(
    critic: Network,
    real: tf.Tensor,
    fake: tf.Tensor,
    gamma: float,
    objective: str = "relativistic",
    mix: tf.Tensor | None = None,
    over_replicas: Mean = tf.identity,
) -> dict[str, tf.Tensor]:
    """What a critic minimises, per pair, in its parts, of which it minimises the sum.

    Args:
        critic: maps `[B, ...]` to scores `[B]`; a sample's score may depend on that sample alone.
        real: `[B, ...]`, samples of the target look.
        fake: the same shape, generated samples; no gradient flows on to the generator if the caller
            stopped it.
        gamma: strength of the penalties. The paper's code multiplies its stated 10 by 100, so 1000
            takes effect for R1 and R2; the paper of `wgan_gp` uses 10.
        objective: one of `ADVERSARIAL`.
        mix: for `wgan_gp`, `[B]` within 0..1: how much of the real sample goes into the one at
            which the slope is taken. There it is to be drawn anew, uniformly, for each step.
        over_replicas: as for `generator_loss`.

    Returns:
        `adversarial`, and the penalties: `r1` and `r2`, each with its `gamma / 2`, or `gp`; and
        besides `real_scores` and `fake_scores`. All `[B]`.

    Raises:
        InputError: for an unknown objective.
    """
    game = _game(objective)
    penalties, real_scores, fake_scores = game.penalty(critic, real, fake, gamma, mix)
    return {
        "adversarial": game.critic(real_scores, fake_scores, _mean(over_replicas)),
        **penalties,
        "real_scores": real_scores,
        "fake_scores": fake_scores,
    }


def _mean(over_replicas: Mean) -> Mean:
    """The mean over a batch of which this replica has a part, all parts being of one size."""
    return lambda scores: over_replicas(tf.reduce_mean(scores))


def _game(objective: str) -> AdversarialObjective:
    return ADVERSARIAL[choose("--adversarial", objective, ADVERSARIAL)]
