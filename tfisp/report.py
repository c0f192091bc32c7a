"""Writes the page that shows a training run, from what lies in its folder: RUN/report.html.

    python -m tfisp.report RUN

`tfisp.train` does so by itself at the end, and when it is interrupted; this does it again, or for a
run that was killed or still goes on. Loads no TensorFlow.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from tfisp import cli
from tfisp.cli import flags
from tfisp.errors import UsageError


def define(values: flags.FlagValues) -> None:
    """Registers no flags but the common ones."""


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Writes the page of each run named on the command line."""
    if not arguments:
        raise UsageError("name the folder of a run; see --help")
    from tfisp.reporting import write_report

    for argument in arguments:
        print(write_report(Path(argument)))


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, arguments="RUN...", tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
