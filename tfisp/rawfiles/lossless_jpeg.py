"""Lossless JPEG (ITU-T T.81, process 14), and whether a stream is the one its samples make.

libjpeg-turbo decodes it, and goes on in silence where bits are damaged, missing or left over. But
from the decoded samples and the stream's own Huffman tables follows exactly how many bits they
take. Damage that shifts the codes against each other changes that number, so the two are compared.
"""

import functools
import struct
from dataclasses import dataclass

import imagecodecs
import numpy as np

_START, _END, _SCAN, _TABLES, _RESTART = 0xD8, 0xD9, 0xDA, 0xC4, 0xDD
_LOSSLESS = 0xC3
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}

# Bits of the value behind the code of each category.
_VALUE_BITS = np.array([*range(16), 0])

# Encoders may fill up to a whole word behind the last code.
_FILLING = 3


class DamagedStreamError(ValueError):
    """A lossless JPEG whose codes are damaged, and not only of a kind that is not read."""


@dataclass
class _Header:
    """What stands before the coded samples, and where those lie.

    `code_bits`: for each component `[17]`, bits of the code of each difference category, 0 where
    there is none. `predictor` 1 to 7, `shift` the point transform.
    """

    bits: int
    height: int
    width: int
    code_bits: list[np.ndarray]
    predictor: int
    shift: int
    restarts: bool
    start: int
    end: int


def decode_lossless_jpeg(data: bytes, height: int, width: int) -> np.ndarray:
    """Decodes a strip or tile.

    DNG writers divide rows into components, or put two rows into one, to predict samples from
    their own colour; either way the samples follow each other row by row.

    Args:
        data: The JPEG stream.
        height: Rows it must hold.
        width: Samples of a row.

    Returns:
        uint16 `[height, width]`.

    Raises:
        ValueError: If the stream is no lossless JPEG of that size; `DamagedStreamError` if its
            codes are damaged.
    """
    header = _header(data)
    components = len(header.code_bits)
    if header.height * header.width * components != height * width:
        raise ValueError(
            f"a lossless JPEG of {header.height}x{header.width}x{components} samples stands where "
            f"{height}x{width} are stated"
        )
    try:
        decoded = imagecodecs.jpeg8_decode(data)
    except Exception as error:  # of the codec's own class, or what NumPy makes of its output
        raise ValueError(f"lossless JPEG cannot be decoded: {error}") from error
    samples = decoded.astype(np.uint16, copy=False)
    samples = samples.reshape(header.height, header.width, components)
    if not header.restarts:
        _require_length(samples, header, data)
    return samples.reshape(height, width)


def _header(data: bytes) -> _Header:
    """Reads the markers up to the coded samples."""
    tables: dict[int, np.ndarray] = {}
    frame, restarts, at = None, False, 2
    try:
        if data[0] != 0xFF or data[1] != _START:
            raise ValueError("no lossless JPEG stands where the tags state one")
        while True:
            prefix, marker, length = struct.unpack_from(">BBH", data, at)
            body = data[at + 4 : at + 2 + length]
            if prefix != 0xFF or len(body) != length - 2:
                raise ValueError("lossless JPEG with damaged markers")
            at += 2 + length
            if marker in _FRAMES:
                if marker != _LOSSLESS:
                    raise ValueError("a JPEG that is not lossless is not supported")
                frame = struct.unpack_from(">BHHB", body)
                numbers = [body[6 + 3 * k] for k in range(frame[3])]
            elif marker == _TABLES:
                tables |= _huffman_tables(body)
            elif marker == _RESTART:
                restarts = struct.unpack(">H", body)[0] > 0
            elif marker == _SCAN:
                chosen = {body[1 + 2 * k]: body[2 + 2 * k] >> 4 for k in range(body[0])}
                if frame is None or list(chosen) != numbers:
                    raise ValueError("lossless JPEG of several scans is not supported")
                predictor, _, shift = body[1 + 2 * len(chosen) :]
                break
        return _Header(
            bits=frame[0],
            height=frame[1],
            width=frame[2],
            code_bits=[tables[chosen[number]] for number in numbers],
            predictor=predictor,
            shift=shift & 15,
            restarts=restarts,
            start=at,
            end=_end_of_scan(data, at, restarts),
        )
    except (IndexError, KeyError, struct.error, TypeError) as error:
        raise ValueError("lossless JPEG with damaged markers") from error


