"""A run's log of numbers: `metrics.jsonl`, one JSON object per line."""

import json
import sys
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.files import atomic_file
from tfisp.training.position import Position

# Behind every line.
_END = Position(sys.maxsize, 0)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log, in order; none where there is no log yet.

    Raises:
        InputError: if a line is damaged, naming it.
    """
    return [entry for _, entry in _entries(path, _END)]


def cut_log(path: Path, position: Position | None) -> None:
    """Drops lines logged after a checkpoint (all for None): they are written again.

    Raises:
        InputError: if a line is damaged, naming it.
    """
    if not path.exists():
        return
    kept = [line for line, _ in _entries(path, position)] if position else []
    with atomic_file(path) as temporary:
        temporary.write_text("".join(kept), encoding="utf-8")


def _entries(path: Path, last: Position) -> list[tuple[str, dict[str, Any]]]:
    """Text and content of all lines up to the first one behind a position.

    A killed process may have left half a line at the end.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    if not path.exists():
        return found
    text = path.read_text(encoding="utf-8", errors="replace")
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        try:
            entry = json.loads(line)
            if Position(entry["stage"], entry["step"]) > last:
                break
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise InputError(
                f"{path}: line {len(found) + 1} is damaged: {line.strip()[:60]!r}; put"
                " the file back, or delete it (the log then begins anew)"
            ) from error
        found.append((line, entry))
    return found
