"""Finding files: which there are, in which order, and which belong together."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tfisp.data.bad_files import BadFiles
from tfisp.errors import InputError


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


def files_in(folder: Path, suffixes: Sequence[str], *, recursive: bool = False) -> list[Path]:
    """Files with one of the suffixes (in either case), numbers in their names counted as numbers.

    Hidden files are left out: some systems keep notes under the picture's own suffix.
    """
    found = folder.rglob("*") if recursive else folder.iterdir()
    chosen = [
        path
        for path in found
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    ]
    return sorted(chosen, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def require_files(
    flag: str, folder: Path, suffixes: Sequence[str], what: str, others: Sequence[Path] = ()
) -> list[Path]:
    """All files with one of the suffixes, in any sub-folder.

    Args:
        flag: The flag that names the folder.
        folder: The folder.
        suffixes: In lower case, with their point.
        what: What they are, for the message.
        others: Folders that hold something else, should they lie within.

    Raises:
        InputError: If there is none, naming the flag and what there is instead.
    """
    elsewhere = {other.expanduser().resolve() for other in others} - {folder.resolve()}
    found = [
        path
        for path in files_in(folder, suffixes, recursive=True)
        if elsewhere.isdisjoint(path.resolve().parents)
    ]
    if not found:
        raise InputError(f"--{flag}={folder}: {missing(folder, suffixes, what)}")
    return found


def missing(folder: Path, suffixes: Sequence[str], what: str) -> str:
    """Says that a folder holds none of what was looked for, and what it holds."""
    others = Counter(
        path.suffix.lower() or "no suffix" for path in folder.rglob("*") if path.is_file()
    )
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(4))
    return f"no {what} here ({' '.join(suffixes)}); found {kinds or 'an empty folder'}"


def match(
    raws: Sequence[Path], targets: Sequence[Path], bad_files: BadFiles
) -> list[tuple[Path, Path]]:
    """Pairs of files of one name, in the order of `raws`.

    Raises:
        InputError: For a file without a partner, unless bad files are skipped.
    """
    by_stem = {path.stem: path for path in targets}
    pairs = []
    for raw in raws:
        target = by_stem.pop(raw.stem, None)
        if target is None:
            bad_files.report(raw, InputError(f"{raw}: no target picture of this name"))
        else:
            pairs.append((raw, target))
    for target in by_stem.values():
        bad_files.report(target, InputError(f"{target}: no RAW file of this name"))
    return pairs


def drawn(names: Iterable[str], seed: int) -> list[str]:
    """Names in an order that looks random and is a function of the seed and each name alone.

    The first few make a random sample; adding a file to a folder moves no other across the border.
    """
    return sorted(names, key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())


def _natural(text: str) -> list[tuple[int, int | str]]:
    parts = re.split(r"(\d+)", text)
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts]
