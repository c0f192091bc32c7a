"""Typed command-line flags whose error messages say what was expected.

Each function registers one flag on the `absl.flags.FlagValues` that a program's `define` gets:

    def define(values: flags.FlagValues) -> None:
        flags.path(values, "work_dir", None, "The run's folder.", required=True)
        flags.choice(values, "split", "test", ("validation", "test"), "Which pairs to measure.")

A value is checked while the command line is read, so a mistake costs no waiting, and the message
names the flag, the value and what would have been right. `heading` says under which head `--help`
lists the flags that follow.
"""

import math
import os
import re
from collections.abc import Iterable, Mapping

from absl import flags as absl_flags
from absl.flags import FlagValues

from tfisp.cli.registering import heading, register, under
from tfisp.errors import UsageError
from tfisp.naming import choose

__all__ = [
    "FlagValues",
    "boolean",
    "choice",
    "heading",
    "integer",
    "integers",
    "names",
    "number",
    "path",
    "paths",
    "refuse_idle",
    "size",
    "text",
    "typed",
]


def text(
    values: FlagValues,
    name: str,
    default: str | None,
    help: str,
    *,
    known: Iterable[str] = (),
    required: bool = False,
) -> None:
    """Registers a free text; an empty one counts as not given.

    `--help` lists `known` names that it may be.
    """

    def parse(value: str) -> str | None:
        return value or None

    register(
        values, name, default, help, parse, "a text", form="TEXT", known=known, required=required
    )


def path(
    values: FlagValues,
    name: str,
    default: str | None,
    help: str,
    *,
    known: Iterable[str] = (),
    required: bool = False,
) -> None:
    """Registers the path of a file or folder, a str with a leading `~` replaced by the home.

    `--help` lists `known` names that it may be instead.
    """

    def parse(value: str) -> str:
        return _path(value)

    register(
        values, name, default, help, parse, "a path", form="PATH", known=known, required=required
    )


def paths(
    values: FlagValues,
    name: str,
    default: Iterable[str],
    help: str,
    *,
    known: Iterable[str] = (),
    required: bool = False,
) -> None:
    """Registers a comma list of paths (or names), a tuple of str; `--name=` is the empty list.

    A comma belongs to a path where there is a file or folder of that name. `--help` lists `known`
    names that may be among them.
    """

    def parse(value: str | tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        found = [_path(item) for item in _split_paths(value)] if value.strip() else []
        for item in found:
            if found.count(item) > 1:
                raise ValueError(f"'{item}' is there twice")
        return tuple(found)

    register(
        values,
        name,
        tuple(default),
        help,
        parse,
        "a comma list of paths",
        form="PATH,...",
        known=known,
        required=required,
        write=",".join,
    )


def boolean(values: FlagValues, name: str, default: bool, help: str) -> None:
    """Registers a switch: `--name`, `--noname`, `--name=true` or `--name=false`."""
    absl_flags.DEFINE_boolean(name, default, help, flag_values=values, module_name=under(values))


def integer(
    values: FlagValues,
    name: str,
    default: int | None,
    help: str,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
    required: bool = False,
) -> None:
    """Registers a whole number, within limits that are themselves allowed."""
    expected = "an integer" + _limits(minimum, maximum)

    def parse(value: str | int) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"expected {expected}") from None
        _check_limits(number, minimum, maximum, expected)
        return number

    register(values, name, default, help, parse, expected, form="N", required=required)


def number(
    values: FlagValues,
    name: str,
    default: float | None,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    required: bool = False,
) -> None:
    """Registers a finite number, within limits that are themselves allowed."""
    expected = "a number" + _limits(minimum, maximum)

    def parse(value: str | float) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"expected {expected}") from None
        if not math.isfinite(number):
            raise ValueError(f"expected {expected}, finite")
        _check_limits(number, minimum, maximum, expected)
        return number

    register(values, name, default, help, parse, expected, form="NUMBER", required=required)


def choice(
    values: FlagValues,
    name: str,
    default: str | None,
    choices: Iterable[str],
    help: str,
    *,
    required: bool = False,
) -> None:
    """Registers one of several names."""
    choices = tuple(choices)

    def parse(value: str) -> str:
        return choose(f"--{name}", value, choices)

    expected = "one of " + ", ".join(choices)
    register(
        values, name, default, help, parse, expected, form="NAME", known=choices, required=required
    )


