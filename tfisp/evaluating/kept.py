"""What an evaluation has found out already, kept in its folder, so that it goes on where it was.

An entry belongs to one picture. Its name is a hash of everything that the picture and its figures
depend on, so an entry that no longer applies is never asked for again.
"""

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tfisp._version import __version__
from tfisp.data.cache import key
from tfisp.errors import InputError
from tfisp.files import read_json, write_json
from tfisp.metrics.report import plain

# Raised whenever the same facts would lead to other entries.
_VERSION = 2

_FOLDER = "kept"
PICTURES = "pictures"


@dataclass(frozen=True)
class Entry:
    """A picture and what was measured on it.

    Attributes:
        size: Its (height, width).
        values: Measure -> value; empty for what is only shown.
        gain: See `tfisp.metrics.report.Score`.
        histogram: Of R, G and B (`tfisp.evaluating.gallery`); None if it is not shown.
        picture: Name of its file in `pictures`; None if it is not shown.
        thumbnail: The same of a small copy.
        iso: ISO speed of the shot; None if it is not known.
        features: For measures of sets (`tfisp.evaluating.without_pairs`); None without them.
    """

    size: tuple[int, int]
    values: dict[str, float] = field(default_factory=dict)
    gain: float | None = None
    histogram: list[list[int]] | None = None
    picture: str | None = None
    thumbnail: str | None = None
    iso: float | None = None
    features: list[float] | None = None


class Kept:
    """The entries of a folder.

    Attributes:
        reused: How many entries of an earlier run were taken.

    Args:
        folder: Of the report.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[str] = set()
        self.reused = 0

    @property
    def pictures(self) -> Path:
        """Where the files of pictures lie."""
        return self._folder / PICTURES

    def name(self, **facts: Any) -> str:
        """The name of an entry, from all that it depends on (JSON values)."""
        return key(tfisp=__version__, version=_VERSION, **facts)

    def find(self, name: str, shown: bool) -> Entry | None:
        """An entry of an earlier run.

        Args:
            name: What `name` gave.
            shown: Whether its picture is needed.

        Returns:
            None if there is none, it is damaged, or its picture is needed and not there.
        """
        try:
            stored = read_json(self._path(name))
            stored["size"] = tuple(stored["size"])
            stored["values"] = {key: float(value) for key, value in stored["values"].items()}
            entry = Entry(**stored)
        except (InputError, TypeError, KeyError, ValueError, AttributeError):
            return None
        files = [file for file in (entry.picture, entry.thumbnail) if file]
        if not all((self.pictures / file).is_file() for file in files):
            return None
        if shown and not entry.picture:
            return None
        self.reused += name not in self._used  # two files may hold one picture
        self._used.add(name)
        return entry

    def write(self, name: str, entry: Entry) -> None:
        """Keeps an entry, once its files are written."""
        write_json(self._path(name), plain(asdict(entry)))
        self._used.add(name)

    def forget_others(self, files: set[str]) -> None:
        """Deletes what this run has not used: entries, and pictures other than `files`."""
        for path in (self._folder / _FOLDER).glob("*.json"):
            if re.fullmatch(r"[0-9a-f]{64}", path.stem) and path.stem not in self._used:
                path.unlink()
        for path in self.pictures.glob("*"):
            if re.fullmatch(r".*-[0-9a-f]{16}\.(png|jpg)", path.name) and path.name not in files:
                path.unlink()

    def _path(self, name: str) -> Path:
        return self._folder / _FOLDER / f"{name}.json"
