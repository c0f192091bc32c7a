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
_STRIP = 256


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
        remainders = table[(remainders ^ word) & 0xFFFF] ^ (remainders >> np.uint32(16))
    length = _STRIP
    while len(remainders) > 1:
        remainders = _apply(_shift(length), remainders[::2]) ^ remainders[1::2]
        length *= 2
    start = np.array([_ALL], np.uint32)
    for power in range(size.bit_length()):
        if size >> power & 1:
            start = _apply(_shift(1 << power), start)
    return int(remainders[0] ^ start[0]) ^ _ALL


@functools.cache
def _table() -> np.ndarray:
    """What two bytes that leave a remainder do to it: uint32 `[65536]`."""
    values = np.arange(1 << 16, dtype=np.uint32)
    for _ in range(16):
        values = (values >> np.uint32(1)) ^ np.where(values & 1, _POLYNOMIAL, 0).astype(np.uint32)
    return values


@functools.cache
def _shift(length: int) -> np.ndarray:
    """What `length` zero bytes, a power of two, do to each bit of a remainder: uint32 `[32]`."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    if length > 1:
        half = _shift(length // 2)
        return _apply(half, half)
    for _ in range(8):
        bits = (bits >> np.uint32(1)) ^ np.where(bits & 1, _POLYNOMIAL, 0).astype(np.uint32)
    return bits


def _apply(shift: np.ndarray, remainders: np.ndarray) -> np.ndarray:
    """A linear map, given by what becomes of each bit, of uint32 `[n]`."""
    out = np.zeros_like(remainders)
    for bit, image in enumerate(shift):
        out ^= image * (remainders >> np.uint32(bit) & np.uint32(1))
    return out
