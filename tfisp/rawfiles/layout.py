"""Where the samples of a TIFF's frame lie: its strips or tiles, as the tags state them.

Everything the tags say about it has to fit together before a sample is read: as many strips as the
frame needs, each of the bytes that its samples take, inside the file, over nothing else.
Source: TIFF 6.0, sections "Strips" and "Tiles"; Adobe, "Digital Negative (DNG) Specification",
version 1.7.1.0, for the tags that reorder samples.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfisp.rawfiles.tiff import Directory, Span

COMPRESSION = 259
_WIDTH, _HEIGHT, _BITS, _FILL_ORDER = 256, 257, 258, 266
_STRIP_OFFSETS, _SAMPLES_PER_PIXEL, _ROWS_PER_STRIP, _STRIP_COUNTS = 273, 277, 278, 279
_PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = (
    284,
    317,
    322,
    323,
    324,
    325,
)
_SAMPLE_FORMAT, _SUB_TILE, _ROW_INTERLEAVE, _COLUMN_INTERLEAVE = 339, 50974, 50975, 52547
_PLANAR = 284
_REORDERING = {
    _SUB_TILE: "SubTileBlockSize",
    _ROW_INTERLEAVE: "RowInterleaveFactor",
    _COLUMN_INTERLEAVE: "ColumnInterleaveFactor",
}

TAGS = {
    *(_WIDTH, _HEIGHT, _BITS, COMPRESSION, _FILL_ORDER, _STRIP_OFFSETS, _SAMPLES_PER_PIXEL),
    *(
        _ROWS_PER_STRIP,
        _STRIP_COUNTS,
        _PLANAR,
        _PREDICTOR,
        _TILE_WIDTH,
        _TILE_HEIGHT,
        _TILE_OFFSETS,
    ),
    *(_TILE_COUNTS, _PLANAR, _SAMPLE_FORMAT, *_REORDERING),
}

UNCOMPRESSED, LZW, JPEG, DEFLATE, OLD_DEFLATE = 1, 5, 7, 8, 32946
_OTHERS = {9: "VC-5", 34713: "Nikon's", 34892: "lossy JPEG", 52546: "JPEG XL"}

# The most samples that a byte can stand for: a Huffman code has a bit at least; deflate's and
# LZW's limits lie far above what noise allows.
_DENSEST = {JPEG: 8, DEFLATE: 100, OLD_DEFLATE: 100, LZW: 100}

_UNSIGNED, _UNDEFINED, _FLOATING = 1, 4, 3

# Panasonic writes this where the data's offset stands in another tag.
_NO_OFFSET = 0xFFFFFFFF


class Segment(NamedTuple):
    """A strip or tile: its corner in the frame, its stored size, its place in the file.

    A tile is stored whole even where it reaches over the frame's edge.
    """

    top: int
    left: int
    height: int
    width: int
    start: int
    length: int


@dataclass(frozen=True)
class Layout:
    """How a frame is stored.

    Attributes:
        size: (height, width) in samples; a pixel of several colours is as many samples of a row.
        bits: Of a sample, 8 to 16.
        compression: One of the numbers above.
        step: Distance in samples of the horizontal prediction; 0 for none.
        order: "<" or ">", of samples of 16 bits.
        segments: Its strips or tiles.
    """

    size: tuple[int, int]
    bits: int
    compression: int
    step: int
    order: str
    segments: tuple[Segment, ...]

    @property
    def tiled(self) -> bool:
        """Whether segments are narrower than the frame."""
        return any(segment.width < self.size[1] for segment in self.segments)


def size_of(directory: Directory) -> tuple[int, int]:
    """(height, width) of a directory's frame, 0 where it states none."""
    return int(directory.first(_HEIGHT) or 0), int(directory.first(_WIDTH) or 0)


def declared_spans(directory: Directory) -> list[Span]:
    """The bytes that a directory says its picture takes."""
    spans = []
    for offsets, counts in ((_STRIP_OFFSETS, _STRIP_COUNTS), (_TILE_OFFSETS, _TILE_COUNTS)):
        pairs = zip(directory.integers(offsets), directory.integers(counts), strict=False)
        spans += [
            Span(start, start + length, "another picture")
            for start, length in pairs
            if start not in (0, _NO_OFFSET)
        ]
    return spans


def colours_of(directory: Directory) -> int:
    """How many samples a directory says that a pixel has."""
    return int(directory.first(_SAMPLES_PER_PIXEL) or 1)


def read_layout(directory: Directory, file_size: int, colours: int = 1) -> Layout:
    """How the frame of a directory is stored.

    Args:
        directory: The directory.
        file_size: Bytes of its file.
        colours: How many samples a pixel must have.

    Raises:
        ValueError: If the tags contradict each other or the file, or describe a kind of storage
            that is not read; the message says which.
    """
    bits = _require_kind(directory, colours)
    height, width = size_of(directory)
    width *= colours
    if min(height, width) < 1:
        raise ValueError(f"states a frame of {height}x{width} samples")
    compression = int(directory.first(COMPRESSION) or UNCOMPRESSED)
    predictor = int(directory.first(_PREDICTOR) or 1)
    step = {1: 0, 2: 1, 34892: 2, 34893: 4}.get(predictor)
    if compression in (UNCOMPRESSED, JPEG):
        step = 0  # TIFF defines no predictor for these
    if step is None or (step and bits not in (8, 16)):
        raise ValueError(f"predictor {predictor} of {bits}-bit samples is not supported")
    step *= colours
    segments = _segments(directory, height, width, colours)
    if not segments or sum(s.length for s in segments) == 0:
        raise ValueError("states no bytes for its samples")
    end = max(s.start + s.length for s in segments)
    if end > file_size:
        raise ValueError(f"truncated: its samples end at byte {end}, the file at {file_size}")
    for segment in segments:
        _require_length(segment, bits, compression)
    order = directory.order
    return Layout((height, width), bits, compression, step, order, tuple(segments))


