"""Loss scaling: small gradients survive float16, large ones cost a step and not the run."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import make_batch, make_trainer
from tfisp.errors import InputError
from tfisp.training.finite_checks import overflowed, require_sound
from tfisp.training.objectives import Objective
from tfisp.training.scaling import GROW_AFTER, LARGEST, SMALLEST, START, LossScaling, NoScaling


def slope(size, count=2):
    """A loss whose gradient at the image is `size` times a fixed pattern of -1..1."""
    pattern = np.random.default_rng(0).uniform(-1, 1, (count, 48, 48, 3)).astype("float32")

    def loss(sides):
        # The step takes the mean over the batch.
        return count * size * tf.reduce_sum(pattern * sides.generated, axis=[1, 2, 3])

    return Objective("slope", 1.0, "", (), loss)


def with_objective(size, dtype):
    trainer = make_trainer("pretrain", dtype=dtype)
    trainer.objectives = (slope(size),)
    trainer.needs, trainer._needs_of_generated = {}, []
    if trainer.scaling.state:
        trainer.scaling = LossScaling(["slope"])
    return trainer


def pulled_back(trainer):
    parts = trainer.gradients(make_batch(), critics_learn=False).generator["slope"]
    return np.concatenate([np.ravel(part) for part in parts]).astype("float64")


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_a_gradient_of_1e_8_a_pixel_keeps_its_direction(dtype):
    exact, halved = (pulled_back(with_objective(1e-8, d)) for d in ("float32", dtype))
    assert cosine(halved, exact) > 0.99
    assert np.linalg.norm(halved) == pytest.approx(np.linalg.norm(exact), rel=0.05)


def test_without_a_scale_float16_would_lose_it():
    trainer = with_objective(1e-8, "mixed_float16")
    trainer.scaling = NoScaling()
    assert not pulled_back(trainer).any()


def test_only_float16_is_scaled():
    scaled = {
        dtype: make_trainer("pretrain", dtype=dtype).scaling.state != {}
        for dtype in ("float32", "mixed_bfloat16", "mixed_float16")
    }
    assert scaled == {"float32": False, "mixed_bfloat16": False, "mixed_float16": True}


def test_an_overflow_skips_the_step_halves_its_scale_and_is_logged():
    trainer = make_trainer(dtype="mixed_float16")
    trainer.objectives = (*trainer.objectives, slope(1.0))
    trainer.scaling = LossScaling([term.name for term in trainer.terms])
    trainer.scaling.state["scale/slope"].assign(2.0**24)
    for name in ("content", "tv", "adv_color", "adv_lin0", "adv_lin3"):
        trainer.scaling.state[f"scale/{name}"].assign(1.0)
    state = [
        variable
        for part in trainer.checkpointable.values()
        if hasattr(part, "variables")
        for variable in part.variables
    ]
    before = [np.array(variable) for variable in state]
    assert len(before) > 50
    logs = {tag: float(value) for tag, value in trainer.run_step(make_batch(), 0).items()}
    for variable, old in zip(state, before, strict=True):
        np.testing.assert_array_equal(variable, old)
    assert overflowed(logs) == {"slope": 2.0**24}
    assert logs["scale/content"] == 1.0
    assert logs["overflow/content"] == 0.0
    assert trainer.scaling.scale("slope").numpy() == 2.0**23
    assert trainer.scaling.scale("content").numpy() == 1.0
    assert trainer.step.numpy() == 1
    require_sound(logs, "unpaired step 0")

    trainer.scaling.state["scale/slope"].assign(2.0**-4)
    logs = {tag: float(value) for tag, value in trainer.run_step(make_batch(), 0).items()}
    assert not overflowed(logs)
    assert not np.array_equal(trainer.generator.weights[0], before[0])


def test_a_scale_doubles_after_enough_good_steps_and_never_leaves_its_bounds():
    one = LossScaling(["a", "b"])
    good, bad = [tf.ones(3)], [tf.constant([1.0, np.inf])]
    one.state["good_steps/a"].assign(GROW_AFTER - 1.0)
    one.state["scale/b"].assign(SMALLEST)
    finite, _ = one.judge({"a": good, "b": bad})
    assert not finite
    assert one.scale("a").numpy() == 2 * START
    assert one.scale("b").numpy() == SMALLEST
    one.state["scale/a"].assign(LARGEST)
    one.state["good_steps/a"].assign(GROW_AFTER - 1.0)
    finite, _ = one.judge({"a": good, "b": good})
    assert finite
    assert one.scale("a").numpy() == LARGEST
    assert one.state["good_steps/b"].numpy() == 1


def test_an_overflow_at_the_smallest_scale_stops_the_run():
    logs = {"loss/a": np.nan, "overflow/a": 1.0, "scale/a": SMALLEST}
    with pytest.raises(InputError, match=r"step 7: the gradient of a overflows float16 at the sma"):
        require_sound(logs, "unpaired step 7")
    require_sound(logs | {"scale/a": 1.0}, "unpaired step 7")
    with pytest.raises(InputError, match="loss/a became nan"):
        require_sound(logs | {"overflow/a": 0.0}, "unpaired step 7")


def test_a_checkpoint_holds_the_scales(tmp_path):
    trainers = [make_trainer("pretrain", dtype="mixed_float16") for _ in range(2)]
    trainers[0].scaling.state["scale/mse"].assign(8.0)
    tf.train.Checkpoint(**trainers[0].checkpointable).write(str(tmp_path / "c"))
    status = tf.train.Checkpoint(**trainers[1].checkpointable).read(str(tmp_path / "c"))
    status.assert_existing_objects_matched()
    assert trainers[1].scaling.scale("mse").numpy() == 8.0
    assert trainers[1].scaling.scale("tv").numpy() == START
