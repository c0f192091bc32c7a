"""What a run's files were, so that a later start knows whether they still are.

Files are known by what they hold, in the order in which they are read, not by how their paths are
spelled: a folder may be moved, a mount renamed. Where a file's hash is not computed anyway, pieces
from its beginning, middle and end stand for it: tens of thousands of files take seconds.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from tfisp.errors import InputError

_PIECE = 1 << 14
_SHOWN = 3

Entry = Mapping[str, Any]


def sample(path: Path) -> str:
    """A hash of pieces of a file; of all of it up to 48 KiB.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            places = {0, max(size // 2 - _PIECE // 2, 0), max(size - _PIECE, 0)}
            if size <= 3 * _PIECE:
                places = set(range(0, size, _PIECE))
            found = hashlib.sha256(str(size).encode())
            for place in sorted(places):
                file.seek(place)
                found.update(file.read(_PIECE))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    return found.hexdigest()


def changes(before: Sequence[Entry], now: Sequence[Entry]) -> list[str]:
    """How the files of a data set differ from what they were; empty if they are the same.

    Args:
        before: A manifest (`Dataset.manifest`) that was kept.
        now: The present one.

    Returns:
        A few words for each role: "raw: 2 added (a.dng, b.dng), 1 changed (c.dng)".

    Raises:
        KeyError, TypeError, AttributeError: If `before` is no manifest.
    """
    found = []
    roles = dict.fromkeys(entry["role"] for entry in (*before, *now))
    for role in roles:
        old, new = ([e for e in side if e["role"] == role] for side in (before, now))
        if words := _compare(old, new):
            found.append(f"{role}: {words}")
    return found


def _compare(before: Sequence[Entry], now: Sequence[Entry]) -> str:
    """How the files of one role differ, in words."""
    old, new = [_content(entry) for entry in before], [_content(entry) for entry in now]
    if old == new:
        return ""
    gone, come = Counter(old) - Counter(new), Counter(new) - Counter(old)
    removed, added = _names(before, old, gone), _names(now, new, come)
    changed = [name for name in removed if name in added]
    parts = (
        ("added", [name for name in added if name not in changed]),
        ("removed", [name for name in removed if name not in changed]),
        ("changed", changed),
    )
    words = [f"{len(names)} {what} ({_shown(names)})" for what, names in parts if names]
    return ", ".join(words) or "renamed, so that they come in another order"


def _content(entry: Entry) -> tuple[Any, Any]:
    return entry["bytes"], entry["content"]


def _names(
    entries: Sequence[Entry], contents: Sequence[tuple[Any, Any]], which: Counter
) -> list[str]:
    """Names, without folder, of the files whose content is among `which`."""
    left, names = which.copy(), []
    for entry, content in zip(entries, contents, strict=True):
        if left[content] > 0:
            left[content] -= 1
            names.append(PurePath(entry["path"]).name)
    return names


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")
