"""A generator as `.tflite` files for tiles of several sizes: browsers run files of fixed size only.

A page takes the largest that fits into a picture.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.exporting import writers
from tfisp.exporting.artifacts import FLOAT32_LIMIT, SAVED_MODEL, Artifact, input_shape
from tfisp.exporting.comparison import Case, compare
from tfisp.exporting.test_inputs import noise, scene
from tfisp.models.generator import Generator
from tfisp.rendering import metadata as metadata_module
from tfisp.rendering.metadata import ModelMetadata

# In pixels. Small ones for crops and thumbnails, 512 for a processor's cache, 1024 for a GPU.
SIDES = (128, 256, 512, 1024)


def write_tiles(
    generator: Generator, folder: Path, sides: Sequence[int] = SIDES
) -> list[dict[str, Any]]:
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
    unit = max(metadata.step * metadata.multiple, 2)
    # A tile must keep something between its overlaps.
    overlap = -(-metadata.halo // metadata.multiple) * metadata.multiple
    least = metadata.step * max(2 * overlap + 3 * metadata.multiple, metadata.minimum)
    usable = [side // unit * unit for side in sides if side // unit * unit >= least]
    if not usable:
        raise InputError(f"--web: {metadata.name} needs tiles of {least} pixels and more")
    return [_write_tile(generator, metadata, side, folder) for side in usable]


def _write_tile(
    generator: Generator, metadata: ModelMetadata, side: int, folder: Path
) -> dict[str, Any]:
    artifact = Artifact(f"tile_{side}.tflite", largest=FLOAT32_LIMIT)
    path = folder / artifact.name
    shape = input_shape(artifact, metadata, (side, side))
    with tempfile.TemporaryDirectory() as temporary:
        saved_model = Path(temporary) / SAVED_MODEL
        writers.write_saved_model(generator, shape, saved_model)
        path.write_bytes(writers.to_tflite(saved_model))
    metadata_module.attach(path, metadata)
    cases = []
    for trial in (noise((side, side)), scene((side, side))):
        raw = trial.raw(metadata)
        expected = generator(raw, training=False).numpy()
        cases.append(Case(trial.name, {"raw": raw}, expected, trial.shadows))
    compare(artifact, path, cases)
    return {"file": artifact.name, "shape": list(shape)}
