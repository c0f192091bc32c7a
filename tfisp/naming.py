"""Choosing by name, with help for a mistyped one."""

import difflib
from collections.abc import Iterable

from tfisp.errors import InputError


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
