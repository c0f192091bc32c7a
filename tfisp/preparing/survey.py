"""What is known of a file before patches are cut: a function of the file and the settings alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.checkup.photograph_checks import clipped, colourless, dark_or_bright, smooth
from tfisp.checkup.picture import measure
from tfisp.data.cache import Store, file_digest, key
from tfisp.data.headers import probe
from tfisp.data.photographs import Photograph
from tfisp.data.profiles import describe
from tfisp.data.unprocess import reduced_size
from tfisp.errors import InputError
from tfisp.packing import upright
from tfisp.preparing.settings import Settings

# What is wrong with a photograph by itself, in the order in which it is looked for, and how it is
# told (`tfisp.checkup.photograph_checks`).
PICTURE_FAULTS = {
    "monochrome": colourless,
    "clipped": clipped,
    "dark_or_bright": dark_or_bright,
    "blurred": smooth,
}

# Side of the smallest picture that can be measured.
_SMALLEST = 32


def survey(role: str, path: Path, settings: Settings) -> dict[str, Any]:
    """The facts of one file as JSON values; `{"error": why}` of one that cannot be used.

    Args:
        role: "raw" or "target".
        path: The file.
        settings: What patches are prepared for.
    """
    look = _raw if role == "raw" else _photograph
    try:
        return look(path, settings)
    except InputError as error:
        return {"error": str(error)}


def identity(role: str, path: Path, digest: Callable[[Path], str] = file_digest) -> str:
    """What tells a file's content from another one's: with that of its description, if it has one.

    Args:
        role: "raw" or "target".
        path: The file.
        digest: Of a file's content.

    Raises:
        InputError: If it cannot be read.
    """
    description = path.with_suffix(".json")
    if role != "raw" or not description.exists():
        return digest(path)
    return key(file=digest(path), description=file_digest(description))


def open_photograph(path: Path, settings: Settings) -> Photograph:
    """A photograph as patches see it: reduced, and nowhere kept.

    Raises:
        InputError: If it is not a whole file of a kind that is read.
    """
    info = probe(path)
    return Photograph(
        path,
        reduced_size(info.upright_size, settings.target_scale),
        Store(),
        settings.target_scale,
        keep=False,
        seed=settings.seed,
        colours=describe(info),
    )


def _raw(path: Path, settings: Settings) -> dict[str, Any]:
    """Size and first red site of the upright frame, ISO and exposure time."""
    mosaic, sensor, capture = settings.read_raw(path)
    mosaic, sensor, capture = upright(mosaic, sensor, capture)
    return {
        "sha256": identity("raw", path),
        "size": list(mosaic.shape),
        "phase": list(sensor.red_site),
        "sensor": sensor.name,
        "iso": capture.iso,
        "exposure_time": capture.exposure_time,
        "notes": list(capture.notes),
    }


def _photograph(path: Path, settings: Settings) -> dict[str, Any]:
    """Size, faults and likeness of the reduced picture."""
    photograph = open_photograph(path, settings)
    facts = {
        "sha256": photograph.sha256,
        "size": list(photograph.size),
        "colours": photograph.colours,
    }
    if min(photograph.size) < _SMALLEST:
        return facts | {"faults": [], "hash": ""}
    measured = measure(photograph.pixels(), path.name, path)
    return facts | {
        "faults": [name for name, shows in PICTURE_FAULTS.items() if shows(measured)],
        "hash": np.packbits(measured.hashed).tobytes().hex(),
    }