def require_apart(layout: Layout, others: Iterable[Span]) -> None:
    """Refuses samples that lie over each other or over something else in the file.

    Raises:
        ValueError: If they do; the message says over what.
    """
    own = [Span(s.start, s.start + s.length, "samples") for s in layout.segments]
    spans = sorted([*own, *others])
    covered = spans[0]
    for span in spans[1:]:
        if span.start < covered.end and "samples" in (span.what, covered.what):
            other = covered.what if span.what == "samples" else span.what
            raise ValueError(f"its samples at byte {span.start} lie over {other}: damaged offsets")
        if span.end > covered.end:
            covered = span


def _require_kind(directory: Directory, colours: int) -> int:
    """The bits of a sample, once it is clear that samples of this kind are read."""
    for code, name in _REORDERING.items():
        if directory.numbers(code, (1,)).max(initial=1) != 1:
            raise ValueError(f"{name} reorders the samples, which is not supported")
    if directory.first(_FILL_ORDER) not in (None, 1):
        raise ValueError("FillOrder 2, reversed bits, is not supported")
    found = colours_of(directory)
    if found != colours:
        wanted = "one colour at each site" if colours == 1 else f"{colours} colours at each site"
        several = "several samples" if found > 1 else "one sample"
        raise ValueError(f"{several} per pixel, expected {wanted}")
    if colours > 1 and directory.first(_PLANAR) not in (None, 1):
        raise ValueError("its colours are stored one after the other, which is not supported")
    kind = directory.first(_SAMPLE_FORMAT)
    if kind not in (None, _UNSIGNED, _UNDEFINED):
        raise ValueError(
            "floating-point samples, expected whole numbers"
            if kind == _FLOATING
            else f"samples of format {kind:g}, expected unsigned whole numbers"
        )
    bits = directory.first(_BITS)
    if bits is None or bits not in range(8, 17):
        raise ValueError(f"samples of {bits} bits, expected 8 to 16")
    compression = int(directory.first(COMPRESSION) or UNCOMPRESSED)
    if compression != UNCOMPRESSED and compression not in _DENSEST:
        name = f" ({_OTHERS[compression]})" if compression in _OTHERS else ""
        raise ValueError(f"compression {compression}{name} is not supported")
    return int(bits)


def _segments(directory: Directory, height: int, width: int, colours: int) -> list[Segment]:
    """The strips or tiles in their order; which of the two, the offsets tell."""
    if _TILE_OFFSETS in directory.tags:
        if _STRIP_OFFSETS in directory.tags:
            raise ValueError("states both strips and tiles")
        kind, offsets, counts = "tiles", _TILE_OFFSETS, _TILE_COUNTS
        rows, columns = (int(directory.first(code) or 0) for code in (_TILE_HEIGHT, _TILE_WIDTH))
        columns *= colours
    elif _STRIP_OFFSETS in directory.tags:
        kind, offsets, counts = "strips", _STRIP_OFFSETS, _STRIP_COUNTS
        rows, columns = int(directory.first(_ROWS_PER_STRIP) or height), width
        rows = min(rows, height)
    else:
        raise ValueError("does not state where its samples lie (StripOffsets or TileOffsets)")
    if min(rows, columns) < 1:
        raise ValueError(f"states {kind} of {rows}x{columns} samples")
    starts, lengths = directory.integers(offsets), directory.integers(counts)
    needed = -(-height // rows) * -(-width // columns)
    if not len(starts) == len(lengths) == needed:
        raise ValueError(
            f"{len(starts)} offsets and {len(lengths)} byte counts, but a frame of {height}x{width}"
            f" samples has {needed} {kind} of {rows}x{columns}"
        )
    corners = [(top, left) for top in range(0, height, rows) for left in range(0, width, columns)]
    return [
        # The last strip holds what is left; tiles are always whole.
        Segment(
            top, left, min(rows, height - top) if kind == "strips" else rows, columns, start, length
        )
        for (top, left), start, length in zip(corners, starts, lengths, strict=True)
    ]


def _require_length(segment: Segment, bits: int, compression: int) -> None:
    """Refuses a strip or tile of more or fewer bytes than its samples can take."""
    samples = segment.height * segment.width
    where = f"{segment.height}x{segment.width} samples of {bits} bits"
    if compression == UNCOMPRESSED:
        needed = segment.height * row_bytes(segment.width, bits)
        if segment.length != needed:
            raise ValueError(f"{segment.length} bytes are stated for {where}, which take {needed}")
    elif samples > _DENSEST[compression] * segment.length:
        raise ValueError(f"{segment.length} bytes are too few for {where}")


def row_bytes(width: int, bits: int) -> int:
    """Bytes of an uncompressed row, which ends on a whole byte."""
    return int(np.ceil(width * bits / 8))
