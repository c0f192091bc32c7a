"""Training level by level: what a level starts with, what it is compared with, how it resumes."""

import contextlib
import itertools

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.data_files import scene
from tfisp import models
from tfisp.data import DataConfig
from tfisp.errors import InputError
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import launch
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.loop import RunOptions
from tfisp.training.networks import make_generator
from tfisp.training.recipes import RECIPES
from tfisp.training.trainer import Trainer

CONTENT = (("vgg19_narrow", "relu1_2"),)


def test_each_level_is_trained_as_published():
    recipes = [RECIPES[f"pynet_{level}"] for level in range(6)]
    assert [recipe.level for recipe in recipes] == [0, 1, 2, 3, 4, 5]
    for recipe in recipes:
        assert (recipe.learning_rate, recipe.betas) == (5e-5, (0.9, 0.999))
        assert recipe.paired and not recipe.normalised
        assert recipe.content == (("vgg19", "relu5_4"),) and recipe.schedule == "constant"


@pytest.mark.parametrize("level", [4, 3])
def test_a_level_is_compared_in_its_own_size(level):
    """Losses and gradients are those of the small picture and of the mean of the target."""
    (stage,) = make_stages((f"pynet_{level}",), (1,), content=CONTENT)
    bank = FeatureBank({"vgg19_narrow": backbones.create("vgg19_narrow", "random")})
    generator = models.create("punet", width=4, level=level, seed=1)
    rng = np.random.default_rng(0)
    raw = rng.uniform(size=(2, 32, 32, 4)).astype(np.float32)
    target = rng.uniform(size=(2, 64, 64, 3)).astype(np.float32)
    trainer = Trainer(generator, stage.recipe, bank, (64, 64))
    found = trainer.gradients({"raw": tf.constant(raw), "target": tf.constant(target)}, False)

    side = 2**level
    small = target.reshape(2, 64 // side, side, 64 // side, side, 3).mean((2, 4))
    variables = [variable.value for variable in generator.trainable_variables]
    with tf.GradientTape(persistent=True) as tape:
        picture = generator(raw)[:, ::side, ::side]
        losses = {"mse": tf.reduce_mean((picture - small) ** 2)}
        if level < 4:
            network = bank.backbones["vgg19_narrow"]
            made, wanted = (network(x, ["relu1_2"])["relu1_2"] for x in (picture, small))
            losses["content"] = tf.reduce_mean((made - wanted) ** 2)
    assert found.generator.keys() == losses.keys()
    for name, loss in losses.items():
        np.testing.assert_allclose(found.logs[f"loss/{name}"], loss, rtol=1e-5)
        a, b = (
            np.concatenate([np.ravel(part) for part in parts])
            for parts in (found.generator[name], tape.gradient(loss, variables))
        )
        assert np.linalg.norm(b) > 0
        assert np.linalg.norm(a - b) < 1e-4 * np.linalg.norm(b)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A run through all three levels of a small pyramid, on made-up pictures."""
    folder = tmp_path_factory.mktemp("levels")
    (folder / "pictures").mkdir()
    for index in range(6):
        cv2.imwrite(str(folder / "pictures" / f"{index}.png"), scene(128, 128, index))
    data = DataConfig(
        "unprocessed",
        raw_dir=str(folder / "pictures"),
        patch_size=32,
        cache_dir=str(folder / "cache"),
    )
    contract = data.resolved_contract()
    models.save_to_preset(
        models.create("punet", width=4, depth=2, contract=contract, seed=2), folder / "small"
    )
    return TrainConfig(
        stages=make_stages(("pynet_2", "pynet_1", "pynet_0"), (1, 2, 1), content=CONTENT),
        data=data,
        model=str(folder / "small"),
        batch_size=2,
        weights={"vgg19": "random", "vgg19_narrow": "random"},
        log_every=1,
        validate_every=0,
    )


@pytest.fixture
def eagerly():
    """Steps are taken without compiling them, which is what would take time here."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


class KilledError(Exception):
    """Ends a run as a signal would that leaves it no time."""


def train(config, folder, before, kill=("", 0)):
    """Runs until it is done, or until `kill`: the recipe and step before which it ends.

    Args:
        config: Of the run.
        folder: To be made or continued.
        before: Is given the weights before each step and after each stage's last.
        kill: Where it ends.
    """
    run_step = Trainer.run_step

    def watched(self, batch, step):
        name = self.recipe.name
        if (name, step) == kill:
            raise KilledError
        before[name, step] = {w.path: np.array(w) for w in self.generator.weights}
        logs = run_step(self, batch, step)
        before[name, step + 1] = {w.path: np.array(w) for w in self.generator.weights}
        return logs

    tf.config.experimental.enable_op_determinism()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "run_step", watched)
        with contextlib.suppress(KilledError):
            launch.train(config, folder, RunOptions(save_every=1, image_every=0), "")


@pytest.mark.filterwarnings("ignore:.*run_functions_eagerly:UserWarning")
@pytest.mark.usefixtures("eagerly")
def test_levels_follow_each_other_and_a_killed_run_ends_with_the_same_bits(config, tmp_path):
    before = {}
    train(config, tmp_path / "whole", before)
    steps = {"pynet_2": 1, "pynet_1": 2, "pynet_0": 1}
    start = models.from_preset(config.model)
    assert {path: w.shape for path, w in before["pynet_0", 1].items()} == {
        w.path: tuple(w.shape) for w in start.weights
    }
    for below, above in itertools.pairwise(steps):
        ended, begun = before[below, steps[below]], before[above, 0]
        carried = [path for path in ended if "/exit/" not in path]
        assert any("/level2_" in path for path in carried)
        for path in carried:
            np.testing.assert_array_equal(begun[path], ended[path], err_msg=path)
            assert not np.array_equal(before[below, 0][path], ended[path]), path

    for kill in (("pynet_1", 1), ("pynet_0", 0), ("", 0)):
        train(config, tmp_path / "killed", {}, kill)
    names = [f"stages/{i}-{name}" for i, name in enumerate(steps)] + ["model"]
    for name, level in zip(names, (2, 1, 0, 0), strict=True):
        whole, killed = (models.from_preset(tmp_path / run / name) for run in ("whole", "killed"))
        assert whole.level == killed.level == level
        for a, b in zip(whole.weights, killed.weights, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{name} {a.path}")


def test_a_network_without_that_level_is_refused(config):
    stages = make_stages(("pynet_3",), (1,), content=CONTENT)
    for model in ("efficient_isp", config.model):
        wrong = TrainConfig(stages=stages, data=config.data, model=model)
        dataset = launch.open_data(wrong)
        message = f"--recipe=pynet_3: --model={model} has no level 3"
        with pytest.raises(InputError, match=message):
            make_generator(wrong, dataset)
    with pytest.raises(InputError, match="EfficientISP has no level 1"):
        models.create("efficient_isp").at_level(1)


def test_only_recipes_of_levels_are_recorded_with_one(config):
    recorded = config.to_dict()["stages"]
    assert [stage["recipe"]["level"] for stage in recorded] == [2, 1, 0]
    other = TrainConfig(stages=make_stages(("paired",), (1,)), data=config.data)
    assert "level" not in other.to_dict()["stages"][0]["recipe"]
