"""Kinds of data set of one's own."""

import dataclasses

import pytest

from tfisp import data
from tfisp.data import registry
from tfisp.data.config import DataConfig
from tfisp.errors import InputError

KIND = data.Kind(
    lambda config, progress: (config, progress),
    "files of mine",
    sensor="zrr",
    contract=registry.PUBLISHED,
    patch_size=48,
    paired=True,
    own_targets=True,
)


@pytest.fixture(autouse=True)
def mine(monkeypatch):
    before = dict(data.DATASETS)
    data.register("mine", KIND)
    yield
    data.DATASETS.clear()
    data.DATASETS.update(before)


def test_it_is_opened_by_its_function_with_its_own_settings():
    config = DataConfig("mine")
    assert data.open_dataset(config, print) == (config, print)
    assert (config.patch_size, config.resolved_sensor().name) == (48, "zrr")
    assert "mine" in data.names()


def test_another_kind_of_that_name_is_refused():
    with pytest.raises(InputError, match="data set 'mine': the name is taken"):
        data.register("mine", dataclasses.replace(KIND, patch_size=64))
    with pytest.raises(InputError, match="data set 'zrr': the name is taken"):
        data.register("zrr", KIND)
