"""Kept features are those the networks compute, are found again, and never cost a run."""

import contextlib
import subprocess
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.small_trainer import SIZE, make_batch, make_networks
from tfisp import models
from tfisp.data.cache import Store
from tfisp.errors import InputError
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training import feature_cache
from tfisp.training.config import make_stages
from tfisp.training.feature_cache import FeatureCache, bytes_per_image, check_repeats, cost_note
from tfisp.training.trainer import Trainer

CONTENT = Feature("vgg19_narrow", "luminance", "relu3_4")
COLOR = Feature("vit_narrow", "blur224", "tokens")
SHALLOW, DEEP = (Feature("alexnet_narrow", "gray", tap) for tap in ("relu1", "relu4"))
NEEDS = {"reference": [CONTENT], "target": [COLOR, SHALLOW, DEEP]}


class Counting(FeatureBank):
    """A bank that notes how many images each network was really shown."""

    def __init__(self, networks):
        super().__init__(networks)
        self.shown = []

    def __call__(self, images, features):
        features = list(features)
        seen = super().__call__(images, features)
        if features[0] in seen and not isinstance(images, np.ndarray):
            tf.py_function(
                lambda x: self.shown.append((features[0].backbone, len(x))),
                [images[:, 0, 0, 0]],
                [],
            )
        return seen


@pytest.fixture(scope="module")
def frozen():
    return make_networks()


@pytest.fixture
def bank(frozen):
    return Counting(frozen)


def entries(folder):
    return sorted(folder.rglob("*.npy"))


def assert_equal_features(found, bank, batch, needs=NEEDS):
    """To 1e-6: what a batch's composition may change."""
    assert found["raw"] is batch["raw"]
    assert found["features"].keys() == needs.keys()
    plain = FeatureBank(bank.backbones)
    for member, features in needs.items():
        compiled = tf.function(lambda x, read=features: plain(x, read), autograph=False)
        expected = compiled(batch[member])
        assert found["features"][member].keys() == expected.keys()
        for feature, value in expected.items():
            kept = found["features"][member][feature]
            assert (kept.dtype, kept.shape) == (tf.float32, value.shape)
            assert tf.norm(kept - value) <= 1e-6 * tf.norm(value), feature


def test_features_are_computed_once_and_equal_the_banks(bank, tmp_path):
    batch = make_batch()
    first = FeatureCache(bank, NEEDS, Store(tmp_path))(batch)
    assert sorted(bank.shown) == [("alexnet_narrow", 2), ("vgg19_narrow", 2), ("vit_narrow", 2)]
    assert len(entries(tmp_path)) == 2 * 4
    assert_equal_features(first, bank, batch)
    bank.shown.clear()
    again = FeatureCache(bank, NEEDS, Store(tmp_path))(batch)  # as a later run would
    assert bank.shown == []
    for member, features in first["features"].items():
        for feature, value in features.items():
            np.testing.assert_array_equal(value, again["features"][member][feature])


def test_only_images_that_are_not_there_are_computed_and_each_once(bank, tmp_path):
    cache, old, new = (
        FeatureCache(bank, NEEDS, Store(tmp_path)),
        make_batch(2),
        make_batch(3, seed=1),
    )
    cache(old)
    bank.shown.clear()
    order = [3, 0, 2, 4, 3]  # new and old ones mixed, one of them twice
    mixed = {name: tf.gather(tf.concat([old[name], new[name]], 0), order) for name in old}
    found = cache(mixed)
    assert sorted(bank.shown) == [("alexnet_narrow", 3), ("vgg19_narrow", 3), ("vit_narrow", 3)]
    assert_equal_features(found, bank, mixed)


def test_batches_of_any_size_are_traced_once(frozen, tmp_path):
    traces = []

    class Tracing(FeatureBank):
        def __call__(self, images, features):
            traces.append(images.shape)
            return super().__call__(images, features)

    cache = FeatureCache(Tracing(frozen), {"reference": [CONTENT]}, Store(tmp_path))
    for count in (1, 2, 3):
        cache(make_batch(count, seed=count))
    assert traces == 2 * [[None, SIZE, SIZE, 3]]  # to identify the network, and to run it


