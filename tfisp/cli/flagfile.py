r"""Flag files: the settings of a run as text, one `--name=value` per line.

    # The learning rate of the critics, from the paper.
    --critic_learning_rate=1e-5
    --flagfile=more.flags

Blank lines and full-line `#` comments are skipped. Everything after `=` belongs to the value, so a
comment or a quote there would silently become part of it: both are refused. Where a value holds a
`#` after a blank, `\#` says that it is meant; `write` does so. A name is looked for in
the current folder, then (inside a flag file) beside the file that names it, then among those that
come with the package. Later flags win over earlier ones, so overrides follow the `--flagfile`.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from absl.flags import FlagValues

from tfisp.cli.suggestions import suggestion
from tfisp.errors import UsageError

PACKAGED = Path(__file__).parents[1] / "flagfiles"


# Flag files within flag files, before they are taken for a mistake.
_DEEPEST = 20


class Argument(NamedTuple):
    """One word of the command line and where it was written."""

    text: str
    origin: str = ""  # "NAME:LINE" of a flag file, or "" for the command line itself


def packaged() -> list[str]:
    """The names of the flag files that come with the package."""
    return sorted(path.name for path in PACKAGED.glob("*.flags"))


def expand(words: Sequence[str]) -> list[Argument]:
    """Replaces every `--flagfile=NAME` by the flags written there, in place and recursively.

    Args:
        words: The command line without the program's name; words after `--` are left alone.

    Raises:
        UsageError: a flag file is missing, unreadable, includes itself, or has a faulty line.
    """
    return _expand([Argument(word) for word in words], ())


def write(values: FlagValues) -> str:
    """All flags with the values they have, as a flag file that gives them again."""
    lines = (values[name].serialize() for name in sorted(values))
    return "".join(f"{_protect(line)}\n" for line in lines if line)


def _protect(line: str) -> str:
    r"""A flag whose value is not mistaken for a comment: `\#` for `#`."""
    return re.sub(r"(\\*)#", r"\1\1\\#", line)


def _unprotect(line: str) -> str:
    """The inverse of `_protect`; a `#` without a backslash stays one."""
    return re.sub(r"(\\+)#", lambda found: "\\" * (len(found[1]) // 2) + "#", line)


def _expand(arguments: list[Argument], stack: tuple[Path, ...]) -> list[Argument]:
    expanded: list[Argument] = []
    rest = iter(arguments)
    for argument in rest:
        flag, equals, name = argument.text.partition("=")
        if argument.text == "--":
            return [*expanded, argument, *rest]
        if flag not in ("--flagfile", "-flagfile"):
            expanded.append(argument)
            continue
        if not equals:
            name = next(rest, Argument("")).text
        where = f"{argument.origin}: " if argument.origin else ""
        if not name.strip():
            raise UsageError(f"{where}--flagfile has no file name")
        path = _find(name, where, stack)
        if path in stack:
            raise UsageError(f"{where}flag file '{name}' includes itself")
        if len(stack) == _DEEPEST:
            raise UsageError(f"{where}flag file '{name}' is nested more than {_DEEPEST} deep")
        expanded += _expand(_read(path), (*stack, path))
    return expanded


def _find(name: str, where: str, stack: tuple[Path, ...]) -> Path:
    given = Path(name).expanduser()
    folders = [Path(), *(path.parent for path in stack[-1:])]
    if given.name == name:  # a bare name may be one of the package's
        folders.append(PACKAGED)
    for folder in folders:
        if os.path.exists(folder / given):  # unlike Path's, it raises for no name at all
            return (folder / given).resolve()
    raise UsageError(
        f"{where}flag file '{name}' is neither in the current folder nor among tfisp's own"
        f" ({', '.join(packaged())}){suggestion(name, packaged())}"
    )


def _read(path: Path) -> list[Argument]:
    """The flags of one file, checked line by line."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise UsageError(f"flag file '{path}' cannot be read: {error.strerror}") from None
    if "\0" in text:
        raise UsageError(f"flag file '{path}' is not a text file")
    arguments = []
    for count, line in enumerate(text.split("\n"), start=1):
        text, origin = line.strip(), f"{path.name}:{count}"
        if not text or text.startswith("#"):
            continue
        fault = _fault(text)
        if fault:
            raise UsageError(f"{origin}: {fault}, in '{text}'")
        arguments.append(Argument(_unprotect(text), origin))
    return arguments


def _fault(line: str) -> str:
    """What is wrong with the form of a line; empty if nothing is."""
    flag, _, value = line.partition("=")
    if not flag.startswith("-") or flag == "--":
        return "expected --name=value or a # comment"
    if re.search(r"(^|\s)#", value) or "#" in flag:
        return (
            "a comment must stand on a line of its own, here it would become part of the value"
            " (write \\# for a # that is meant)"
        )
    if re.search(r"\s", flag):
        return "expected --name=value, without blanks around the name"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return "quotes are not removed in a flag file, write the value without them"
    return ""
