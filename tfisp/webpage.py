"""Pages of one file: HTML around its data, style and scripts, which asks nothing of any network.

All that comes from outside (names of files, messages) goes into a page as JSON, from which its
script makes text and never markup.
"""

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any


def fill(
    template: str,
    title: str,
    styles: Sequence[str],
    data: Mapping[str, Any],
    scripts: Sequence[str],
) -> str:
    """A page.

    Args:
        template: HTML with the marks {{title}}, {{style}}, {{data}} and {{script}} in this order.
        title: Plain text.
        styles: Contents of style sheets.
        data: JSON values, finite numbers only.
        scripts: Contents of scripts, in the order in which they run.
    """
    text = json.dumps(data, separators=(",", ":"))
    parts = {
        "{{title}}": html.escape(title),
        "{{style}}": "\n".join(styles),
        "{{data}}": text.replace("<", "\\u003c"),  # nothing in it may end its element
        "{{script}}": "\n".join(scripts),
    }
    before, *pieces = _split(template, list(parts))
    return before + "".join(
        value + piece for value, piece in zip(parts.values(), pieces, strict=True)
    )


def _split(text: str, marks: Sequence[str]) -> list[str]:
    """What lies before, between and behind marks that come in this order, the first of each."""
    pieces = []
    for mark in marks:
        piece, _, text = text.partition(mark)
        pieces.append(piece)
    return [*pieces, text]
