"""Writes DNGs whose samples are stored in every way that TIFF allows, right or wrong."""

import struct
from pathlib import Path

import numpy as np

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SRATIONAL, LONG8 = 1, 2, 3, 4, 5, 7, 10, 16
_CODES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "I", 7: "B", 10: "i", 12: "d", 16: "Q"}

STRIP_OFFSETS, STRIP_COUNTS, TILE_OFFSETS, TILE_COUNTS = 273, 279, 324, 325


def bayer_tags(pattern="RGGB", black=64, white=1023) -> dict:
    """The tags of a CFA frame but for size and place."""
    return {
        254: (LONG, [0]),
        262: (SHORT, [32803]),
        277: (SHORT, [1]),
        33421: (SHORT, [2, 2]),
        33422: (BYTE, ["RGB".index(colour) for colour in pattern]),
        50714: (SHORT, [black]),
        50717: (LONG, [white]),
    }


MAIN_TAGS = {
    274: (SHORT, [1]),
    50706: (BYTE, [1, 4, 0, 0]),
    50721: (
        SRATIONAL,
        [
            6500,
            10000,
            -1100,
            10000,
            -900,
            10000,
            -3800,
            10000,
            11600,
            10000,
            2500,
            10000,
            -400,
            10000,
            1500,
            10000,
            6000,
            10000,
        ],
    ),
    50728: (RATIONAL, [1, 2, 1, 1, 3, 5]),
    50778: (SHORT, [21]),
}


def packed(mosaic: np.ndarray, bits: int, order: str = "<") -> bytes:
    """Uncompressed samples: bits from the highest on, each row from a whole byte on."""
    if bits in (8, 16):
        return mosaic.astype(f"{order}u{bits // 8}").tobytes()
    shifts = np.arange(bits - 1, -1, -1)
    rows = (mosaic[..., None] >> shifts & 1).astype(np.uint8).reshape(len(mosaic), -1)
    return np.packbits(rows, axis=1).tobytes()


def parts(mosaic: np.ndarray, rows: int | None = None, tile=None) -> list[np.ndarray]:
    """Strips of `rows`, or tiles that repeat the frame's edge where they reach over it."""
    height, width = mosaic.shape
    if tile is None:
        return [mosaic[top : top + (rows or height)] for top in range(0, height, rows or height)]
    full = np.pad(mosaic, [(0, -n % t) for n, t in zip(mosaic.shape, tile, strict=True)], "edge")
    return [
        full[top : top + tile[0], left : left + tile[1]]
        for top in range(0, height, tile[0])
        for left in range(0, width, tile[1])
    ]


def write_frame(
    path: Path,
    mosaic: np.ndarray,
    *,
    bits: int = 16,
    rows: int | None = None,
    tile=None,
    gap: bytes = b"",
    sequence=None,
    compression: int = 1,
    encode=None,
    order: str = "<",
    big: bool = False,
    tags: dict | None = None,
    more=(),
) -> Path:
    """A DNG of one frame, its samples before its tags, as `encode` makes bytes of each part.

    `sequence` lists the parts in the order in which they lie in the file, `gap` lies between them;
    `tags` replaces or adds tags, None removes one; `more` are the keyword arguments (`mosaic`
    among them) of further frames: then all frames are sub-directories of one of a preview.
    """
    head = 16 if big else 8
    body = bytearray(head)
    frames = [
        {
            "mosaic": mosaic,
            "bits": bits,
            "rows": rows,
            "tile": tile,
            "gap": gap,
            "tags": tags,
            "sequence": sequence,
            "compression": compression,
            "encode": encode,
        },
        *more,
    ]
    found = [_frame(body, order, big, **frame) for frame in frames]
    if more:
        subs = [_append(body, frame, order, big) for frame in found]
        main = {**MAIN_TAGS, 330: (LONG, subs)}
    else:
        main = {**MAIN_TAGS, **found[0]}
        main = {code: value for code, value in main.items() if value is not None}
    first = _append(body, main, order, big)
    mark = {"<": b"II", ">": b"MM"}[order]
    if big:
        body[:16] = mark + struct.pack(order + "HHHQ", 43, 8, 0, first)
    else:
        body[:8] = mark + struct.pack(order + "HI", 42, first)
    path.write_bytes(body)
    return path


def _frame(
    body,
    order,
    big,
    mosaic,
    bits=16,
    rows=None,
    tile=None,
    gap=b"",
    sequence=None,
    compression=1,
    encode=None,
    tags=None,
):
    """Appends a frame's samples to the file's bytes; its tags."""
    pieces = parts(mosaic, rows, tile)
    encode = encode or (lambda part: packed(part, bits, order))
    offsets, counts = [0] * len(pieces), [0] * len(pieces)
    for k in sequence or range(len(pieces)):
        stored = encode(pieces[k])
        offsets[k], counts[k] = len(body), len(stored)
        body += stored + bytes(len(stored) % 2) + gap
    kind = LONG8 if big else LONG
    height, width = mosaic.shape
    found = {
        **bayer_tags(),
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [bits]),
        259: (SHORT, [compression]),
    }
    if tile is None:
        found |= {
            STRIP_OFFSETS: (kind, offsets),
            278: (LONG, [rows or height]),
            STRIP_COUNTS: (LONG, counts),
        }
    else:
        found |= {
            322: (LONG, [tile[1]]),
            323: (LONG, [tile[0]]),
            TILE_OFFSETS: (kind, offsets),
            TILE_COUNTS: (LONG, counts),
        }
    return {**found, **(tags or {})}


def _append(body: bytearray, tags: dict, order: str, big: bool) -> int:
    """Appends a directory, its long values behind it; where it begins."""
    count, entry, offset = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    room = struct.calcsize("=" + offset)
    size = struct.calcsize("=" + count) + len(tags) * (4 + 2 * room) + room
    start = len(body)
    directory, values = struct.pack(order + count, len(tags)), b""
    for code in sorted(tags):
        kind, numbers = tags[code]
        data = struct.pack(f"{order}{len(numbers)}{_CODES[kind]}", *numbers)
        amount = len(numbers) // 2 if kind in (RATIONAL, SRATIONAL) else len(numbers)
        directory += struct.pack(order + entry, code, kind, amount)
        if len(data) <= room:
            directory += data.ljust(room, b"\0")
        else:
            directory += struct.pack(order + offset, start + size + len(values))
            values += data + bytes(len(data) % 2)
    body += directory + bytes(room) + values
    return start
