"""`tf.train.Example` messages against TensorFlow's own."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from tfisp.data import examples
from tfisp.errors import InputError

VALUES = {
    "bytes": bytes(range(256)) * 3,
    "empty": b"",
    "zero": 0,
    "large": 2**62 + 5,
    "negative": -300,
    "float": 0.25,
}


def test_tensorflow_reads_what_is_written():
    kinds = {bytes: tf.string, int: tf.int64, float: tf.float32}
    asked = {name: tf.io.FixedLenFeature([], kinds[type(v)]) for name, v in VALUES.items()}
    found = tf.io.parse_single_example(examples.encode(VALUES), asked)
    assert {name: value.numpy() for name, value in found.items()} == VALUES


def test_what_tensorflow_writes_is_read():
    features = {
        "b": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"abc" * 100])),
        "i": tf.train.Feature(int64_list=tf.train.Int64List(value=[-7])),
        "f": tf.train.Feature(float_list=tf.train.FloatList(value=[1.5])),
    }
    written = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    found = examples.decode(written)
    assert {name: bytes(v) if name == "b" else v for name, v in found.items()} == {
        "b": b"abc" * 100,
        "i": -7,
        "f": 1.5,
    }


def test_order_of_features_makes_no_difference():
    assert examples.encode({"a": 1, "b": 2}) == examples.encode({"b": 2, "a": 1})


def test_damage_is_an_input_error_whatever_it_is():
    written = examples.encode(VALUES)
    random = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(written[: random.integers(1, len(written))])
        damaged[random.integers(len(damaged))] = random.integers(256)
        with contextlib.suppress(InputError):
            examples.decode(bytes(damaged))
    with pytest.raises(InputError, match=r"no tf\.train\.Example"):
        examples.decode(written[:-3])
