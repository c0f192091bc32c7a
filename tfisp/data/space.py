"""How much of a disk the kept arrays take, and which of them make room for others."""

import contextlib
import os
import threading
from pathlib import Path


class Space:
    """The files of a folder, within a limit.

    What this process has used stays: a run that reads more than fits keeps some of it and makes the
    rest anew, instead of pushing out what it will need next. Of other files the longest unused go
    first, by their time of modification, which every process sets when it first uses one.

    Args:
        folder: Of the files, in any sub-folder; it need not exist yet.
        limit: Bytes that its `.npy` files may take together; None for any number.
    """

    def __init__(self, folder: Path, limit: int | None) -> None:
        self._folder, self._limit = folder, limit
        self._lock = threading.Lock()
        self._used: set[Path] = set()
        # Bytes of all files, and those that may go, the longest unused last; listed when needed.
        self._total = 0
        self._others: list[tuple[int, Path]] | None = None

    def is_used(self, path: Path) -> bool:
        """Whether this process has used a file before."""
        return path in self._used

    def used(self, path: Path) -> None:
        """Notes that this process uses a file."""
        self._used.add(path)
        # Gone, or in a folder that may only be read: it merely looks older than it is.
        with contextlib.suppress(OSError):
            os.utime(path)

    def claim(self, path: Path, size: int) -> bool:
        """Makes room for a file of `size` bytes; False if there is none to be made."""
        if self._limit is None:
            return True
        with self._lock:
            if self._others is None:
                self._list()
            while self._total + size > self._limit and self._others:
                self._remove(*self._others.pop())
            fits = self._total + size <= self._limit
            if fits:
                self._used.add(path)
                self._total += size
            return fits

    def _list(self) -> None:
        """Finds the files that are there."""
        found = []
        for path in self._folder.glob("*/*.npy"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # another process has made room
            found.append((status.st_mtime_ns, status.st_size, path))
        self._total = sum(size for _, size, _ in found)
        self._others = [(size, path) for _, size, path in sorted(found, reverse=True)]

    def _remove(self, size: int, path: Path) -> None:
        """Deletes a file, unless this process uses it by now."""
        if path not in self._used:
            path.unlink(missing_ok=True)
            self._total -= size
