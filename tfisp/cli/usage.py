"""The text of a program's `--help`, made from its docstring and its flags."""

import re
import textwrap

from absl.flags import Flag, FlagValues

from tfisp.cli.registering import UNNAMED, Parser

WIDTH = 96


def text(name: str, doc: str, values: FlagValues, arguments: str = "") -> str:
    """The help of a program.

    Args:
        name: The module's name, such as `tfisp.process`.
        doc: The description at the head.
        values: The program's flags, in the order in which they are to be listed under their heads.
        arguments: The positional arguments as the usage line shows them, such as `PHOTO...`.
    """
    usage = " ".join(filter(None, ["usage: python -m", name, arguments, "[--flag=value ...]"]))
    groups: dict[str, list[str]] = {}
    for flag in values:
        title = values.find_module_defining_flag(flag) or UNNAMED
        groups.setdefault(title, []).append(_entry(values[flag]))
    shown = "".join(
        "\n".join([f"{title}:", *entries]) + "\n\n" for title, entries in groups.items()
    )
    common = "common to all programs" if groups else UNNAMED
    return f"""{usage}

{textwrap.dedent(doc).strip()}

{shown}{common}:
  --flagfile=NAME
      Reads flags from a file: one --name=value per line, # before a comment line. NAME is looked
      for in the current folder, then among the files that come with tfisp. Later flags win.
  --help, --version
      Show this text, or the version, and exit."""


def _entry(flag: Flag) -> str:
    """One flag: its form, then what it does, the names it takes, and its default."""
    parts, form = [flag.help], f"--[no]{flag.name}"
    if isinstance(flag.parser, Parser):
        form = f"--{flag.name}={flag.parser.form}"
        parts += _unnamed(flag.parser, flag.help)
    if flag.boolean:
        parts.append(f"Default: {'on' if flag.default else 'off'}.")
    elif flag.serializer is not None and flag.default not in (None, "", ()):
        parts.append(f"Default: {flag.serializer.serialize(flag.default)}.")
    if getattr(flag.parser, "required", False):
        parts.append("(required)")
    indent = " " * 6
    wrapped = textwrap.fill(
        " ".join(parts),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return f"  {form}\n{wrapped}"


def _unnamed(parser: Parser, help: str) -> list[str]:
    """A sentence that lists the names a flag takes, unless its help has them all."""
    if all(re.search(rf"\b{re.escape(name)}(?!\w)", help) for name in parser.known):
        return []
    head = "One of" if parser.form == "NAME" else "Known"
    return [f"{head}: {', '.join(parser.known)}."]
