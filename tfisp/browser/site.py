"""Writes the folder that a browser needs to run a network: page, model, LiteRT.js.

    index.html, *.js, *.css    the page (`page_files`)
    model/tfisp.json           contract, receptive field, sensor and tiles of the network
    model/tile_*.tflite        the network for tiles of several sizes (`tile_files`)
    model/golden*              what the desktop makes of a frame (`golden`)
    litert/                    LiteRT.js (`runtime_files`)

Any static server will do for it. The page asks for nothing outside the folder.
"""

import importlib.resources
from collections.abc import Sequence
from pathlib import Path

from tfisp._version import __version__
from tfisp.browser import MARK
from tfisp.browser.golden import write_golden
from tfisp.browser.runtime_files import write_runtime
from tfisp.browser.tile_files import SIDES, write_tiles
from tfisp.errors import InputError
from tfisp.files import atomic_folder, write_json
from tfisp.models.generator import Generator
from tfisp.rendering.levels import known_levels
from tfisp.rendering.metadata import ModelMetadata


def check_place(folder: Path) -> None:
    """Sees that a folder may be replaced.

    Raises:
        InputError: It is a file, or holds something that was not written here.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--web={folder}: is a file, expected a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise InputError(f"--web={folder}: holds other files than a page; give a new folder")


def write_site(generator: Generator, folder: Path, sides: Sequence[int] = SIDES) -> None:
    """Writes the folder as a whole; one that is there already is replaced.

    Args:
        generator: With the weights to be shown.
        folder: As `check_place` allows.
        sides: Of the tiles in pixels.

    Raises:
        InputError: LiteRT.js cannot be fetched, the generator cannot be rendered in tiles, or a
            file does not agree with Keras; nothing is written then.
    """
    check_place(folder)
    generator = generator.computing_in("float32")
    with atomic_folder(folder) as site:
        write_runtime(site / "litert")
        write_page(site)
        model = site / "model"
        model.mkdir()
        tiles = write_tiles(generator, model, sides)
        metadata = ModelMetadata.of(generator)
        write_json(model / "golden.json", write_golden(metadata, tiles, model))
        described = {
            **metadata.to_dict(),
            "known_levels": [
                [[level for row in black for level in row], white]
                for black, white in known_levels(metadata)
            ],
            "tiles": tiles,
        }
        write_json(site / MARK, described)


def write_page(folder: Path) -> None:
    """Writes the page's own files, without model and runtime."""
    for source in (importlib.resources.files("tfisp.browser") / "page_files").iterdir():
        text = source.read_text(encoding="utf-8").replace("{{version}}", __version__)
        (folder / source.name).write_text(text, encoding="utf-8")
    # The pages of tfisp zoom alike; that of a report has its scripts in one, and so no exports.
    zoom = importlib.resources.files("tfisp.evaluating") / "page_files" / "zoom.js"
    text = zoom.read_text(encoding="utf-8") + "\nexport { Zoom };\n"
    (folder / "zoom.js").write_text(text, encoding="utf-8")
