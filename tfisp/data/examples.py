"""`tf.train.Example` messages, written and read without TensorFlow, which takes seconds to load.

The wire format is that of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), the
messages those of tensorflow/core/example/{example,feature}.proto. Features are written in the order
of their names, so that equal content is equal bytes.
"""

import struct
from collections.abc import Mapping
from typing import Any

from tfisp.errors import InputError

Value = bytes | int | float

# Types of wire, and the numbers of the three kinds of list in `Feature`.
_VARINT, _LENGTH, _FIXED32 = 0, 2, 5
_BYTES_LIST, _FLOAT_LIST, _INT64_LIST = 1, 2, 3


def encode(features: Mapping[str, Value]) -> bytes:
    """An `Example` of features of one value each: bytes, int64 or float (32 bits)."""
    entries = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, _feature(features[name])))
        for name in sorted(features)
    )
    return _field(1, entries)


def decode(data: bytes | memoryview) -> dict[str, Any]:
    """The features of an `Example` that `encode` wrote, or of any with one value a feature.

    Returns:
        Of each its value; bytes as a memoryview of `data`.

    Raises:
        InputError: If it is none.
    """
    found: dict[str, Any] = {}
    try:
        for features in _messages(memoryview(data)):
            for entry in _messages(features):
                name, feature = _messages(entry, 1), _messages(entry, 2)
                found[bytes(name[0]).decode()] = _value(feature[0])
    except (IndexError, ValueError, struct.error) as error:
        raise InputError(f"no tf.train.Example with one value a feature: {error}") from error
    return found


def _feature(value: Value) -> bytes:
    if isinstance(value, bytes):
        return _field(_BYTES_LIST, _field(1, value))
    if isinstance(value, int):
        return _field(_INT64_LIST, _field(1, _varint(value)))
    return _field(_FLOAT_LIST, _field(1, struct.pack("<f", value)))


def _value(feature: memoryview) -> Any:
    """The one value of a `Feature`."""
    (kind, values), *_ = _fields(feature)
    ((_, value), *_) = _fields(values)
    if kind == _BYTES_LIST:
        return value
    if kind == _FLOAT_LIST:
        return struct.unpack("<f", value)[0]
    number, _ = _read_varint(value, 0)
    return number - (1 << 64) if number >> 63 else number


def _field(number: int, content: bytes) -> bytes:
    """A field of known length."""
    return bytes([number << 3 | _LENGTH]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    """A number in groups of seven bits, the lowest first; negative ones as of 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _messages(data: memoryview, wanted: int = 1) -> list[memoryview]:
    """The contents of all fields of one number."""
    return [content for number, content in _fields(data) if number == wanted]


def _fields(data: memoryview) -> list[tuple[int, memoryview]]:
    """(number, content) of every field; of a number that is not packed its own bytes."""
    found, place = [], 0
    while place < len(data):
        key, place = _read_varint(data, place)
        kind, start = key & 7, place
        if kind == _LENGTH:
            size, start = _read_varint(data, place)
            place = start + size
        elif kind == _VARINT:
            _, place = _read_varint(data, place)
        elif kind == _FIXED32:
            place += 4
        else:
            raise ValueError(f"wire type {kind}")
        if place > len(data):
            raise ValueError("cut off")
        found.append((key >> 3, data[start:place]))
    return found


def _read_varint(data: memoryview, place: int) -> tuple[int, int]:
    """A number, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
