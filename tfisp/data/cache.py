"""Arrays that are costly to compute, kept on disk from run to run.

    store = Store(folder)
    reference = store.get(key(kind="reference", file=digest, ...), lambda: render(...))

An entry is an array as a `.npy` file has it, and a checksum, under a name that is the hash of
everything its content depends on: nothing is ever updated, and an entry that no longer applies is
merely never asked for again. Entries appear whole or not at all, so several runs may share a
folder. They are memory-mapped when read: a patch of a large frame costs reading that patch, but for
the first one of a run, before which the checksum is compared: a damaged entry is made anew. The
folder may be deleted between runs, and `limit` bounds it.

A reference takes 6 bytes a pixel: 1.2 MB for a ZRR patch, 56 GB for all of ZRR; 0.4 MB for a patch
of UltraISP; with its samples, 96 MB for a RAW file of 12 megapixels.
"""

import errno
import hashlib
import json
import mmap
import os
import struct
import threading
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfisp.data.space import Space
from tfisp.errors import InputError
from tfisp.files import atomic_file, read_json
from tfisp.rawfiles.npy import map_npy

# Entries that stay mapped: opening one takes longer than reading a patch of it. Each takes one of
# the files that a process may have open, commonly 1,024.
_KEPT_OPEN = 256

_ARRAYS = "arrays"

# Behind an entry's array: a mark, and the CRC-32 of all before it.
_TRAILER, _MARK = struct.Struct("<4sI"), b"CRC1"


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


def tree_digest(path: Path) -> str:
    """SHA-256 of a file's content, or of a folder's: its files with their names.

    Raises:
        InputError: If something in it cannot be read.
    """
    if not path.is_dir():
        return file_digest(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return key(**{file.relative_to(path).as_posix(): file_digest(file) for file in files})


class Store:
    """A folder of arrays by key.

    Args:
        folder: Created when the first entry is written; None: `default_folder()`.
        limit: Bytes that its arrays may take; None: as many as there are. Entries that this process
            has not used make room, the longest unused first; what does not fit is not kept.
    """

    def __init__(self, folder: str | Path | None = None, limit: int | None = None) -> None:
        self.folder = Path(folder).expanduser() if folder else default_folder()
        self.limit = limit
        self._space = Space(self.folder / _ARRAYS, limit)
        self._lock = threading.Lock()
        self._building: dict[Path, threading.Lock] = {}
        self._open = lru_cache(maxsize=_KEPT_OPEN)(self._map)

    def get(self, name: str, build: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of that key, computed and kept if it is not there yet.

        Args:
            name: What `key` gave.
            build: Computes the array. Threads that ask for the same entry wait for one of them.

        Returns:
            The array, read-only; memory-mapped if there was room to keep it.

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
                    found = self._keep(name, build())
            return found
        finally:
            with self._lock:
                self._building.pop(path, None)

    def _keep(self, name: str, array: np.ndarray) -> np.ndarray:
        """The array as it is kept, or as it is where there is no room."""
        path = self._path(name)
        if self._space.claim(path, array.nbytes):
            self.put(name, array)
            return self._open(path)
        array = np.ascontiguousarray(array)
        array.flags.writeable = False
        return array

    def load(self, name: str) -> np.ndarray | None:
        """The array of that key, in memory and not kept open; None if it is not there or not whole.

        For entries that are read as a whole, and are too many to keep mapped.
        """
        try:
            return np.array(self._map(self._path(name)))
        except InputError:
            return None

    def put(self, name: str, array: np.ndarray) -> None:
        """Keeps an array under a key, in place of one already there.

        Raises:
            InputError: As `get`.
        """

        def write(file: BinaryIO) -> None:
            summing = _Summing(file)
            np.save(summing, array)
            file.write(_TRAILER.pack(_MARK, summing.checksum))

        self._write(self._path(name), write)
        self._space.used(self._path(name))

    def note(self, name: str) -> dict[str, Any] | None:
        """The facts kept under a key by `write_note`; None if there are none, or damaged ones."""
        try:
            kept = read_json(self._note_path(name))
            return kept["facts"] if kept["checksum"] == key(**kept["facts"]) else None
        except (InputError, TypeError, KeyError):
            return None

    def write_note(self, name: str, facts: dict[str, Any]) -> None:
        """Keeps a few facts (JSON values) beside the arrays.

        Raises:
            InputError: As `get`.
        """
        kept = {"facts": facts, "checksum": key(**facts)}
        self._write(self._note_path(name), lambda file: file.write(json.dumps(kept).encode()))

    def _find(self, path: Path) -> np.ndarray | None:
        """An entry; None if it is missing or (after a power cut, say) damaged."""
        try:
            return self._open(path)
        except InputError:
            return None

    def _map(self, path: Path) -> np.ndarray:
        """An entry, memory-mapped; its checksum is compared the first time.

        Raises:
            InputError: If it is missing or damaged.
        """
        array = map_npy(path, _TRAILER.size)
        if not self._space.is_used(path):
            _check_sum(path)
            self._space.used(path)
        return array

    def _path(self, name: str) -> Path:
        return self.folder / _ARRAYS / name[:2] / f"{name}.npy"

    def _note_path(self, name: str) -> Path:
        return self.folder / _ARRAYS / name[:2] / f"{name}.json"

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


class _Summing:
    """A file that is written to, and the checksum of what went through."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.checksum = file, 0

    def write(self, data: bytes) -> int:
        self.checksum = zlib.crc32(data, self.checksum)
        return self._file.write(data)


def _check_sum(path: Path) -> None:
    """Compares the checksum of an entry.

    Raises:
        InputError: If it is another, or there is none.
    """
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        mark, checksum = _TRAILER.unpack(data[-_TRAILER.size :])
        with memoryview(data) as view, view[: -_TRAILER.size] as content:
            if mark != _MARK or zlib.crc32(content) != checksum:
                raise InputError(f"{path}: damaged, its checksum is another")
