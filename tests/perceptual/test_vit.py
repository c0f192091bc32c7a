"""Vision Transformers: equality with PyTorch, and every file format they come in."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tests.helpers.shared import shared
from tests.helpers.vit_files import hugging_face
from tfisp.errors import InputError
from tfisp.perceptual import backbones, vit, vit_weights
from tfisp.perceptual.vit_weights import Architecture

TINY = Architecture(blocks=2, heads=2, width=16, mlp=24, patch=56)
IMAGENET_MEAN = np.float32([0.485, 0.456, 0.406])
IMAGENET_DEVIATION = np.float32([0.229, 0.224, 0.225])


@pytest.fixture
def tiny(monkeypatch):
    """Lets both trained networks be tiny; returns weights for them, none of them zero or one."""
    for name in ("vit_b16", "deit_tiny"):
        member = replace(vit._MEMBERS[name], architecture=TINY)
        monkeypatch.setitem(vit._MEMBERS, name, member)
    rng = np.random.default_rng(1)
    return {
        name: np.float32(rng.normal(1.0 if "norm" in name else 0.0, 0.2, shape))
        for name, shape in vit_weights.timm_shapes(TINY).items()
    }


def reference(x, arrays, built, epsilon=1e-6):
    """Tokens by the PyTorch rendering, of images that were scaled already."""
    pytest.importorskip("torch")
    from tests.helpers import torch_networks

    tokens = torch_networks.vision_transformer(
        torch_networks.nchw(x), arrays, built.blocks, built.heads, epsilon
    )
    return tokens.detach().numpy()


def test_tokens_equal_the_pytorch_rendering(tiny, tmp_path):
    np.savez(tmp_path / "deit.npz", **tiny, **{"head.weight": np.zeros((1000, 16), np.float32)})
    backbone = backbones.create("deit_tiny", tmp_path / "deit.npz")
    x = images(2, 224, 224, 3)
    tokens = backbone(x, ["tokens"])["tokens"]
    expected = reference((x - IMAGENET_MEAN) / IMAGENET_DEVIATION, tiny, TINY)
    np.testing.assert_allclose(tokens, expected, atol=1e-5)
    assert backbone.tap_shape("tokens", (224, 224)) == tokens.shape[1:] == (16, 16)


def test_the_epsilon_of_layer_normalisation_is_timms(tiny, tmp_path):
    """It shows where tokens hardly vary: here by about 1e-3."""
    faint = {
        name: array * np.float32(1e-3 if name.startswith(("patch_embed", "pos", "cls")) else 1)
        for name, array in tiny.items()
    }
    np.savez(tmp_path / "deit.npz", **faint)
    x = images(1, 224, 224, 3)
    tokens = backbones.create("deit_tiny", tmp_path / "deit.npz")(x, ["tokens"])["tokens"]
    scaled = (x - IMAGENET_MEAN) / IMAGENET_DEVIATION
    np.testing.assert_allclose(tokens, reference(scaled, faint, TINY, 1e-6), atol=1e-4)
    for other in (1e-5, 1e-12):
        assert np.abs(tokens - reference(scaled, faint, TINY, other)).max() > 1e-2


@pytest.mark.slow
def test_deit_tiny_equals_the_pytorch_rendering_with_real_weights():
    path = shared("weights/deit_tiny_patch16_224_fp16.npz")
    backbone = backbones.create("deit_tiny", path)
    x = images(1, 224, 224, 3)
    with np.load(path) as stored:
        expected = reference(
            (x - IMAGENET_MEAN) / IMAGENET_DEVIATION,
            dict(stored),
            Architecture(blocks=12, heads=3, width=192, mlp=768),
        )
    tokens = backbone(x, ["tokens"])["tokens"].numpy()
    assert tokens.shape == (1, 196, 192)
    assert np.abs(tokens - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.slow
def test_vit_b16_has_the_published_number_of_parameters():
    backbone = backbones.create("vit_b16", "random")
    shapes = vit_weights.timm_shapes(vit.architecture("vit_b16")).values()
    assert sum(math.prod(shape) for shape in shapes) == 85_798_656
    assert backbone.tap_shape("tokens", (224, 224)) == (196, 768)


def test_a_hugging_face_folder_is_read_with_its_own_epsilon(tiny, tmp_path):
    # Nearly constant tokens make the epsilon visible.
    tiny["patch_embed.proj.weight"] *= 1e-4
    tiny["pos_embed"] = np.full_like(tiny["pos_embed"], 0.1)
    tiny["cls_token"] = np.zeros_like(tiny["cls_token"])
    tiny["patch_embed.proj.bias"] = np.zeros_like(tiny["patch_embed.proj.bias"])
    folder = hugging_face(tmp_path / "hf", tiny, TINY, epsilon=1e-3)
    tokens = backbones.create("vit_b16", folder)(images(1, 224, 224, 3), ["tokens"])["tokens"]
    scaled = (images(1, 224, 224, 3) - 0.5) / 0.5
    np.testing.assert_allclose(tokens, reference(scaled, tiny, TINY, 1e-3), atol=1e-5)
    assert np.abs(tokens - reference(scaled, tiny, TINY, 1e-6)).max() > 1e-2


def keras_hubs(built, seed=4):
    """KerasHub's own network of that architecture, none of its weights zero or one."""
    import keras_hub

    network = keras_hub.models.ViTBackbone(
        image_shape=(224, 224, 3),
        patch_size=built.patch,
        num_layers=built.blocks,
        num_heads=built.heads,
        hidden_dim=built.width,
        mlp_dim=built.mlp,
        layer_norm_epsilon=1e-3,
    )
    rng = np.random.default_rng(seed)
    for variable in network.variables:
        variable.assign(variable + rng.normal(0, 0.2, variable.shape))
    return network


