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

# A page may show pictures and fetch nothing else: its own pictures alone, or those beside it too.
_POLICY = (
    "default-src 'none'; img-src {images}; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
)
_OWN, _BESIDE = "data:", "'self' file: data:"
_HEAD = """<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="{policy}">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}
</style>
</head>"""


def fill(
    template: str,
    title: str,
    styles: Sequence[str],
    data: Mapping[str, Any],
    scripts: Sequence[str],
    *,
    pictures_beside: bool = True,
    **more: str,
) -> str:
    """A page.

    All parts are put in at once, so what one holds is never taken for a mark.

    Args:
        template: HTML with the marks {{head}}, {{data}} and {{script}}, each where its part goes,
            and {{title}} where it is to be read.
        title: Plain text.
        styles: Contents of style sheets.
        data: JSON values, finite numbers only.
        scripts: Contents of scripts, in the order in which they run.
        pictures_beside: Whether it shows files that lie beside it.
        **more: Markup for further marks, by name.

    Raises:
        KeyError: for a mark that no part belongs to.
    """
    text = json.dumps(data, separators=(",", ":"))
    policy = _POLICY.format(images=_BESIDE if pictures_beside else _OWN)
    shown = html.escape(title)
    parts = {
        "head": _HEAD.format(policy=policy, title=shown, style="\n".join(styles)),
        "title": shown,
        "data": text.replace("<", "\\u003c"),  # nothing in it may end its element
        "script": "\n".join(scripts),
        **more,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], template)


def page_file(package: str, name: str) -> str:
    """The text of a file in a package's folder `page_files`."""
    folder = importlib.resources.files(package) / "page_files"
    return (folder / name).read_text(encoding="utf-8")
