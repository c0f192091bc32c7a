"""The committed table of cosines holds what it must, and its script measures what it says."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.errors import InputError
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.trainer import Trainer

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location(
    "check_precision", ROOT / "scripts" / "check_precision.py"
)
check_precision = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check_precision)


def test_only_losses_that_look_through_another_network_turn():
    content = (("alexnet_narrow", "relu2"),)
    (stage,) = make_stages(("unpaired",), (1,), content=content, critics=())
    banks = [
        FeatureBank({"alexnet_narrow": backbones.create("alexnet_narrow", seed=seed)})
        for seed in (1, 1, 2)
    ]
    trainer = Trainer(models.create("efficient_isp", seed=1), stage.recipe, banks[0], (32, 32))
    rng = np.random.default_rng(0)
    batch = {
        "raw": tf.constant(rng.uniform(size=(1, 16, 16, 4)), tf.float32),
        "reference": tf.constant(rng.uniform(size=(1, 32, 32, 3)), tf.float32),
    }
    same = check_precision.cosines(trainer, (banks[0], banks[1]), [batch, batch])
    assert same == {name: [pytest.approx(1.0, abs=1e-6)] * 2 for name in ("content", "tv")}
    other = check_precision.cosines(trainer, (banks[0], banks[2]), [batch])
    assert other["tv"] == [pytest.approx(1.0, abs=1e-6)]
    assert -1.0 <= other["content"][0] < 0.999


def test_every_loss_in_every_state_is_within_the_bound():
    text = (ROOT / "docs" / "PRECISION.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|`]+) \| ([^|`]+) \| `(\w+)` \| (\S+) \| (\S+) \|$", text, re.M)
    kinds = [state.split(",")[0] for state, *_ in rows]
    assert set(kinds) == {"initialisation", "after pretraining", "late"}
    networks = {setting.title for setting in check_precision.SETTINGS.values()}
    losses = {"content", "tv", "adv_color", "adv_lin0", "adv_lin3"}
    found = {(kind, row[1], row[2]) for kind, row in zip(kinds, rows, strict=True)}
    assert found == {(k, n, loss) for k in set(kinds) for n in networks for loss in losses}
    for *row, smallest, median in rows:
        assert check_precision.LEAST <= float(smallest) <= float(median), row


def test_the_table_states_the_smallest_and_the_median():
    row = check_precision.Row("late", "networks", "content", [0.9995, 1.0, 0.9999])
    assert "| late | networks | `content` | 0.999500 | 0.999900 |" in check_precision.table([row])


def test_directions_have_length_one():
    parts = [tf.constant([3.0, 0.0]), tf.constant([[4.0]])]
    np.testing.assert_allclose(check_precision._direction(parts), [0.6, 0.0, 0.8])


def test_a_folder_without_runs_is_named(tmp_path):
    with pytest.raises(InputError, match=r"--real_runs: no checkpoint in .*pretrain-0"):
        check_precision.latest(tmp_path / "pretrain-0")
    assert not list(tmp_path.iterdir())
