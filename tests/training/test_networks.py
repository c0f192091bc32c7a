"""The networks of a run, opened."""

import pytest

from tfisp import models, train
from tfisp.contract import PUBLISHED
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.networks import load_frozen


def test_everything_that_is_wrong_with_frozen_networks_is_told_at_once(tmp_path):
    for name in ("vgg.h5", "alexnet.npz"):
        (tmp_path / name).write_bytes(b"damaged")
    weights = {"vgg19": str(tmp_path / "vgg.h5"), "alexnet": str(tmp_path / "alexnet.npz")}
    stages = make_stages(
        ("unpaired",), (1,), backbones=(("color", "vit_narrow"), ("texture", "alexnet"))
    )
    config = TrainConfig(stages, DataConfig("unprocessed", raw_dir="photos"), weights=weights)
    with pytest.raises(InputError) as caught:
        load_frozen(config)
    message = str(caught.value)
    assert "vgg.h5" in message and "alexnet.npz" in message and "\n" not in message


def test_a_preset_of_another_contract_is_refused_before_data_are_opened(tmp_path, capfd):
    preset = models.save_to_preset(
        models.create("efficient_isp", contract=PUBLISHED), tmp_path / "preset"
    )
    (tmp_path / "empty").mkdir()
    words = [
        "--flagfile=unpaired_smoke.flags",
        f"--model={preset}",
        f"--raw_dir={tmp_path / 'empty'}",
        f"--work_dir={tmp_path / 'run'}",
        "--metadata=recorded",
    ]
    assert train.run(words) == 1
    error = capfd.readouterr().err.splitlines()[-1]
    assert "was trained for other input than" in error and "--data=unprocessed" in error
    assert {path.name for path in tmp_path.iterdir()} == {"preset", "empty"}
