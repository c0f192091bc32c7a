"""The code that a page of the documentation shows."""

import re
import shlex
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def files(page):
    """File named in the first line of a Python block -> all blocks of that file, in order."""
    found = {}
    for name, block in re.findall(r"```python\n# (\S+)\n(.*?)```", _text(page), re.DOTALL):
        found[name] = f"{found[name]}\n\n{block}" if name in found else block
    return found


def commands(page):
    """The commands of all `sh` blocks, each as a list of words."""
    blocks = re.findall(r"```sh\n(.*?)```", _text(page), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def _text(page):
    return (DOCS / page).read_text(encoding="utf-8")
