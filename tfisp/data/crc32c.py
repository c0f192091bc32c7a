"""CRC-32C (Castagnoli), the checksum of TFRecord files, by NumPy.

The polynomial of RFC 3720, section 12.1, with the masking of the TFRecord format
(tensorflow/core/lib/hash/crc32c.h). A checksum of this kind is the remainder of the data, taken as
a polynomial over GF(2), so anything may be added that leaves none. With a multiple of few terms the
front of long data is folded onto what follows, until little is left. That is cut into many strips,
which are worked through side by side, and their remainders are joined in pairs.
"""

import functools

import numpy as np

_POLYNOMIAL = 0x82F63B78  # bits reversed
_ALL = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8

# Bytes of a strip, a power of two.
_STRIP = 128

# With z = x**64, z**5685 + z**1362 + z**426 + 1 is a multiple of the polynomial (found by looking
# for equal sums of two powers among the first 6,000; the tests hold it against published
# checksums). Its squares are multiples too: over GF(2) they have the same terms, twice as far.
_FOLD = (5685, 1362, 426)
_WORD = 8


def masked_crc32c(data: bytes) -> int:
    """The checksum as TFRecord files hold it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & _ALL


def crc32c(data: bytes) -> int:
    """The checksum of some bytes, 32 bits."""
    # Zeros in front do not change a remainder that starts at zero; what it should start from is
    # added at the end.
    rest = _folded(_padded(np.frombuffer(data, np.uint8), -(-len(data) // _WORD) * _WORD))
    strips = 1 << max(-(-len(rest) // _STRIP) - 1, 0).bit_length()
    words = np.ascontiguousarray(_padded(rest, strips * _STRIP).view("<u2").reshape(strips, -1).T)
    table, remainders = _table(), np.zeros(strips, np.uint32)
    for word in words:
        step = table[remainders.astype(np.uint16) ^ word]
        remainders >>= 16
        remainders ^= step
    length = _STRIP
    while len(remainders) > 1:
        remainders = _shifted(remainders[::2], length) ^ remainders[1::2]
        length *= 2
    return int(remainders[0]) ^ _start(len(data)) ^ _ALL


def _padded(data: np.ndarray, size: int) -> np.ndarray:
    """Bytes with zeros in front, uint8 `[size]`."""
    out = np.zeros(size, np.uint8)
    out[size - len(data) :] = data
    return out


def _folded(data: np.ndarray) -> np.ndarray:
    """Shorter bytes of the same remainder, at most 45 kB; `data` is written to."""
    words = data.view("<u8")
    for doubled in reversed(range((len(words) // _FOLD[0]).bit_length())):
        whole, *shorter = (distance << doubled for distance in _FOLD)
        while len(words) > whole:
            front = words[: min(len(words) - whole, whole - shorter[0])]
            for place in (whole - shorter[0], whole - shorter[1], whole):
                words[place : place + len(front)] ^= front
            words = words[len(front) :]
    return words.view(np.uint8)


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
