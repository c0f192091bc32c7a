"""Sees that no file plays two roles: what is trained on is neither its own target nor its own test.

Files are compared by what they are: one file under two names (a link, `./a.jpg` beside `a.jpg`),
and two files of the same bytes. Bytes are compared only where sizes agree, and then a piece from
the middle first, so that tens of thousands of files take seconds.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tfisp.data.cache import digest, file_digest
from tfisp.errors import InputError

# Stands in the message of every clash.
ONE_ROLE = "no file may play two roles"

_PIECE = 4096


class Clash(NamedTuple):
    """A file that must not play its role, and the one that has the other role already."""

    path: Path
    role: str
    other: Path
    other_role: str

    @property
    def error(self) -> InputError:
        """What to tell the user."""
        same = "" if self.path == self.other else f" is the same picture as {self.other} and"
        return InputError(
            f"{self.path}:{same} would be both {self.other_role} and {self.role}; {ONE_ROLE}"
        )


class _Played(NamedTuple):
    """A file in its role, and how early that role chooses."""

    rank: int
    role: str
    path: Path


def clashes(roles: Mapping[str, Sequence[Path]]) -> list[Clash]:
    """The files that play a second role.

    Args:
        roles: Files by role, those first that keep a file which two want.

    Returns:
        One for each file that an earlier role has too, in the order of roles and files.

    Raises:
        InputError: If a file cannot be read.
    """
    played = [
        _Played(rank, role, path)
        for rank, (role, paths) in enumerate(roles.items())
        for path in paths
    ]
    found: dict[tuple[str, Path], Clash] = {}
    for questions in ((_inode,), (_size, _middle, file_digest)):
        groups = [[item for item in played if (item.role, item.path) not in found]]
        for question in questions:
            groups = [part for group in groups for part in _parts(group, question)]
        for group in groups:
            first = min(group)
            for item in group:
                if item.rank > first.rank:
                    found[item.role, item.path] = Clash(
                        item.path, item.role, first.path, first.role
                    )
    order = {(item.role, item.path): place for place, item in enumerate(played)}
    return [found[key] for key in sorted(found, key=order.__getitem__)]


def _parts(
    group: Sequence[_Played], question: Callable[[Path], Hashable]
) -> Iterable[list[_Played]]:
    """The parts of a group that are alike in the answer and are of more than one role."""
    parts: dict[Hashable, list[_Played]] = defaultdict(list)
    for item in group:
        try:
            parts[question(item.path)].append(item)
        except OSError as error:
            raise InputError(f"{item.path}: cannot be read: {error.strerror}") from error
    return (part for part in parts.values() if len({item.role for item in part}) > 1)


def _inode(path: Path) -> tuple[int, int]:
    """What a file is, by whatever name."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    return path.stat().st_size


def _middle(path: Path) -> str:
    """Hash of a piece from the middle of a file."""
    with open(path, "rb") as file:
        file.seek(max(path.stat().st_size // 2 - _PIECE // 2, 0))
        return digest(file.read(_PIECE))
