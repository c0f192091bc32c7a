"""How long a run took, over all its starts: `time.json`, apart from what two runs must share."""

import time
from pathlib import Path
from typing import Any

from tfisp.files import read_json, write_json


class Stopwatch:
    """Adds this start's time to that of the starts before it.

    Args:
        path: Of `time.json`.
        device: What is computed on, in words.
    """

    def __init__(self, path: Path, device: str) -> None:
        self._path = path
        before: dict[str, Any] = read_json(path) if path.is_file() else {}
        self._seconds, self._starts = before.get("seconds", 0.0), before.get("starts", 0) + 1
        self._devices = list(dict.fromkeys([*before.get("devices", []), device]))
        self._began = time.monotonic()

    def write(self) -> None:
        """Writes the time up to now; a process that is killed later loses what comes after."""
        seconds = self._seconds + time.monotonic() - self._began
        write_json(
            self._path,
            {"seconds": round(seconds, 1), "starts": self._starts, "devices": self._devices},
        )

    def close(self) -> None:
        """Writes the time when all is done."""
        self.write()
