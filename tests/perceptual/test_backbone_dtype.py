"""Frozen networks with a backward pass in bfloat16: what is rounded, how far gradients turn."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import structured_images
from tfisp import models
from tfisp.errors import InputError
from tfisp.perceptual import backbones, bf16_backward
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.trainer import Trainer


def both(name):
    return tuple(backbones.create(name, dtype=dtype) for dtype in backbones.DTYPES)


def features(backbone, x):
    tap = backbone.taps[-1]
    return backbone(x, [tap])[tap]


def image_gradient(backbone, x, wanted):
    """Gradient at the image of the squared distance of its features from those wanted."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(tf.square(features(backbone, x) - wanted))
    return tape.gradient(loss, x)


def cosine(a, b):
    a, b = (np.concatenate([np.ravel(part) for part in side]).astype("float64") for side in (a, b))
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def integers(seed, *shape):
    """Numbers -2..2: bfloat16 holds them, and sums of 64 of their products, exactly."""
    return tf.constant(np.random.default_rng(seed).integers(-2, 3, shape), tf.float32)


# Name, and the sides of its images.
NETWORKS = pytest.mark.parametrize(("name", "side"), [("vgg19_narrow", 64), ("vit_narrow", 224)])


@NETWORKS
def test_a_network_in_bfloat16_sees_the_same_bits(name, side):
    exact, rounded = both(name)
    assert (exact.dtype, rounded.dtype) == ("float32", "bfloat16")
    x = structured_images(2, side, side, 3)
    expected = exact(x, exact.taps)
    for tap, found in rounded(x, exact.taps).items():
        np.testing.assert_array_equal(found, expected[tap], err_msg=tap)


@NETWORKS
def test_the_gradient_is_rounded_on_the_way_back_only(name, side):
    exact, rounded = both(name)
    x, wanted = (
        structured_images(2, side, side, 3),
        features(exact, structured_images(2, side, side, 3, seed=1)),
    )
    gradients = [image_gradient(backbone, x, wanted) for backbone in (exact, rounded)]
    assert 0.9999 < cosine(*gradients) < 1 - 1e-8


