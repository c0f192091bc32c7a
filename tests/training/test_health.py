"""Notes when a run looks sick: each is made sick on purpose, and the healthy one is silent."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp import models
from tfisp.training import health
from tfisp.training.picture_signs import grid
from tfisp.training.preview import Preview
from tfisp.training.recipes import RECIPES

PLUS, UNPAIRED = (dataclasses.asdict(RECIPES[name]) for name in ("paired_plus", "unpaired"))


@pytest.fixture(scope="module")
def logged():
    """What 400 steps of a regression log; from the 150th on with 250 times its rate."""
    trainer = make_trainer("paired_plus", schedule="constant")
    batches = [make_batch(seed=seed) for seed in range(4)]
    for batch in batches:  # something that can be learnt: R, one G and B of each tile
        batch["target"] = tf.repeat(tf.repeat(batch["raw"][..., 2::-1], 2, axis=1), 2, axis=2)
    lines = []
    for step in range(400):
        if step == 150:
            trainer.optimizer.learning_rate = 1.0
        found = trainer.run_step(batches[step % 4], step)
        logs = {tag: value.numpy().item() for tag, value in found.items()}
        lines.append({"stage": 0, "recipe": "paired_plus", "step": step + 1, **logs})
    return lines


def texts(lines, recipe):
    return [note.text for note in health.notes(lines, [recipe])]


def test_a_rate_that_is_too_large_makes_the_loss_diverge_and_colours_drift(logged):
    assert texts(logged[:150], PLUS) == []
    found = health.notes(logged, [PLUS])
    assert {" ".join(note.text.split()[:2]) for note in found} == {"the loss", "colours drift:"}
    assert all(150 < note.step <= 300 for note in found)
    assert str(found[0]).startswith(f"paired_plus step {found[0].step}: ")


def test_each_note_is_made_once_in_a_stage(logged):
    again = [{**line, "stage": 1} for line in logged]
    found = health.notes([*logged, *again], [PLUS, PLUS])
    assert [note.stage for note in found] == [0, 0, 1, 1]


@pytest.fixture(scope="module")
def trainer():
    return make_trainer("unpaired")


def critic_lines(trainer, strength):
    """What a critic logs whose last layer was made stronger, in the right direction."""
    critic = next(critic for critic in trainer.critics if critic.name == "adv_color")
    batch, weights = make_batch(), critic.network.get_weights()
    real, fake = (
        trainer.bank(batch[side], [critic.feature])[critic.feature]
        for side in ("target", "reference")
    )
    sign = np.sign(critic.gradients(real, fake)[1]["margin"])
    critic.network.set_weights([*weights[:-2], weights[-2] * sign * strength, weights[-1]])
    _, terms = critic.gradients(real, fake)
    with tf.GradientTape() as tape:
        tape.watch(fake)
        loss = tf.reduce_mean(critic.generator_loss(real, fake))
    norm = float(tf.norm(tape.gradient(loss, fake)))
    critic.network.set_weights(weights)
    line = {f"critic/adv_color/{name}": float(value) for name, value in terms.items()}
    line |= {"grad_norm/adv_color": norm, "loss/content": 1.0, "recipe": "unpaired", "stage": 0}
    return [line | {"step": 10 * number} for number in range(1, 21)]


@pytest.mark.parametrize(
    ("strength", "expected"),
    [
        (1, []),
        (0, ["the critic adv_color has collapsed"]),
        (1e4, ["the critic adv_color is saturated"]),
    ],
)
def test_a_critic_that_says_nothing_is_named(trainer, strength, expected):
    found = texts(critic_lines(trainer, strength), UNPAIRED)
    assert [text.partition(":")[0] for text in found] == expected


@pytest.fixture(scope="module")
def preview(scenes, tmp_path_factory):
    return Preview(scenes, tmp_path_factory.mktemp("pictures"))


def drawn_lines(preview, change):
    """Two drawings by a network that renders well, once its last layer is changed."""
    generator = models.from_preset("efficient_isp_neutral")
    generator.conv3.set_weights(change(*generator.conv3.get_weights()))
    signs = preview.signs(preview.draw(generator), generator)
    return [{"stage": 0, "recipe": "paired_plus", "step": step, **signs} for step in (500, 1000)]


RED = np.arange(12) % 3 == 0
FIRST = np.arange(12) < 3  # the upper left one of the four pixels that a position becomes


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda kernel, bias: (kernel, bias), []),
        (lambda kernel, bias: (kernel, bias - 9 * RED), ["the red channel is dead"]),
        (lambda kernel, bias: (kernel * (1 + 7 * RED), bias), ["the red channel is clipped"]),
        (lambda kernel, bias: (kernel, bias + 0.1 * FIRST), ["a grid repeats over all pictures"]),
    ],
)
def test_what_shows_on_pictures_is_named(preview, change, expected):
    found = texts(drawn_lines(preview, change), PLUS)
    assert [text.partition(":")[0].partition(",")[0] for text in found] == expected


def test_one_drawing_and_that_of_the_start_say_nothing(preview):
    first, second = drawn_lines(preview, lambda kernel, bias: (kernel, bias - 9))
    assert texts([first | {"step": 0}, second], PLUS) == []


@pytest.mark.parametrize("period", [2, 4])
def test_a_grid_is_measured_in_its_own_units(period):
    rng = np.random.default_rng(0)
    smooth = [np.full((64, 66, 3), 0.4) + rng.normal(0, 0.01, (64, 66, 3)) for _ in range(2)]
    pattern = rng.normal(0, 0.05, (period, period))
    pattern -= pattern.mean()
    tiled = np.tile(pattern, (64 // period, 66 // period + 1))[:, :66, None]
    found = grid([picture + tiled for picture in smooth], period)
    np.testing.assert_allclose(found, pattern.std(), rtol=0.05)
    assert grid(smooth, period).max() < 0.001
