"""Writes the folder that a browser needs to run networks: page, models, LiteRT.js.

    index.html, *.js, *.css    the page (`page_files`)
    models/models.json         which networks there are to choose from
    models/look.cube           a look that pictures pass through at first
    models/0/tfisp.json        contract, receptive field, sensor and files of the first, and so on
    models/0/tile_*.tflite     it for tiles of several sizes (`tile_files`)
    models/0/start_*.tflite    the same with the weights that its last stage began with
    models/0/frame_*.tflite    it for a whole picture, to be measured
    models/0/golden*           what the desktop makes of a frame (`golden`)
    litert/                    LiteRT.js (`runtime_files`)

Any static server will do for it. The page asks for nothing outside the folder.
"""

import importlib.resources
import itertools
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tfisp._version import __version__
from tfisp.browser import MARK
from tfisp.browser.golden import write_golden
from tfisp.browser.runtime_files import write_runtime
from tfisp.browser.sizes import DEVICE_SIZES, Sizes
from tfisp.browser.tile_files import write_frame, write_starts, write_tiles
from tfisp.errors import InputError
from tfisp.files import atomic_folder, write_json
from tfisp.looks.cube import read_cube
from tfisp.models.generator import Generator
from tfisp.rendering.levels import known_levels
from tfisp.rendering.metadata import ModelMetadata

# Files of a model that are written one after the other: tiles, what is measured, starts.
_GROUPS = 3


class Exported(NamedTuple):
    """A network for a page.

    Attributes:
        generator: With the weights to be shown.
        start: The same network as its last stage began, for a page that shows what lies between;
            None for a page that does not.
    """

    generator: Generator
    start: Generator | None = None


def check_place(folder: Path) -> None:
    """Sees that a folder may be replaced.

    Raises:
        InputError: It is a file, or holds something that was not written here.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"--web={folder}: is a file, expected a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise InputError(f"--web={folder}: holds other files than a page; give a new folder")


def write_site(
    models: Mapping[str, Exported],
    folder: Path,
    *,
    look: Path | None = None,
    sizes: Sizes = DEVICE_SIZES,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[str]:
    """Writes the folder as a whole; one that is there already is replaced.

    Args:
        models: What can be chosen from, by the names to show; the first is chosen at first.
        folder: As `check_place` allows.
        look: A `.cube` file that pictures pass through at first.
        sizes: Of the files.
        progress: Called as progress(done, total, what) after each group of files of a model.

    Returns:
        What a user must know about it, a sentence each.

    Raises:
        InputError: LiteRT.js cannot be fetched, a generator cannot be rendered in tiles, a file
            does not agree with Keras, or the look is none; nothing is written then.
    """
    check_place(folder)
    if look is not None:
        read_cube(look)
    notes = []
    with atomic_folder(folder) as site:
        write_runtime(site / "litert")
        write_page(site)
        groups, total = itertools.count(1), _GROUPS * len(models)

        def wrote() -> None:
            if progress is not None:
                progress(next(groups), total, "groups of files written")

        entries = [{"name": name, "folder": str(k)} for k, name in enumerate(models)]
        for entry, exported in zip(entries, models.values(), strict=True):
            place = site / MARK.parent / entry["folder"]
            place.mkdir(parents=True)
            described, note = _write_model(exported, place, sizes, wrote)
            notes += [f"{entry['name']}: {note}"] if note else []
            write_json(place / "tfisp.json", described)
        if look is not None:
            shutil.copyfile(look, site / MARK.parent / "look.cube")
        write_json(site / MARK, {"models": entries, "look": None if look is None else look.name})
    return notes


def _write_model(
    exported: Exported, place: Path, sizes: Sizes, wrote: Callable[[], None]
) -> tuple[dict[str, Any], str]:
    """Writes one network's files.

    Args:
        exported: The network.
        place: An existing folder for them.
        sizes: Of the files.
        wrote: Called after each of `_GROUPS` groups of files.

    Returns:
        What its `tfisp.json` says, and a note; empty where there is none.
    """
    note = ""
    trained = exported.generator.computing_in("float32")
    generator = trained.folded()
    tiles = write_tiles(generator, place, sizes.tiles)
    wrote()
    metadata = ModelMetadata.of(generator)
    write_json(place / "golden.json", write_golden(metadata, tiles, place))
    frame = write_frame(generator, place, sizes.frame)
    wrote()
    if exported.start is not None:
        start = exported.start.computing_in("float32")
        try:
            tiles = write_starts(start, trained, place, tiles)
        except InputError as error:
            note = f"the page offers no strength ({error})"
    wrote()
    described = {
        **metadata.to_dict(),
        "parameters": generator.count_params(),
        "known_levels": [
            [[level for row in black for level in row], white]
            for black, white in known_levels(metadata)
        ],
        "tiles": tiles,
        "frame": frame,
        "pictures": sizes.pictures,
    }
    return described, note


def write_page(folder: Path) -> None:
    """Writes the page's own files, without model and runtime."""
    for source in (importlib.resources.files("tfisp.browser") / "page_files").iterdir():
        text = source.read_text(encoding="utf-8").replace("{{version}}", __version__)
        (folder / source.name).write_text(text, encoding="utf-8")
    # The pages of tfisp zoom alike; that of a report has its scripts in one, and so no exports.
    zoom = importlib.resources.files("tfisp.evaluating") / "page_files" / "zoom.js"
    text = zoom.read_text(encoding="utf-8") + "\nexport { Zoom };\n"
    (folder / "zoom.js").write_text(text, encoding="utf-8")
