"""The photographs' local contrast, found through the generator; the same again after a stop."""

import dataclasses

import numpy as np
import pytest

from tfisp import data, models
from tfisp.data.simulation import simulated
from tfisp.looks import Detail, Look
from tfisp.training.target_detail import fit_target_detail


class Sharpened:
    """Photographs in another local contrast."""

    def __init__(self, plain, detail):
        self._plain, self._detail = plain, detail

    def __len__(self):
        return len(self._plain)

    def read(self, index, seed):
        return self._detail.apply(np.asarray(self._plain.read(index, seed)))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    config = data.DataConfig(
        "unprocessed",
        raw_dir="skimage:",
        patch_size=64,
        noise="none",
        cache_dir=str(tmp_path_factory.mktemp("cache")),
    )
    return data.open_dataset(config)


def test_sharper_photographs_ask_for_more_of_the_same_bands(scenes):
    start = models.create("efficient_isp", contract=scenes.contract, seed=1)
    pairs = simulated(scenes, Look.identity()).raw
    plain = np.array(fit_target_detail(scenes, pairs, start).gains)
    assert np.array_equal(plain, fit_target_detail(scenes, pairs, start).gains)
    sharper = dataclasses.replace(
        scenes, targets=Sharpened(scenes.targets, Detail((1.5, 1.5, 1.0, 1.0)))
    )
    found = np.array(fit_target_detail(sharper, pairs, start).gains)
    assert (found[:2] > 1.1 * plain[:2]).all() or (found[:2] == 2).all()


def test_targets_get_the_gains_and_nothing_else_does(scenes):
    look = Look.identity()
    plain = simulated(scenes, look).raw
    raw, clean, target = plain.read_pair(0, (0, 0))
    detail = Detail((1.5, 1.2, 1.0, 1.0))
    again = plain.in_detail(detail).read_pair(0, (0, 0))
    np.testing.assert_array_equal(again[0], raw)
    np.testing.assert_array_equal(again[1], clean)
    np.testing.assert_array_equal(again[2], detail.apply(look.apply(clean)))
    np.testing.assert_array_equal(plain.read_pair(0, (0, 0))[2], target)
