"""Backbones that others made: SavedModels, TF-Hub handles, KerasCV; all made here, none fetched."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.helpers.images import images
from tfisp.errors import InputError
from tfisp.models.discriminators import TokenMLP
from tfisp.perceptual import backbones
from tfisp.perceptual.bank import Feature, FeatureBank
from tfisp.training.recipes import parse_content

KERNEL = np.random.default_rng(7).normal(size=(16, 16, 3, 5)).astype(np.float32)
ANY_SIZE = (None, None, None, 3)


def patches(x):
    """The map `[B, h, w, 5]` that every network here computes, as NumPy has it."""
    batch, height, width, _ = x.shape
    cells = x.reshape(batch, height // 16, 16, width // 16, 16, 3)
    return np.einsum("bhiwjc,ijck->bhwk", cells, KERNEL)


def saved(folder, finish=lambda x: x, shape=ANY_SIZE, dtype=tf.float32):
    """A SavedModel of a convolution of 16 x 16 pixels, what follows it, and a choice of input."""
    module = tf.Module()
    module.kernel = tf.Variable(KERNEL)

    def network(pictures):
        x = tf.cast(pictures[..., :3], tf.float32)
        return finish(tf.nn.conv2d(x, module.kernel, strides=16, padding="VALID"))

    module.network = tf.function(network, input_signature=[tf.TensorSpec(shape, dtype)])
    tf.saved_model.save(module, str(folder), signatures=module.network)
    return f"saved_model:{folder}"


def tokens(backbone, x):
    return backbone(x, ["tokens"])["tokens"].numpy()


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        (lambda x: x, lambda x: x.reshape(len(x), -1, 5)),
        (lambda x: tf.reshape(x, [tf.shape(x)[0], -1, 5]), lambda x: x.reshape(len(x), -1, 5)),
        (lambda x: tf.reduce_mean(x, [1, 2]), lambda x: x.mean((1, 2))[:, None]),
        (lambda x: {"tokens": x, "logits": x[:, 0, 0]}, lambda x: x.reshape(len(x), -1, 5)),
    ],
    ids=["map", "tokens", "vector", "named"],
)
def test_every_output_becomes_tokens(finish, expected, tmp_path):
    backbone = backbones.create(saved(tmp_path / "m", finish))
    x = images(2, 48, 32, 3)
    found = tokens(backbone, x)
    np.testing.assert_allclose(found, expected(patches(x)), rtol=1e-4, atol=1e-4)
    assert backbone.tap_shape("tokens", (48, 32)) == found.shape[1:]
    assert not backbone.is_random
    assert str(tmp_path) in backbone.weights


def test_gradients_reach_the_image_and_no_weight(tmp_path):
    backbone = backbones.create(saved(tmp_path / "m", shape=(None, 224, 224, 3)))
    x = tf.constant(images(1, 224, 224, 3))

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(backbone(x, ["tokens"])["tokens"])
            assert not tape.watched_variables()
        return tape.gradient(total, x)

    # Every patch sees the same kernel, and the sum weighs its five outputs alike.
    expected = np.tile(KERNEL.sum(-1), (14, 14, 1))
    np.testing.assert_allclose(gradient(x)[0], expected, rtol=1e-4, atol=1e-5)


def test_a_keras_export_of_any_size_is_read(tmp_path):
    inputs = keras.Input((None, None, 3))
    layer = keras.layers.Conv2D(5, 16, 16, use_bias=False)
    model = keras.Model(inputs, layer(inputs))
    layer.kernel.assign(KERNEL)
    model.export(tmp_path / "m", verbose=False)
    backbone = backbones.create(f"saved_model:{tmp_path / 'm'}")
    x = images(1, 32, 64, 3)
    np.testing.assert_allclose(
        tokens(backbone, x), patches(x).reshape(1, -1, 5), rtol=1e-4, atol=1e-4
    )


def test_an_object_that_is_called_is_called_as_in_use_not_as_in_training(tmp_path):
    class Network(tf.Module):
        def __init__(self):
            self.kernel = tf.Variable(KERNEL)

        @tf.function
        def __call__(self, pictures, training=False):
            x = tf.nn.conv2d(pictures, self.kernel, strides=16, padding="VALID")
            return 2.0 * x if training else x

    network = Network()
    for training in (True, False):
        spec = tf.TensorSpec(ANY_SIZE, tf.float32)
        network.__call__.get_concrete_function(spec, training=training)
    tf.saved_model.save(network, str(tmp_path / "m"))
    x = images(1, 32, 32, 3)
    found = tokens(backbones.create(f"saved_model:{tmp_path / 'm'}"), x)
    np.testing.assert_allclose(found, patches(x).reshape(1, -1, 5), rtol=1e-4, atol=1e-4)


def test_images_are_resized_to_the_size_that_the_network_wants(tmp_path):
    backbone = backbones.create(saved(tmp_path / "m", shape=(None, 32, 48, 3)))
    assert backbone.tap_shape("tokens", (224, 224)) == (6, 5)
    x = np.tile(np.float32([0.2, 0.4, 0.6]), (1, 224, 224, 1))
    expected = patches(x[:, :32, :48]).reshape(1, 6, 5)
    np.testing.assert_allclose(tokens(backbone, x), expected, rtol=1e-4, atol=1e-4)


def test_it_serves_the_color_critic(tmp_path):
    name = saved(tmp_path / "m", shape=(None, 224, 224, 3))
    bank = FeatureBank({name: backbones.create(name)})
    feature = Feature(name, "blur224", "tokens")
    shape = bank.shape(feature, (64, 64))
    assert shape == (196, 5)
    critic = TokenMLP(shape, hidden=(4,))

    @tf.function(input_signature=[tf.TensorSpec((2, 64, 64, 3))])
    def scores(x):
        found = bank(x, [feature])[feature]
        assert found.shape[1:] == shape  # known while the graph is made
        return critic(found)

    assert np.isfinite(scores(images(2, 64, 64, 3))).all()


def test_a_name_with_colons_can_be_content(tmp_path):
    assert parse_content("saved_model:/a/b:tokens,vgg19:relu5_4") == (
        ("saved_model:/a/b", "tokens"),
        ("vgg19", "relu5_4"),
    )
    name = saved(tmp_path / "m")
    ((backbone, tap),) = parse_content(f"{name}:tokens")
    assert backbones.create(backbone).taps == (tap,)
    assert backbones.weights_key(name) == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"finish": lambda x: tf.reduce_mean(x, [1, 2, 3])}, r"must be \[B, tokens, C\].*\(1,\)"),
        ({"finish": lambda x: tf.cast(x, tf.int32)}, "in floating point, got int32"),
        ({"finish": lambda x: {"a": x, "b": x}}, r"2 outputs \(a, b\), expected one"),
        ({"dtype": tf.uint8}, "found one that takes uint8"),
        ({"shape": (1, None, None, 3)}, "of any batch size"),
        ({"shape": (None, None, None, 4)}, r"images \[B, H, W, 3\].*\(None, None, None, 4\)"),
    ],
)
def test_anything_else_is_refused(settings, message, tmp_path):
    name = saved(tmp_path / "m", **settings)
    with pytest.raises(InputError, match=message) as caught:
        backbones.create(name).tap_shape("tokens", (32, 32))
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


def test_a_saved_model_without_a_function_is_refused(tmp_path):
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(InputError, match=r"expected a function of float32 images.*found none"):
        backbones.create(f"saved_model:{tmp_path}")


def test_images_that_the_network_fails_on_are_refused_by_size(tmp_path):
    name = saved(tmp_path / "m", lambda x: tf.ensure_shape(x, [None, 2, 2, 5]))
    with pytest.raises(InputError, match=r"fails on images \[B, 48, 48, 3\]"):
        backbones.create(name).tap_shape("tokens", (48, 48))


def test_what_cannot_be_loaded_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder; expected a SavedModel"):
        backbones.create(f"saved_model:{tmp_path / 'nowhere'}")
    with pytest.raises(InputError, match=r"holds no saved_model\.pb"):
        backbones.create(f"saved_model:{tmp_path}")
    name = saved(tmp_path / "m")
    (tmp_path / "m" / "saved_model.pb").write_bytes(b"cut")
    with pytest.raises(InputError, match="not a readable SavedModel"):
        backbones.create(name)
    with pytest.raises(InputError, match="the name says where they are"):
        backbones.create(name, "random")


def test_mistyped_providers_are_answered_with_the_right_ones():
    with pytest.raises(InputError, match=r"backbone provider=savedmodel.*did you mean saved_model"):
        backbones.create("savedmodel:/somewhere")
    with pytest.raises(InputError, match="did you mean saved_model:PATH"):
        backbones.create("saved_model")
    with pytest.raises(InputError, match="tfhub:HANDLE"):
        backbones.create("something-else")
    assert backbones.provider_patterns() == ["saved_model:PATH", "tfhub:HANDLE", "keras_cv:NAME"]


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("tfhub:https://x/y", "tensorflow_hub", "hub"), ("keras_cv:resnet", "keras_cv", "cv")],
)
def test_a_missing_package_is_named_with_its_extra(name, package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"needs the package.*pip install 'tfisp\[{extra}\]'"):
        backbones.create(name)


def test_a_folder_needs_no_tensorflow_hub(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_hub", None)
    path = saved(tmp_path / "m").partition(":")[2]
    x = images(1, 32, 32, 3)
    found = tokens(backbones.create(f"tfhub:{path}"), x)
    np.testing.assert_array_equal(found, tokens(backbones.create(f"saved_model:{path}"), x))


def test_a_handle_is_left_to_tensorflow_hub(tmp_path, monkeypatch):
    hub = pytest.importorskip("tensorflow_hub")
    path = saved(tmp_path / "m").partition(":")[2]
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    x = images(1, 32, 32, 3)
    with monkeypatch.context() as patch:
        patch.setattr(hub.resolve.__globals__["registry"], "resolver", lambda handle: path)
        found = tokens(backbones.create("tfhub:https://tfhub.dev/somebody/network/1"), x)
    np.testing.assert_allclose(found, patches(x).reshape(1, -1, 5), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match=r"neither a folder nor a handle.*saved_model:PATH"):
        backbones.create("tfhub:nothing-of-that-name")


def keras_cv_folder(folder, rescaling, with_weights=True):
    """A small ResNet of KerasCV, and the folder it was written to as its presets are."""
    models = pytest.importorskip("keras_cv").models
    from keras_cv.src.utils.preset_utils import save_to_preset

    network = models.ResNetBackbone(
        stackwise_filters=[64, 64],
        stackwise_blocks=[1, 1],
        stackwise_strides=[1, 2],
        include_rescaling=rescaling,
        block_type="basic_block",
    )
    save_to_preset(network, str(folder), save_weights=with_weights)
    return network, f"keras_cv:{folder}"


@pytest.mark.parametrize("rescaling", [True, False])
def test_a_keras_cv_folder_is_given_images_on_its_own_scale(rescaling, tmp_path):
    network, name = keras_cv_folder(tmp_path / "m", rescaling)
    backbone = backbones.create(name)
    x = tf.constant(images(1, 64, 32, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        found = backbone(x, ["tokens"])["tokens"]
        assert not tape.watched_variables()
    expected = network(x * (255.0 if rescaling else 1.0), training=False)
    np.testing.assert_allclose(found[0], np.reshape(expected, (-1, 64)), rtol=1e-4, atol=1e-5)
    assert backbone.tap_shape("tokens", (64, 32)) == found.shape[1:] == (8 * 4, 64)
    gradient = tape.gradient(found, x)
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


def test_keras_cv_names_and_folders_without_weights_are_refused(tmp_path, monkeypatch):
    models = pytest.importorskip("keras_cv").models
    with pytest.raises(InputError, match="did you mean resnet50_imagenet"):
        backbones.create("keras_cv:resnet50_imagenett")
    _, name = keras_cv_folder(tmp_path / "m", rescaling=True, with_weights=False)
    with pytest.raises(InputError, match="does not include weights"):
        backbones.create(name)

    def no_network(*args, **kwargs):
        raise ConnectionError("Failed to resolve 'api.kaggle.com'")

    monkeypatch.setattr(models.ResNetBackbone, "from_preset", no_network)
    with pytest.raises(InputError, match=r"Failed to resolve.*kaggle://keras/.*keras_cv:FOLDER"):
        backbones.create("keras_cv:resnet50_imagenet")
