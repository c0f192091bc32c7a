"""CRC-32C against published checksums and TensorFlow's own TFRecord files."""

import struct

import numpy as np
import pytest
import tensorflow as tf

from tfisp.data.crc32c import crc32c, masked_crc32c


# RFC 3720, appendix B.4, and the check value of the catalogue of parametrised CRC algorithms.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0xE3069283),
        (b"", 0),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_published_checksums(data, expected):
    assert crc32c(data) == expected


# Around the ends of words, strips and folds, of 8, 128 and 45,480 bytes.
@pytest.mark.parametrize("size", [1, 8, 9, 127, 129, 45479, 45481, 136_441, 530_001])
def test_tensorflows_files_have_the_same(size, tmp_path):
    data = np.random.default_rng(size).bytes(size)
    path = str(tmp_path / "one.tfrecord")
    with tf.io.TFRecordWriter(path) as file:
        file.write(data)
    written = (tmp_path / "one.tfrecord").read_bytes()
    assert struct.unpack("<I", written[8:12])[0] == masked_crc32c(written[:8])
    assert struct.unpack("<I", written[-4:])[0] == masked_crc32c(data)
