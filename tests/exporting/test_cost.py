"""Operations, multiplications and memory of a file, against counts by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfisp.exporting import cost, tflite_graph


def convert(function, shape, path):
    spec = tf.TensorSpec(shape, tf.float32)
    concrete = tf.function(function, input_signature=[spec]).get_concrete_function()
    path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())
    return tflite_graph.read(path)[0]


def random(*shape):
    return tf.constant(np.random.default_rng(0).normal(size=shape), tf.float32)


@pytest.mark.parametrize(
    "function, by_hand",
    [
        # output height x width x channels x kernel height x width x input channels
        (lambda x: tf.nn.conv2d(x, random(3, 3, 4, 5), 1, "SAME"), 8 * 12 * 5 * 3 * 3 * 4),
        (lambda x: tf.nn.conv2d(x, random(3, 3, 4, 5), 2, "SAME"), 4 * 6 * 5 * 3 * 3 * 4),
        (lambda x: tf.nn.conv2d(x, random(3, 3, 4, 5), 1, "VALID"), 6 * 10 * 5 * 3 * 3 * 4),
        # each output depends on a half of the input channels
        (lambda x: tf.nn.conv2d(x, random(3, 3, 2, 6), 1, "SAME"), 8 * 12 * 6 * 3 * 3 * 2),
        (lambda x: tf.nn.depthwise_conv2d(x, random(5, 3, 4, 1), [1] * 4, "SAME"), 8 * 12 * 4 * 15),
        # each input value goes to 3x3 places of 5 channels
        (
            lambda x: tf.nn.conv2d_transpose(x, random(3, 3, 5, 4), [1, 16, 24, 5], 2),
            8 * 12 * 4 * 3 * 3 * 5,
        ),
        (lambda x: tf.reshape(x, [1, 384]) @ random(384, 10), 384 * 10),
        (lambda x: tf.nn.depth_to_space(tf.tanh(x), 2), 0),
    ],
)
def test_multiplications_are_those_counted_by_hand(tmp_path, function, by_hand):
    part = convert(function, [1, 8, 12, 4], tmp_path / "m.tflite")
    assert cost.macs(part) == by_hand


def test_a_free_size_has_no_count(tmp_path):
    layer = keras.layers.Conv2D(3, 3)
    layer.build((None, None, None, 4))
    part = convert(layer, [1, None, None, 4], tmp_path / "m.tflite")
    assert cost.macs(part) is None
    assert cost.activations(part) is None
    assert cost.operations(part) == {"CONV_2D": 1}
    assert cost.listed({"CONV_2D": 3, "TANH": 1}) == "CONV_2D x3, TANH"


def test_activations_are_what_convolutions_and_dense_layers_give(tmp_path):
    def network(x):
        x = tf.nn.conv2d(tf.tanh(x), random(3, 3, 4, 5), 2, "SAME")  # 4 x 6 x 5
        x = tf.nn.conv2d_transpose(x, random(3, 3, 7, 5), [1, 8, 12, 7], 2)
        return tf.reshape(x, [1, 8 * 12 * 7]) @ random(8 * 12 * 7, 10)

    part = convert(network, [1, 8, 12, 4], tmp_path / "m.tflite")
    assert cost.activations(part) == 4 * 6 * 5 + 8 * 12 * 7 + 10


def chain(x):
    for _ in range(3):
        x = tf.tanh(tf.nn.conv2d(x, random(3, 3, 4, 4), 1, "SAME"))
    return x


def test_tensors_share_memory_once_they_are_no_longer_needed(tmp_path):
    part = convert(chain, [1, 8, 16, 4], tmp_path / "m.tflite")
    one = 8 * 16 * 4 * 4
    # The input stays for the caller; of the chain two neighbours are alive at a time.
    assert cost.arena_bytes(part) == 3 * one
    assert cost.arena_bytes(part, scale=10) == 3 * 10 * one


def test_what_does_not_grow_with_the_picture_is_not_scaled(tmp_path):
    part = convert(lambda x: tf.reduce_mean(x, [1, 2], True) * 2, [1, 8, 16, 4], tmp_path / "m")
    sizes = sorted(entry.size for entry in cost.lifetimes(part, scale=5))
    assert sizes == [16, 16, 5 * 8 * 16 * 4 * 4]


def test_no_two_tensors_overlap_while_both_are_needed():
    rng = np.random.default_rng(0)
    taken = [(0, 64), (128, 64), (1024, 10)]
    for size in rng.integers(1, 1500, 50).tolist():
        offset = cost._offset(size, taken)
        assert offset % 64 == 0
        assert all(offset + size <= start or offset >= start + n for start, n in taken)
    assert cost._offset(64, taken) == 64  # the smallest gap, not the end
    assert cost._offset(700, taken) == 192
