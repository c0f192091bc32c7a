"""Writes files so that nobody ever finds half of one: beside, forced to disk, then renamed."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfisp.errors import InputError

# PNG (ISO/IEC 15948), section 5.2.
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_LONGEST_NAME = 255


def _temporary(path: Path) -> Path:
    """A name beside `path` that no other process takes, on no machine that shares the folder.

    The suffixes, which tell the format, stay; a long name loses its beginning, for file systems
    take names of 255 bytes.
    """
    mark = f".{secrets.token_hex(8)}.tmp."
    name = os.fsencode(path.name)[-(_LONGEST_NAME - len(mark)) :].decode("utf-8", "ignore")
    return path.with_name(mark + name)


def _sync(path: Path) -> None:
    """Forces a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _naming(path: Path, temporary: Path) -> Iterator[None]:
    """Makes errors speak of the file that was wanted: a full disk's tells of none, or of ours."""
    try:
        yield
    except OSError as error:
        if error.errno and str(temporary) in str(error.filename or temporary):
            error.filename = str(path)
        raise


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary path to write to; it becomes `path` if the block succeeds, else goes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        with _naming(path, temporary):
            yield temporary
            _sync(temporary)
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)


@contextlib.contextmanager
def atomic_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary folder to fill; it becomes `path` if the block succeeds, else goes.

    A folder already there is replaced; between its removal and the renaming there is none, never a
    mixture.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with _naming(path, temporary):
            yield temporary
            for file in temporary.rglob("*"):
                _sync(file)
            if path.exists():
                retired = _temporary(path.with_name(path.name + ".old"))
                os.replace(path, retired)
                os.replace(temporary, path)
                shutil.rmtree(retired)
            else:
                os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _sync(path.parent)


def remove_leftovers(folder: str | os.PathLike) -> None:
    """Deletes what a killed process left half-written in a folder."""
    for leftover in Path(folder).glob(".*.tmp.*"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes UTF-8 text atomically; names of files that are no UTF-8 keep their bytes."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="surrogateescape")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes an object as indented JSON, atomically, with a final newline."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")


def read_json(path: str | os.PathLike, label: str | None = None) -> Any:
    """The value in a JSON file, which may be damaged, hostile, or of any type.

    Args:
        path: The file.
        label: What to call it in messages; its path by default.

    Raises:
        InputError: If it cannot be read or is no JSON.
    """
    label = label or str(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{label}: cannot be read: {error.strerror}") from error
    return parse_json(content, label)


def parse_json(content: bytes, label: str) -> Any:
    """The value of JSON in UTF-8 that was read already.

    Args:
        content: What was read.
        label: What to call it in messages.

    Raises:
        InputError: If it is no JSON.
    """
    try:
        return json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise InputError(f"{label}: not usable JSON: nested too deep") from error
    # Not UTF-8, not JSON, or a number of more digits than Python converts.
    except ValueError as error:
        raise InputError(f"{label}: not valid JSON: {error}") from error
