"""Looks of true pairs: NILUT against PyTorch, and both kinds on pairs of files."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.data_files import scene, write_pairs
from tfisp.data import open_dataset
from tfisp.data.config import DataConfig
from tfisp.errors import InputError
from tfisp.training import launch, nilut
from tfisp.training.config import TrainConfig, make_stages
from tfisp.training.nilut import NILUT, fit_nilut, gradients
from tfisp.training.paired_look import PAIRED_LOOKS, fit_paired_look, summary
from tfisp.training.recipes import RECIPES


def test_a_nilut_has_the_published_size():
    # systems.md F: 3-128 with ReLU, twice 128-128 with tanh, 128-3.
    assert NILUT().count_params() == 3 * 128 + 128 + 2 * (128 * 128 + 128) + 128 * 3 + 3 == 33_923


def test_loss_and_gradients_of_a_nilut_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    network = NILUT(hidden=(16, 16, 16), seed=1)
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 1, (2, 64, 3)).astype("float32")
    loss, found = gradients(network, tf.constant(x), tf.constant(y))
    leaves = [torch.from_numpy(v.numpy()).requires_grad_() for v in network.trainable_variables]
    h = torch.from_numpy(x)
    for index, activation in enumerate((torch.relu, torch.tanh, torch.tanh, lambda h: h)):
        h = activation(torch.nn.functional.linear(h, leaves[2 * index].T, leaves[2 * index + 1]))
    mapped = (torch.from_numpy(x) + h).clamp(0, 1)
    expected = torch.nn.functional.l1_loss(mapped, torch.from_numpy(y))
    assert float(loss) == pytest.approx(expected.item(), rel=1e-6)
    for ours, theirs in zip(found, torch.autograd.grad(expected, leaves), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-7)


def test_a_nilut_learns_a_map(monkeypatch):
    monkeypatch.setattr(nilut, "BATCH", 512)
    x = np.random.default_rng(0).uniform(0.1, 0.9, (4000, 3)).astype("float32")
    y = np.clip(x[:, [1, 2, 0]] * 0.3 + x * 0.6 + 0.1, 0, 1)  # turns hues: no curve can
    told = []
    cube = fit_nilut(x, y, steps=150, progress=lambda *step: told.append(step))
    before, after = np.abs(x - y).mean(), np.abs(cube.apply(x) - y).mean()
    assert after < before / 4
    assert told[-1] == (150, 150, "steps of NILUT")
    again = fit_nilut(x, y, steps=150)
    np.testing.assert_array_equal(cube.table, again.table)


@pytest.fixture
def pairs(tmp_path):
    """Three pairs in which the photograph is the RAW's rendering with a stronger red."""
    root = write_pairs(tmp_path, "zrr", "train", 4, size=64)
    write_pairs(tmp_path, "zrr", "test", 1, size=64)  # of the four, one is for validation
    config = DataConfig("zrr", raw_dir=str(root), patch_size=64, cache_dir=str(tmp_path / "cache"))
    for path in sorted((root / "train" / "canon").iterdir()):
        truth = scene(64, 64, seed=int(path.stem))
        raw = np.uint16(np.kron(truth[::2, ::2, 1], np.ones((2, 2))) * 3.0 + 63)
        cv2.imwrite(str(root / "train" / "huawei_raw" / f"{path.stem}.png"), raw)
    frames = open_dataset(config).raw.frames
    for frame in frames:
        reference = frame.load().reference / 65535
        red = np.clip(reference * (1.2, 1.0, 0.9) + (0.05, 0, 0), 0, 1)
        cv2.imwrite(str(frame.target_path), np.uint8(np.rint(red[..., ::-1] * 255)), [1, 100])
    return config


def test_the_look_of_pairs_is_found(pairs):
    dataset = open_dataset(pairs)
    look = fit_paired_look(dataset, "lut3d")
    assert look.facts["pairs"] == 3
    assert look.facts["after_db"] > look.facts["before_db"] + 6
    reference = dataset.raw.frames[0].load().reference / 65535
    middle = reference[(reference > 0.1).all(-1) & (reference < 0.75).all(-1)]
    expected = middle * (1.2, 1.0, 0.9) + (0.05, 0, 0)
    assert np.abs(look.apply(middle) - expected).mean() < 0.01
    assert "lut3d of 3 pairs" in summary(look)


def test_the_recipes_train_on_simulated_captures_in_it(pairs, tmp_path, capsys):
    for kind in PAIRED_LOOKS:
        recipe = RECIPES[f"{kind}_plus"]
        assert recipe.look == kind
        assert recipe.needs_pairs and not recipe.needs_photographs
    config = TrainConfig(make_stages(("lut3d_plus", "paired_plus"), (1,)), pairs)
    dataset = launch.open_data(config)
    simulated = launch.simulated_pairs(config, dataset, None)
    assert "note: lut3d of 3 pairs" in capsys.readouterr().err
    _, clean, wanted = simulated.raw.read_pair(0, (0, 0))
    np.testing.assert_allclose(simulated.raw.look.apply(clean), wanted, atol=1e-6)
    assert np.abs(wanted - clean).max() > 0.02


def test_looks_that_differ_and_data_without_pairs_are_refused(tmp_path):
    data = DataConfig("zrr", raw_dir="raw")
    for recipes in (("nilut_plus", "lut3d_plus"), ("nilut_plus", "unpaired_plus")):
        with pytest.raises(InputError, match="their looks differ; a run has one"):
            TrainConfig(make_stages(recipes, (1,)), data)
    assert TrainConfig(make_stages(("pretrain_plus", "nilut_plus"), (1,)), data)
