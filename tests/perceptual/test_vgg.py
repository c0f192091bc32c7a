"""VGG: equality with PyTorch and with Keras Applications, and every file format it comes in."""

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.perceptual import backbones, vgg
from tfisp.perceptual.convolutional import chain_shapes, l2_pool, narrowed, random_arrays


@pytest.fixture
def narrow(monkeypatch):
    """Lets `vgg19` be an eighth as wide, so that its files are small; returns weights for it."""
    return make_narrow("vgg19", monkeypatch)


def make_narrow(name, monkeypatch):
    network = vgg.NETWORKS[name]
    chain = narrowed(network.chain, 8)
    monkeypatch.setitem(vgg.NETWORKS, name, network._replace(chain=chain))
    spread = 0.1 if network.is_torchvisions else 10  # of the order of the features
    rng = np.random.default_rng(2)
    return {
        k: v if v.ndim == 4 else np.float32(rng.normal(0, spread, v.shape))
        for k, v in random_arrays(chain, seed=1).items()
    }


def torchvision_layout(arrays, counts=(2, 2, 3, 3, 3)):
    """Keras' names and layout -> torchvision's: convolution, ReLU, ..., pooling, in one list."""
    place, stored = 0, {}
    for block, count in enumerate(counts, start=1):
        for i in range(1, count + 1):
            layer = f"block{block}_conv{i}"
            stored[f"features.{place}.weight"] = arrays[f"{layer}/kernel"].transpose(3, 2, 0, 1)
            stored[f"features.{place}.bias"] = arrays[f"{layer}/bias"]
            place += 2
        place += 1
    return stored


def test_all_taps_equal_the_pytorch_rendering(narrow, tmp_path):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    np.savez(tmp_path / "vgg.npz", **narrow)
    backbone = backbones.create("vgg19", tmp_path / "vgg.npz")
    kernels = [
        torch.from_numpy(v.transpose(3, 2, 0, 1).copy()) for k, v in narrow.items() if v.ndim == 4
    ]
    biases = [torch.from_numpy(v) for v in narrow.values() if v.ndim == 1]
    x = images(2, 37, 50, 3)
    found = backbone(x, backbone.taps)
    expected = torch_networks.vgg19(torch_networks.nchw(x), kernels, biases)
    assert backbone.taps[0] == "relu1_1"
    assert backbone.taps[-1] == "relu5_4"
    for tap, tensor in zip(backbone.taps, expected, strict=True):
        reference = torch_networks.nhwc(tensor)
        assert np.abs(found[tap] - reference).max() <= 1e-5 * np.abs(reference).max(), tap
        assert backbone.tap_shape(tap, (37, 50)) == reference.shape[1:]


@pytest.mark.parametrize("pooling", ["", "_l2"])
def test_torchvisions_vgg16_equals_the_pytorch_rendering(pooling, monkeypatch, tmp_path):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    name = f"vgg16_torchvision{pooling}"
    stored = torchvision_layout(make_narrow(name, monkeypatch))
    np.savez(tmp_path / "vgg.npz", **stored)
    backbone = backbones.create(name, tmp_path / "vgg.npz")
    kernels = [torch.from_numpy(v.copy()) for v in stored.values() if v.ndim == 4]
    biases = [torch.from_numpy(v) for v in stored.values() if v.ndim == 1]
    x = images(2, 37, 50, 3)
    found = backbone(x, backbone.taps)
    pool = torch_networks.l2_pool if pooling else (lambda x: torch.nn.functional.max_pool2d(x, 2))
    expected = torch_networks.vgg16(torch_networks.nchw(x), kernels, biases, pool)
    assert backbone.taps[-1] == "relu5_3"
    for tap, tensor in zip(backbone.taps, expected, strict=True):
        reference = torch_networks.nhwc(tensor)
        assert np.abs(found[tap] - reference).max() <= 1e-5 * np.abs(reference).max(), tap
        assert backbone.tap_shape(tap, (37, 50)) == reference.shape[1:]


def test_the_two_trainings_are_not_taken_for_each_other(monkeypatch, tmp_path):
    arrays = make_narrow("vgg16", monkeypatch)
    make_narrow("vgg16_torchvision", monkeypatch)
    np.savez(tmp_path / "keras.npz", **arrays)
    np.savez(tmp_path / "torchvision.npz", **torchvision_layout(arrays))
    with pytest.raises(InputError, match=r"torchvision's VGG-16: features\.0\.weight is missing"):
        backbones.create("vgg16_torchvision", tmp_path / "keras.npz")
    with pytest.raises(InputError, match="VGG-16 without top"):
        backbones.create("vgg16", tmp_path / "torchvision.npz")


