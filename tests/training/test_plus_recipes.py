"""The recipes of simulated pairs: their rate, their average, and a whole run."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.dngs import scene, write_dng
from tests.helpers.small_trainer import make_batch
from tfisp import models, train
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.looks import read_cube
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import launch
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.recipes import RECIPES, get_recipe
from tfisp.training.trainer import Trainer

PLUS = ("pretrain_plus", "unpaired_plus", "paired_plus")


def test_only_a_look_needs_photographs():
    assert [RECIPES[name].needs_photographs for name in PLUS] == [False, True, False]
    assert all(RECIPES[name].paired and not RECIPES[name].frozen_networks() for name in PLUS)


def test_the_papers_rates_of_a_generator_do_not_reach_them():
    assert get_recipe("unpaired_plus").for_generator("rmfa_net_tiny") == RECIPES["unpaired_plus"]
    assert get_recipe("unpaired").for_generator("rmfa_net_tiny") != RECIPES["unpaired"]


def test_the_rate_falls_to_zero_as_half_a_cosine():
    trainer = Trainer(
        models.create("efficient_isp", seed=1),
        RECIPES["paired_plus"],
        FeatureBank({}),
        (48, 48),
        steps=8,
    )
    rates = []
    for step in range(8):
        rates.append(float(np.asarray(trainer.optimizer.learning_rate)))
        trainer.run_step(make_batch(), step)
    expected = [4e-3 * 0.5 * (1 + math.cos(math.pi * step / 8)) for step in range(8)]
    np.testing.assert_allclose(rates, expected, rtol=1e-5)


def test_a_step_follows_the_gradient_of_the_plain_loss():
    generator = models.create("efficient_isp", seed=1)
    batch = make_batch()
    variables = [v.value for v in generator.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(generator(batch["raw"]) - batch["target"]))
    expected = tape.gradient(loss, variables)
    trainer = Trainer(generator, RECIPES["paired_plus"], FeatureBank({}), (48, 48), steps=8)
    logs = trainer.run_step(batch, 0)
    assert float(logs["loss/mse"]) == pytest.approx(float(loss), rel=1e-5)
    assert float(logs["grad_norm/mse"]) == pytest.approx(
        float(tf.linalg.global_norm(expected)), rel=1e-4
    )
    assert "weight/mse" not in logs


def test_two_steps_are_those_of_adam():
    """As in Algorithm 1 of arXiv 1412.6980, with the recipe's rates."""
    generator, batch = models.create("efficient_isp", seed=1), make_batch()
    trainer = Trainer(generator, RECIPES["unpaired_plus"], FeatureBank({}), (48, 48), steps=8)

    def gradient():
        variables = [v.value for v in generator.trainable_variables]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(generator(batch["raw"]) - batch["target"]))
        return np.concatenate([np.ravel(part) for part in tape.gradient(loss, variables)])

    def weights():
        return np.concatenate([np.ravel(v.value) for v in generator.trainable_variables])

    first, second = 0.0, 0.0
    for step in range(2):
        before, slope = weights(), gradient().astype("float64")
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        rate = 4e-3 * 0.5 * (1 + math.cos(math.pi * step / 8))
        mean, square = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
        trainer.run_step(batch, step)
        clear = np.abs(slope) > 1e-4  # elsewhere rounding errors decide
        expected = -rate * mean / np.sqrt(square)
        np.testing.assert_allclose((weights() - before)[clear], expected[clear], rtol=1e-2)


def test_data_without_pairs_or_photographs_is_refused_when_it_is_opened(tmp_path):
    (tmp_path / "raw").mkdir()
    write_dng(tmp_path / "raw" / "a.dng", scene(64, 64, 64, 1000))
    data = DataConfig("folders", raw_dir=str(tmp_path / "raw"), patch_size=32)
    for recipe, message in (("paired_plus", "needs pairs"), ("unpaired_plus", "needs photographs")):
        with pytest.raises(InputError, match=f"--recipe={recipe}: {message}"):
            launch.open_data(TrainConfig(make_stages((recipe,), (1,)), data))


def run(folder, *flags):
    return train.run(
        [
            "--data=unprocessed",
            "--raw_dir=skimage:",
            "--patch_size=64",
            "--batch_size=4",
            "--export_size=32x32",
            "--validate_every=0",
            "--image_every=0",
            f"--work_dir={folder}",
            *flags,
        ]
    )


def test_a_run_fits_the_look_and_gives_its_verdict(tmp_path, capsys):
    flags = ("--recipe=pretrain_plus,unpaired_plus", "--steps=6,6")
    assert run(tmp_path / "run", *flags) == 0
    told = capsys.readouterr().err
    assert "references and" in told and "verdict: " in told
    assert read_cube(tmp_path / "run" / "look.cube").size == 33
    detail = json.loads((tmp_path / "run" / "detail.json").read_text())
    assert len(detail["gains"]) == len(detail["scales"]) == 4
    shown = ", ".join(f"{gain:.2f}" for gain in detail["gains"])
    assert f"local contrast of the photographs, finest scale first: times {shown}" in told
    verdict = json.loads((tmp_path / "run" / "verdict.json").read_text())
    model = models.from_preset(tmp_path / "run" / "model").get_weights()
    kept = "1-unpaired_plus" if verdict["better"] else "0-pretrain_plus"
    expected = models.from_preset(tmp_path / "run" / "stages" / kept).get_weights()
    for found, wanted in zip(model, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
def test_a_stage_that_made_things_worse_is_not_published(tmp_path, capsys):
    start = tmp_path / "start"
    assert run(start, "--recipe=pretrain_plus", "--steps=60") == 0
    # A rate of 0.1 spoils the network in its first steps.
    spoilt = ("--recipe=unpaired_plus", "--steps=3", "--learning_rate=0.1", f"--model={start}")
    assert run(tmp_path / "spoilt", *spoilt) == 0
    assert "the run's model is what the stage started from" in capsys.readouterr().err
    weights = [
        models.from_preset(folder / "model").get_weights()
        for folder in (start, tmp_path / "spoilt")
    ]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))
    assert run(tmp_path / "kept", *spoilt, "--keep_if_worse") == 0
    kept = models.from_preset(tmp_path / "kept" / "model").get_weights()
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], kept, strict=True))


def test_photographs_are_asked_for_before_the_work(tmp_path, capsys):
    (tmp_path / "raw").mkdir()
    code = train.run(
        [
            "--recipe=unpaired_plus",
            "--steps=1",
            f"--raw_dir={tmp_path / 'raw'}",
            f"--work_dir={tmp_path / 'run'}",
        ]
    )
    assert code != 0
    assert "target_dir" in capsys.readouterr().err