def test_a_keras_hub_folder_gives_the_tokens_of_keras_hubs_network(tiny, tmp_path):
    network = keras_hubs(TINY)
    network.save_to_preset(str(tmp_path / "preset"))
    x = images(2, 224, 224, 3)
    tokens = backbones.create("vit_b16", tmp_path / "preset")(x, ["tokens"])["tokens"]
    np.testing.assert_allclose(tokens, network((x - 0.5) / 0.5)[:, 1:], atol=1e-5)


def test_a_keras_hub_folder_of_another_network_is_refused(tiny, tmp_path, monkeypatch):
    keras_hubs(TINY).save_to_preset(str(tmp_path / "p"))
    larger = replace(vit._MEMBERS["vit_b16"], architecture=replace(TINY, blocks=3))
    monkeypatch.setitem(vit._MEMBERS, "vit_b16", larger)
    with pytest.raises(InputError, match="not the weights of vit_b16"):
        backbones.create("vit_b16", tmp_path / "p")


def test_wrong_files_and_folders_are_refused(tiny, tmp_path):
    np.savez(tmp_path / "short.npz", **{k: v for k, v in tiny.items() if k != "norm.bias"})
    with pytest.raises(InputError, match=r"norm\.bias is missing"):
        backbones.create("deit_tiny", tmp_path / "short.npz")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"config\.json: no such file"):
        backbones.create("vit_b16", tmp_path / "empty")
    folder = hugging_face(tmp_path / "hf", tiny, TINY)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a readable Hugging Face folder"):
        backbones.create("vit_b16", folder)


def test_without_keras_hub_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "keras_hub", None)  # as if it were not installed
    (tmp_path / "model.weights.h5").touch()  # KerasHub's form
    for path in (None, tmp_path):
        with pytest.raises(InputError, match=r"--vit_b16_weights.*pip install 'tfisp\[paper\]'"):
            backbones.create("vit_b16", path)


def test_a_missing_preset_without_network_is_explained(monkeypatch, tmp_path):
    import keras_hub

    monkeypatch.delenv("TFISP_WEIGHTS", raising=False)
    monkeypatch.setenv("TFISP_CACHE", str(tmp_path))

    def no_network(*args, **kwargs):
        raise ConnectionError("Failed to resolve 'api.kaggle.com'")

    monkeypatch.setattr(keras_hub.models.ViTBackbone, "from_preset", no_network)
    with pytest.raises(InputError, match=r"--vit_b16_weights.*Failed to resolve.*random"):
        backbones.create("vit_b16")


def test_only_224_pixels_are_taken():
    with pytest.raises(InputError, match="takes images of 224x224 pixels, got 223x224"):
        backbones.create("vit_narrow")(images(1, 223, 224, 3), ["tokens"])


def test_gradients_reach_the_image_and_no_weight():
    backbone = backbones.create("vit_narrow")
    x = tf.zeros([1, 224, 224, 3])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(backbone(x, ["tokens"])["tokens"][..., :3] ** 2)
        watched = len(tape.watched_variables())
    gradient = tape.gradient(total, x)
    assert watched == 0
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


def test_random_tokens_differ_between_images_and_repeat_with_the_seed():
    x = images(2, 224, 224, 3)
    a, b, c = (backbones.create("vit_narrow", seed=s)(x, ["tokens"])["tokens"] for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.1
    assert 0.5 < np.std(a) < 2
    assert np.abs(a[0] - a[1]).mean() > 0.1
