"""AlexNet: equality with PyTorch, its two ways of scaling, its sizes."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tests.helpers.shared import shared
from tfisp.errors import InputError
from tfisp.perceptual import alexnet, backbones

CONVS = ("conv1", "conv2", "conv3", "conv4", "conv5")


def npz(path, rng):
    """A file of random weights in the published layout."""
    arrays = {}
    for name, shape in zip(
        CONVS,
        [(64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3)],
        strict=True,
    ):
        arrays[f"{name}_weight_oihw"] = np.float32(
            rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        )
        arrays[f"{name}_bias"] = np.float32(rng.normal(0, 0.1, shape[0]))
    np.savez(path, **arrays)
    return path


def check_against_torch(path, x):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    with np.load(path) as stored:
        kernels = [torch.from_numpy(stored[f"{name}_weight_oihw"]) for name in CONVS]
        biases = [torch.from_numpy(stored[f"{name}_bias"]) for name in CONVS]
    backbone = backbones.create("alexnet", weights=path)
    found = backbone(x, backbone.taps)
    expected = torch_networks.alexnet(torch_networks.nchw(x), kernels, biases)
    for tap, tensor in zip(backbone.taps, expected, strict=True):
        reference = torch_networks.nhwc(tensor)
        assert np.abs(found[tap] - reference).max() <= 1e-5 * np.abs(reference).max(), tap
        assert backbone.tap_shape(tap, x.shape[1:3]) == reference.shape[1:]


@pytest.mark.parametrize("size", [(64, 64), (63, 101)])
def test_all_taps_equal_the_pytorch_rendering(tmp_path, size):
    path = npz(tmp_path / "alexnet.npz", np.random.default_rng(0))
    check_against_torch(path, images(2, *size, 3))


@pytest.mark.slow
def test_all_taps_equal_the_pytorch_rendering_with_real_weights():
    check_against_torch(shared("weights/alexnet_features.npz"), images(1, 128, 96, 3))


def test_the_imagenet_variant_only_differs_by_lpips_scaling():
    plain = backbones.create("alexnet", "random", seed=3)
    scaled = backbones.create("alexnet_imagenet", "random", seed=3)
    x = images(1, 40, 40, 3)
    by_hand = (2 * x - 1 - np.float32([-0.030, -0.088, -0.188])) / np.float32([0.458, 0.448, 0.450])
    np.testing.assert_allclose(
        scaled(x, ["relu2"])["relu2"], plain(by_hand, ["relu2"])["relu2"], rtol=1e-5, atol=1e-6
    )


def test_published_sizes_for_256_pixels():
    backbone = backbones.create("alexnet", "random")
    sizes = [backbone.tap_shape(tap, (256, 256)) for tap in backbone.taps]
    assert sizes == [(63, 63, 64), (31, 31, 192), (15, 15, 384), (15, 15, 256), (15, 15, 256)]


def test_random_features_neither_vanish_nor_explode():
    backbone = backbones.create("alexnet", "random")
    found = backbone(images(2, 96, 96, 3), backbone.taps)
    for tap in backbone.taps:
        assert 0.2 < np.std(found[tap]) < 5, tap


def test_images_below_the_smallest_size_are_refused_by_name():
    backbone = backbones.create("alexnet_narrow")
    assert backbone(images(1, 31, 31, 3), ["relu5"])["relu5"].shape == (1, 1, 1, 32)
    with pytest.raises(InputError, match="30x31 pixels are too small for relu5"):
        backbone(images(1, 30, 31, 3), ["relu5"])
    assert backbone(images(1, 7, 7, 3), ["relu1"])["relu1"].shape == (1, 1, 1, 8)


def test_wrong_files_are_refused(tmp_path):
    path = npz(tmp_path / "good.npz", np.random.default_rng(0))
    with np.load(path) as stored:
        arrays = dict(stored)
    np.savez(tmp_path / "bad.npz", **(arrays | {"conv2_bias": np.zeros(3, np.float32)}))
    with pytest.raises(InputError, match=r"bad\.npz: not the weights of AlexNet: conv2_bias"):
        backbones.create("alexnet", tmp_path / "bad.npz")


def test_gradients_at_the_image_are_finite_at_black_white_and_beyond():
    backbone = backbones.create("alexnet", "random")
    for value in (0.0, 1.0, -0.5, 3.0):
        x = tf.fill([1, 40, 40, 3], value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.add_n([tf.reduce_sum(f) for f in backbone(x, backbone.taps).values()])
        assert np.isfinite(tape.gradient(total, x)).all()


def test_images_in_double_precision_give_features_in_double_precision():
    for name in ("alexnet_imagenet", "vgg19_narrow"):
        backbone = backbones.create(name, "random")
        x, tap = images(1, 40, 40, 3), backbone.taps[2]
        double = backbone(x.astype(np.float64), [tap])[tap]
        assert double.dtype == tf.float64
        np.testing.assert_allclose(double, backbone(x, [tap])[tap], rtol=1e-3, atol=1e-3)


def test_the_narrow_network_takes_no_trained_weights(tmp_path):
    assert backbones.create("alexnet_narrow", "random").is_random
    with pytest.raises(InputError, match="only has random ones"):
        backbones.create("alexnet_narrow", tmp_path / "x.npz")


def test_the_chain_is_that_of_the_paper():
    widths = [layer.filters for layer in alexnet.CHAIN if hasattr(layer, "filters")]
    assert widths == [64, 192, 384, 256, 256]
