"""Losses, critics and recipes of one's own, in a step of training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp import training
from tfisp.errors import InputError
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training import critics, objectives, recipes, specification
from tfisp.training.specification import CriticSpec, ObjectiveSpec, Recipe

SPEC = CriticSpec("adv_mean", "pixels", "rgb", "pixels", "mean_network")


@pytest.fixture(autouse=True)
def own_tables():
    tables = (
        *(objectives.LOSSES, specification.LOSS_NETWORKS, recipes.RECIPES),
        *(critics.NETWORKS, specification.CRITICS),
    )
    before = [dict(table) for table in tables]
    yield
    for table, entries in zip(tables, before, strict=True):
        table.clear()
        table.update(entries)


def brightness(images, references):
    return tf.reduce_mean(images, axis=[1, 2, 3])


def mean_network(feature_shape, seed=0, name=None):
    images = keras.Input(feature_shape)
    pooled = keras.layers.GlobalAveragePooling2D()(images)
    start = keras.initializers.Constant(2.0)
    scores = keras.layers.Dense(1, kernel_initializer=start)(pooled)
    return keras.Model(images, scores[:, 0], name=name)


def test_a_step_uses_what_is_registered():
    training.register_loss("brightness", brightness)
    training.register_critic(SPEC, mean_network)
    loss = ObjectiveSpec("dark", "brightness")
    training.register_recipe(Recipe("mine", (loss,), critics=(SPEC,), paired=True))
    bank = FeatureBank({"pixels": backbones.create("pixels")})
    trainer = make_trainer("mine", bank=bank)
    batch = make_batch()
    made = trainer.generator(batch["raw"]).numpy()
    logs = trainer.run_step(batch, 0)
    assert float(logs["loss/dark"]) == pytest.approx(made.mean(), rel=1e-5)
    # The network's score is twice the sum of the three channels' means.
    real, fake = (2 * x.mean(axis=(1, 2)).sum(axis=1) for x in (batch["target"].numpy(), made))
    margin = float(logs["critic/adv_mean/margin"])
    assert margin == pytest.approx(np.mean(real - fake), rel=1e-4)


def feature_means(images, references, features, reference_features):
    return sum(
        tf.reduce_mean(a - b, [1, 2, 3]) for a, b in zip(features, reference_features, strict=True)
    )


def test_a_loss_reads_frozen_networks_in_its_order():
    read = [Feature("vgg19_narrow", "gray", tap) for tap in ("relu2_1", "relu1_1")]
    training.register_loss("means", feature_means, read)
    spec = ObjectiveSpec("means", "means", compares="target")
    recipe = Recipe("mine", (spec,), paired=True)
    assert recipe.frozen_networks() == ["vgg19_narrow"]
    (objective,) = objectives.make_objectives(recipe)
    assert objective.features == tuple(read)
    # Of a side, each feature is one number everywhere.
    made, wanted = (
        {f: tf.fill([1, 2, 2, 3], value) for f, value in zip(read, values, strict=True)}
        for values in ((5.0, 7.0), (1.0, 2.0))
    )
    images = tf.zeros([1, 4, 4, 3])
    found = objective.loss(objectives.Sides(images, made, images, wanted))
    np.testing.assert_allclose(found, [(5 - 1) + (7 - 2)])


def test_a_loss_of_one_image_gets_its_features_alone():
    read = [Feature("vgg19_narrow", "rgb", "relu1_1")]
    training.register_loss("bright", lambda images, _, features: features[0][:, 0, 0, 0], read)
    (objective,) = objectives.make_objectives(Recipe("mine", (ObjectiveSpec("b", "bright"),)))
    sides = objectives.Sides(tf.zeros([1, 4, 4, 3]), {read[0]: tf.fill([1, 2, 2, 3], 4.0)})
    assert float(objective.loss(sides)[0]) == 4.0


def test_a_loss_of_an_unknown_network_is_refused():
    with pytest.raises(InputError, match="backbone=vgg18: unknown; did you mean"):
        training.register_loss("means", feature_means, [Feature("vgg18", "rgb", "relu1_1")])
    assert "means" not in objectives.LOSSES


def test_a_critic_can_be_chosen_by_name():
    training.register_critic(SPEC, mean_network)
    assert recipes.RECIPES["unpaired"].with_critics(("adv_mean",)).critics == (SPEC,)


def test_a_critic_may_take_a_network_that_is_there():
    spec = CriticSpec("adv_gray", "pixels", "gray", "pixels", "pixel_cnn")
    training.register_critic(spec)
    assert specification.CRITICS["adv_gray"] == spec


@pytest.mark.parametrize(
    ("register", "arguments", "message"),
    [
        (training.register_loss, ("mse", brightness), "loss 'mse': the name is taken"),
        (
            training.register_critic,
            (CriticSpec("adv_x", "pixels", "rgb", "pixels", "pixel_cnn"), mean_network),
            "critic network 'pixel_cnn': the name is taken",
        ),
        (
            training.register_critic,
            (CriticSpec("adv_x", "pixels", "rgb", "pixels", "pixel_cn"),),
            "critic network=pixel_cn: unknown; did you mean pixel_cnn",
        ),
        (
            training.register_critic,
            (CriticSpec("adv_lin0", "pixels", "rgb", "pixels", "pixel_cnn"),),
            "critic 'adv_lin0': the name is taken",
        ),
        (training.register_recipe, (Recipe("unpaired", ()),), "recipe 'unpaired': the name is"),
    ],
)
def test_names_that_are_taken_or_unknown_are_refused(register, arguments, message):
    with pytest.raises(InputError, match=message):
        register(*arguments)
