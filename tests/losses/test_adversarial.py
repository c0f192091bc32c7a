"""Each game by hand, its penalties against finite differences, and where gradients could break."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfisp import losses
from tfisp.errors import InputError

GAMES = list(losses.ADVERSARIAL)
MIX = tf.constant([0.25, 0.5], tf.float64)


def softplus(x):
    return math.log1p(math.exp(x))


# Scores of two real and two generated pictures, of mean 1.5 and -0.5; what both sides then
# minimise, from the papers' formulas.
REAL, FAKE = [1.0, 2.0], [0.0, -1.0]
BY_HAND = {
    # game: (generator, critic)
    "relativistic": (
        [softplus(1.0), softplus(3.0)],
        [softplus(-1.0), softplus(-3.0)],
    ),
    "relativistic_average": (
        [softplus(1.0 + 0.5) + softplus(1.5 - 0.0), softplus(2.0 + 0.5) + softplus(1.5 + 1.0)],
        [softplus(-0.5 - 1.0) + softplus(0.0 - 1.5), softplus(-0.5 - 2.0) + softplus(-1.0 - 1.5)],
    ),
    "standard": (
        [math.log(2.0), softplus(1.0)],
        [softplus(-1.0) + math.log(2.0), softplus(-2.0) + softplus(-1.0)],
    ),
    "least_squares": (
        [0.5, 2.0],
        [0.0, 0.5 + 0.5],
    ),
    "hinge": (
        [0.0, 1.0],
        [0.5 * (0.0 + 1.0), 0.5 * (0.0 + 0.0)],
    ),
    "wgan_gp": (
        [0.0, 1.0],
        [-1.0, -3.0],
    ),
}


def test_every_game_has_numbers_by_hand():
    assert BY_HAND.keys() == losses.ADVERSARIAL.keys()


@pytest.mark.parametrize("game", GAMES)
def test_what_both_sides_minimise_by_hand(game):
    generator, critic = BY_HAND[game]
    found = losses.generator_loss(tf.constant(REAL), tf.constant(FAKE), game)
    np.testing.assert_allclose(found, generator, rtol=1e-6)
    # A critic that returns its input as score.
    real, fake = (tf.constant(scores)[:, None] for scores in (REAL, FAKE))
    found = losses.critic_loss(lambda x: x[:, 0], real, fake, 1.0, game, tf.cast(MIX, tf.float32))
    np.testing.assert_allclose(found.terms["adversarial"], critic, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(found.real_scores, REAL)
    np.testing.assert_array_equal(found.fake_scores, FAKE)


def test_a_game_is_played_at_each_part_of_a_sample_and_averaged():
    # Two pictures of two patches each; least squares: (f - 1)^2 / 2, and (r - 1)^2 / 2 + f^2 / 2.
    real, fake = tf.constant([[1.0, 3.0], [0.0, 1.0]]), tf.constant([[0.0, 2.0], [3.0, 1.0]])
    generator = losses.generator_loss(real, fake, "least_squares")
    np.testing.assert_allclose(generator, [(0.5 + 0.5) / 2, (2.0 + 0.0) / 2])
    found = losses.critic_loss(lambda x: x, real, fake, 0.0, "least_squares")
    np.testing.assert_allclose(found.total, [(0.0 + 2.0 + 2.0) / 2, (0.5 + 4.5 + 0.5) / 2])
    assert set(found.terms) == {"adversarial"}  # a penalty of strength 0 is not computed


def test_the_penalty_of_wgan_gp_is_taken_between_the_samples():
    # D(x) = |x|^2 has the gradient 2 x: a quarter of the way from fake (0, 0) to real (4, 0) it is
    # 2, half way from (0, 3) to (0, 1) it is 4.
    real, fake = tf.constant([[4.0, 0.0], [0.0, 1.0]]), tf.constant([[0.0, 0.0], [0.0, 3.0]])
    found = losses.critic_loss(
        lambda x: tf.reduce_sum(x**2, axis=1), real, fake, 10.0, "wgan_gp", tf.cast(MIX, tf.float32)
    )
    np.testing.assert_allclose(found.terms["gp"], [10.0, 90.0], rtol=1e-6)
    assert set(found.terms) == {"adversarial", "gp"}


@pytest.mark.parametrize("game", GAMES)
def test_gradients_agree_with_finite_differences_in_float64(game):
    rng = np.random.default_rng(1)
    weights = tf.Variable(rng.normal(size=(4, 3)))
    head = tf.Variable(rng.normal(size=(3,)))
    real, fake = tf.constant(rng.normal(size=(2, 4))), tf.constant(rng.normal(size=(2, 4)))

    def loss():
        def critic(x):
            return tf.linalg.matvec(tf.math.tanh(x @ weights), head)

        terms = losses.critic_loss(critic, real, fake, 7.0, game, MIX).terms
        return sum(tf.reduce_sum(term) for term in terms.values())

    with tf.GradientTape() as tape:
        value = loss()
    gradients = tape.gradient(value, [weights, head])
    for variable, gradient in zip([weights, head], gradients, strict=True):
        start, step = variable.numpy(), 1e-6
        for index in np.ndindex(start.shape):
            shift = np.zeros_like(start)
            shift[index] = step
            variable.assign(start + shift)
            above = loss().numpy()
            variable.assign(start - shift)
            below = loss().numpy()
            variable.assign(start)
            assert gradient.numpy()[index] == pytest.approx(
                (above - below) / (2 * step), rel=1e-6, abs=1e-7
            )


@pytest.mark.parametrize("game", GAMES)
def test_a_constant_critic_has_a_finite_gradient(game):
    layer = tf.Variable(tf.zeros([3]))
    with tf.GradientTape() as tape:
        terms = losses.critic_loss(
            lambda x: tf.linalg.matvec(x, layer),
            tf.zeros([2, 3]),
            tf.zeros([2, 3]),
            1000.0,
            game,
            tf.cast(MIX, tf.float32),
        ).terms
        loss = sum(tf.reduce_sum(term) for term in terms.values())
    assert np.isfinite(tape.gradient(loss, layer)).all()


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("score", [0.0, -60.0, 60.0])
def test_the_generators_gradient_is_finite_at_extreme_scores(game, score):
    fake = tf.fill([2], score)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        loss = losses.generator_loss(tf.zeros([2]), fake, game)
    assert np.isfinite(loss).all()
    assert np.isfinite(tape.gradient(loss, fake)).all()


@pytest.mark.parametrize("game", GAMES)
def test_the_generator_wants_higher_scores_and_the_critic_lower_ones(game):
    fake = tf.constant([-0.5, 0.3])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(fake)
        generator = losses.generator_loss(tf.constant([1.0, 0.7]), fake, game)
        critic = losses.critic_loss(
            lambda x: x[:, 0], tf.constant([[1.0], [0.7]]), fake[:, None], 0.0, game, tf.zeros(2)
        ).terms["adversarial"]
    assert np.all(tape.gradient(generator, fake) < 0)
    assert np.sum(tape.gradient(critic, fake)) > 0 or game == "least_squares"


def test_a_mistyped_game_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="did you mean wgan_gp"):
        losses.generator_loss(tf.zeros([1]), tf.zeros([1]), "wgan-gp")


def test_critic_loss_of_a_linear_critic_by_hand():
    # D(x) = 2 x0 - x1: its squared gradient norm is 5 everywhere.
    def critic(x):
        return 2 * x[:, 0] - x[:, 1]

    found = losses.critic_loss(
        critic, tf.constant([[1.0, 1.0]]), tf.constant([[0.0, 3.0]]), gamma=10.0
    )
    assert found.real_scores.numpy() == [1.0]
    assert found.fake_scores.numpy() == [-3.0]
    np.testing.assert_allclose(found.terms["adversarial"], [math.log1p(math.exp(-4.0))], rtol=1e-5)
    np.testing.assert_allclose(found.terms["r1"], [25.0])
    np.testing.assert_allclose(found.terms["r2"], [25.0])
