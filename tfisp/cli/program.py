"""What all programs share: the command line, the help, exit codes and one-line errors.

A program is a module with a docstring and three functions:

    def define(values: flags.FlagValues) -> None: ...            # registers its flags
    def main(values: flags.FlagValues, arguments: list[str]) -> int | None: ...   # does the work
    def run(argv: Sequence[str] | None = None) -> int:
        return cli.run(define, main, __doc__, argv, arguments="PHOTO...")

    if __name__ == "__main__":
        sys.exit(run())

Exit codes: 0 done or help shown, 2 the command line is wrong, 1 the work failed (one line on
stderr names the file or flag), 130 interrupted. Any other exception is a defect of tfisp and keeps
its traceback. Programs import TensorFlow inside `main`, so `--help` and mistakes answer at once.
"""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence

from absl import flags as absl_flags
from absl.flags import FlagValues

from tfisp._version import __version__
from tfisp.backend import load_tensorflow
from tfisp.cli import flagfile, imports, suggestions, usage
from tfisp.errors import InputError, UsageError

Define = Callable[[FlagValues], None]
Main = Callable[[FlagValues, list[str]], int | None]

# What a file system refuses writing with.
_SYSTEM_REASONS = tuple(
    os.strerror(code)
    for code in (
        *(errno.EFBIG, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EACCES),
        *(errno.EPERM, errno.ENAMETOOLONG, errno.ESTALE, errno.EMFILE, errno.ENFILE),
    )
)

HELP = ("--help", "-help", "-h", "-?", "--helpshort", "--helpfull")


