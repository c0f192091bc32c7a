"""The photographs' local contrast, found through the generator."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

from tfisp import data, models
from tfisp.data.simulation import simulated
from tfisp.data.skimage_scenes import skimage_scenes
from tfisp.errors import InputError
from tfisp.looks import Detail, Look
from tfisp.looks.detail import SCALES
from tfisp.training.monitor import Monitor
from tfisp.training.target_detail import fit_target_detail, in_target_detail


class Sharpened:
    """Photographs in another local contrast."""

    def __init__(self, plain, detail):
        self._plain, self._detail = plain, detail

    def __len__(self):
        return len(self._plain)

    def read(self, index, seed):
        return self._detail.apply(np.asarray(self._plain.read(index, seed)))

    def source_of(self, index):
        return self._plain.source_of(index)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Ten small photographs as sources, ten as targets: pieces of those in scikit-image."""
    folder = tmp_path_factory.mktemp("photographs")
    names = []
    _, roles = skimage_scenes()
    for scene, path in enumerate(path for paths in roles.values() for path in paths):
        image = cv2.imread(str(path))
        for piece in range(5):
            top, left = 40 * piece, 30 * piece
            names.append(f"{scene}-{piece}.png")
            cv2.imwrite(str(folder / names[-1]), image[top : top + 180, left : left + 180])
    splits = {"source": names[:10], "target": names[10:20], "val": [], "test": names[20:]}
    (folder / "splits.json").write_text(json.dumps(splits))
    config = data.DataConfig(
        "unprocessed",
        raw_dir=str(folder),
        splits=str(folder / "splits.json"),
        patch_size=48,
        noise="none",
        cache_dir=str(folder / "cache"),
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


def test_a_run_that_goes_on_keeps_the_gains_it_began_with(scenes, tmp_path):
    start = models.create("efficient_isp", contract=scenes.contract, seed=1)
    pairs, kept = simulated(scenes, Look.identity()), tmp_path / "detail.json"

    def target():
        found = in_target_detail(scenes, pairs, start, Monitor(), kept)
        return found.raw.read_pair(0, (0, 0))[2]

    first, written = target(), kept.read_text()
    np.testing.assert_array_equal(target(), first)
    assert kept.read_text() == written
    other = Detail((1.5, 1.5, 1.0, 1.0))
    kept.write_text(json.dumps({"scales": SCALES, "gains": other.gains}))
    plain = pairs.raw.read_pair(0, (0, 0))[2]
    np.testing.assert_array_equal(target(), other.apply(plain))
    kept.write_text('{"scales": [1, 2, 4, 8], "gains": null}')
    with pytest.raises(InputError, match=r"detail\.json: not the gains of a run"):
        target()


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