def test_everything_a_feature_depends_on_changes_its_key(frozen, tmp_path):
    batch, counts = make_batch(1), []

    def kept(feature, networks=frozen, batch=batch):
        FeatureCache(FeatureBank(networks), {"target": [feature]}, Store(tmp_path))(batch)
        counts.append(len(entries(tmp_path)))
        return counts[-1]

    assert kept(SHALLOW) == kept(SHALLOW) == 1
    assert kept(SHALLOW._replace(tap="relu2")) == 2
    assert kept(SHALLOW._replace(view="rgb")) == 3
    assert kept(SHALLOW, make_networks(seed=1)) == 4
    assert kept(CONTENT) == 5
    assert kept(CONTENT, make_networks(dtype="bfloat16")) == 5  # that is of the backward pass only
    brighter = {"target": tf.maximum(batch["target"], np.nextafter(np.float32(0.5), 1))}
    assert kept(SHALLOW, batch=brighter) == 6
    assert kept(SHALLOW, batch={"target": batch["target"][:, :, :32]}) == 7
    assert kept(SHALLOW, batch={"target": batch["target"][:, :, ::-1]}) == 8
    height, width = batch["target"].shape[1:3]
    same_bytes = tf.reshape(batch["target"], [1, height // 2, 2 * width, 3])
    assert kept(SHALLOW, batch={"target": same_bytes}) == 9
    assert kept(SHALLOW) == 9


def test_only_weights_that_a_tap_depends_on_are_part_of_its_key(tmp_path):
    batch, changed = make_batch(1), make_networks()
    needs = {"target": [SHALLOW, DEEP]}
    FeatureCache(FeatureBank(changed), needs, Store(tmp_path))(batch)
    deepest = changed["alexnet_narrow"]._variables["conv4/kernel"]
    deepest.assign(deepest * (1 + 1e-3))
    found = FeatureCache(FeatureBank(changed), needs, Store(tmp_path))(batch)
    assert len(entries(tmp_path)) == 3
    assert_equal_features({**found, "raw": batch["raw"]}, FeatureBank(changed), batch, needs)


def test_another_version_of_the_code_starts_anew(bank, tmp_path, monkeypatch):
    for version in (1, 2):
        monkeypatch.setattr(feature_cache, "FORMAT", version)
        FeatureCache(bank, {"reference": [CONTENT]}, Store(tmp_path))(make_batch(1))
    assert len(entries(tmp_path)) == 2


def test_networks_that_are_mirrored_on_devices_have_the_same_key(frozen, tmp_path):
    batch = make_batch(1)
    FeatureCache(FeatureBank(frozen), NEEDS, Store(tmp_path))(batch)
    count = len(entries(tmp_path))
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        mirrored = make_networks()
    FeatureCache(FeatureBank(mirrored), NEEDS, Store(tmp_path))(batch)
    assert len(entries(tmp_path)) == count


@pytest.mark.parametrize("damage", ["truncated", "empty", "header", "another shape", "integers"])
def test_a_damaged_entry_is_computed_again(bank, tmp_path, damage):
    batch, needs = make_batch(1), {"reference": [CONTENT]}
    cache = FeatureCache(bank, needs, Store(tmp_path))
    expected = cache(batch)["features"]["reference"][CONTENT]
    (path,) = entries(tmp_path)
    data, array = path.read_bytes(), np.load(path)
    if damage == "another shape":
        np.save(path, array[:-1])
    elif damage == "integers":
        np.save(path, array.astype(np.int32))
    else:
        short = {"truncated": data[:-4], "empty": b"", "header": b"\x93NUMPY" + bytes(len(data))}
        path.write_bytes(short[damage])
    found = cache(batch)["features"]["reference"][CONTENT]
    np.testing.assert_array_equal(found, expected)
    assert path.read_bytes() == data


PROCESS = """
from tests.training.test_feature_cache import *
bank = FeatureBank(make_networks())
cache = FeatureCache(bank, NEEDS, Store({folder!r}))
for seed in (0, 1, 0, 1):
    batch = make_batch(2, seed)
    assert_equal_features(cache(batch), bank, batch)
"""


@pytest.mark.slow
def test_processes_share_a_folder(request, tmp_path):
    command = [sys.executable, "-c", PROCESS.format(folder=str(tmp_path))]
    running = [subprocess.Popen(command, cwd=request.config.rootpath) for _ in range(2)]
    assert [process.wait() for process in running] == [0, 0]
    assert len(entries(tmp_path)) == 2 * 2 * 4  # each found the other's keys


def test_writing_stops_at_the_limit_and_says_so_once(bank, tmp_path):
    each, said = bytes_per_image(bank, [CONTENT], (SIZE, SIZE)), []
    cache = FeatureCache(bank, {"reference": [CONTENT]}, Store(tmp_path), 3 * each, said.append)
    for seed in range(3):
        batch = make_batch(2, seed)
        assert_equal_features(cache(batch), bank, batch, {"reference": [CONTENT]})
    assert len(entries(tmp_path)) == 3
    assert len(said) == 1 and "the limit is reached" in said[0]
    bank.shown.clear()
    cache(make_batch(2, seed=0))
    assert bank.shown == []  # what is there is still read


def test_a_disk_that_is_full_stops_the_writing_and_not_the_run(bank, tmp_path, monkeypatch):
    def full(file, array):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    said = []
    cache = FeatureCache(bank, NEEDS, Store(tmp_path), say=said.append)
    for seed in range(2):
        batch = make_batch(2, seed)
        assert_equal_features(cache(batch), bank, batch)
    assert entries(tmp_path) == []
    (line,) = said
    assert line.startswith("note: ") and "the disk is full" in line and "\n" not in line


def test_room_is_left_on_the_disk_for_checkpoints(bank, tmp_path, monkeypatch):
    monkeypatch.setattr(feature_cache.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**31))
    said = []
    cache = FeatureCache(bank, NEEDS, Store(tmp_path), say=said.append)
    cache(make_batch())
    assert entries(tmp_path) == []
    assert len(said) == 1 and "left to others" in said[0]


def test_batches_are_read_ahead_and_errors_arrive_as_they_are(bank, tmp_path):
    cache = FeatureCache(bank, {"reference": [CONTENT]}, Store(tmp_path))

    def source():
        for seed in range(3):
            yield make_batch(1, seed)
        raise InputError("photo.png: damaged")

    before, seen = threading.active_count(), []
    with pytest.raises(InputError, match=r"photo\.png: damaged"):
        for batch in cache.around(source()):
            assert CONTENT in batch["features"]["reference"]
            seen.append(float(batch["raw"][0, 0, 0, 0]))
    assert seen == [float(make_batch(1, seed)["raw"][0, 0, 0, 0]) for seed in range(3)]
    with contextlib.closing(cache.around(iter(lambda: make_batch(1), None))) as batches:
        next(batches)
    assert threading.active_count() == before


def train(frozen, batches, steps, accumulate=1):
    roles = (("color", "vit_narrow"), ("texture", "alexnet_narrow"))
    content = ((CONTENT.backbone, CONTENT.tap),)
    (stage,) = make_stages(
        ("unpaired",), (steps,), content=content, backbones=roles, critic_interval=2
    )
    trainer = Trainer(
        models.create("efficient_isp", seed=1),
        stage.recipe,
        FeatureBank(frozen),
        (SIZE, SIZE),
        accumulate,
        seed=3,
    )
    assert {name: list(read) for name, read in trainer.needs.items()} == NEEDS
    logs = [
        trainer.run_step(batch, step) for step, batch in zip(range(steps), batches, strict=True)
    ]
    return trainer, [{tag: float(value) for tag, value in log.items()} for log in logs]


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_run_with_the_cache_equals_one_without(frozen, tmp_path, accumulate):
    batches = [make_batch(2, seed % 2) for seed in range(4)]
    plain, expected = train(frozen, batches, 4, accumulate)
    cache = FeatureCache(FeatureBank(frozen), NEEDS, Store(tmp_path))
    with contextlib.closing(cache.around(batches)) as source:
        cached, found = train(frozen, source, 4, accumulate)
    for a, b in zip(expected, found, strict=True):
        assert b == pytest.approx(a, rel=1e-4, abs=1e-6)
    for a, b in zip(plain.generator.get_weights(), cached.generator.get_weights(), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-5)


def test_the_networks_see_only_the_generated_image_then(frozen, tmp_path):
    batch, bank = make_batch(), Counting(frozen)
    known = FeatureCache(bank, NEEDS, Store(tmp_path))(batch)
    bank.shown.clear()
    roles = (("color", "vit_narrow"), ("texture", "alexnet_narrow"))
    content = ((CONTENT.backbone, CONTENT.tap),)
    (stage,) = make_stages(("unpaired",), (1,), content=content, backbones=roles)
    trainer = Trainer(models.create("efficient_isp", seed=1), stage.recipe, bank, (SIZE, SIZE))
    trainer.gradients(known, critics_learn=True)
    assert len(bank.shown) == 1
    bank.shown.clear()
    trainer.gradients(batch, critics_learn=True)
    assert len(bank.shown) == 3


def test_the_published_recipe_costs_what_the_docstring_says():
    bank = FeatureBank(
        {name: backbones.create(name, "random") for name in ("vgg19", "vit_b16", "alexnet")}
    )
    needs = {
        "reference": [Feature("vgg19", "luminance", "relu5_4")],
        "target": [
            Feature("vit_b16", "blur224", "tokens"),
            Feature("alexnet", "gray", "relu1"),
            Feature("alexnet", "gray", "relu4"),
        ],
    }
    stated = {256: (524_288, 602_112, 1_016_064, 230_400)}
    stated[448] = (1_605_632, 602_112, 3_154_176, 746_496)
    for size, expected in stated.items():
        found = [
            bytes_per_image(bank, [feature], (size, size))
            for features in needs.values()
            for feature in features
        ]
        assert tuple(found) == expected
        for count in expected:
            assert f"{count:,}" in feature_cache.__doc__
    raw, targets = (range(47_019), range(48_043))

    class Patches(list):
        patch_size = 256

    dataset = SimpleNamespace(raw=Patches(raw), targets=Patches(targets))
    assert cost_note(bank, needs, dataset) == (
        "frozen features: 2.4 MB a pair, 113 GB for 47,019 references and 48,043 targets"
    )
    assert cost_note(bank, needs, dataset, mirrored=True).endswith(
        "227 GB for 94,038 references and 96,086 targets"
    )


def test_patches_that_never_come_again_are_refused():
    check_repeats(SimpleNamespace(repeats=True, name="zrr"))
    with pytest.raises(InputError, match=r"--data=folders .*--placement=fixed"):
        check_repeats(SimpleNamespace(repeats=False, name="folders"))
