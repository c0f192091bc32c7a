"""The opcode lists of a DNG: what of them becomes lens shading, and what is left undone.

An opcode list is big-endian whatever the file's byte order:

    uint32 count, then per opcode: uint32 id, 4 bytes version, uint32 flags (bit 0: optional),
    uint32 size, `size` bytes

OpcodeList1 is meant for the samples as stored, OpcodeList2 for those between black and white,
OpcodeList3 for the demosaiced picture. Gains are smooth over the frame, so those of the third list
do the same to the mosaic. Source: Adobe, "Digital Negative (DNG) Specification", version 1.4.0.0,
chapter 7.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from tfisp.rawfiles.gainmap import GainMap, parse_gain_map, shading_map

_VIGNETTE, GAIN_MAP = 3, 9

_NAMES = {
    1: "WarpRectilinear",
    2: "WarpFisheye",
    _VIGNETTE: "FixVignetteRadial",
    4: "FixBadPixelsConstant",
    5: "FixBadPixelsList",
    6: "TrimBounds",
    7: "MapTable",
    8: "MapPolynomial",
    GAIN_MAP: "GainMap",
    10: "DeltaPerRow",
    11: "DeltaPerColumn",
    12: "ScalePerRow",
    13: "ScalePerColumn",
    14: "WarpRectilinear2",
}

_VERSION, _OPTIONAL = 0x01030000, 1

# Entries along each axis of the map that stands for FixVignetteRadial; between them it is linear.
_VIGNETTE_GRID = 65


class Opcode(NamedTuple):
    """One entry of an opcode list: its number, and its parameters."""

    identity: int
    body: bytes

    @property
    def name(self) -> str:
        """The specification's name."""
        return _NAMES.get(self.identity, f"opcode {self.identity}")


def parse_opcodes(data: bytes) -> list[Opcode]:
    """Reads an opcode list.

    Raises:
        ValueError: If the list does not end where its last opcode does.
    """
    try:
        (count,) = struct.unpack_from(">I", data)
        opcodes, at = [], 4
        for _ in range(count):
            identity, _, _, size = struct.unpack_from(">4I", data, at)
            body = data[at + 16 : at + 16 + size]
            if len(body) < size:
                raise ValueError("opcode list ends within an opcode")
            opcodes.append(Opcode(identity, body))
            at += 16 + size
    except struct.error as error:
        raise ValueError("opcode list ends within an opcode") from error
    if at != len(data):
        raise ValueError(f"opcode list of {len(data)} bytes whose {count} opcodes take {at}")
    return opcodes


def opcode_list(opcodes: Sequence[tuple[int, bytes]]) -> bytes:
    """The bytes of a list of (id, parameters), each marked as optional, of version 1.3.0.0."""
    head = (_VERSION, _OPTIONAL)
    parts = [struct.pack(">4I", code, *head, len(body)) + body for code, body in opcodes]
    return struct.pack(">I", len(parts)) + b"".join(parts)


def shading_of(
    lists: tuple[bytes, bytes, bytes],
    colours: str,
    size: tuple[int, int],
    *,
    demosaicked: bool = False,
    has_sites: bool = True,
) -> tuple[np.ndarray | None, list[str]]:
    """The shading map that opcode lists ask for, and notes on what is not done as they say.

    Args:
        lists: The bytes of OpcodeList1, 2 and 3; empty where there is none.
        colours: The CFA tile at the active area's corner, row by row.
        size: (rows, columns) of the active area.
        demosaicked: Whether the samples are a picture's, whose planes are R, G and B.
        has_sites: Whether the sites of that tile are those of the frame as stored.

    Returns:
        float32 `[h, w, 4]` as `tfisp.sensor.Capture.shading`, or None; and the notes.

    Raises:
        ValueError: If a list or a map is damaged.
    """
    maps: list[tuple[GainMap, str | None]] = []
    notes = []
    for number, data in enumerate(lists, start=1):
        left, early = set(), set()
        for opcode in parse_opcodes(data) if data else ():
            found = _gains(opcode, size) if number > 1 else None
            of_picture = demosaicked or number == 3
            # A picture has no sites that a pitch could tell apart; a mosaic has one plane.
            fits = found is not None and (
                ((has_sites and not of_picture) or found.pitch == (1, 1))
                and (of_picture or found.of_plane(0) is not None)
            )
            if found is None or not fits:
                left.add(opcode.name)
                continue
            maps.append((found, colours if of_picture else None))
            early |= {opcode.name} if number == 3 else set()
        if left:
            notes.append(f"OpcodeList{number} is not applied in full: {', '.join(sorted(left))}")
        if early:
            names = ", ".join(sorted(early))
            notes.append(f"OpcodeList3: {names} applied before demosaicing, not after")
    try:
        return (shading_map(maps, size) if maps else None), notes
    except ValueError as error:  # valid, but of a kind that no phone writes
        return None, [*notes, f"lens shading is not applied: {error}"]


def _gains(opcode: Opcode, size: tuple[int, int]) -> GainMap | None:
    """The gains that an opcode multiplies by; None if it does something else."""
    if opcode.identity == GAIN_MAP:
        return parse_gain_map(opcode.body)
    return _vignette(opcode.body, size) if opcode.identity == _VIGNETTE else None


def _vignette(body: bytes, size: tuple[int, int]) -> GainMap:
    """FixVignetteRadial as a map: 1 + k0 r^2 + k1 r^4 + ... + k4 r^10.

    r is the distance to the centre, 1 at the corner that is farthest from it.
    """
    if len(body) != 56:
        raise ValueError(f"FixVignetteRadial of {len(body)} bytes, expected 56")
    *factors, x, y = struct.unpack(">7d", body)
    if not (np.isfinite(factors).all() and 0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"FixVignetteRadial with factors {factors} around ({x}, {y})")
    height, width = size
    at = np.linspace(0, 1, _VIGNETTE_GRID)
    square = ((at - y)[:, None] * height) ** 2 + ((at - x)[None] * width) ** 2
    square /= (max(y, 1 - y) * height) ** 2 + (max(x, 1 - x) * width) ** 2
    gains = 1 + sum(k * square ** (n + 1) for n, k in enumerate(factors))
    if not (np.isfinite(gains).all() and (gains > 0).all()):
        raise ValueError("FixVignetteRadial has a gain that is not a positive number")
    spacing = 1 / (_VIGNETTE_GRID - 1)
    return GainMap(
        area=(0, 0, height, width),
        planes=(0, 3),
        pitch=(1, 1),
        spacing=(spacing, spacing),
        origin=(0.0, 0.0),
        gains=gains[..., None].astype(np.float32),
    )
