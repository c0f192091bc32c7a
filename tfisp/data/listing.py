"""Finding files: which there are, in which order, and which belong together."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tfisp.data.bad_files import BadFiles
from tfisp.errors import InputError

# Folders in which systems and cloud services keep what the user deleted, and copies of pictures
# (folders whose names begin with a point apart); in lower case.
_RESERVED = frozenset(
    (
        *("$recycle.bin", "#recycle", "@recycle", "recycler", "recycled", "lost+found"),
        *("@eadir", "thumbnails", "thumbs", "__macosx", "#snapshot", "@recently-snapshot"),
        *("system volume information", "lost.dir"),
    )
)

# What `tfisp.evaluate` writes, the folders from its first picture on: its pictures are no
# photographs.
_REPORT_PICTURES, _REPORT = "pictures.png", {"images.csv", "summary.json", "summary.md"}
_REPORT_FOLDER, _REPORT_FOLDERS = "pictures", {"pictures", "kept"}
_OF_A_REPORT = "of a report by tfisp.evaluate"


def require_folder(flag: str, folder: str | None) -> Path:
    """The folder that a flag names.

    Raises:
        InputError: If it is not given, not there, or no folder.
    """
    if not folder:
        raise InputError(f"--{flag}: not given")
    path = Path(folder).expanduser()
    if not path.exists():
        raise InputError(f"--{flag}={folder}: no such folder")
    if not path.is_dir():
        raise InputError(f"--{flag}={folder}: not a folder")
    return path


@dataclass(frozen=True)
class Found:
    """What looking through a folder gave.

    Attributes:
        folder: The folder.
        files: The files of the kind that was looked for, in natural order of their names.
        left_out: What else there is: in words ("in .Trash-1000", ".mov") to how many files.
    """

    folder: Path
    files: list[Path]
    left_out: Counter[str]

    def note(self, what: str) -> str:
        """One line: how many files are used, and what is left out."""
        rest = ", ".join(f"{count} {why}" for why, count in self.left_out.most_common())
        return f"{self.folder}: {len(self.files)} {what}{f'; left out: {rest}' if rest else ''}"


def search_folder(
    folder: Path,
    suffixes: Sequence[str],
    *,
    recursive: bool = True,
    others: Sequence[Path] = (),
) -> Found:
    """Files with one of the suffixes (in either case), numbers in their names counted as numbers.

    Links to folders are followed, each folder once. Left out, and counted: hidden files (some
    systems keep notes under the picture's own suffix), what lies in hidden folders and in those
    for trash, thumbnails and snapshots, links that lead nowhere, and reports of `tfisp.evaluate`.

    Args:
        folder: The folder.
        suffixes: In lower case, with their point.
        recursive: Whether to look into sub-folders.
        others: Folders that hold something else, should they lie within; not counted.

    Raises:
        InputError: If a folder cannot be read.
    """
    elsewhere = {other.expanduser().resolve() for other in others} - {folder.resolve()}
    files: list[Path] = []
    left_out: Counter[str] = Counter()
    seen: set[tuple[int, int]] = set()

    def walk(place: Path, skipped: str) -> None:
        status = place.stat()
        if (status.st_dev, status.st_ino) in seen or place.resolve() in elsewhere:
            return
        seen.add((status.st_dev, status.st_ino))
        # Real folders before links to them: a picture goes by its own name.
        entries = sorted(os.scandir(place), key=lambda entry: (entry.is_symlink(), entry.name))
        present = {entry.name for entry in entries}
        for entry in entries:
            path = place / entry.name
            if entry.is_dir():
                if recursive:
                    walk(path, skipped or _why_skipped(entry.name, present))
            elif skipped:
                left_out[skipped] += path.suffix.lower() in suffixes
            elif (why := _left_out(entry, present, suffixes)) is None:
                files.append(path)
            elif why:
                left_out[why] += 1

    try:
        walk(folder, "")
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
    files.sort(key=lambda path: _natural(path.relative_to(folder).as_posix()))
    return Found(folder, files, +left_out)


def files_in(folder: Path, suffixes: Sequence[str], *, recursive: bool = False) -> list[Path]:
    """The files that `search_folder` finds."""
    return search_folder(folder, suffixes, recursive=recursive).files


def require_files(
    flag: str, folder: Path, suffixes: Sequence[str], what: str, others: Sequence[Path] = ()
) -> Found:
    """All files with one of the suffixes, in any sub-folder; see `search_folder`.

    Args:
        flag: The flag that names the folder.
        folder: The folder.
        suffixes: In lower case, with their point.
        what: What they are, for the message.
        others: Folders that hold something else, should they lie within.

    Raises:
        InputError: If there is none, naming the flag and what there is instead.
    """
    found = search_folder(folder, suffixes, others=others)
    if not found.files:
        raise InputError(f"--{flag}={folder}: {missing(folder, suffixes, what)}")
    return found


def missing(folder: Path, suffixes: Sequence[str], what: str) -> str:
    """Says that a folder holds none of what was looked for, and what it holds."""
    left_out = search_folder(folder, suffixes).left_out
    kinds = ", ".join(f"{count} {why}" for why, count in left_out.most_common(4))
    return f"no {what} here ({' '.join(suffixes)}); found {kinds or 'an empty folder'}"


class Matched(NamedTuple):
    """Files of one name: pairs in the order of the RAW files, and what has no partner."""

    pairs: list[tuple[Path, Path]]
    raws: list[Path]
    targets: list[Path]


def match(
    raws: Sequence[Path], targets: Sequence[Path], bad_files: BadFiles
) -> list[tuple[Path, Path]]:
    """Pairs of files of one name, in the order of `raws`.

    Raises:
        InputError: For a file without a partner or with several, unless bad files are skipped.
    """
    found = match_by_name(raws, targets, None, None, bad_files)
    for raw in found.raws:
        bad_files.report(raw, InputError(f"{raw}: no target picture of this name"))
    for target in found.targets:
        bad_files.report(target, InputError(f"{target}: no RAW file of this name"))
    return found.pairs


def match_by_name(
    raws: Sequence[Path],
    targets: Sequence[Path],
    raw_root: Path | None,
    target_root: Path | None,
    bad_files: BadFiles,
) -> Matched:
    """Files of one name without suffix, in folders of one name below the two roots.

    Args:
        raws: RAW files.
        targets: Their pictures.
        raw_root: The folder that names of RAW files are relative to; None: their own folder.
        target_root: The same of pictures.
        bad_files: Receives files with several partners.

    Raises:
        InputError: For a file with several partners, unless bad files are skipped.
    """
    partners = _by_name(targets, target_root)
    pairs, lone = [], []
    for name, same in _by_name(raws, raw_root).items():
        found = partners.pop(name, [])
        several = same if len(same) > 1 else found
        if not found:
            lone += same
        elif len(several) > 1:
            first, second = several[:2]
            error = InputError(
                f"{first}: {second.name} has the same name but for its suffix, and only one of"
                " them can belong to the pair; remove the other"
            )
            for path in (*same, *found):
                bad_files.report(path, error)
        else:
            pairs.append((same[0], found[0]))
    return Matched(pairs, lone, [path for paths in partners.values() for path in paths])


def drawn(names: Iterable[str], seed: int) -> list[str]:
    """Names in an order that looks random and is a function of the seed and each name alone.

    The first few make a random sample; adding a file to a folder moves no other across the border.
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())