def test_vgg16_and_vgg19_have_the_sizes_of_their_paper():
    for name, count in (("vgg16", 14_714_688), ("vgg19", 20_024_384)):
        shapes = chain_shapes(vgg.NETWORKS[name].chain).values()
        assert sum(np.prod(shape) for shape in shapes) == count


def test_gradients_of_the_l2_pooling_are_finite_at_zero():
    x = tf.zeros([1, 5, 4, 2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(l2_pool(x))
    np.testing.assert_array_equal(tape.gradient(total, x), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "last"), [(16, 3), (19, 4)])
def test_a_file_saved_by_keras_gives_the_features_of_keras(number, last, tmp_path):
    model = getattr(keras.applications, f"VGG{number}")(include_top=False, weights=None)
    model.save_weights(tmp_path / "vgg.weights.h5")
    backbone = backbones.create(f"vgg{number}", tmp_path / "vgg.weights.h5")
    x = images(1, 64, 48, 3)
    outputs = [model.get_layer(f"block{b}_conv{2 if b < 3 else last}").output for b in range(1, 6)]
    scaled = keras.applications.vgg19.preprocess_input(255.0 * x)
    expected = keras.Model(model.input, outputs)(scaled)
    taps = ["relu1_2", "relu2_2", *(f"relu{block}_{last}" for block in (3, 4, 5))]
    found = backbone(x, taps)
    for tap, reference in zip(taps, expected, strict=True):
        np.testing.assert_allclose(found[tap], reference, rtol=1e-4, atol=1e-5)


def test_the_published_file_layout_is_read(narrow, tmp_path):
    """Keras' file has one group per layer, with TensorFlow's variable names, and weightless layers
    between."""
    with h5py.File(tmp_path / "notop.h5", "w") as file:
        file.create_group("block1_pool")
        for name, value in narrow.items():
            layer, kind = name.split("/")
            file[f"{layer}/{layer}_{'W' if kind == 'kernel' else 'b'}_1:0"] = value
    np.savez(tmp_path / "vgg.npz", **narrow)
    a = backbones.create("vgg19", tmp_path / "notop.h5")
    b = backbones.create("vgg19", tmp_path / "vgg.npz")
    x = images(1, 32, 32, 3)
    np.testing.assert_array_equal(a(x, ["relu5_4"])["relu5_4"], b(x, ["relu5_4"])["relu5_4"])


def test_wrong_files_are_refused(narrow, tmp_path):
    first = {k: v for k, v in narrow.items() if not k.startswith("block5")}
    for name, arrays, message in [
        ("16.npz", first, "block5_conv1/kernel is missing"),
        ("top.npz", narrow | {"fc1/kernel": np.zeros((4, 4), np.float32)}, "has no place"),
        (
            "twice.npz",
            narrow | {"block1_conv1/again": narrow["block1_conv1/kernel"]},
            "has no place",
        ),
    ]:
        np.savez(tmp_path / name, **arrays)
        with pytest.raises(InputError, match=message):
            backbones.create("vgg19", tmp_path / name)


def test_images_are_scaled_as_keras_scales_them():
    x = images(2, 5, 6, 3)
    expected = keras.applications.vgg19.preprocess_input(255.0 * x)
    np.testing.assert_allclose(vgg.caffe_scaling(tf.constant(x)), expected, atol=1e-4)


def test_random_features_neither_vanish_nor_explode():
    backbone = backbones.create("vgg19_narrow")
    found = backbone(images(2, 64, 64, 3), backbone.taps)
    for tap in backbone.taps:
        assert 10 < np.std(found[tap]) < 1000, tap


def test_random_weights_are_the_same_for_the_same_seed():
    x = images(1, 16, 16, 3)
    a, b, c = (
        backbones.create("vgg19_narrow", seed=s)(x, ["relu5_4"])["relu5_4"] for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0


def test_the_smallest_image_is_16_pixels_for_the_deepest_tap():
    backbone = backbones.create("vgg19_narrow")
    assert backbone(images(1, 16, 16, 3), ["relu5_4"])["relu5_4"].shape == (1, 1, 1, 64)
    with pytest.raises(InputError, match="15x16 pixels are too small for relu5_4"):
        backbone(images(1, 15, 16, 3), ["relu5_4"])
    assert backbone(images(1, 1, 1, 3), ["relu1_2"])["relu1_2"].shape == (1, 1, 1, 8)


def test_gradients_at_the_image_are_finite():
    backbone = backbones.create("vgg19_narrow")
    for value in (0.0, 1.0, -0.5, 3.0):
        x = tf.fill([1, 32, 32, 3], value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(backbone(x, ["relu5_4"])["relu5_4"] ** 2)
        assert np.isfinite(tape.gradient(total, x)).all()
