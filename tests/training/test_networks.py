"""The networks of a run, opened."""

import pytest

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
