"""Commands that are run once: what is finished is not run again, what was interrupted continues."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfisp.data.cache import file_digest
from tfisp.errors import InputError
from tfisp.files import read_json, write_json

# In a command's folder once it has ended well: the command, and how long it took.
RECORD = "finished.json"


def execute(words: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
    """Runs a command to its end, its output shown.

    Args:
        words: The program and its arguments.
        environment: What to add to this process's.

    Raises:
        InputError: It ended with another exit code than 0.
    """
    _run(words, environment, None)


def output_of(words: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a command prints on its standard output.

    Raises:
        InputError: As `execute`.
    """
    return _run(words, environment, subprocess.PIPE)


def program(name: str, *flags: str) -> list[str]:
    """The words of one of tfisp's programs: `program("train", "--steps=1")`."""
    return [sys.executable, "-m", f"tfisp.{name}", *flags]


def shown(words: Sequence[str]) -> str:
    """A command as one types it."""
    return shlex.join(["python" if word == sys.executable else word for word in words])


def is_finished(words: Sequence[str], folder: Path) -> bool:
    """Whether a command has ended well in its folder.

    Args:
        words: The command.
        folder: Where it works.

    Raises:
        InputError: Another command has: its result must not be taken for this one's.
    """
    record = folder / RECORD
    if not record.is_file():
        return False
    before, now = read_json(record)["command"], _identity(words)
    if before != now:
        other = next((word for word in before if word not in now), "fewer flags")
        raise InputError(
            f"{folder}: holds the result of another command (with {other}); take another --output,"
            " or the flags of before"
        )
    return True


def run_once(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> float:
    """Runs a command that works in a folder, unless it has ended well there.

    Args:
        words: The command; interrupted, it is run again, and must continue by itself.
        folder: Where it works, and where `RECORD` is written.
        environment: What to add to this process's.

    Returns:
        Seconds that its last start took.

    Raises:
        InputError: It failed, or the folder holds another command's result.
    """
    if not is_finished(words, folder):
        print("$", shown(words), flush=True)
        began = time.monotonic()
        execute(words, environment)
        seconds = time.monotonic() - began
        write_json(folder / RECORD, {"command": _identity(words), "seconds": seconds})
    return float(read_json(folder / RECORD)["seconds"])


def _identity(words: Sequence[str]) -> list[str]:
    """What decides a command's result: not where the interpreter lies, but what flag files say."""
    files = [Path(word.removeprefix("--flagfile=")) for word in words[1:]]
    return [
        f"{word} ({file_digest(file)})"
        if word.startswith("--flagfile=") and file.is_file()
        else word
        for word, file in zip(words[1:], files, strict=True)
    ]


def _run(words: Sequence[str], more: Mapping[str, str] | None, output: int | None) -> str:
    """Runs a command; what it printed, if `output` is a pipe."""
    sys.stdout.flush()  # what was printed here comes before what the command prints
    environment = os.environ | dict(more or {})
    done = subprocess.run(words, check=False, env=environment, stdout=output, text=True)
    if done.returncode:
        raise InputError(
            f"{shown(words)}: ended with exit code {done.returncode}; its last line says why"
        )
    return done.stdout or ""
