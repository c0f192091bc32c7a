"""RAW files for `fuzz.py`: DNGs stored in every way, plain mosaics, and their descriptions."""

import dataclasses
import io
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
from fuzz_family import FACTS, HOSTILE, SAMPLES, STRUCTURE, Family, Files, Sound, written

from tests.helpers.dngs import gain_map, lossless_jpeg, opcode_list, scene
from tests.helpers.tiffs import ASCII, LONG, SRATIONAL, UNDEFINED, packed, write_frame

MOSAIC = scene(96, 128, 70, 1000)


def _dngs(_: Path) -> list[Sound]:
    """DNGs stored in every way that is read."""
    shaded = {
        50829: (LONG, [4, 6, 92, 120]),
        50730: (SRATIONAL, [5000, 10000]),
        51009: (
            UNDEFINED,
            [
                *opcode_list(
                    *(
                        gain_map(np.full((3, 4), 1.5), site=(i, j), size=(88, 114))
                        for i in (0, 1)
                        for j in (0, 1)
                    )
                )
            ],
        ),
    }
    jpeg = {"compression": 7, "encode": lossless_jpeg}

    def turbo(part: np.ndarray) -> bytes:
        part = np.ascontiguousarray(part)
        return imagecodecs.jpeg8_encode(part, lossless=True, bitspersample=16)

    ways: list[dict[str, Any]] = [
        {"tags": shaded},
        {"rows": 16, "gap": bytes(8), "sequence": [3, 0, 5, 1, 4, 2]},
        {"bits": 12, "tile": (48, 64)},
        {"bits": 10, "rows": 32, "order": ">"},
        {"bits": 14, "big": True},
        {"rows": 16, "more": [{"mosaic": MOSAIC[:48, :64], "tags": {254: (LONG, [1])}}]},
        {**jpeg, "tile": (48, 64), "tags": shaded},
        {**jpeg, "rows": 32},
        {"compression": 7, "encode": turbo, "rows": 48, "order": ">"},
        {"compression": 8, "encode": lambda p: zlib.compress(packed(p, 16)), "tile": (48, 64)},
    ]
    found = [_sound(f"{number}.dng", way) for number, way in enumerate(ways)]
    # Of the first what lies within its active area.
    inside = (8 + 4 * 256, 8 + 92 * 256)
    return [dataclasses.replace(found[0], data=inside), *found[1:]]


def _by_libraw(_: Path) -> list[Sound]:
    """Files that LibRaw decodes: TIFFs of a camera that do not say that they are DNGs."""
    tags = {50706: None, 271: (ASCII, [*b"Acme\0"]), 272: (ASCII, [*b"Seven\0"])}
    jpeg = {"compression": 7, "encode": lossless_jpeg}
    ways = ({}, {"order": ">"}, jpeg)
    return [_sound(f"{number}.nef", {**way, "tags": tags}) for number, way in enumerate(ways)]


def _sound(name: str, way: dict[str, Any]) -> Sound:
    """A file of the mosaic, stored in a way that `write_frame` knows."""
    data = written(lambda path: write_frame(path, MOSAIC, **way), name)
    start, (tags,) = 8, struct.unpack_from(">I" if way.get("order") else "<I", data, 4)
    if way.get("big"):
        start, (tags,) = 16, struct.unpack_from("<Q", data, 8)
    end = tags
    if way.get("more"):  # the directories of the frames lie before the first one
        tags, end = tags - 600, start + 2 * MOSAIC.size
    return Sound(name, {name: data}, (start, end), tags)


