"""CRC-32C (Castagnoli), the checksum of TFRecord files, by NumPy.

The polynomial of RFC 3720, section 12.1, with the masking of the TFRecord format
(tensorflow/core/lib/hash/crc32c.h). A checksum of this kind is linear: the data is cut into many
strips that are worked through side by side, and their remainders are then joined in pairs.
"""

import functools

import numpy as np

_POLYNOMIAL = 0x82F63B78  # bits reversed
_ALL = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8

# Bytes of a strip, a power of two.
_STRIP = 128


def masked_crc32c(data: bytes) -> int:
    """The checksum as TFRecord files hold it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ALL


def crc32c(data: bytes) -> int:
    """The checksum of some bytes, 32 bits."""
    size = len(data)
    strips = 1 << max(-(-size // _STRIP) - 1, 0).bit_length()
    # Zeros in front do not change a remainder that starts at zero; what it should start from is
    # added at the end.
    padded = np.zeros(strips * _STRIP, np.uint8)
    padded[len(padded) - size :] = np.frombuffer(data, np.uint8)
    words = np.ascontiguousarray(padded.view("<u2").reshape(strips, -1).T)
    table, remainders = _table(), np.zeros(strips, np.uint32)
    for word in words:
        step = table[remainders.astype(np.uint16) ^ word]
        remainders >>= 16
        remainders ^= step
    length = _STRIP
    while len(remainders) > 1:
        remainders = _shifted(remainders[::2], length) ^ remainders[1::2]
        length *= 2
    return int(remainders[0]) ^ _start(size) ^ _ALL


@functools.cache
def _table() -> np.ndarray:
    """What two bytes that leave a remainder do to it: uint32 `[65536]`."""
    return _without_bits(np.arange(1 << 16, dtype=np.uint32), 16)


@functools.lru_cache(maxsize=1024)
def _start(size: int) -> int:
    """What the remainder that a checksum starts from has become after so many bytes."""
    remainder = np.array([_ALL], np.uint32)
    for power in range(size.bit_length()):
        if size >> power & 1:
            remainder = _shifted(remainder, 1 << power)
    return int(remainder[0])


def _shifted(remainders: np.ndarray, length: int) -> np.ndarray:
    """Remainders, uint32 `[n]`, after `length` zero bytes, a power of two."""
    tables, parts = _shift(length), remainders.astype("<u4").view(np.uint8).reshape(-1, 4)
    out = tables[0][parts[:, 0]]
    for number in (1, 2, 3):
        out ^= tables[number][parts[:, number]]
    return out


@functools.cache
def _shift(length: int) -> np.ndarray:
    """What `length` zero bytes do to each of the four bytes of a remainder: uint32 `[4, 256]`."""
    bytes_ = np.arange(256, dtype=np.uint32)
    parts = np.concatenate([bytes_ << np.uint32(8 * number) for number in range(4)])
    if length == 1:
        return _without_bits(parts, 8).reshape(4, 256)
    half = length // 2
    return _shifted(_shifted(parts, half), half).reshape(4, 256)


def _without_bits(remainders: np.ndarray, count: int) -> np.ndarray:
    """Remainders after `count` zero bits."""
    for _ in range(count):
        low = np.where(remainders & 1, _POLYNOMIAL, 0).astype(np.uint32)
        remainders = remainders >> np.uint32(1) ^ low
    return remainders
