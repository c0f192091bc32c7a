"""Generators of one's own: known by name everywhere, and never in the place of another."""

import hashlib
import json

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.errors import InputError
from tfisp.models import presets, registry


class Narrow(models.PlainISP):
    widths = (4, 4)


class NoHalo(models.Generator):
    pass


@pytest.fixture(autouse=True)
def own_table(monkeypatch):
    monkeypatch.setattr(registry, "GENERATORS", dict(registry.GENERATORS))


def test_a_registered_generator_is_created_named_saved_and_loaded(tmp_path):
    models.register("narrow", Narrow)
    assert models.names()[-1] == "narrow"
    generator = models.create("narrow", seed=3)
    assert isinstance(generator, Narrow) and registry.name_of(generator) == "narrow"
    loaded = models.from_preset(models.save_to_preset(generator, tmp_path / "preset"))
    raw = tf.random.stateless_uniform([1, 6, 8, 4], [1, 2])
    np.testing.assert_array_equal(loaded(raw), generator(raw))


def test_a_preset_of_one_that_is_not_registered_names_its_module(tmp_path, monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "GENERATORS", dict(registry.GENERATORS))
        models.register("narrow", Narrow)
        folder = models.save_to_preset(models.create("narrow"), tmp_path / "preset")
    assert json.loads((folder / "config.json").read_text())["module"] == Narrow.__module__
    with pytest.raises(InputError) as caught:
        models.from_preset(folder)
    assert str(caught.value).startswith(f"{folder / 'config.json'}: the generator narrow is not")
    assert f"--imports={Narrow.__module__}" in str(caught.value)


@pytest.mark.parametrize("module", ["$(command)", "a b", "a,b", "a..b", 1, ["a"]])
def test_a_preset_cannot_put_a_command_into_the_advice(tmp_path, module):
    folder = models.save_to_preset(models.create("efficient_isp"), tmp_path / "preset")
    record = json.loads((folder / "config.json").read_text()) | {"module": module}
    (folder / "config.json").write_text(json.dumps(record))
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    digest = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text("\n".join([f"{digest}  config.json", *sums[1:]]) + "\n")
    with pytest.raises(InputError, match=r"config\.json: module .* is not the name of a Python"):
        models.from_preset(folder)


def test_presets_of_the_package_name_no_module(tmp_path):
    folder = models.save_to_preset(models.create("efficient_isp"), tmp_path / "preset")
    assert "module" not in json.loads((folder / "config.json").read_text())
    assert presets.read_preset(folder).module == ""


@pytest.mark.parametrize(
    ("name", "generator", "message"),
    [
        ("lan", Narrow, "generator 'lan': the name is taken"),
        (models.preset_names()[0], Narrow, "a preset has that name"),
        ("narrow", tf.keras.Model, "expected a subclass of tfisp.models.Generator"),
        ("narrow", Narrow.__call__, "expected a subclass of tfisp.models.Generator"),
        ("narrow", NoHalo, "NoHalo does not declare its halo"),
    ],
)
def test_what_cannot_be_registered_is_refused(name, generator, message):
    before = dict(registry.GENERATORS)
    with pytest.raises(InputError, match=message):
        models.register(name, generator)
    assert before == registry.GENERATORS