def _damage_tags(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """Damages what describes the samples: header, directories, values."""
    data = bytearray(sound.files[sound.main])
    start = sound.tags
    way = rng.integers(5)
    if way == 0:  # random bytes
        for _ in range(rng.integers(1, 5)):
            data[rng.integers(start, len(data))] = rng.integers(256)
    elif way == 1:  # a number that is something else
        at = int(rng.integers(start, len(data) - 4)) // 2 * 2
        kind = rng.choice(["<H", ">H", "<I", ">I"])
        old = struct.unpack_from(kind, data, at)[0]
        top = 0xFFFF if kind[1] == "H" else 0xFFFFFFFF
        new = rng.choice([0, 1, old + 1, old - 1, 2 * old, old // 2, old + 512, old - 512, top, 8])
        struct.pack_into(kind, data, at, int(new) & top)
    elif way == 2:  # two entries change places, or a part of them
        size = 20 if struct.unpack_from("<H", data, 2)[0] == 43 else 12
        head = 8 if size == 20 else 2
        count = (len(data) - start) // size // 3
        a, b = (start + head + size * int(k) for k in rng.integers(0, max(count, 2), 2))
        part = slice(0, size) if rng.integers(2) else slice(size - 4, size)
        one, other = bytes(data[a : a + size][part]), bytes(data[b : b + size][part])
        data[a : a + size], data[b : b + size] = (
            _with(data[a : a + size], part, other),
            _with(data[b : b + size], part, one),
        )
    elif way == 3:  # the file's header
        data[rng.integers(0, 8)] = rng.integers(256)
    else:  # cut, or bytes lost or added anywhere
        at = int(rng.integers(0, len(data)))
        span = int(rng.choice([1, 2, 7, 512, 4096]))
        cut = rng.integers(3)
        data[at:] = [b"", data[at + span :], bytes(span) + data[at:]][cut]
    return {**sound.files, sound.main: bytes(data)}, STRUCTURE


def _with(data: bytearray, part: slice, new: bytes) -> bytearray:
    data = bytearray(data)
    data[part] = new
    return data


def _damage_samples(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """Damages the samples as disks and transfers do: lost blocks, and single bits."""
    data = bytearray(sound.files[sound.main])
    start, end = sound.data
    if rng.integers(4) == 0:
        data[rng.integers(start, end)] ^= 1 << int(rng.integers(8))
        return {**sound.files, sound.main: bytes(data)}, SAMPLES
    size = int(rng.choice([512, 1024, 4096]))
    at = int(rng.integers(start, max(start + 1, end - size)))
    at = max(start, at // 512 * 512) if rng.integers(2) else at
    size = min(size, end - at)
    ones = rng.integers(3) == 0  # of some frames the value of white
    data[at : at + size] = (b"\xff" if ones else b"\0") * size
    return {**sound.files, sound.main: bytes(data)}, SAMPLES if ones else STRUCTURE


def _read_raw(path: Path) -> dict[str, Any]:
    """Reads and renders a RAW file, and describes it."""
    from tfisp.contract import AS_SHOT, normalise
    from tfisp.demosaic import reference
    from tfisp.raw import decode, read_raw
    from tfisp.rawfiles.diagnosis import describe

    json.dumps(describe(decode(path), path))
    mosaic, sensor, capture = read_raw(path)
    if not np.isfinite(normalise(mosaic, sensor, capture, AS_SHOT)).all():
        raise ArithmeticError("not every sample is a number")
    reference(mosaic, sensor, capture, "bilinear")
    facts = dataclasses.asdict(capture)
    told = facts.pop("notes")
    return {"mosaic": mosaic, "told": told, "sensor": sensor.to_dict(), "capture": facts}


def _same_samples(found: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Whether a mosaic is the stored one or a part of it, as another active area makes it."""
    part = found["mosaic"]
    height, width = part.shape
    for top in range(MOSAIC.shape[0] - height + 1):
        for left in range(MOSAIC.shape[1] - width + 1):
            if np.array_equal(part[0], MOSAIC[top, left : left + width]):
                return np.array_equal(part, MOSAIC[top : top + height, left : left + width])
    return np.array_equal(part, stored["mosaic"])


_STATED = {
    "width": 128,
    "height": 96,
    "pattern": "RGGB",
    "black_level": [[64, 64], [64, 64]],
    "white_level": 1023,
    "white_balance": [2, 1, 1.5],
    "orientation": 6,
    "iso": 100,
    "exposure_time": 0.01,
    "baseline_exposure": 0.5,
    "name": "a name",
    "byte_order": "little",
    "xyz_to_camera": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}


def _plain(_: Path) -> list[Sound]:
    """`.npy`, PNG and headerless mosaics with their description."""
    stated = json.dumps(_STATED).encode()
    array = io.BytesIO()
    np.save(array, MOSAIC)
    files = {
        "a.npy": array.getvalue(),
        "a.png": cv2.imencode(".png", MOSAIC)[1].tobytes(),
        "a.raw": MOSAIC.astype("<u2").tobytes(),
    }
    return [
        Sound(name, {name: data, "a.json": stated}, (128 if name == "a.npy" else 0, len(data)))
        for name, data in files.items()
    ]


def _damage_plain(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """Headers, cuts, lost blocks."""
    data = bytearray(sound.files[sound.main])
    way, start = rng.integers(4), sound.data[0]
    if way == 0 and start:  # the header of an array
        for _ in range(rng.integers(1, 3)):
            data[rng.integers(0, start)] = rng.integers(32, 127)
    elif way == 1:
        del data[int(rng.integers(0, len(data))) :]
    elif way == 2:
        at = int(rng.integers(0, len(data)))
        data[at:at] = bytes(int(rng.integers(1, 600)))
    else:
        at = int(rng.integers(start, len(data) - 600))
        data[at : at + 600] = bytes(600)
    return {**sound.files, sound.main: bytes(data)}, STRUCTURE


def _damage_json(sound: Sound, rng: np.random.Generator) -> tuple[Files, str]:
    """The description of a mosaic, by hand and by hostile hands."""
    stated = dict(_STATED)
    key = str(rng.choice([*stated]))
    way = rng.integers(5)
    if way == 0:
        del stated[key]
    text = json.dumps(stated)
    if way in (1, 2):
        value = json.dumps(stated[key])
        text = text.replace(f'"{key}": {value}', f'"{key}": {rng.choice(HOSTILE)}')
    elif way == 3:
        data = bytearray(text.encode())
        for _ in range(rng.integers(1, 4)):
            data[rng.integers(0, len(data))] = rng.integers(256)
        return {**sound.files, "a.json": bytes(data)}, FACTS
    elif way == 4:
        cut = text[: rng.integers(0, len(text))]
        text = str(rng.choice([cut, text + text, "\ufeff" + text, *HOSTILE]))
    encoding = "utf-16" if rng.integers(8) == 0 else "utf-8"
    return {**sound.files, "a.json": text.encode(encoding, "surrogatepass")}, FACTS


def _read_described(path: Path) -> dict[str, Any]:
    """A mosaic, and its description as the file of a sensor."""
    from tfisp.errors import InputError
    from tfisp.sensor import get_sensor

    try:
        get_sensor(path.with_suffix(".json"))
    except InputError as error:
        if "\n" in str(error):
            raise ArithmeticError("an error of several lines") from error
    return _read_raw(path)


_RAW = (
    "rawpy",
    "cv2",
    "imagecodecs",
    "tfisp.raw",
    "tfisp.demosaic",
    "tfisp.rawfiles.dng",
    "tfisp.rawfiles.diagnosis",
    "tfisp.rawfiles.camerafile",
)


FAMILIES = {
    "dng_tags": Family(_dngs, _damage_tags, _read_raw, _same_samples, _RAW),
    "dng_samples": Family(_dngs, _damage_samples, _read_raw, _same_samples, _RAW),
    "libraw_tags": Family(_by_libraw, _damage_tags, _read_raw, _same_samples, _RAW),
    "libraw_samples": Family(_by_libraw, _damage_samples, _read_raw, _same_samples, _RAW),
    "plain": Family(_plain, _damage_plain, _read_raw, _same_samples, _RAW),
    "json": Family(_plain, _damage_json, _read_described, _same_samples, _RAW),
}
