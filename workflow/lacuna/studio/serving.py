"""A server of one folder, on loopback only, with the headers that let the page compute on several threads."""

import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lacuna.errors import LacunaError

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
LAST_PORT = 65535
# Isolated from other origins, a page may share memory between threads (HTML standard, "cross-origin isolation").
HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}


class Handler(SimpleHTTPRequestHandler):
    """Static files. What the machine's own table says about their types does not matter."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES

    def send_head(self):
        # A foreign name that resolves to this machine must not read what is served here (DNS rebinding).
        if self.headers.get("Host", "").partition(":")[0] not in NAMES:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "only requests to this machine by its own name")
            return None
        return super().send_head()

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_) -> None:
        """Requests are nobody's news."""


class Server(ThreadingHTTPServer):
    """A thread for each request; prints what goes wrong in one, except that the browser has left."""

    def handle_error(self, request, client_address) -> None:
        # A browser leaves in the middle of a graph whenever a run is stopped or the page is loaded again.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder: str | Path, port: int = 0) -> Server:
    """A server of `folder` on loopback, bound and not yet serving; port 0 takes a free one. Close it after use.

    Raises `LacunaError` for a port that cannot be had.
    """
    if not 0 <= port <= LAST_PORT:
        raise LacunaError(f"there is no port {port}; name one from 1 to {LAST_PORT} by --port, or 0 for any")
    try:
        return Server((ADDRESS, port), partial(Handler, directory=str(folder)))
    except OSError as error:
        raise LacunaError(
            f"port {port} cannot be listened on ({error.strerror}); name another by --port, or 0 for any"
        ) from None


def address_of(listening: Server) -> str:
    """Where a browser finds it, with a slash at the end."""
    return f"http://{ADDRESS}:{listening.server_address[1]}/"
