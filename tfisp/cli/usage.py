"""The text of a program's `--help`, made from its docstring and its flags."""

import textwrap

from absl.flags import Flag, FlagValues

WIDTH = 96


def text(name: str, doc: str, values: FlagValues, arguments: str = "") -> str:
    """The help of a program.

    Args:
        name: The module's name, such as `tfisp.process`.
        doc: The description at the head.
        values: The program's flags, in the order in which they are to be listed.
        arguments: The positional arguments as the usage line shows them, such as `PHOTO...`.
    """
    usage = " ".join(filter(None, ["usage: python -m", name, arguments, "[--flag=value ...]"]))
    shown = "\n".join(_entry(values[flag]) for flag in values)
    return f"""{usage}

{textwrap.dedent(doc).strip()}

flags:
{shown}
  --flagfile=NAME
      Reads flags from a file: one --name=value per line, # before a comment line. NAME is looked
      for in the current folder, then among the files that come with tfisp. Later flags win.
  --help, --version
      Show this text, or the version, and exit."""


def _entry(flag: Flag) -> str:
    """One flag: its form, then what it does and its default."""
    form = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}=VALUE"
    default = ""
    if flag.boolean:
        default = f" Default: {'on' if flag.default else 'off'}."
    elif flag.serializer is not None and flag.default not in (None, "", ()):
        default = f" Default: {flag.serializer.serialize(flag.default)}."
    wrapped = textwrap.fill(
        f"{flag.help}{default}", WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
    return f"  {form}\n{wrapped}"
