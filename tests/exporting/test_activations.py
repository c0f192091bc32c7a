"""The largest value of every layer, against Keras' own layers."""

import numpy as np
import pytest
import tensorflow as tf

from tfisp import models
from tfisp.exporting import activations
from tfisp.exporting.writers import to_tflite, write_saved_model


@pytest.fixture(scope="module")
def network():
    return models.create("efficient_isp", seed=3)


@pytest.fixture(scope="module")
def path(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("activations")
    write_saved_model(network, (1, None, None, 4), folder / "saved_model")
    (folder / "m.tflite").write_bytes(to_tflite(folder / "saved_model"))
    return folder / "m.tflite"


def test_peaks_are_those_of_the_keras_layers_over_all_inputs(network, path):
    rng = np.random.default_rng(0)
    inputs = [scale * rng.normal(size=(1, 9, 14, 4)).astype(np.float32) for scale in (0.1, 8, 1)]
    found = activations.largest(path, inputs)
    first, second, third = [], [], []
    for raw in inputs:
        sums = tf.nn.conv2d(raw, network.conv1.kernel, 1, "SAME") + network.conv1.bias
        first.append(np.abs(sums).max())
        features = network.conv1(raw)
        second.append(np.abs(network.conv2(features)).max())
        third.append(np.abs(network(raw)).max())
    assert [entry["operation"] for entry in found] == [
        *("CONV_2D", "TANH", "CONV_2D", "CONV_2D", "DEPTH_TO_SPACE"),
    ]
    given = [entry["largest"] for entry in found]
    by_keras = [max(first), 1.0, max(second), max(third), max(third)]
    np.testing.assert_allclose(given, by_keras, rtol=1e-4)
    assert "tanh" in found[1]["layer"].lower()


def test_the_limit_is_that_of_half_precision():
    assert np.finfo(np.float16).max == activations.FLOAT16_LARGEST
