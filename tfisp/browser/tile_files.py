"""A generator as `.tflite` files of several sizes: browsers run files of fixed size only.

Of square tiles a page takes the largest that fits into a picture.
"""

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.exporting import writers
from tfisp.exporting.artifacts import FLOAT32_LIMIT, SAVED_MODEL, Artifact, input_shape
from tfisp.exporting.comparison import Case, compare
from tfisp.exporting.test_inputs import noise, scene
from tfisp.models.generator import Generator
from tfisp.models.strength import interpolated
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.metadata import ModelMetadata

# Where files for the start of a last stage are tried in between, on the way to its end.
_BETWEEN = 0.5


def write_tiles(generator: Generator, folder: Path, sides: Sequence[int]) -> list[dict[str, Any]]:
    """Writes and checks the files.

    Args:
        generator: Computes in float32.
        folder: An existing one.
        sides: Of the tiles in pixels, from small to large; those that the generator cannot use are
            left out.

    Returns:
        `file` (its name) and `shape` ([1, h, w, C] of its input) of each, from small to large.

    Raises:
        InputError: The generator cannot be cut into tiles, or a file does not agree with Keras.
    """
    metadata = ModelMetadata.of(generator)
    if metadata.halo is None:
        raise InputError(
            f"--web: {metadata.name} depends on the whole picture at once and cannot be rendered in"
            " tiles, as a browser does"
        )
    unit = _unit(metadata)
    # A tile must keep something between its overlaps.
    overlap = -(-metadata.halo // metadata.multiple) * metadata.multiple
    least = metadata.step * max(2 * overlap + 3 * metadata.multiple, metadata.minimum)
    usable = [side // unit * unit for side in sides if side // unit * unit >= least]
    if not usable:
        raise InputError(f"--web: {metadata.name} needs tiles of {least} pixels and more")
    return [
        _write(generator, metadata, (side, side), folder / f"tile_{side}.tflite") for side in usable
    ]


def write_frame(generator: Generator, folder: Path, size: tuple[int, int]) -> dict[str, Any]:
    """Writes and checks a file for a whole picture at once, to measure devices with.

    Args:
        generator: As for `write_tiles`.
        folder: An existing one.
        size: Height and width in pixels; rounded up to what the generator takes.

    Returns:
        As `write_tiles`, of one file, with `pixels`: its picture's height and width.

    Raises:
        InputError: The file does not agree with Keras.
    """
    metadata = ModelMetadata.of(generator)
    unit = _unit(metadata)
    height, width = (-(-side // unit) * unit for side in size)
    path = folder / f"frame_{height}x{width}.tflite"
    return {**_write(generator, metadata, (height, width), path), "pixels": [height, width]}


def write_starts(
    start: Generator, end: Generator, folder: Path, tiles: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Writes, beside each tile file of a generator, that of the weights that it was trained from.

    A page makes files of what lies in between by interpolating every word in which two files
    differ. So both must be of one length, and what comes out must agree with Keras: this is tried.

    Args:
        start: Computes in float32; the same network as `end`, in the form in which it is trained.
        end: Whose files, in the form that ships, are `tiles`.
        folder: Where they lie.
        tiles: What `write_tiles` gave.

    Returns:
        The same with `start`, the file's name, and `bytes`, the size of the model in both.

    Raises:
        InputError: A file does not agree with Keras.
    """
    metadata, begun = ModelMetadata.of(end), start.folded()
    found: list[dict[str, Any]] = []
    for tile in tiles:
        after = folder / tile["file"]
        before = folder / after.name.replace("tile_", "start_")
        _, height, width, _ = tile["shape"]
        size = metadata.step * height, metadata.step * width
        _write(begun, metadata, size, before)
        first, second = _model_bytes(before), _model_bytes(after)
        if len(first) != len(second):
            raise InputError(f"--web: {before.name} and {after.name} differ in more than weights")
        if not found:
            with tempfile.TemporaryDirectory() as temporary:
                path = Path(temporary) / f"between_{after.name}"
                path.write_bytes(blended(first, second, _BETWEEN))
                between = interpolated(start, end, _BETWEEN)
                _compare(between, metadata, size, path)
        found.append({**tile, "start": before.name, "bytes": len(first)})
    return found


def blended(before: bytes, after: bytes, strength: float) -> bytes:
    """A model with the weights between those of two, as the page makes it (`strength.js`).

    Args:
        before: A `.tflite` file without what was appended to it.
        after: Another, that differs from it in float32 weights alone.
        strength: 0 for the weights of the first, 1 for those of the second.
    """
    whole = len(after) // 4 * 4
    first, second = (np.frombuffer(part[:whole], "<u4") for part in (before, after))
    share = np.float32(strength)
    with np.errstate(all="ignore"):  # words that are equal may be anything
        between = (1 - share) * first.view("<f4") + share * second.view("<f4")
    words = np.where(first == second, second, between.astype("<f4").view("<u4"))
    return words.tobytes() + after[whole:]


def _unit(metadata: ModelMetadata) -> int:
    """What the sides of a file's pictures are multiples of, in pixels."""
    return max(metadata.step * metadata.multiple, 2)


def _model_bytes(path: Path) -> bytes:
    """A `.tflite` file without the metadata that was appended."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return content[: archive.infolist()[0].header_offset]


def _write(
    generator: Generator, metadata: ModelMetadata, size: tuple[int, int], path: Path
) -> dict[str, Any]:
    """Writes and checks a file for pictures of a size; its name and the shape of its input."""
    shape = input_shape(Artifact(path.name), metadata, size)
    with tempfile.TemporaryDirectory() as temporary:
        saved_model = Path(temporary) / SAVED_MODEL
        writers.write_saved_model(generator, shape, saved_model)
        path.write_bytes(writers.to_tflite(saved_model))
    metadata_module.attach(path, metadata)
    _compare(generator, metadata, size, path)
    return {"file": path.name, "shape": list(shape)}


def _compare(
    generator: Generator, metadata: ModelMetadata, size: tuple[int, int], path: Path
) -> None:
    """Sees that a file agrees with Keras."""
    cases = []
    for trial in (noise(size), scene(size)):
        raw = trial.raw(metadata)
        expected = generator(raw, training=False).numpy()
        cases.append(Case(trial.name, {"raw": raw}, expected, trial.shadows))
    compare(Artifact(path.name, largest=FLOAT32_LIMIT), path, cases)
