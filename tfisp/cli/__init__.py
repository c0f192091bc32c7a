"""The command line that all programs share: flags, flag files, help, exit codes and error lines.

`program.py` runs a program; `flags.py` registers typed flags (by `registering.py`), `rawflags.py`
those that describe RAW files, `imports.py` the one that names modules of the user's own.
`flagfile.py` reads `--flagfile`, `usage.py` writes `--help`, `suggestions.py` says what an unknown
name may mean, `progress.py` tells how far.
"""

from tfisp.cli.program import explain, parse, run, warn

__all__ = ["explain", "parse", "run", "warn"]
