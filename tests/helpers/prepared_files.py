"""Folders for `tfisp.prepare`: RAW files in every orientation, photographs with every fault."""

import json

import cv2
import numpy as np

from tests.helpers.checkup_files import natural
from tests.helpers.pair_files import BLACK, GAINS, WHITE, mosaic_of

PATCH = 32
TIMES = {100: 1 / 64, 1600: 1 / 4}


def write_raws(folder, count=8, side=(70, 104)):
    """`.npy` mosaics NUMBER.npy of Exif's orientation NUMBER + 1 and of two ISO speeds."""
    folder.mkdir(parents=True)
    for number in range(count):
        mosaic = mosaic_of(natural(number, 128)[: side[0], : side[1]], "GRBG", seed=number)
        iso = 100 if number else 1600
        np.save(folder / f"{number}.npy", mosaic)
        facts = {"pattern": "GRBG", "black_level": BLACK, "white_level": WHITE, "iso": iso}
        facts |= {"white_balance": GAINS, "orientation": number % 8 + 1}
        facts["exposure_time"] = TIMES[iso]
        (folder / f"{number}.json").write_text(json.dumps(facts))
    return folder


def write_photographs(folder):
    """Four good ones of 16 bits, and one of each fault; returns the names of the latter."""
    folder.mkdir(parents=True)
    for number in range(4):
        eight = natural(100 + number, 128)
        save(folder / f"{number}.png", eight.astype(np.uint16) * 257)
    first = natural(100, 128)
    white = first.copy()
    white[:60] = 255
    faulty = {
        "monochrome": np.repeat(first.mean(-1, keepdims=True), 3, -1),
        "clipped": white,
        "dark_or_bright": natural(200, 128) // 100,
        "blurred": cv2.GaussianBlur(natural(201, 128), (0, 0), 4),
        "tiny": natural(202, 62),
        "copy": cv2.resize(first, (200, 200)),
    }
    for name, picture in faulty.items():
        save(folder / f"{name}.png", np.rint(picture).astype(np.uint8))
    return folder


def save(path, picture):
    assert cv2.imwrite(str(path), picture[..., ::-1])
