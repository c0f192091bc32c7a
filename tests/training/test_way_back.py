"""What a way back needs of the step around it: its images, its pool, its place in checkpoints."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import SIZE, make_batch
from tfisp import models
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.models import ways_back
from tfisp.models.patch_critics import PatchGAN
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training import critics, made
from tfisp.training.checkpoints import Checkpoints
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.pool import Pool
from tfisp.training.position import Position
from tfisp.training.recipes import RECIPES
from tfisp.training.specification import WAYS_BACK
from tfisp.training.trainer import Trainer


@pytest.fixture
def narrow(monkeypatch):
    """Critics of patches with 8 channels where they have 64."""
    patchgan = functools.partial(PatchGAN, width=8)
    monkeypatch.setitem(critics.NETWORKS, "patchgan", patchgan)


def cycle_trainer(pool=3):
    recipe = RECIPES["cyclegan"].with_way_back("resnet_narrow")
    recipe = dataclasses.replace(recipe, pool=pool)
    bank = FeatureBank({"pixels": backbones.create("pixels")})
    generator = models.create("efficient_isp", seed=1)
    return Trainer(generator, recipe, bank, (SIZE, SIZE), seed=3, steps=6)


def state_of(trainer):
    """Every number that a checkpoint of it holds, by name."""
    found = {}
    for name, part in trainer.checkpointable.items():
        variables = [part] if isinstance(part, tf.Variable) else part.variables
        found |= {f"{name}/{i}": np.array(v) for i, v in enumerate(variables)}
    return found


def test_a_stopped_run_goes_on_bit_for_bit(tmp_path, narrow):
    batches = [make_batch(seed=seed) for seed in range(3)]
    whole, first, second = cycle_trainer(), cycle_trainer(), cycle_trainer()
    for batch in batches:
        whole.train_step(batch, critics_learn=True)
    for batch in batches[:2]:
        first.train_step(batch, critics_learn=True)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(first.checkpointable, Position(0, 2), "cyclegan")
    checkpoints.restore(second.checkpointable, Position(0, 2))
    for batch in batches[2:]:
        second.train_step(batch, critics_learn=True)
    expected, found = state_of(whole), state_of(second)
    start = state_of(cycle_trainer())
    for part in ("way_back/0", "adv_raw_patches/0", "adv_raw_patches_pool/images/0", "optimizer/2"):
        assert not np.array_equal(expected[part], start[part]), part
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_samples_of_a_picture_that_raw_became_are_the_raw():
    raw = np.random.default_rng(0).uniform(size=(2, 3, 4, 4)).astype("float32")
    picture = made.as_picture(tf.constant(raw))
    assert picture.shape == (2, 6, 8, 3)
    np.testing.assert_array_equal(made.samples(picture), raw)
    # R and B fill their cells; where no green was sampled it is the mean of the cell's two.
    np.testing.assert_array_equal(picture[:, 1::2, 1::2, 0], raw[..., 2])
    np.testing.assert_array_equal(picture[:, ::2, ::2, 2], raw[..., 0])
    np.testing.assert_allclose(picture[:, ::2, ::2, 1], (raw[..., 1] + raw[..., 3]) / 2)


def test_only_what_is_read_is_made():
    batch = make_batch()
    calls = []
    images = made.make(
        ("generated", "rerendered"),
        batch,
        lambda raw: calls.append("there") or raw,
        lambda picture: calls.append("back") or picture,
    )
    assert list(images) == ["generated", "captured", "rerendered"]
    assert calls == ["there", "back", "there"]


def test_a_pool_fills_and_then_gives_back_half_of_what_it_holds():
    pool, given, returned = Pool(50, (1,), seed=1), [], []
    for step in range(300):
        given.append(float(step))
        returned.append(float(pool.exchange(tf.constant([[float(step)]]))[0, 0]))
    assert returned[:50] == given[:50]
    older = [out for step, out in enumerate(returned) if step >= 50 and out != float(step)]
    assert 0.4 < len(older) / 250 < 0.6
    assert len(set(older)) == len(older)  # what was given back is no longer there
    held = set(pool.state["images"].numpy()[:, 0])
    assert len(held) == 50
    assert held.isdisjoint(older)


def test_the_first_pool_of_a_batch_holds_it_in_order():
    pool = Pool(5, (1,), seed=1)
    first = tf.constant([[1.0], [2.0]])
    np.testing.assert_array_equal(pool.exchange(first), first)
    np.testing.assert_array_equal(pool.state["images"][:, 0], [1, 2, 0, 0, 0])
    assert int(pool.state["seen"]) == 2


@pytest.mark.parametrize(("network", "count"), [("resnet", 11_378_179), ("dped", 401_475)])
def test_a_way_back_to_pictures_is_the_published_generator(network, count):
    # Counted in the published code; DPED's by hand from systems.md D2.
    assert ways_back.create(network, "reference", seed=0).count_params() == count


@pytest.mark.parametrize("network", ["resnet_narrow", "dped_narrow"])
def test_a_way_back_makes_what_it_is_for(network):
    pictures = make_batch()["target"]
    sides = {"raw": (SIZE // 2, SIZE // 2, 4), "reference": (SIZE, SIZE, 3)}
    for to, shape in sides.items():
        assert ways_back.create(network, to, seed=0)(pictures).shape == (2, *shape)
    assert set(ways_back.NETWORKS) == set(WAYS_BACK)


def test_the_rate_is_constant_then_falls_in_a_line_for_all(narrow):
    rates = {}
    trainer = cycle_trainer()
    for name, optimizer in (("there", trainer.optimizer), ("judge", trainer.critics[1].optimizer)):
        rates[name] = []
        for step in range(6):
            optimizer.iterations.assign(step)
            rates[name].append(float(np.asarray(optimizer.learning_rate)))
    expected = 2e-4 * np.array([1, 1, 1, 1, 2 / 3, 1 / 3])
    np.testing.assert_allclose(rates["there"], expected, rtol=1e-5)
    np.testing.assert_allclose(rates["judge"], expected, rtol=1e-5)


def configured(recipe="cyclegan", model="efficient_isp", data="zrr", batch_size=1, **changes):
    stages = make_stages((recipe,), (1,), model, **changes)
    config = DataConfig(data, raw_dir="raw", patch_size=64)
    return TrainConfig(stages, config, model=model, batch_size=batch_size)


def test_what_does_not_fit_is_told_before_the_work():
    assert configured(batch_size=50)
    with pytest.raises(InputError, match="--batch_size=51: the critics of --recipe=cyclegan have"):
        configured(batch_size=51)
    with pytest.raises(InputError, match="--way_back=resnot: unknown; did you mean resnet"):
        configured(way_back="resnot")
    config = configured(batch_size=2)
    with pytest.raises(InputError, match="pool of images is kept on one device"):
        config.require_parts(2)
    for size, least in ((40, "the patchgan .* of 48 or more"), (60, "the resnet .* in steps of 8")):
        with pytest.raises(InputError, match=f"--patch_size={size}: {least}"):
            dataclasses.replace(config, data=config.data.replace(patch_size=size))
    form = config.data.resolved_contract()
    mosaic = config.data.replace(contract=dataclasses.replace(form, form="mosaic"))
    with pytest.raises(InputError, match="way back makes packed RAW, but --model=lan takes"):
        dataclasses.replace(config, data=mosaic, model="lan")
