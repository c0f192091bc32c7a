"""FeatureBank: right features, and no more work than needed."""

import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.perceptual import backbones, views
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.perceptual.base import Backbone


class Counting(Backbone):
    """A backbone that notes how it was called; tap k is the image times k + 1."""

    weights, is_random, taps = "none", True, ("a", "b", "c")

    def __init__(self, name):
        self.name = name
        self.calls = []

    def tap_shape(self, tap, image_size):
        return (*image_size, 3)

    def _features(self, images, taps):
        self.calls.append(tuple(taps))
        return {tap: images * (self.taps.index(tap) + 1.0) for tap in taps}


@pytest.fixture
def counted():
    networks = {name: Counting(name) for name in ("one", "two")}
    return networks, FeatureBank(networks)


def test_each_network_runs_once_per_view_and_image(counted):
    networks, bank = counted
    wanted = [
        Feature("one", "rgb", "c"),
        Feature("one", "gray", "b"),
        Feature("one", "rgb", "a"),
        Feature("two", "gray", "a"),
        Feature("one", "rgb", "c"),
    ]
    found = bank(images(1, 4, 4, 3), wanted)
    assert networks["one"].calls == [("a", "c"), ("b",)]
    assert networks["two"].calls == [("a",)]
    assert list(found) == list(dict.fromkeys(wanted))


def test_features_are_those_of_the_network_shown_that_view(counted):
    _, bank = counted
    x = images(2, 4, 4, 3)
    features = [Feature("one", "gray", "b"), Feature("two", "rgb", "c")]
    found = bank(x, features)
    np.testing.assert_allclose(found[features[0]], 2 * views.gray(tf.constant(x)), rtol=1e-6)
    np.testing.assert_allclose(found[features[1]], 3 * x, rtol=1e-6)


def test_a_network_computes_no_deeper_than_asked():
    backbone = backbones.create("vgg19_narrow")

    def convolutions(taps):
        graph = tf.function(lambda x: backbone(x, taps)).get_concrete_function(
            tf.TensorSpec([1, 32, 32, 3])
        )
        return sum(op.type == "Conv2D" for op in graph.graph.get_operations())

    assert convolutions(["relu1_1"]) == 1
    assert convolutions(["relu2_1", "relu1_2"]) == 3
    assert convolutions(["relu5_4"]) == 16


def test_nothing_asked_is_nothing_computed(counted):
    networks, bank = counted
    assert bank(images(1, 4, 4, 3), []) == {}
    assert networks["one"].calls == []


def test_shapes_are_known_without_computing():
    bank = FeatureBank(
        {"tokens": backbones.create("vit_narrow"), "maps": backbones.create("alexnet_narrow")}
    )
    x = images(1, 70, 90, 3)
    features = [
        Feature("tokens", "blur224", "tokens"),
        Feature("maps", "gray", "relu1"),
        Feature("maps", "rgb", "relu4"),
    ]
    for feature, value in bank(x, features).items():
        assert bank.shape(feature, (70, 90)) == tuple(value.shape[1:])


def test_gradients_flow_to_the_image_and_to_no_weight():
    bank = FeatureBank({"maps": backbones.create("alexnet_narrow")})
    x = tf.constant(images(1, 40, 40, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = bank(x, [Feature("maps", "luminance", "relu3"), Feature("maps", "gray", "relu1")])
        total = tf.add_n([tf.reduce_sum(value) for value in found.values()])
        assert tape.watched_variables() == ()
    assert np.abs(tape.gradient(total, x)).max() > 0


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (Feature("on", "rgb", "a"), "one"),
        (Feature("one", "rgbb", "a"), "rgb"),
        (Feature("one", "rgb", "d"), "a, b, c"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(counted, feature, message):
    with pytest.raises(InputError, match=message):
        counted[1](images(1, 4, 4, 3), [feature])
    with pytest.raises(InputError, match=message):
        counted[1].shape(feature, (4, 4)) if feature.tap != "d" else counted[1](
            images(1, 4, 4, 3), [feature]
        )


def test_grey_pictures_and_single_images_are_refused():
    backbone = backbones.create("alexnet_narrow")
    for shape in ((1, 40, 40, 1), (40, 40, 3)):
        with pytest.raises(InputError, match="takes RGB images"):
            backbone(images(*shape), ["relu1"])


def test_every_registered_backbone_is_known_by_its_weights():
    from tfisp.perceptual.weights import PUBLISHED

    for name in backbones.names():
        key = backbones.weights_key(name)
        if name == "pixels":
            continue
        assert key in PUBLISHED or (key == "" and name.endswith("_narrow"))
        # large ones are tested on their own
        if name in ("vgg19_narrow", "vit_narrow") or name.startswith("alexnet"):
            backbone = backbones.create(name, "random")
            assert (backbone.name, backbone.is_random) == (name, True)
            assert "random" in backbone.weights


def test_pixels_are_the_view_itself():
    bank = FeatureBank({"pixels": backbones.create("pixels")})
    x = images(1, 24, 30, 3)
    for name in ("gray", "blur"):
        feature = Feature("pixels", name, "pixels")
        np.testing.assert_array_equal(bank(x, [feature])[feature], views.view(name, x))
        assert bank.shape(feature, (24, 30)) == (24, 30, 3)
    assert not bank.backbones["pixels"].is_random
    with pytest.raises(InputError, match="pixels"):
        backbones.create("pixels", "random")


def test_a_mistyped_backbone_is_answered_with_the_right_one():
    with pytest.raises(InputError, match="vgg19"):
        backbones.create("vgg-19")