def _end_of_scan(data: bytes, start: int, restarts: bool) -> int:
    """Where the coded samples end: inside them 0xFF is followed by 0, or by a restart marker."""
    end = data.find(bytes([255, _END]), start)
    while end > start and data[end - 1] == 255:  # bytes that fill up
        end -= 1
    inside = [0, *range(0xD0, 0xD8)] if restarts else [0]
    marks = sum(data.count(bytes([255, after]), start, end) for after in inside)
    if end < 0 or data.count(b"\xff", start, end) != marks:
        raise DamagedStreamError("lossless JPEG without an end: truncated or damaged")
    return end


def _huffman_tables(body: bytes) -> dict[int, np.ndarray]:
    """Number of each table: bits of the code of each category."""
    tables, at = {}, 0
    while at < len(body):
        counts = body[at + 1 : at + 17]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        lengths = np.repeat(np.arange(1, 17), list(counts))
        if len(symbols) != len(lengths) or len(set(symbols)) != len(symbols):
            raise ValueError("lossless JPEG with a damaged Huffman table")
        code_bits = np.zeros(256, np.int64)
        code_bits[list(symbols)] = lengths
        tables[body[at] & 15] = code_bits[:17]
        at += 17 + len(symbols)
    return tables


def _require_length(samples: np.ndarray, header: _Header, data: bytes) -> None:
    """Refuses a stream of more or fewer bytes than its samples take."""
    bits = sum(
        _coded_bits(samples[..., component] >> header.shift, header, _cost(tuple(code_bits)))
        for component, code_bits in enumerate(header.code_bits)
    )
    needed = -(-bits // 8)
    stored = header.end - header.start - data.count(b"\xff\0", header.start, header.end)
    if not needed <= stored <= needed + _FILLING:
        raise DamagedStreamError(
            f"lossless JPEG of {stored} bytes whose samples take {needed}: samples are damaged"
        )


def _coded_bits(plane: np.ndarray, header: _Header, cost: np.ndarray) -> int:
    """The bits that a component's samples take, each the `cost` of its difference."""
    predictor = header.predictor
    if not 1 <= predictor <= 7:
        raise ValueError(f"lossless JPEG with predictor {predictor}: damaged")
    # Unsigned numbers wrap as the standard's do; only the halving predictors need signs.
    first = np.uint16(1 << (header.bits - header.shift - 1))
    edges = (np.diff(plane[0], prepend=first), plane[1:, 0] - plane[:-1, 0])
    bits = sum(int(cost[edge].sum(dtype=np.int64)) for edge in edges)
    band = max(1, (1 << 18) // plane.shape[1])  # keeps what is worked on in the cache
    for row in range(1, len(plane), band):
        here = plane[row : row + band]
        above = plane[row - 1 : row - 1 + len(here)]
        inner = here[:, 1:] - _prediction(predictor, here[:, :-1], above[:, 1:], above[:, :-1])
        bits += int(cost[inner].sum(dtype=np.int64))
    return bits


def _prediction(kind: int, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The prediction from the samples to the left, above, and above to the left."""
    if kind <= 4:
        return (a, b, c, a + b - c)[kind - 1]
    a, b, c = (x.astype(np.int32) for x in (a, b, c))
    value = (a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1)[kind - 5]
    return (value & 0xFFFF).astype(np.uint16)


@functools.lru_cache(8)
def _cost(code_bits: tuple[int, ...]) -> np.ndarray:
    """uint8 `[65536]`: bits of the code and value of each difference modulo 2**16.

    A category without a code costs more than any: it cannot have been decoded.
    """
    code = np.array(code_bits)
    bits = np.where(code > 0, code + _VALUE_BITS, 255)
    return bits.astype(np.uint8)[_categories()]


@functools.cache
def _categories() -> np.ndarray:
    """The category of each difference modulo 2**16: the bits of its size."""
    size = np.abs(np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32))
    return np.frexp(size)[1]
