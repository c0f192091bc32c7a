"""What a family of inputs of `fuzz.py` is: sound files, ways to damage them, a reader."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Files = dict[str, bytes]

# What a way to damage a file leaves to a reader: damage of the "structure" can be known, of
# "samples" and of single "facts" it cannot always.
STRUCTURE, SAMPLES, FACTS = "structure", "samples", "facts"

HOSTILE = (
    "1e400",
    "-1e400",
    "NaN",
    "1" + "0" * 400,
    "9" * 5000,
    "-1",
    "0",
    "1.5",
    "true",
    "null",
    '""',
    '"text"',
    '"\\u0000"',
    '"\\ud800"',
    "[]",
    "[[]]",
    "[1,2,3,4]",
    '["a"]',
    "{}",
    '{"a": {}}',
    "[" * 50_000,
    '"' + "x" * 100_000 + '"',
    "1e308",
    "5e-324",
    "65536",
    "2147483648",
)


@dataclass(frozen=True)
class Sound:
    """A file that is in order, with those that go with it.

    Attributes:
        main: The name of the file to be read.
        files: Bytes by name.
        data: First and last byte of the samples in `main`.
        tags: Where the directories begin.
    """

    main: str
    files: Files
    data: tuple[int, int] = (0, 0)
    tags: int = 0


@dataclass(frozen=True)
class Family:
    """Files of a kind.

    Attributes:
        sound: Makes the sound files.
        damage: Changes one, with a generator of random numbers; says what kind of damage it is.
        read: Reads a file as tfisp does and gives what it found: arrays and facts by name, and
            under "told" the remarks.
        same: Whether what was read of a damaged file is what was stored; equality by default.
        modules: To import before processes are started.
    """

    sound: Callable[[Path], list[Sound]]
    damage: Callable[[Sound, np.random.Generator], tuple[Files, str]]
    read: Callable[[Path], dict[str, Any]]
    same: Callable[[dict[str, Any], dict[str, Any]], bool] | None = None
    modules: tuple[str, ...] = field(default=())


def written(write: Callable[[Path], object], name: str) -> bytes:
    """The bytes of a file that a function writes under a name."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, name))
        return Path(folder, name).read_bytes()
