"""Serves a page that tfisp.export wrote, for the browsers of this computer or of a phone.

    python -m tfisp.export --model=RUN --web=PAGE
    python -m tfisp.web PAGE

It listens at this computer only unless --host says otherwise, and stops at Ctrl-C. Pictures that
are dropped on the page stay in the browser. Browsers give WebGPU and threads to pages from
localhost or HTTPS alone: docs/WEB.md tells how a phone gets there.
"""

import socket
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from tfisp import cli
from tfisp.browser import MARK
from tfisp.cli import flags
from tfisp.errors import InputError, UsageError


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    flags.text(values, "host", "127.0.0.1", "Address to listen at; 0.0.0.0 for the whole network.")
    flags.integer(values, "port", 8000, "Port to listen at; 0 for any that is free.", minimum=0)
    flags.path(
        values, "certificate", None, "PEM file with a key and its certificate, to serve HTTPS."
    )
    flags.boolean(values, "open", False, "Open the page in this computer's browser.")


def main(values: flags.FlagValues, arguments: list[str]) -> None:
    """Serves until it is interrupted."""
    from tfisp.browser.server import open_server

    if len(arguments) != 1:
        raise UsageError("give one folder, as tfisp.export --web=DIR wrote it")
    folder = Path(arguments[0])
    if not (folder / MARK).is_file():
        raise InputError(f"{folder}: holds no page; write one by tfisp.export --web={folder}")
    certificate = None if values.certificate is None else Path(values.certificate)
    with open_server(folder, values.host, values.port, certificate) as server:
        names = {"127.0.0.1": "localhost", "0.0.0.0": socket.gethostname()}
        host = names.get(values.host, values.host)
        scheme = "http" if certificate is None else "https"
        address = f"{scheme}://{host}:{server.server_port}/"
        print(f"serving {folder} at {address} until Ctrl-C", flush=True)
        if values.open:
            webbrowser.open(address)
        server.serve_forever()


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, arguments="DIR", tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
