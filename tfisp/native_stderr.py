"""What C libraries print: held back from stderr, sorted, and passed on where it matters."""

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator


class Held:
    """What was printed within a block of `held_stderr`; complete when the block has ended."""

    printed = b""


@contextlib.contextmanager
def held_stderr(dropped: re.Pattern[bytes]) -> Iterator[Held]:
    """Holds back what is written to stderr; afterwards passes on all lines but some.

    Python cannot intercept C's stderr, so descriptor 2 itself is redirected, for all threads. A
    process without stderr is left alone.

    Args:
        dropped: What is found in the lines that are not passed on.
    """
    held = Held()
    try:
        original = os.dup(2)
    except OSError:
        yield held
        return
    with tempfile.TemporaryFile() as file:
        with contextlib.suppress(AttributeError, ValueError, OSError):
            sys.stderr.flush()
        os.dup2(file.fileno(), 2)
        try:
            yield held
        finally:
            os.dup2(original, 2)
            os.close(original)
            file.seek(0)
            held.printed = file.read()
            for line in held.printed.splitlines(keepends=True):
                if not dropped.search(line):
                    os.write(2, line)
