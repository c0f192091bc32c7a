"""Writes files so that nobody ever finds half of one: beside, forced to disk, then renamed."""

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def _temporary(path: Path) -> Path:
    """A name beside `path` that no other process takes, on no machine that shares the folder.

    The suffixes, which tell the format, stay.
    """
    return path.with_name(f".{secrets.token_hex(8)}.tmp.{path.name}")


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
    """Writes UTF-8 text atomically."""
    with atomic_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike, value: Any) -> None:
    """Writes an object as indented JSON, atomically, with a final newline."""
    write_text(path, json.dumps(value, indent=2, sort_keys=False) + "\n")
