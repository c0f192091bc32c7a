"""Things by name: choosing one, with help for a mistyped name, and adding one."""

import dataclasses
import difflib
import re
from collections.abc import Iterable, MutableMapping
from typing import Any, TypeVar

from tfisp.errors import InputError

Thing = TypeVar("Thing")


def choose(what: str, name: str, known: Iterable[str]) -> str:
    """`name` itself if it is known.

    Args:
        what: The flag or thing that was named, for the message: `--recipe`.
        name: What the user wrote.
        known: All valid names.

    Raises:
        InputError: otherwise, with the closest names, or all of them if none is close.
    """
    known = list(known)
    if isinstance(name, str) and name in known:
        return name
    # A value of a JSON file may be anything.
    close = difflib.get_close_matches(str(name), known, n=3, cutoff=0.6)
    hint = (
        f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known) or 'none'}"
    )
    raise InputError(f"{what}={name}: unknown; {hint}")


def register(what: str, name: str, thing: Thing, known: MutableMapping[str, Thing]) -> None:
    """Adds a thing to those that `choose` knows by name.

    The same definition may be registered again, as when a notebook's cell is run a second time:
    the new one takes the place of the old one.

    Args:
        what: What it is, for the message: `generator`.
        name: Letters, digits and underscores, since it may become part of a file's name.
        thing: What the name stands for.
        known: The table that receives it.

    Raises:
        InputError: if the name is taken by something else, or cannot be one.
    """
    if not (isinstance(name, str) and re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII)):
        raise InputError(
            f"{what} {name!r}: not a name; expected a letter, then letters, digits, underscores"
        )
    if name in known and _definition(known[name]) != _definition(thing):
        raise InputError(f"{what} {name!r}: the name is taken; choose another one")
    known[name] = thing


def is_module(text: Any) -> bool:
    """Whether this is the name of a Python module, as after `import`, and nothing more."""
    return isinstance(text, str) and all(part.isidentifier() for part in text.split("."))


def _definition(thing: Any) -> Any:
    """What is equal for two things that the same lines of the same module have made."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [
            (field.name, _definition(getattr(thing, field.name)))
            for field in dataclasses.fields(thing)
        ]
    place = getattr(thing, "__qualname__", "<")
    # Lambdas and what functions have made inside them share such names.
    return thing if "<" in place else (thing.__module__, place)
