"""Porting PyTorch's weights: the result is what tfisp reads, and what is wrong is refused."""

import hashlib
import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.shared import shared
from tests.helpers.vit_files import hugging_face
from tfisp.errors import InputError
from tfisp.perceptual import DISTS, LPIPS, backbones, vgg, vit, vit_weights
from tfisp.perceptual.convolutional import narrowed
from tfisp.perceptual.vit_weights import Architecture
from tfisp.perceptual.weights import locate

torch = pytest.importorskip("torch")

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "port_weights.py"
spec = importlib.util.spec_from_file_location("port_weights", SCRIPT)
port_weights = importlib.util.module_from_spec(spec)
spec.loader.exec_module(port_weights)

PLACES = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}


def alexnet_state(seed=0):
    """Tensors under torchvision's names; the classifier is there, small, and not wanted."""
    generator = torch.Generator().manual_seed(seed)
    state = {"classifier.1.weight": torch.zeros(2, 2)}
    for place, (outputs, inputs, size) in PLACES.items():
        state[f"features.{place}.weight"] = torch.randn(
            outputs, inputs, size, size, generator=generator
        )
        state[f"features.{place}.bias"] = torch.randn(outputs, generator=generator)
    return state


def test_alexnet_is_found_in_the_cache_afterwards(tmp_path, monkeypatch):
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    torch.save(alexnet_state(), tmp_path / "alexnet.pth")
    path = port_weights.port("alexnet", tmp_path / "alexnet.pth", tmp_path / "cache" / "weights")
    assert locate("alexnet").path == path
    backbone = backbones.create("alexnet")
    kernel = backbone._variables["conv2/kernel"].numpy()
    expected = alexnet_state()["features.3.weight"].numpy().transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(kernel, expected)


def test_the_recorded_hash_is_of_the_new_file(tmp_path):
    torch.save(alexnet_state(), tmp_path / "alexnet.pth")
    path = port_weights.port("alexnet", tmp_path / "alexnet.pth", tmp_path / "out")
    recorded = (tmp_path / "out" / f"{path.name}.sha256").read_text().split()[0]
    assert recorded == hashlib.sha256(path.read_bytes()).hexdigest()


def test_lpips_heads_keep_their_values(tmp_path):
    state = {
        f"lin{i}.model.1.weight": torch.rand(1, c, 1, 1)
        for i, c in enumerate((64, 192, 384, 256, 256))
    }
    torch.save(state, tmp_path / "alex.pth")
    path = port_weights.port("lpips", tmp_path / "alex.pth", tmp_path / "out")
    heads = LPIPS(weights="random", heads=path)._heads
    np.testing.assert_array_equal(heads[2], state["lin2.model.1.weight"].numpy().reshape(-1))


@pytest.mark.parametrize("number", [16, 19])
def test_torchvisions_vgg_is_found_in_the_cache_afterwards(number, tmp_path, monkeypatch):
    name = f"vgg{number}_torchvision"
    network = vgg.NETWORKS[name]
    narrow = network._replace(chain=narrowed(network.chain, 16))
    monkeypatch.setitem(vgg.NETWORKS, name, narrow)
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    state = {key: torch.randn(*shape) for key, shape in vgg.torchvision_shapes(narrow).items()}
    torch.save(state | {"classifier.0.weight": torch.zeros(2, 2)}, tmp_path / "vgg.pth")
    port_weights.port(name, tmp_path / "vgg.pth", tmp_path / "cache" / "weights")
    kernel = backbones.create(name)._variables["block2_conv1/kernel"].numpy()
    # conv, relu, conv, relu, pool: the third convolution is the sixth module
    expected = state["features.5.weight"].numpy().transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(kernel, expected)


def test_dists_keeps_its_proportions(tmp_path):
    state = {name: torch.rand(1, 1475, 1, 1) for name in ("alpha", "beta")}
    torch.save(state, tmp_path / "weights.pt")
    path = port_weights.port("dists", tmp_path / "weights.pt", tmp_path / "out")
    alphas = np.concatenate(DISTS(weights="random", alpha_beta=path)._alphas)
    total = state["alpha"].sum() + state["beta"].sum()
    np.testing.assert_allclose(alphas, (state["alpha"] / total).reshape(-1), rtol=1e-5)


def test_deit_is_taken_out_of_its_checkpoint(tmp_path):
    shapes = vit_weights.timm_shapes(Architecture(blocks=12, heads=3, width=192, mlp=768))
    state = {name: torch.full(shape, 0.5) for name, shape in shapes.items()}
    state["head.weight"] = torch.zeros(1000, 192)
    torch.save({"model": state}, tmp_path / "deit.pth")
    path = port_weights.port("deit_tiny", tmp_path / "deit.pth", tmp_path / "out")
    with np.load(path) as stored:
        assert set(stored.files) == set(shapes)
        assert stored["cls_token"].dtype == np.float16


def test_a_hugging_face_vit_is_found_in_the_cache_afterwards(tmp_path, monkeypatch):
    tiny = Architecture(blocks=2, heads=2, width=16, mlp=24, patch=56)
    member = replace(vit._MEMBERS["vit_b16"], architecture=tiny)
    monkeypatch.setitem(vit._MEMBERS, "vit_b16", member)
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    source = hugging_face(tmp_path / "hf", vit_weights.random_arrays(tiny, seed=1), tiny)
    path = port_weights.port("vit_b16", source, tmp_path / "cache" / "weights")
    assert locate("vit_b16").path == path
    x = np.random.default_rng(0).uniform(0, 1, (1, 224, 224, 3)).astype(np.float32)
    found, direct = (backbones.create("vit_b16", at)(x, ["tokens"]) for at in (None, source))
    np.testing.assert_array_equal(found["tokens"], direct["tokens"])


def test_another_vit_is_not_copied(tmp_path):
    other = Architecture(blocks=1, heads=2, width=16, mlp=24, patch=56)
    source = hugging_face(tmp_path / "hf", vit_weights.random_arrays(other, seed=1), other)
    with pytest.raises(InputError, match=r"model\.safetensors.*missing"):
        port_weights.port("vit_b16", source, tmp_path / "out")
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        port_weights.port("vit_b16", tmp_path / "nowhere", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_shared_alexnet_has_the_layout_that_the_script_writes(tmp_path):
    torch.save(alexnet_state(), tmp_path / "alexnet.pth")
    path = port_weights.port("alexnet", tmp_path / "alexnet.pth", tmp_path / "out")
    with np.load(path) as ours, np.load(shared("weights/alexnet_features.npz")) as theirs:
        assert {k: ours[k].shape for k in ours} == {k: theirs[k].shape for k in theirs}


def test_a_file_that_is_not_what_its_name_promises_is_refused(tmp_path):
    path = tmp_path / "alexnet-owt-7be5be79.pth"
    torch.save(alexnet_state(), path)
    with pytest.raises(InputError, match="its name promises 7be5be79"):
        port_weights.port("alexnet", path, tmp_path)


def test_other_networks_damaged_files_and_code_are_refused(tmp_path):
    path = tmp_path / "x.pth"
    torch.save({"features.0.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="not the weights of torchvision's AlexNet"):
        port_weights.port("alexnet", path, tmp_path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="not readable as weights alone"):
        port_weights.port("alexnet", path, tmp_path)
    torch.save({"code": Path("/")}, path)
    with pytest.raises(InputError, match="not readable as weights alone"):
        port_weights.port("alexnet", path, tmp_path)
    assert not (tmp_path / "alexnet_features.npz").exists()
