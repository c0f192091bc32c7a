"""One process at a time in a run's folder.

The lock is the system's own (flock) on a file that also says who holds it, so it ends with the
process that holds it, however that one ends. It holds across machines where the file system's does:
NFS from version 4 on, Lustre and GPFS as they are usually mounted.
"""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfisp.errors import InputError
from tfisp.files import read_json

_NAME = ".lock"


@contextlib.contextmanager
def held(folder: Path, flag: str = "work_dir") -> Iterator[None]:
    """Holds the lock of a folder, which is made if absent, and goes again if it stays empty.

    Args:
        folder: The folder.
        flag: The flag that names it, for messages.

    Raises:
        InputError: another process holds it, naming host and process; or the folder cannot be
            written to.
    """
    made = _make(folder, flag)
    try:
        descriptor = _acquire(folder, flag)
        try:
            yield
        finally:
            (folder / _NAME).unlink(missing_ok=True)
            os.close(descriptor)
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # something lies in it by now
                path.rmdir()


def require_free(folder: Path) -> None:
    """Sees that a run may begin or go on in a folder, or that it can be made.

    Raises:
        InputError: it is no folder, may not be written to, holds something else than a run, or
            another process works in it.
    """
    try:
        str(folder.absolute()).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"--work_dir={folder}: the name is not UTF-8, and TensorFlow writes no others"
        ) from error
    if folder.exists():
        require_usable(folder)
        if (folder / _NAME).exists():
            with held(folder):
                pass
        return
    parent = next(path for path in folder.absolute().parents if path.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"--work_dir={folder}: cannot be made in {parent}")


def require_usable(folder: Path) -> None:
    """Sees that what exists is an empty folder or a run's.

    Raises:
        InputError: it is not, or may not be written to.
    """
    if not folder.is_dir():
        raise InputError(f"--work_dir={folder}: is a file, expected a folder")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise InputError(f"--work_dir={folder}: may not be read and written to")
    names = {path.name for path in folder.iterdir()} - {_NAME}
    if names and "run.json" not in names:
        raise InputError(
            f"--work_dir={folder}: not empty, and no run of tfisp.train; choose a new folder"
        )


def _make(folder: Path, flag: str) -> list[Path]:
    """Makes a folder; returns what had to be made, the innermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--{flag}={folder}: cannot be made: {error.strerror}") from error
    return missing


def _acquire(folder: Path, flag: str) -> int:
    """Takes the lock; returns the open file that it hangs on."""
    path = folder / _NAME
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise InputError(
                f"--{flag}={folder}: cannot be written to: {error.strerror}"
            ) from error
        taken = False
        try:
            _lock(descriptor, folder, flag)
            # Between opening and locking, who held it may have removed it.
            taken = _is(descriptor, path)
            if taken:
                _sign(descriptor)
                return descriptor
        finally:
            if not taken:
                os.close(descriptor)


def _lock(descriptor: int, folder: Path, flag: str) -> None:
    """Takes the system's lock, or, on a file system that has none, looks at who signed last."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _taken(folder, flag, _signature(folder)) from None
    except OSError:
        signature = _signature(folder)
        if signature.get("host") == socket.gethostname() and _lives(signature.get("pid")):
            raise _taken(folder, flag, signature) from None


def _taken(folder: Path, flag: str, signature: dict[str, Any]) -> InputError:
    return InputError(
        f"--{flag}={folder}: process {signature.get('pid', '(unknown)')} on host"
        f" {signature.get('host', '(unknown)')} works in it; wait for it, stop it, or choose"
        " another folder"
    )


def _sign(descriptor: int) -> None:
    """Writes down who holds the lock."""
    text = json.dumps({"host": socket.gethostname(), "pid": os.getpid()})
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _signature(folder: Path) -> dict[str, Any]:
    """Who holds the lock; empty where that cannot be read."""
    try:
        found = read_json(folder / _NAME)
    except InputError:
        return {}
    return found if isinstance(found, dict) else {}


def _is(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that bears a name now."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _lives(pid: object) -> bool:
    """Whether there is a process of that number on this machine."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return isinstance(pid, int) and pid < 2**31
    return True
