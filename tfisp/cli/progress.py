"""A line that tells how far a program is."""

import sys
import time
from typing import TextIO


class Progress:
    """Prints `what: done of total`, callable wherever a `progress(done, total, what)` is asked for.

    On a terminal one line is rewritten at most four times a second; elsewhere a line appears every
    ten seconds, so that short work leaves a log clean. The last count is always shown once any was.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """Prepares the line.

        Args:
            stream: Where it is shown; None for standard output.
        """
        self._stream = stream or sys.stdout
        self._terminal = self._stream.isatty()
        self._pause = 0.25 if self._terminal else 10.0
        self._last = time.monotonic()
        self._shown = ""

    def __call__(self, done: int, total: int, what: str) -> None:
        """Reports that `done` of `total` are finished."""
        now = time.monotonic()
        finished = done >= total and self._shown.startswith(what)
        if now - self._last < self._pause and not finished:
            return
        self._last = now
        line = f"{what}: {done} of {total}"
        if self._terminal:
            # Blanks wipe what a longer line before it left over.
            end = "\n" if done >= total else ""
            print(f"\r{line:{len(self._shown)}}", end=end, file=self._stream, flush=True)
        elif line != self._shown:
            print(line, file=self._stream, flush=True)
        self._shown = "" if done >= total else line
