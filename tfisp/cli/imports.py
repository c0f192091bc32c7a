"""`--imports`: modules of the user's own, imported before anything else is looked at.

What they register (a generator, a data set, a loss, a critic, a recipe) is then known by name to
all flags and to `--help`. The name is that of TensorFlow Datasets' flag for the same purpose.

Importing runs a module's code. So only those are imported that stand on the command line itself: a
flag file, such as a run's `flags.txt`, may have come from somewhere else. It may name modules, as
a record of what was used, but the command line must name them too.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence

from absl.flags import FlagValues

from tfisp.backend import load_tensorflow
from tfisp.cli import flags
from tfisp.errors import InputError, UsageError, first_line
from tfisp.naming import is_module

FLAG = "imports"


def define(values: FlagValues) -> None:
    """Registers the flag."""
    flags.heading(values, "your own parts")
    flags.names(
        values,
        FLAG,
        (),
        "Python modules to import first, which register generators, data sets, losses, critics or"
        " recipes of your own (docs/EXTENDING.md): installed, or in the current folder. They run"
        " with your rights, so those that only a flag file names are refused.",
    )


def load(words: Sequence[str]) -> bool:
    """Imports the modules that a command line names itself.

    Args:
        words: The command line without the program's name.

    Returns:
        Whether there are any.

    Raises:
        UsageError: there is no such module.
        InputError: a module cannot be imported.
    """
    modules = _typed(words)
    for module in modules:
        if module.endswith(".py") or not is_module(module):
            raise UsageError(
                f"--{FLAG}={module}: expected the name of a module, as after Python's `import`:"
                " my_isp for my_isp.py"
            )
    if modules:
        load_tensorflow()  # which they need, with the checks and the quiet that belong to it
        if os.getcwd() not in sys.path and "" not in sys.path:
            sys.path.insert(0, os.getcwd())  # as `python -m` does
    for module in modules:
        _load(module)
    return bool(modules)


def require_typed(line: Sequence[str], origins: Mapping[str, str], words: Sequence[str]) -> None:
    """Sees that the command line itself names all modules that are to be imported.

    Args:
        line: All flags, those of flag files too, as `--name=value`.
        origins: Flag to the line of the flag file that has it, "" for the command line itself.
        words: The command line as it was typed, without the program's name.

    Raises:
        UsageError: a flag file names one that it does not.
    """
    start = f"--{FLAG}="
    last = next((text for text in reversed(line) if text.startswith(start)), start)
    if set(_names(last.removeprefix(start))) - set(_typed(words)):
        raise UsageError(
            f"{origins[last]}: {last}: no code is run because a flag file names it; if you trust"
            f" it, put {last} on the command line"
        )


def _load(module: str) -> None:
    """Imports one module."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise InputError(f"--{FLAG}={module}: {_where(error)}{error}") from error
        raise UsageError(
            f"--{FLAG}={module}: no such module; expected one that is installed, or"
            f" {os.path.join(*module.split('.'))}.py in the current folder"
        ) from None
    except InputError as error:
        raise InputError(f"--{FLAG}={module}: {error}") from error
    except Exception as error:
        kind = type(error).__name__
        message = f"{_where(error)}{kind}: {first_line(error)}"
        raise InputError(f"--{FLAG}={module}: {message}") from error


def _where(error: Exception) -> str:
    """The line of code that an error was raised at; Python itself names that of a wrong syntax."""
    if isinstance(error, SyntaxError):
        return ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno}: "


def _typed(words: Sequence[str]) -> tuple[str, ...]:
    """The modules that a command line names itself; of several such flags the last one's."""
    found = ""
    rest: Iterator[str] = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if name in (f"--{FLAG}", f"-{FLAG}"):
            found = value if equals else next(rest, "")
    return _names(found)


def _names(text: str) -> tuple[str, ...]:
    """The members of a comma list."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
