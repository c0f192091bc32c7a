"""A web server for one folder, with the headers that threads in WebAssembly need."""

import functools
import ssl
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tfisp.errors import InputError

# Threads share memory, which browsers allow only to pages that are isolated from others.
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class _Handler(SimpleHTTPRequestHandler):
    """Gives files of a folder; no lists of what is in it, and no line for every request."""

    extensions_map = {  # noqa: RUF012 - as the base class has it
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".json": "application/json",
    }

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def list_directory(self, path: Any) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    """Says nothing of browsers that hang up or refuse a certificate."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def open_server(
    folder: Path, host: str = "127.0.0.1", port: int = 8000, certificate: Path | None = None
) -> ThreadingHTTPServer:
    """A server that listens; `serve_forever` makes it answer.

    Args:
        folder: To serve.
        host: Address to listen at.
        port: 0 for any that is free.
        certificate: A PEM file with a private key and its certificate, to speak HTTPS.

    Raises:
        InputError: The address cannot be used, or the certificate cannot.
    """
    handler = functools.partial(_Handler, directory=str(folder))
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(certificate)
        except (OSError, ssl.SSLError) as error:
            raise InputError(
                f"--certificate={certificate}: no PEM file with a key and its certificate"
                f" ({error.strerror or error})"
            ) from None
    try:
        server = _Server((host, port), handler)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--host={host} --port={port}: cannot listen there ({error}); give another"
        ) from None
    if context is not None:
        # Each connection is greeted in its own thread, so that a silent one holds up nobody.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    return server
