"""Pages of one file: HTML around its data, style and scripts, which asks nothing of any network.

All that comes from outside (names of files, messages) goes into a page as JSON, from which its
script makes text and never markup.
"""

import html
import importlib.resources
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any


def fill(
    template: str,
    title: str,
    styles: Sequence[str],
    data: Mapping[str, Any],
    scripts: Sequence[str],
    **more: str,
) -> str:
    """A page.

    All parts are put in at once, so what one holds is never taken for a mark.

    Args:
        template: HTML with the marks {{title}}, {{style}}, {{data}} and {{script}}, each where its
            part goes.
        title: Plain text.
        styles: Contents of style sheets.
        data: JSON values, finite numbers only.
        scripts: Contents of scripts, in the order in which they run.
        **more: Markup for further marks, by name.

    Raises:
        KeyError: for a mark that no part belongs to.
    """
    text = json.dumps(data, separators=(",", ":"))
    parts = {
        "title": html.escape(title),
        "style": "\n".join(styles),
        "data": text.replace("<", "\\u003c"),  # nothing in it may end its element
        "script": "\n".join(scripts),
        **more,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], template)


def page_file(package: str, name: str) -> str:
    """The text of a file in a package's folder `page_files`."""
    folder = importlib.resources.files(package) / "page_files"
    return (folder / name).read_text(encoding="utf-8")
