"""Writes small DNG files of known content, which LibRaw reads back bit for bit."""

import struct
from pathlib import Path

import numpy as np
import tifffile

SHORT, LONG, RATIONAL, BYTE, UNDEFINED, SRATIONAL, DOUBLE, ASCII = 3, 4, 5, 1, 7, 10, 12, 2

_COLOURS = {"R": 0, "G": 1, "B": 2}


def write_dng(
    path: Path,
    mosaic: np.ndarray,
    *,
    pattern: str = "RGGB",
    black=((0, 0), (0, 0)),
    white: int = 65535,
    neutral=(0.5, 1.0, 2 / 3),
    matrices: dict[int, object] | None = None,
    orientation: int = 1,
    active_area=None,
    crop=None,
    baseline_exposure: float | None = None,
    noise=None,
    opcodes2: bytes | None = None,
    repeat=(2, 2),
    photometric: int = 32803,
    tile=None,
) -> Path:
    """A DNG of one Bayer frame (or, with other `repeat`/`photometric`, of something that is none).

    `matrices` maps a CalibrationIlluminant to an XYZ-to-camera matrix; `active_area` is (top, left,
    bottom, right), `crop` ((left, top), (width, height)).
    """
    tags = [
        (50706, BYTE, 4, bytes((1, 4, 0, 0)), True),  # DNGVersion
        (50707, BYTE, 4, bytes((1, 1, 0, 0)), True),
        (271, ASCII, 0, "Acme", True),
        (272, ASCII, 0, "Synth 1", True),
        (50708, ASCII, 0, "Acme Synth 1", True),
        (274, SHORT, 1, orientation, True),
        (50713, SHORT, 2, (2, 2), True),
        (50714, LONG, 4, tuple(int(x) for row in black for x in row), True),
        (50717, LONG, 1, white, True),
    ]
    if photometric == 32803:
        cfa = bytes(_COLOURS[c] for c in pattern)
        tags += [
            (33421, SHORT, 2, repeat, True),
            (33422, BYTE, len(cfa), cfa, True),
            (50710, BYTE, 3, bytes((0, 1, 2)), True),
            (50711, SHORT, 1, 1, True),
        ]
    if neutral is not None:
        tags.append((50728, RATIONAL, 3, rationals(neutral), True))
    for k, (illuminant, matrix) in enumerate((matrices or {}).items()):
        tags.append((50721 + k, SRATIONAL, 9, rationals(np.ravel(matrix)), True))
        tags.append((50778 + k, SHORT, 1, illuminant, True))
    if active_area is not None:
        tags.append((50829, LONG, 4, tuple(active_area), True))
    if crop is not None:
        tags += [(50719 + k, LONG, 2, tuple(pair), True) for k, pair in enumerate(crop)]
    if baseline_exposure is not None:
        tags.append((50730, SRATIONAL, 1, rationals([baseline_exposure]), True))
    if noise is not None:
        tags.append((51041, DOUBLE, len(noise), tuple(noise), True))
    if opcodes2 is not None:
        tags.append((51009, UNDEFINED, len(opcodes2), opcodes2, True))
    tifffile.imwrite(path, mosaic, photometric=photometric, extratags=tags, tile=tile)
    return path


def rationals(values) -> tuple[int, ...]:
    """Numerators and denominators of 1/10000ths."""
    return tuple(n for value in values for n in (round(float(value) * 10000), 10000))


def gain_map(
    gains: np.ndarray,
    *,
    site=(0, 0),
    pitch: int = 2,
    size=(64, 64),
    origin=(0.0, 0.0),
    spacing=None,
    optional: bool = True,
) -> bytes:
    """One GainMap opcode (DNG specification 1.4, chapter 7) with gains `[h, w]`."""
    h, w = gains.shape
    spacing = spacing or (1 / max(h - 1, 1), 1 / max(w - 1, 1))
    body = struct.pack(">8I", site[0], site[1], size[0], size[1], 0, 1, pitch, pitch)
    body += struct.pack(">2I4dI", h, w, *spacing, *origin, 1)
    body += np.asarray(gains, ">f4").tobytes()
    return opcode(9, body, optional=optional)


def opcode(identity: int, body: bytes, *, optional: bool = True) -> bytes:
    """One opcode with its header."""
    return struct.pack(">4I", identity, 0x01030000, int(optional), len(body)) + body


def opcode_list(*opcodes: bytes) -> bytes:
    """The value of an OpcodeList tag."""
    return struct.pack(">I", len(opcodes)) + b"".join(opcodes)


def scene(height: int, width: int, low: float, high: float, seed: int = 0) -> np.ndarray:
    """A smooth noisy uint16 mosaic between two values."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = 0.5 + 0.3 * np.sin(x / 9) * np.cos(y / 7)
    noisy = smooth + rng.normal(0, 0.03, (height, width))
    return np.rint(low + (high - low) * np.clip(noisy, 0, 1)).astype(np.uint16)


def write_compressed_dng(path: Path, mosaic: np.ndarray, stream: bytes | None = None) -> Path:
    """A DNG whose samples are lossless JPEG, as Adobe's converter and many phones write them.

    `stream` stands in for the whole JPEG stream, to damage it.
    """
    write_dng(path, mosaic, black=((64, 64), (64, 64)), white=1023)
    stream = lossless_jpeg(mosaic) if stream is None else stream
    offset = path.stat().st_size
    with path.open("ab") as file:
        file.write(stream)
    with tifffile.TiffFile(path, mode="r+b") as tiff:
        tags = tiff.pages[0].tags
        for code, value in ((259, 7), (273, offset), (279, len(stream))):
            tags[code].overwrite(value)
    return path


def lossless_jpeg(mosaic: np.ndarray) -> bytes:
    """Lossless JPEG (ITU-T T.81, process 14) of two components, with predictor 1."""
    height, width = mosaic.shape
    # All 17 difference categories get a 5-bit code, in order.
    table = bytes([0, *[0] * 4, 17, *[0] * 11, *range(17)])
    frame = struct.pack(">BHHB", 16, height, width // 2, 2) + bytes([1, 17, 0, 2, 17, 0])
    scan = bytes([2, 1, 0, 2, 0, 1, 0, 0])
    samples = mosaic.astype(np.int64).reshape(height, width // 2, 2)
    predicted = np.empty_like(samples)
    predicted[:, 1:] = samples[:, :-1]
    predicted[1:, 0] = samples[:-1, 0]
    predicted[0, 0] = 1 << 15
    bits = []
    for difference in (samples - predicted).ravel().tolist():
        size = abs(difference).bit_length()
        bits.append(f"{size:05b}")
        if 0 < size < 16:
            code = difference if difference > 0 else difference + (1 << size) - 1
            bits.append(f"{code:0{size}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    segments = ((0xC4, table), (0xC3, frame), (0xDA, scan))
    head = b"".join(struct.pack(">BBH", 255, mark, 2 + len(body)) + body for mark, body in segments)
    return b"\xff\xd8" + head + data + b"\xff\xd9"
