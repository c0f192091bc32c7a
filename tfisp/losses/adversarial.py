"""The relativistic game with zero-centred gradient penalties.

Eqs. 5-8 of the paper (arXiv 2505.10420), after R3GAN (arXiv 2501.05441).

A critic `D` gives each picture a score. Relativistic means that only the difference between a real
and a generated picture's score counts: the critic wants `D(real) > D(fake)`, the generator the
opposite. R1 and R2 pull the slope of `D` towards zero on real and on generated samples, which keeps
the game from running away.

A sample, here, is whatever the critic looks at. With critics on frozen features the penalties are
on the slope with respect to the *features*, not the pixels: that is what the published code does,
and it spares a second derivative through the frozen network.
"""

from collections.abc import Callable

import tensorflow as tf


def generator_loss(real_scores: tf.Tensor, fake_scores: tf.Tensor) -> tf.Tensor:
    """What the generator minimises, per pair (Eq. 8): `softplus(-(D(fake) - D(real)))`.

    Args:
        real_scores: `[B]`, the critic's scores of real samples, paired with `fake_scores` by
            position.
        fake_scores: `[B]`, of generated samples.

    Returns:
        `[B]`; ln 2 where the critic cannot tell the two apart.
    """
    return tf.nn.softplus(real_scores - fake_scores)


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor], samples: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
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


def critic_loss(
    critic: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor, gamma: float
) -> dict[str, tf.Tensor]:
    """What a critic minimises, per pair, in its parts (Eqs. 5-7): `adversarial + r1 + r2`.

    Args:
        critic: maps `[B, ...]` to scores `[B]`.
        real: `[B, ...]`, samples of the target look.
        fake: the same shape, generated samples; no gradient flows on to the generator if the caller
            stopped it.
        gamma: strength of the penalties. The paper's code multiplies its stated 10 by 100, so 1000
            takes effect.

    Returns:
        `adversarial`, `r1`, `r2` (each with its `gamma / 2`), `real_scores`, `fake_scores`: all
        `[B]`.
    """
    real_slope, real_scores = gradient_penalty(critic, real)
    fake_slope, fake_scores = gradient_penalty(critic, fake)
    return {
        "adversarial": tf.nn.softplus(fake_scores - real_scores),
        "r1": 0.5 * gamma * real_slope,
        "r2": 0.5 * gamma * fake_slope,
        "real_scores": real_scores,
        "fake_scores": fake_scores,
    }