@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradients_of_a_product_are_those_of_tensorflow(transposed):
    x, y, upstream = (integers(seed, 2, 3, 4, 4) for seed in range(3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        ours = bf16_backward.matmul(x, y, tf.bfloat16, transposed)
        theirs = tf.matmul(x, y, transpose_b=transposed)
    np.testing.assert_array_equal(ours, theirs)
    for found, expected in zip(
        tape.gradient(ours, [x, y], upstream), tape.gradient(theirs, [x, y], upstream), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("padding", ["SAME", "VALID", [[0, 0], [1, 1], [1, 1], [0, 0]]], ids=str)
def test_the_gradient_of_a_convolution_is_that_of_tensorflow(padding, stride):
    # Heights and widths of which a stride of 2 leaves a row over, and none.
    x, kernel = integers(0, 2, 9, 8, 3), integers(1, 3, 3, 3, 4)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ours = bf16_backward.conv2d(x, kernel, stride, padding, tf.bfloat16)
        theirs = tf.nn.conv2d(x, kernel, stride, padding)
    np.testing.assert_array_equal(ours, theirs)
    upstream = integers(2, *theirs.shape)
    np.testing.assert_array_equal(
        tape.gradient(ours, x, upstream), tape.gradient(theirs, x, upstream)
    )


@pytest.mark.parametrize("stride", [1, 2])
def test_second_derivatives_pass_through_a_convolution(stride):
    rng = np.random.default_rng(0)
    x, kernel = (tf.constant(rng.normal(size=s), tf.float32) for s in ((2, 9, 8, 3), (3, 3, 3, 4)))
    found = []
    for dtype in (tf.float32, tf.bfloat16):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(bf16_backward.conv2d(x, kernel, stride, "SAME", dtype) ** 3)
            penalty = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        found.append(outer.gradient(penalty, x))
    assert 0.999 < cosine(*found) < 1 - 1e-8
    assert float(tf.norm(found[1]) / tf.norm(found[0])) == pytest.approx(1.0, abs=0.01)


def test_a_product_of_numbers_in_double_precision_is_not_rounded():
    x, y = (tf.cast(integers(seed, 4, 4), tf.float64) + 1e-9 for seed in range(2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        product = bf16_backward.matmul(x, y, tf.bfloat16)
    expected = tf.matmul(tf.ones_like(product), y, transpose_b=True)
    np.testing.assert_array_equal(tape.gradient(product, x), expected)


def test_second_derivatives_pass_through_a_transformer_in_bfloat16():
    """Of the image gradient's square: what a penalty on it, as WGAN-GP's, would need."""
    x = tf.constant(structured_images(1, 224, 224, 3))
    found = []
    for backbone in both("vit_narrow"):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(features(backbone, x)[..., :4] ** 2)
            penalty = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        found.append(outer.gradient(penalty, x))
    assert 0.999 < cosine(*found) < 1 - 1e-8


@pytest.mark.parametrize("name", ["alexnet_narrow", "pixels"])
def test_networks_whose_gradients_would_suffer_stay_in_float32(name):
    exact, asked = both(name)
    assert asked.dtype == "float32"
    x = structured_images(1, 64, 64, 3)
    np.testing.assert_array_equal(features(asked, x), features(exact, x))


@pytest.mark.parametrize(
    ("name", "side"), [("vgg19_narrow", 32), ("vit_narrow", 224), ("alexnet_narrow", 64)]
)
def test_taps_are_of_the_dtype_of_the_images(name, side):
    backbone = backbones.create(name, dtype="bfloat16")
    for dtype in ("float32", "float64"):
        x = structured_images(1, side, side, 3, dtype=dtype)
        for tap, found in backbone(x, backbone.taps).items():
            assert found.dtype == dtype, tap
        assert image_gradient(backbone, x, 1.0).dtype == dtype


@NETWORKS
def test_images_in_double_precision_are_computed_on_in_double_precision(name, side):
    x = structured_images(1, side, side, 3, dtype="float64")
    np.testing.assert_array_equal(*(image_gradient(b, x, 1.0) for b in both(name)))


def test_an_unknown_dtype_names_the_flag():
    with pytest.raises(InputError, match=r"--backbone_dtype.*float16.*bfloat16"):
        backbones.create("vgg19_narrow", dtype="float16")


def test_every_loss_moves_the_generator_the_same_way():
    """The unpaired stage with networks of an eighth of the width."""
    (stage,) = make_stages(
        ("unpaired",),
        (1,),
        content=(("vgg19_narrow", "relu5_4"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")),
    )
    size = 64
    batch = {
        "raw": tf.constant(structured_images(2, size, size, 4)[:, ::2, ::2]),
        "reference": tf.constant(structured_images(2, size, size, 3, seed=1)),
        "target": tf.constant(structured_images(2, size, size, 3, seed=2)),
    }
    generator = models.create("efficient_isp", seed=1)
    directions = []
    for dtype in backbones.DTYPES:
        bank = FeatureBank(
            {name: backbones.create(name, dtype=dtype) for name in stage.recipe.frozen_networks()}
        )
        trainer = Trainer(generator, stage.recipe, bank, (size, size), seed=3)
        directions.append(trainer.gradients(batch, critics_learn=True))
    for name, gradient in directions[0].critics.items():
        assert cosine(directions[1].critics[name], gradient) > 1 - 1e-6, name
    exact, rounded = (gradients.generator for gradients in directions)
    found = {name: cosine(rounded[name], exact[name]) for name in exact}
    for name in ("tv", "adv_lin0", "adv_lin3"):
        assert found.pop(name) > 1 - 1e-6, name
    assert set(found) == {"content", "adv_color"}
    assert 0.9999 < found["content"] < 1 - 1e-8
    assert 0.9999 < found["adv_color"] < 1 - 1e-8
