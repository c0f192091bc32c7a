"""XLA: where it is wrong it stays off, where it is right it changes nothing; and no recompiling."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp.losses.adversarial import gradient_penalty
from tfisp.models.discriminators import PixelCNN, TextureCNN, TokenMLP
from tfisp.training import compilation


class Pooling(keras.Model):
    """A discriminator that pools over windows."""

    def __init__(self, pool):
        super().__init__()
        self.convolve = keras.layers.Conv2D(8, 3, kernel_initializer=keras.initializers.HeNormal(1))
        self.pool = pool
        self.score = keras.layers.Conv2D(1, 3, kernel_initializer=keras.initializers.HeNormal(2))

    def call(self, x):
        return tf.reduce_mean(self.score(tf.nn.softplus(self.pool(self.convolve(x)))), [1, 2, 3])


def penalty_gradient(network, x, jit):
    @tf.function(jit_compile=jit, autograph=False)
    def gradient():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(gradient_penalty(network, x)[0])
        return tape.gradient(loss, [v.value for v in network.trainable_variables][:1])

    return gradient()[0].numpy()


@pytest.mark.parametrize(
    ("pool", "exact"),
    [
        (keras.layers.MaxPooling2D(3, 2), False),
        (keras.layers.MaxPooling2D(2, 2), False),
        (keras.layers.AveragePooling2D(3, 2), True),
    ],
)
def test_xla_is_called_exact_just_where_it_is(pool, exact):
    network = Pooling(pool)
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 17, 17, 3)).astype("float32"))
    network(x)
    assert compilation.is_exact([network]) == exact
    plain, compiled = (penalty_gradient(network, x, jit) for jit in (None, True))
    error = np.linalg.norm(plain - compiled) / np.linalg.norm(plain)
    # If this fails for a maximum, XLA has been mended and `compilation` can go.
    assert (error < 1e-5) == exact


def test_without_xla_the_second_derivative_of_a_maximum_is_pytorchs():
    torch = pytest.importorskip("torch")
    network = Pooling(keras.layers.MaxPooling2D(2, 2))
    x = np.random.default_rng(0).normal(size=(2, 17, 17, 3)).astype("float32")
    network(tf.constant(x))
    kernel, last = (
        torch.tensor(np.asarray(layer.kernel).transpose(3, 2, 0, 1), dtype=torch.float64)
        for layer in (network.convolve, network.score)
    )
    images = torch.tensor(np.moveaxis(x, -1, 1).astype("float64"), requires_grad=True)
    f = torch.nn.functional
    pooled = f.max_pool2d(f.conv2d(images, kernel.requires_grad_()), 2)
    scores = f.conv2d(f.softplus(pooled), last).mean((1, 2, 3))
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    penalty = gradient.square().flatten(1).sum(1).mean()
    (expected,) = torch.autograd.grad(penalty, kernel)
    found = penalty_gradient(network, tf.constant(x), None).transpose(3, 2, 0, 1)
    assert np.linalg.norm(found - expected.numpy()) < 1e-5 * float(expected.norm())


def test_no_discriminator_of_ours_has_such_a_pool():
    networks = [TokenMLP((4, 8)), TextureCNN((9, 9, 4)), PixelCNN((32, 32, 3))]
    assert compilation.is_exact(networks)
    assert not compilation.is_exact([*networks, Pooling(keras.layers.MaxPooling2D())])


def test_a_pool_inside_a_network_inside_a_network_is_found():
    inner = keras.Sequential([keras.layers.Input((9, 9, 3)), keras.layers.MaxPooling2D(3, 2)])
    assert not compilation.is_exact([keras.Sequential([keras.layers.Input((9, 9, 3)), inner])])


@pytest.mark.slow
def test_steps_compiled_by_xla_say_the_same():
    trainers = [make_trainer(xla=xla) for xla in (False, True)]
    assert [t._compiled[True]._jit_compile for t in trainers] == [None, True]
    plain, compiled = (trainer.run_step(make_batch(), 0) for trainer in trainers)
    for tag, value in plain.items():
        np.testing.assert_allclose(compiled[tag], value, rtol=2e-4, atol=1e-6, err_msg=tag)


def test_xla_stays_off_where_critics_learn_through_such_pools(monkeypatch):
    monkeypatch.setattr(compilation, "is_exact", lambda critics: False)
    trainer = make_trainer(xla=True)
    assert trainer._compiled[True]._jit_compile is None
    assert trainer._compiled[False]._jit_compile is True


@pytest.mark.slow
def test_each_kind_of_step_is_compiled_once():
    trainer = make_trainer(critic_interval=2)
    for step in range(4):
        trainer.run_step(make_batch(seed=step), step)
    counts = [function.experimental_get_tracing_count() for function in trainer._compiled.values()]
    assert counts == [1, 1]
