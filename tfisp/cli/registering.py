"""How a flag is put among a program's flags, with all that `--help` says of it."""

from collections.abc import Callable, Iterable
from typing import Any

from absl import flags as absl_flags
from absl.flags import FlagValues

# The heading of flags that are registered before any other heading is set.
UNNAMED = "flags"

_HEADING = "tfisp heading"


class Parser(absl_flags.ArgumentParser):
    """Hands a value to a function; absl puts the flag's name before what the function raises.

    Attributes:
        form: A word for a value, such as `PATH`.
        known: Names that a value may be, or hold.
        required: Whether there must be one.
    """

    def __init__(
        self,
        parse: Callable[[Any], Any],
        expected: str,
        form: str,
        known: Iterable[str],
        required: bool,
    ) -> None:
        self._parse = parse
        self.syntactic_help = expected
        self.form, self.known, self.required = form, tuple(known), required

    def parse(self, argument: Any) -> Any:
        """The value that a text stands for."""
        return self._parse(argument)


class _Serializer(absl_flags.ArgumentSerializer):
    """Writes a value as the command line would give it."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self._write = write

    def serialize(self, value: Any) -> str:
        return self._write(value)


def heading(values: FlagValues, title: str) -> None:
    """Puts the flags that are registered from now on under a heading of `--help`.

    Args:
        values: The program's flags.
        title: A few words; a heading may be taken up again.
    """
    vars(values)[_HEADING] = title


def under(values: FlagValues) -> str:
    """The heading that flags are registered under now."""
    return vars(values).get(_HEADING, UNNAMED)


def register(
    values: FlagValues,
    name: str,
    default: Any,
    help: str,
    parse: Callable[[Any], Any],
    expected: str,
    *,
    form: str,
    known: Iterable[str] = (),
    required: bool = False,
    write: Callable[[Any], str] = str,
) -> None:
    """Registers a flag under the heading of the moment.

    Args:
        values: The program's flags.
        name: Without dashes.
        default: None where there is none.
        help: A sentence.
        parse: The value of a text, or of `default`; raises ValueError saying what was expected.
        expected: The same in words.
        form: See `Parser`.
        known: See `Parser`.
        required: Whether it must be given.
        write: The text of a value.
    """
    absl_flags.DEFINE(
        Parser(parse, expected, form, known, required),
        name,
        default,
        help,
        flag_values=values,
        serializer=_Serializer(write),
        module_name=under(values),
    )
    if required:
        absl_flags.register_validator(
            name, lambda value: value not in (None, ()), "is required", flag_values=values
        )