def run(
    define: Define,
    main: Main,
    doc: str,
    argv: Sequence[str] | None = None,
    *,
    arguments: str = "",
    tensorflow: bool = True,
    name: str | None = None,
) -> int:
    """Runs a program from its command line to its exit code.

    Args:
        define: Registers the program's flags on the fresh `FlagValues` it is given.
        main: Does the work with the parsed flags and the positional arguments; returns an exit
            code, None meaning 0.
        doc: The text at the head of `--help`, usually the module's docstring.
        argv: The words after the program's name; None takes those of the process.
        arguments: How the help shows positional arguments; empty means that there are none and
            any that is given is refused.
        tensorflow: Whether to load TensorFlow before `main`, quietly and after a check of the
            Keras configuration; a program that may do without calls
            `tfisp.backend.load_tensorflow` itself.
        name: The program's name in messages; None takes the module's, such as `tfisp.train`.

    Returns:
        The exit code.
    """
    name = name or _program_name(main)
    words = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        values = _defined(define)
        if imports.FLAG in values and imports.load(words):
            values = _defined(define)  # anew, with the names that those modules have registered
        own = words[: words.index("--")] if "--" in words else words
        if any(word in HELP for word in own):
            print(usage.text(name, doc, values, arguments))
            code = 0
        elif any(word in ("--version", "-version") for word in own):
            print(f"{name} {__version__}")
            code = 0
        else:
            positional = parse(values, words, takes_arguments=bool(arguments))
            if tensorflow:
                load_tensorflow()
            code = main(values, positional) or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _discard("stdout")  # the reader of a pipe, `head` say, has seen enough
        return 1
    except KeyboardInterrupt:
        if sys.stdout.isatty():
            print()  # leave the line with the ^C
        print(f"{name}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        # An error of writing that names no file may be one of printing.
        if isinstance(error, OSError) and error.filename is None and not _can_print():
            message = f"standard output: {message}"
        one_line = re.sub(r"\s*\n\s*", " ", message)
        print(f"{name}: error: {one_line}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _defined(define: Define) -> FlagValues:
    """A program's flags, not parsed yet."""
    values = FlagValues()
    values.set_gnu_getopt(True)  # flags may follow positional arguments
    define(values)
    return values


def _open_streams() -> None:
    """Makes stdout and stderr something that can be printed to."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # the program was started with it closed
            _discard(name)
        elif hasattr(stream, "reconfigure"):  # a file's name may not fit the terminal's encoding
            stream.reconfigure(errors="backslashreplace")


def _can_print() -> bool:
    """Whether standard output takes anything, tried with an empty line; if not, it is dropped."""
    try:
        print(flush=True)
    except OSError:
        _discard("stdout")
        return False
    return True


def _discard(name: str) -> None:
    """Lets what is printed go nowhere: Python flushes at exit once more, and would complain."""
    setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def parse(values: FlagValues, words: Sequence[str], *, takes_arguments: bool) -> list[str]:
    """Parses a command line into `values` and returns its positional arguments.

    Args:
        values: The program's registered flags.
        words: The command line without the program's name; flag files are expanded.
        takes_arguments: Whether positional arguments are allowed.

    Raises:
        UsageError: an unknown flag, a value that is wrong or missing, or a misplaced argument.
    """
    line, origins = ["program"], {}
    positional: list[str] = []
    rest = iter(flagfile.expand(words))
    for argument in rest:
        if argument.text == "--":
            positional += [after.text for after in rest]
        elif not argument.text.startswith("-") or argument.text == "-":
            positional.append(argument.text)
        else:
            line.append(_flag(values, argument, rest))
            origins[line[-1]] = argument.origin
    for text in positional:
        if not text.strip():
            raise UsageError("there is an empty argument (an unset shell variable?)")
        if not takes_arguments:
            raise UsageError(f"unexpected argument '{text}': flags have the form --name=value")
    imports.require_typed(line, origins, words)
    try:
        values(line)
    except absl_flags.Error as error:
        raise UsageError(_flag_message(error, values, origins)) from None
    for text, origin in origins.items():
        setattr(values[text[2:].partition("=")[0]], "origin", origin)  # noqa: B010, for `flags.typed`
    return positional


def explain(error: Exception) -> str | None:
    """The line that tells the user what is wrong, or None where the error is a defect of tfisp."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        return f"{error.filename}: {reason}" if error.filename is not None else reason
    if isinstance(error, MemoryError):
        return f"out of memory ({error})" if str(error) else "out of memory"
    tf = sys.modules.get("tensorflow")
    if tf is not None and isinstance(error, tf.errors.OpError):
        # What the system says to TensorFlow's own file writers comes as errors of many kinds, with
        # the names of operations around it.
        line = re.sub(r"\{\{.*?\}\}\s*|\s*\[Op:\w+\]", "", (error.message or "").partition("\n")[0])
        known = (tf.errors.ResourceExhaustedError, tf.errors.PermissionDeniedError)
        if isinstance(error, known) or line.endswith(_SYSTEM_REASONS):
            return line
    return None


def warn(main: Main, message: str) -> None:
    """Prints one warning line on stderr in the name of a program, given by its `main`."""
    print(f"{_program_name(main)}: warning: {message}", file=sys.stderr)


def _program_name(main: Main) -> str:
    """`tfisp.train` for the `main` of that module, also when it runs as `python -m tfisp.train`."""
    module = sys.modules.get(main.__module__)
    spec = getattr(module, "__spec__", None)
    if spec is not None:
        return spec.name
    return os.path.splitext(os.path.basename(getattr(module, "__file__", None) or "tfisp"))[0]


def _flag(
    values: FlagValues, argument: flagfile.Argument, rest: Iterator[flagfile.Argument]
) -> str:
    """Checks one flag's name and joins it with its value: `--name=value`."""
    where = f"{argument.origin}: " if argument.origin else ""
    name, equals, value = argument.text.lstrip("-").partition("=")
    if name in values:
        if equals:
            return f"--{name}={value}"
        if values[name].boolean:
            return f"--{name}=true"
        following = next(rest, None)
        if following is None or following.text.startswith("--") or following.origin != "":
            raise UsageError(f"{where}--{name} has no value: write --{name}=VALUE")
        return f"--{name}={following.text}"
    positive = name.removeprefix("no")
    if name.startswith("no") and positive in values and values[positive].boolean:
        if equals:
            raise UsageError(
                f"{where}--{name} takes no value: write --{name} or --{positive}=false"
            )
        return f"--{positive}=false"
    unknown = argument.text.partition("=")[0]
    raise UsageError(f"{where}unknown flag {unknown}{suggestions.for_flag(name, values)}")


def _flag_message(error: absl_flags.Error, values: FlagValues, origins: dict[str, str]) -> str:
    """Turns absl's "flag --x=3: why" into ours and says which line of which file gave the flag."""
    match = re.fullmatch(r"flag --(\w+)=(.*?): (.*)", str(error), flags=re.DOTALL)
    if not match:
        return str(error)
    name, value, why = match.groups()
    given = f"--{name}={value}"
    if given not in origins and value in ("None", "()"):
        return f"--{name} {why}"
    if values[name].boolean:
        why = "expected true or false"
    where = f"{origins[given]}: " if origins.get(given) else ""
    return where + (why if why.startswith(f"--{name}=") else f"{given}: {why}")
