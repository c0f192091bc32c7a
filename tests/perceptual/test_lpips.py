"""LPIPS and LPIPS+: the published values, equality with PyTorch, and derivatives where they
break."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tests.helpers.shared import shared
from tfisp.errors import InputError
from tfisp.perceptual import LPIPS

CHANNELS = (64, 192, 384, 256, 256)


def sample(name):
    bgr = cv2.imread(str(shared(f"samples/lpips_ex_{name}.png")))
    return (bgr[None, ..., ::-1] / 255.0).astype(np.float32)


@pytest.fixture(scope="module")
def untrained():
    return {variant: LPIPS(variant, weights="random") for variant in ("lpips", "lpips+")}


@pytest.mark.slow
def test_the_published_sample_values():
    lpips = LPIPS(
        weights=shared("weights/alexnet_features.npz"), heads=shared("weights/lpips_heads_v0.1.npz")
    )
    reference = sample("ref")
    assert abs(float(lpips(sample("p0"), reference)[0]) - 0.7219) <= 1e-4
    assert abs(float(lpips(sample("p1"), reference)[0]) - 0.1376) <= 1e-4
    assert "v0.1" in lpips.protocol
    assert not lpips.is_random


@pytest.mark.slow
def test_the_heads_are_version_0_1():
    lpips = LPIPS(weights=shared("weights"))
    sums = [float(head.sum()) for head in lpips._heads]
    np.testing.assert_allclose(sums, [2.3495, 16.1430, 39.2684, 27.1972, 20.3172], atol=1e-4)


@pytest.mark.parametrize("variant", ["lpips", "lpips+"])
def test_values_equal_the_pytorch_rendering(untrained, variant):
    torch = pytest.importorskip("torch")
    from tests.helpers import torch_networks

    rng = np.random.default_rng(3)
    sizes = [15, 7, 3, 3, 3]
    sides = [
        [
            np.float32(np.maximum(rng.normal(size=(2, s, s, c)), 0))
            for s, c in zip(sizes, CHANNELS, strict=True)
        ]
        for _ in range(2)
    ]
    lpips = untrained[variant]
    heads = [np.float32(rng.uniform(0, 0.2, c)) for c in CHANNELS]
    lpips_heads, lpips._heads = lpips._heads, heads
    found = lpips.compare(*sides)
    lpips._heads = lpips_heads
    in_torch = [[torch_networks.nchw(f) for f in side] for side in sides]
    expected = torch_networks.lpips(
        *in_torch, [torch.from_numpy(h).view(1, -1, 1, 1) for h in heads], variant == "lpips+"
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_equal_pictures_have_no_distance_and_different_ones_do(untrained):
    a, b = images(2, 64, 64, 3), images(2, 64, 64, 3, seed=1)
    for lpips in untrained.values():
        np.testing.assert_allclose(lpips(a, a), 0.0, atol=1e-12)
        assert np.all(lpips(a, b) > 0)
        assert lpips(a, b).shape == (2,)


def test_each_picture_is_judged_alone(untrained):
    a, b = images(3, 40, 40, 3), images(3, 40, 40, 3, seed=1)
    for lpips in untrained.values():
        alone = [float(lpips(a[i : i + 1], b[i : i + 1])[0]) for i in range(3)]
        np.testing.assert_allclose(lpips(a, b), alone, rtol=1e-4)


def test_only_lpips_plus_knows_which_picture_is_the_reference(untrained):
    a, b = images(1, 64, 64, 3), np.zeros((1, 64, 64, 3), np.float32)
    b[:, :32] = a[:, 32:]
    np.testing.assert_allclose(untrained["lpips"](a, b), untrained["lpips"](b, a), rtol=1e-4)
    assert abs(float(untrained["lpips+"](a, b)[0] - untrained["lpips+"](b, a)[0])) > 1e-4


@pytest.mark.parametrize("variant", ["lpips", "lpips+"])
@pytest.mark.parametrize("value", [0.0, 1.0, -0.5, 2.0])
def test_gradients_are_finite_for_constant_pictures(untrained, variant, value):
    x = tf.fill([1, 40, 40, 3], value)
    with tf.GradientTape() as tape:
        tape.watch(x)
        distance = untrained[variant](x, tf.constant(images(1, 40, 40, 3)))
    assert np.isfinite(tape.gradient(distance, x)).all()


@pytest.mark.parametrize("variant", ["lpips", "lpips+"])
def test_gradients_are_finite_for_features_that_are_all_zero(untrained, variant):
    zero = [tf.zeros([1, 3, 3, c]) for c in CHANNELS]
    some = [tf.ones([1, 3, 3, c]) for c in CHANNELS]
    for features, reference in ((zero, zero), (zero, some), (some, zero)):
        with tf.GradientTape() as tape:
            tape.watch(features)
            distance = untrained[variant].compare(features, reference)
        assert np.isfinite(distance).all()
        for gradient in tape.gradient(distance, features):
            assert np.isfinite(gradient).all()


def test_random_weights_are_declared(untrained):
    assert untrained["lpips"].is_random
    assert "random" in untrained["lpips"].protocol


def test_wrong_heads_and_variants_are_refused(tmp_path):
    shapes = {f"alex/lin{i}.model.1.weight": (1, c, 1, 1) for i, c in enumerate(CHANNELS)}
    good = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    np.savez(tmp_path / "vgg.npz", **{k.replace("alex", "vgg"): v for k, v in good.items()})
    with pytest.raises(InputError, match="the LPIPS heads: alex/lin0"):
        LPIPS(weights="random", heads=tmp_path / "vgg.npz")
    np.savez(tmp_path / "negative.npz", **{k: -v for k, v in good.items()})
    with pytest.raises(InputError, match="negative"):
        LPIPS(weights="random", heads=tmp_path / "negative.npz")
    with pytest.raises(InputError, match=r"lpips\+"):
        LPIPS("lpips++", weights="random")


def test_pictures_below_31_pixels_are_refused(untrained):
    with pytest.raises(InputError, match="30x30 pixels are too small"):
        untrained["lpips"](images(1, 30, 30, 3), images(1, 30, 30, 3))
