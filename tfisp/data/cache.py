"""Arrays that are costly to compute, kept on disk from run to run.

    store = Store(folder)
    reference = store.get(key(kind="reference", file=digest, ...), lambda: render(...))

An entry is a `.npy` file under a name that is the hash of everything its content depends on:
nothing is ever updated, and an entry that no longer applies is merely never asked for again.
Entries appear whole or not at all, so several runs may share a folder. They are memory-mapped when
read: a patch of a large frame costs reading that patch. The folder may be deleted between runs.

A reference takes 6 bytes a pixel: 1.2 MB for a ZRR patch, 56 GB for all of ZRR; 0.4 MB for a patch
of UltraISP.
"""

import errno
import hashlib
import json
import os
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tfisp.errors import InputError
from tfisp.files import atomic_file
from tfisp.rawfiles.npy import map_npy

# Entries that stay mapped: opening one takes longer than reading a patch of it. Each takes one of
# the files that a process may have open, commonly 1,024.
_KEPT_OPEN = 256


def default_folder() -> Path:
    """`$TFISP_CACHE`, else `tfisp` in the user's cache folder (`$XDG_CACHE_HOME` or `~/.cache`)."""
    stated = os.environ.get("TFISP_CACHE")
    if stated:
        return Path(stated)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfisp"


def key(**facts: Any) -> str:
    """The name of an entry: a hash of everything that its content depends on (JSON values)."""
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def digest(data: bytes) -> str:
    """SHA-256 of a file's content."""
    return hashlib.sha256(data).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content, read in pieces.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


class Store:
    """A folder of arrays by key.

    Args:
        folder: Created when the first entry is written; None: `default_folder()`.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder else default_folder()
        self._lock = threading.Lock()
        self._building: dict[Path, threading.Lock] = {}
        self._open = lru_cache(maxsize=_KEPT_OPEN)(map_npy)

    def get(self, name: str, build: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of that key, computed and kept if it is not there yet.

        Args:
            name: What `key` gave.
            build: Computes the array. Threads that ask for the same entry wait for one of them.

        Returns:
            The array, read-only and memory-mapped.

        Raises:
            InputError: If the folder cannot be written to, naming `--cache_dir`.
        """
        path = self._path(name)
        found = self._find(path)
        if found is not None:
            return found
        with self._lock:
            building = self._building.setdefault(path, threading.Lock())
        try:
            with building:
                found = self._find(path)
                if found is None:
                    self.put(name, build())
                    found = self._open(path)
            return found
        finally:
            with self._lock:
                self._building.pop(path, None)

    def load(self, name: str) -> np.ndarray | None:
        """The array of that key, in memory and not kept open; None if it is not there or not whole.

        For entries that are read as a whole, and are too many to keep mapped.
        """
        try:
            return np.array(map_npy(self._path(name)))
        except InputError:
            return None

    def put(self, name: str, array: np.ndarray) -> None:
        """Keeps an array under a key, in place of one already there.

        Raises:
            InputError: As `get`.
        """
        self._write(self._path(name), lambda file: np.save(file, array))

    def note(self, name: str) -> dict[str, Any] | None:
        """The facts kept under a key by `write_note`; None if there are none."""
        try:
            return json.loads(self._note_path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def write_note(self, name: str, facts: dict[str, Any]) -> None:
        """Keeps a few facts (JSON values) beside the arrays.

        Raises:
            InputError: As `get`.
        """
        self._write(self._note_path(name), lambda file: file.write(json.dumps(facts).encode()))

    def _find(self, path: Path) -> np.ndarray | None:
        """An entry; None if it is missing or (after a power cut, say) not whole."""
        try:
            return self._open(path)
        except InputError:
            return None

    def _path(self, name: str) -> Path:
        return self.folder / "arrays" / name[:2] / f"{name}.npy"

    def _note_path(self, name: str) -> Path:
        return self.folder / "arrays" / name[:2] / f"{name}.json"

    def _write(self, path: Path, write: Callable[[Any], Any]) -> None:
        try:
            with atomic_file(path) as temporary, open(temporary, "wb") as file:
                write(file)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            reason = "the disk is full" if full else error.strerror or str(error)
            raise InputError(
                f"--cache_dir={self.folder}: cannot keep computed arrays there: {reason}"
            ) from error
