"""The step against the same mathematics written plainly: one tape over the weights per loss."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import make_batch, make_networks, make_trainer
from tfisp import losses
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.perceptual.views import view


@pytest.fixture(scope="module")
def frozen():
    return make_networks()


@pytest.fixture
def bank(frozen):
    return FeatureBank(frozen)


def plain_losses(trainer, frozen, batch):
    """Each loss of `unpaired` as a function of nothing, computed without the bank."""

    def seen(image, backbone, how, tap):
        return frozen[backbone](view(how, image), [tap])[tap]

    def content():
        made = trainer.generator(batch["raw"])
        return losses.feature_mse(
            seen(made, "vgg19_narrow", "luminance", "relu3_4"),
            seen(batch["reference"], "vgg19_narrow", "luminance", "relu3_4"),
        )

    def tv():
        return losses.total_variation(trainer.generator(batch["raw"]))

    def adversarial(critic):
        def loss():
            made = seen(trainer.generator(batch["raw"]), *critic.feature)
            real = seen(batch["target"], *critic.feature)
            return tf.math.softplus(critic.network(real) - critic.network(made))

        return loss

    return {"content": content, "tv": tv} | {c.name: adversarial(c) for c in trainer.critics}


def plain_gradients(trainer, frozen, batch):
    variables = [v.value for v in trainer.generator.trainable_variables]
    found = {}
    for name, loss in plain_losses(trainer, frozen, batch).items():
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(loss())
        found[name] = (value.numpy(), tape.gradient(value, variables))
    return found


def relative(a, b):
    a, b = (np.concatenate([np.ravel(x) for x in xs]).astype("float64") for xs in (a, b))
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_losses_and_gradients_equal_the_plain_way(frozen, bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    expected = plain_gradients(trainer, frozen, batch)
    found = trainer.gradients(batch, critics_learn=True)
    assert list(found.generator) == list(expected)
    for name, (loss, gradient) in expected.items():
        assert found.logs[f"loss/{name}"].numpy() == pytest.approx(loss, rel=1e-5)
        assert relative(found.generator[name], gradient) < 1e-4, name


def test_critic_gradients_equal_the_plain_way(frozen, bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    found = trainer.gradients(batch, critics_learn=True)
    made = trainer.generator(batch["raw"])
    for critic in trainer.critics:
        backbone, how, tap = critic.feature
        real, fake = (
            frozen[backbone](view(how, image), [tap])[tap] for image in (batch["target"], made)
        )
        variables = [v.value for v in critic.network.trainable_variables]
        with tf.GradientTape() as tape:
            with tf.GradientTape(persistent=True) as slopes:
                slopes.watch([real, fake])
                real_score, fake_score = critic.network(real), critic.network(fake)
                real_sum, fake_sum = tf.reduce_sum(real_score), tf.reduce_sum(fake_score)
            count = tf.cast(tf.shape(real)[0], tf.float32)
            penalty = sum(
                tf.reduce_sum(slopes.gradient(score, x) ** 2) / count
                for score, x in ((real_sum, real), (fake_sum, fake))
            )
            loss = tf.reduce_mean(tf.math.softplus(fake_score - real_score)) + 500.0 * penalty
        assert relative(found.critics[critic.name], tape.gradient(loss, variables)) < 1e-4, (
            critic.name
        )


def test_the_update_is_adam_on_the_sum_of_unit_gradients(frozen, bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    gradients = plain_gradients(trainer, frozen, batch)
    before = trainer.generator.get_weights()
    units, norms = [], {}
    for name, (_, gradient) in gradients.items():
        parts = [part.numpy().astype("float64") for part in gradient]
        norms[name] = np.sqrt(sum((part**2).sum() for part in parts))
        units.append([part / norms[name] for part in parts])
    direction = [sum(parts) for parts in zip(*units, strict=True)]
    logs = trainer.run_step(batch, 0)
    for name, norm in norms.items():  # what a loss is multiplied by (Eq. 9)
        assert logs[f"weight/{name}"].numpy() == pytest.approx(1 / (norm + 1e-8), rel=1e-3)
    for old, new, d in zip(before, trainer.generator.get_weights(), direction, strict=True):
        # First step of Adam with both corrections: lr * d / (|d| + eps / sqrt(1 - beta2)).
        expected = -5e-4 * d / (np.abs(d) + 1e-8 / np.sqrt(0.1))
        moved = np.abs(d) > 1e-4  # elsewhere the sign of rounding errors decides
        np.testing.assert_allclose((new - old)[moved], expected[moved], rtol=2e-3)


@pytest.mark.slow
def test_critics_learn_at_their_interval_only(bank):
    trainer, batch = make_trainer(bank=bank, critic_interval=2), make_batch()
    snapshots = [[c.network.get_weights() for c in trainer.critics]]
    for step in range(3):
        trainer.run_step(batch, step)
        snapshots.append([c.network.get_weights() for c in trainer.critics])

    def same(a, b):
        return all(
            np.array_equal(x, y)
            for n, m in zip(a, b, strict=True)
            for x, y in zip(n, m, strict=True)
        )

    assert not same(snapshots[0], snapshots[1])
    assert same(snapshots[1], snapshots[2])
    assert not same(snapshots[2], snapshots[3])


def test_critics_learn_from_the_picture_made_before_the_generators_update(bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    expected = trainer.gradients(batch, critics_learn=True).critics["adv_lin0"]
    received = {}
    critic = next(c for c in trainer.critics if c.name == "adv_lin0")
    critic.apply = lambda gradients: received.setdefault("gradients", gradients)[0]
    trainer.train_step(batch, critics_learn=True)
    assert relative(received["gradients"], expected) < 1e-6


@pytest.mark.slow
def test_accumulation_changes_nothing_but_rounding(bank):
    batch = make_batch(count=4)
    whole, parts = make_trainer(bank=bank), make_trainer(bank=bank, accumulate=2)
    expected = whole.gradients(batch, critics_learn=True)
    found = tf.function(lambda: parts.gradients(batch, True), autograph=False)()
    for name in expected.generator:
        assert relative(found.generator[name], expected.generator[name]) < 1e-4, name
    for name in expected.critics:
        assert relative(found.critics[name], expected.critics[name]) < 1e-4, name
    assert found.logs["loss/content"].numpy() == pytest.approx(
        expected.logs["loss/content"].numpy(), rel=1e-5
    )


def test_each_frozen_network_runs_once_per_view_and_image(frozen, bank):
    calls = []

    def counting(name, network):
        def call(images, taps):
            calls.append((name, tuple(sorted(taps))))
            return network(images, taps)

        return call

    trainer = make_trainer(bank=bank)
    trainer.bank.backbones = {name: counting(name, network) for name, network in frozen.items()}
    trainer.gradients(make_batch(), critics_learn=True)
    assert sorted(calls) == sorted(
        2
        * [
            ("vgg19_narrow", ("relu3_4",)),
            ("vit_narrow", ("tokens",)),
            ("alexnet_narrow", ("relu1", "relu4")),
        ]
    )


@pytest.mark.parametrize("first", [0, 8989, 100_000])
def test_the_average_starts_as_a_copy_and_follows_with_the_stated_decay(bank, first):
    """At t = 8990 the decay reaches its ceiling."""
    trainer, batch = make_trainer("pretrain", bank=bank, learning_rate=0.05), make_batch()
    trainer.step.assign(first)
    average = [w.astype("float64") for w in trainer.generator.get_weights()]
    assert all(
        np.array_equal(a, b) for a, b in zip(average, trainer.ema.get_weights(), strict=True)
    )
    start = average
    for t in range(first, first + 3):
        trainer.run_step(batch, t)
        decay = min(0.999, (1 + t) / (10 + t))
        average = [
            decay * a + (1 - decay) * w
            for a, w in zip(average, trainer.generator.get_weights(), strict=True)
        ]
    for found, expected, old in zip(trainer.ema.get_weights(), average, start, strict=True):
        moved = np.abs(expected - old).max()
        np.testing.assert_allclose(found - old, expected - old, rtol=1e-3, atol=1e-3 * moved)


def test_eager_and_compiled_steps_agree(bank):
    batch = make_batch()
    eager, compiled = make_trainer(bank=bank), make_trainer(bank=bank)
    a, b = eager.train_step(batch, True), compiled.run_step(batch, 0)
    assert a.keys() == b.keys()
    for tag in a:
        assert float(a[tag]) == pytest.approx(float(b[tag]), rel=1e-3, abs=1e-6), tag


def test_every_critic_weight_that_a_penalty_depends_on_gets_a_gradient(bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    made = trainer.generator(batch["raw"])
    for critic in trainer.critics:
        real = trainer.bank(batch["target"], [critic.feature])[critic.feature]
        fake = trainer.bank(made, [critic.feature])[critic.feature]
        with tf.GradientTape() as tape:
            terms = losses.critic_loss(critic.network, real, fake, 1000.0).terms
            penalty = tf.reduce_sum(terms["r1"] + terms["r2"])
        kernels = [v for v in critic.network.trainable_variables if len(v.shape) > 1]
        for kernel, gradient in zip(
            kernels, tape.gradient(penalty, [k.value for k in kernels]), strict=True
        ):
            assert gradient is not None, kernel.path
            assert np.abs(gradient).max() > 0, kernel.path


def test_nothing_of_the_frozen_networks_is_trained(bank):
    trainer, batch = make_trainer(bank=bank), make_batch()
    feature = Feature("vgg19_narrow", "rgb", "relu3_4")
    before = trainer.bank(batch["target"], [feature])[feature].numpy()
    trainer.run_step(batch, 0)
    assert np.array_equal(before, trainer.bank(batch["target"], [feature])[feature].numpy())