def _why_skipped(folder: str, present: set[str]) -> str:
    """Why what lies in a folder is not taken, in words; empty if it is taken."""
    if folder.startswith(".") or folder.casefold() in _RESERVED:
        return f"in {folder}"
    return _OF_A_REPORT if folder == _REPORT_FOLDER and present >= _REPORT_FOLDERS else ""


def _left_out(entry: os.DirEntry, present: set[str], suffixes: Sequence[str]) -> str | None:
    """Why a file is not taken, in words; empty if that needs no word, None if it is taken."""
    stem, suffix = os.path.splitext(entry.name)
    suffix = suffix.lower()
    if suffix not in suffixes:
        describes = suffix == ".json" and any(stem + known in present for known in suffixes)
        return "" if entry.name.startswith(".") or describes else suffix or "without suffix"
    if entry.name.startswith("."):
        return "hidden"
    if not entry.is_file():
        return "that lead nowhere or are no files"
    if entry.name == _REPORT_PICTURES and present >= _REPORT:
        return _OF_A_REPORT
    return None


def _by_name(paths: Iterable[Path], root: Path | None) -> dict[str, list[Path]]:
    """Files by their names without suffix, in the order of the first of each."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        name = path.stem if root is None else path.relative_to(root).with_suffix("").as_posix()
        found.setdefault(name, []).append(path)
    return found


def _natural(text: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", text)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]


def evenly(items: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the items, at equal distances."""
    if len(items) <= count:
        return list(items)
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, count)]
