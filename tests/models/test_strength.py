"""Where the last stage of a run began."""

import numpy as np

from tfisp import models
from tfisp.models.presets import DEFAULT_PRESET
from tfisp.models.strength import start_of


def test_the_start_of_a_run_is_the_stage_before_its_last(tmp_path):
    start, end = (models.create("efficient_isp", seed=seed) for seed in (3, 4))
    models.save_to_preset(start, tmp_path / "stages" / "0-pretrain")
    models.save_to_preset(end, tmp_path / "stages" / "1-unpaired")
    models.save_to_preset(end, tmp_path / "model")
    found = start_of(tmp_path, end)
    for mine, theirs in zip(found.get_weights(), start.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_there_is_none_of_a_preset_or_where_it_is_another_network(tmp_path):
    assert start_of(DEFAULT_PRESET, models.from_preset(DEFAULT_PRESET)) is None
    end = models.create("efficient_isp", seed=4)
    models.save_to_preset(models.create("robust_isp"), tmp_path / "stages" / "0-pretrain")
    models.save_to_preset(end, tmp_path / "stages" / "1-unpaired")
    models.save_to_preset(end, tmp_path / "model")
    assert start_of(tmp_path, end) is None