def names(
    values: FlagValues,
    name: str,
    default: Iterable[str],
    help: str,
    *,
    choices: Iterable[str] | None = None,
    known: Iterable[str] = (),
    required: bool = False,
) -> None:
    """Registers a comma list of distinct names, a tuple of str; `--name=` is the empty list.

    Other names than `choices` are refused; `known` ones are listed by `--help` only.
    """
    choices = None if choices is None else tuple(choices)

    def parse(value: str | tuple[str, ...]) -> tuple[str, ...]:
        if not isinstance(value, str):
            return tuple(value)
        items = tuple(item.strip() for item in value.split(",")) if value.strip() else ()
        for item in items:
            if not item:
                raise ValueError("there is an empty name between the commas")
            if items.count(item) > 1:
                raise ValueError(f"'{item}' is there twice")
            if choices is not None:
                choose(f"--{name}", item, choices)
        return items

    expected = "a comma list" if choices is None else "a comma list of " + ", ".join(choices)
    register(
        values,
        name,
        tuple(default),
        help,
        parse,
        expected,
        form="NAME,...",
        known=choices or known,
        required=required,
        write=",".join,
    )


def integers(
    values: FlagValues, name: str, default: Iterable[int] | None, help: str, *, minimum: int
) -> None:
    """Registers a comma list of whole numbers, a tuple of int with at least one member."""
    expected = f"a comma list of integers of at least {minimum}"

    def parse(value: str | tuple[int, ...]) -> tuple[int, ...]:
        try:
            found = tuple(
                int(item) for item in (value.split(",") if isinstance(value, str) else value)
            )
        except ValueError:
            raise ValueError(f"expected {expected}") from None
        if not found or min(found) < minimum:
            raise ValueError(f"expected {expected}")
        return found

    def write(value: tuple[int, ...]) -> str:
        return ",".join(str(item) for item in value)

    default = None if default is None else tuple(default)
    register(values, name, default, help, parse, expected, form="N,...", write=write)


def size(values: FlagValues, name: str, default: tuple[int, int] | None, help: str) -> None:
    """Registers an image size HEIGHTxWIDTH, a tuple (height, width) of pixels, both positive."""

    def parse(value: str | tuple[int, int]) -> tuple[int, int]:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"\s*(\d+)\s*[xX]\s*(\d+)\s*", value)
        height, width = (int(group) for group in match.groups()) if match else (0, 0)
        if not height or not width:
            raise ValueError("expected HEIGHTxWIDTH in pixels, as in 1088x1920")
        return height, width

    def write(size: tuple[int, int]) -> str:
        return f"{size[0]}x{size[1]}"

    form = "HEIGHTxWIDTH"
    register(values, name, default, help, parse, form, form=form, write=write)


def typed(values: FlagValues, name: str) -> bool:
    """Whether a flag was given on the command line itself, not in a flag file."""
    return getattr(values[name], "origin", None) == ""


def refuse_idle(values: FlagValues, idle: Mapping[str, str]) -> list[str]:
    """Sees that no flag is given that changes nothing.

    Args:
        values: Parsed flags.
        idle: Flag to why it has no effect here.

    Returns:
        A warning for those that a flag file sets to other than the default: flag files serve more
        than one command.

    Raises:
        UsageError: one was given on the command line itself.
    """
    for name, why in idle.items():
        if typed(values, name):
            raise UsageError(f"--{name}: has no effect {why}; leave it out")
    set_anyway = [n for n in idle if values[n].present and values[n].value != values[n].default]
    if not set_anyway:
        return []
    return [f"set in a flag file, but without effect here: --{', --'.join(set_anyway)}"]


def _path(text: str) -> str:
    """A path that could be one, `~` replaced.

    Raises:
        ValueError: If it is empty or holds a line break.
    """
    if not text.strip():
        raise ValueError("the path is empty (an unset shell variable?)")
    if "\n" in text or "\r" in text:
        raise ValueError("there is a line break in the path")
    return os.path.expanduser(text)


def _split_paths(text: str) -> list[str]:
    """The members of a comma list; the longest ones that exist where commas leave a choice."""
    parts, found = text.split(","), []
    while parts:
        for count in range(len(parts), 0, -1):
            joined = ",".join(parts[:count]).strip()
            if count == 1 or os.path.exists(os.path.expanduser(joined)):
                found.append(joined)
                del parts[:count]
                break
    return found


def _limits(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return "" if maximum is None else f" of at most {maximum}"


def _check_limits(
    value: float, minimum: float | None, maximum: float | None, expected: str
) -> None:
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        raise ValueError(f"expected {expected}")
