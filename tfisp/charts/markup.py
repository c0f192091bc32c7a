"""HTML and SVG from Python, in which text stays text."""

import html
from collections.abc import Mapping


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, attributes: Mapping[str, object] | None = None, *children: str) -> Markup:
    """An element with its children; those that are no `Markup` are escaped.

    Args:
        tag: Its name.
        attributes: By name; the values are escaped.
        children: Markup and plain text.
    """
    given = "".join(
        f' {name}="{html.escape(str(value))}"' for name, value in (attributes or {}).items()
    )
    return Markup(f"<{tag}{given}>{joined(*children)}</{tag}>")


def joined(*parts: str) -> Markup:
    """Markup and plain text one after the other."""
    return Markup(
        "".join(part if isinstance(part, Markup) else html.escape(part) for part in parts)
    )
