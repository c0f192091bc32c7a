"""Frozen networks in bfloat16: what is rounded, what is not, and how far gradients turn by it."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.errors import InputError
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import FeatureBank
from tfisp.training.config import make_stages
from tfisp.training.trainer import Trainer

# A number rounded to the 8 significant bits of bfloat16 is off by this share of it at the most.
ROUNDING = 2.0**-9


def images(*shape, seed=0, dtype=np.float32):
    """Pictures with large and small structure, and no two equal neighbours for a pooling to tie."""
    count, height, width, channels = shape
    rng = np.random.default_rng(seed)
    cells = rng.uniform(0, 0.8, (count, height // 8, width // 8, channels))
    fine = rng.uniform(0, 0.2, shape)
    return (np.kron(cells, np.ones((1, 8, 8, 1))) + fine).astype(dtype)


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


def distance(a, b):
    return float(tf.norm(a - b) / tf.norm(b))


def test_vgg_in_bfloat16_is_as_near_as_its_rounding_allows():
    exact, rounded = both("vgg19_narrow")
    x = images(2, 64, 64, 3)
    for depth, tap in enumerate(exact.taps, start=1):
        # Each convolution so far rounded its kernel, its sums and their biased result, and passed
        # on the error that came in neither enlarged nor diminished (`random_arrays`). Errors of
        # either sign add up as a random walk does.
        found = distance(rounded(x, [tap])[tap], exact(x, [tap])[tap])
        assert 0 < found < math.sqrt(3 * depth) * ROUNDING, tap


def test_the_gradient_through_vgg_keeps_its_direction():
    """Rounding turns it by 17 degrees at single pixels of a network of an eighth of the width; over
    the generator's parameters, which all pixels share, this averages out (below)."""
    exact, rounded = both("vgg19_narrow")
    x, wanted = images(2, 64, 64, 3), features(exact, images(2, 64, 64, 3, seed=1))
    gradients = [image_gradient(backbone, x, wanted) for backbone in (exact, rounded)]
    assert 0.9 < cosine(*gradients) < 1 - 1e-6


def test_vgg_keeps_its_weights_in_bfloat16():
    for backbone, dtype in zip(both("vgg19_narrow"), (tf.float32, tf.bfloat16), strict=True):
        assert {variable.dtype for variable in backbone._variables.values()} == {dtype}
        assert backbone.dtype == dtype.name


def test_a_transformer_in_bfloat16_sees_the_same_bits():
    exact, rounded = both("vit_narrow")
    x = images(2, 224, 224, 3)
    np.testing.assert_array_equal(features(rounded, x), features(exact, x))
    assert rounded.dtype == "bfloat16"


def test_the_gradient_through_a_transformer_is_rounded_on_the_way_back_only():
    exact, rounded = both("vit_narrow")
    x, wanted = images(2, 224, 224, 3), features(exact, images(2, 224, 224, 3, seed=1))
    gradients = [image_gradient(backbone, x, wanted) for backbone in (exact, rounded)]
    assert 0.999 < cosine(*gradients) < 1 - 1e-8


@pytest.mark.parametrize("transposed", [False, True])
def test_the_gradients_of_a_product_are_those_of_tensorflow(transposed):
    """Of factors that bfloat16 holds exactly, with sums that it holds too."""
    backbone = backbones.create("vit_narrow", dtype="bfloat16")
    rng = np.random.default_rng(0)
    x, upstream = (tf.constant(rng.integers(-2, 3, (2, 3, 4, 4)), tf.float32) for _ in range(2))
    y = tf.constant(rng.integers(-2, 3, (2, 3, 4, 4)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        ours = backbone._network._product(x, y, transpose=transposed)
        theirs = tf.matmul(x, y, transpose_b=transposed)
    np.testing.assert_array_equal(ours, theirs)
    for found, expected in zip(
        tape.gradient(ours, [x, y], upstream), tape.gradient(theirs, [x, y], upstream), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_second_derivatives_pass_through_a_transformer_in_bfloat16():
    """Of the image gradient's square: what a penalty on it, as WGAN-GP's, would need."""
    x = tf.constant(images(1, 224, 224, 3))
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
    x = images(1, 64, 64, 3)
    np.testing.assert_array_equal(features(asked, x), features(exact, x))


@pytest.mark.parametrize(
    ("name", "side"), [("vgg19_narrow", 32), ("vit_narrow", 224), ("alexnet_narrow", 64)]
)
def test_taps_are_of_the_dtype_of_the_images(name, side):
    backbone = backbones.create(name, dtype="bfloat16")
    for dtype in ("float32", "float64"):
        x = images(1, side, side, 3, dtype=dtype)
        for tap, found in backbone(x, backbone.taps).items():
            assert found.dtype == dtype, tap
        assert image_gradient(backbone, x, 1.0).dtype == dtype


def test_images_in_double_precision_are_computed_on_in_double_precision():
    exact, rounded = both("vit_narrow")
    x = images(1, 224, 224, 3, dtype="float64")
    np.testing.assert_array_equal(*(image_gradient(b, x, 1.0) for b in (exact, rounded)))
    # VGG's weights are rounded by then, but nothing else is: a tiny change of the image shows.
    _, vgg = both("vgg19_narrow")
    x = images(1, 32, 32, 3, dtype="float64")
    assert 0 < distance(features(vgg, x * (1 + 1e-9)), features(vgg, x)) < 1e-6


def test_an_unknown_dtype_names_the_flag():
    with pytest.raises(InputError, match=r"--backbone_dtype.*float16.*bfloat16"):
        backbones.create("vgg19_narrow", dtype="float16")


def test_every_loss_moves_the_generator_the_same_way():
    """The unpaired stage with networks of an eighth of the width.

    Fewer channels and pixels average less of the rounding out than in docs/PRECISION.md.
    """
    (stage,) = make_stages(
        ("unpaired",),
        (1,),
        content=(("vgg19_narrow", "relu5_4"),),
        backbones=(("color", "vit_narrow"), ("texture", "alexnet_narrow")),
    )
    size = 64
    batch = {
        "raw": tf.constant(images(2, size, size, 4)[:, ::2, ::2]),
        "reference": tf.constant(images(2, size, size, 3, seed=1)),
        "target": tf.constant(images(2, size, size, 3, seed=2)),
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
    assert 0.97 < found["content"] < 1 - 1e-8
    assert 0.999 < found["adv_color"] < 1 - 1e-8
