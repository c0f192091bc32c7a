"""Tiny pictures and samples for the tests of `tfisp.data`."""

import struct

import cv2
import numpy as np


def scene(height, width, seed=0):
    """A smooth uint8 colour picture `[H, W, 3]`."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 6) * 6 - 640, 20, 235).astype(np.uint8)


def counts(height, width, low=100, high=900, seed=0):
    """Random uint16 samples `[H, W]`."""
    return np.random.default_rng(seed).integers(low, high, (height, width), dtype=np.uint16)


# Folder of RAW files, folder of photographs and their suffix, by kind of data set.
LAYOUTS = {"zrr": ("huawei_raw", "canon", ".jpg"), "ultraisp": ("mediatek_raw", "fujifilm", ".png")}


def write_pairs(root, kind, split, number, size=16, seed=0):
    """Writes a split of a prepared data set."""
    raw, target, suffix = LAYOUTS[kind]
    seed += {"train": 0, "val": 1000, "test": 2000}[split]  # no file may play two roles
    for index in range(number):
        for folder in (raw, target):
            (root / split / folder).mkdir(parents=True, exist_ok=True)
        picture = scene(size, size, seed + index)
        cv2.imwrite(str(root / split / target / f"{index}{suffix}"), picture)
        mosaic = counts(size, size, seed=seed + index)
        cv2.imwrite(str(root / split / raw / f"{index}.png"), mosaic)
    return root


def picture(height=24, width=40, dtype=np.uint8):
    top = np.iinfo(dtype).max
    return np.random.default_rng(0).integers(0, top, (height, width, 3)).astype(dtype)


def with_orientation(jpeg, value, order):
    """A JPEG with an Exif block that states only the orientation."""
    mark, byte_order = {"little": (b"II*\0", "<"), "big": (b"MM\0*", ">")}[order]
    tag = struct.pack(f"{byte_order}IHHHIHH", 8, 1, 0x0112, 3, 1, value, 0)
    exif = b"Exif\0\0" + mark + tag + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def encoded(suffix, image):
    return cv2.imencode(suffix, image)[1].tobytes()


def icc_profile(columns, name="Display P3"):
    """A small ICC profile (version 4) of three colours with the curve of sRGB.

    `columns` are the XYZ of red, green and blue, adapted to D50, as ICC.1:2022 wants them.
    """

    def fixed(*values):
        return b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"para\0\0\0\0\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    text = name.encode("utf-16-be")
    named = b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(text), 28) + text
    tags = {
        b"desc": named + bytes(-len(named) % 4),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249),
        **{
            tag: b"XYZ \0\0\0\0" + fixed(*xyz)
            for tag, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    place, table, body = 132 + 12 * len(tags), b"", b""
    for tag, data in tags.items():
        table += struct.pack(">4sII", tag, place + len(body), len(data))
        body += data
    head = struct.pack(
        ">I4sI4s4s4s12s4s24x",
        place + len(body),
        b"",
        0x04300000,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        bytes(12),
        b"acsp",
    )
    return (
        (head + fixed(0.9642, 1, 0.8249)).ljust(128, b"\0")
        + struct.pack(">I", len(tags))
        + table
        + body
    )
