"""A server of one folder, on loopback only, with the headers that let the page compute on several threads."""

import sys
import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lacuna.errors import LacunaError

ADDRESS = "127.0.0.1"
NAMES = (ADDRESS, "localhost")
LAST_PORT = 65535
PAGE = "/studio/"
MOST_CONNECTIONS = 64  # at once; a browser opens six
PATIENCE = 30  # seconds that a connection may say nothing
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
    """The files of a folder, and of no other; `/` leads to the page.

    What the machine's own table says about the files' types does not matter.
    """

    extensions_map = SimpleHTTPRequestHandler.extensions_map | TYPES
    timeout = PATIENCE

    def send_head(self):
        # A foreign name that resolves to this machine must not read what is served here (DNS rebinding).
        if self.headers.get("Host", "").partition(":")[0] not in NAMES:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, "only requests to this machine by its own name")
            return None
        path = urlsplit(self.path).path if self.path.isprintable() else "/\0"
        if path in ("", "/"):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", PAGE)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if not self._may_be_seen(path):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _may_be_seen(self, path: str) -> bool:
        """Whether a file, or a folder with a page, lies there, inside the served folder once links are followed."""
        if "\0" in unquote(path):
            return False
        try:
            root, found = Path(self.directory).resolve(), Path(self.translate_path(path)).resolve()
            return found.is_relative_to(root) and (found.is_file() or self._page_of(found).is_relative_to(root))
        except (OSError, ValueError, RuntimeError):  # names that are too long, links without end
            return False

    @staticmethod
    def _page_of(folder: Path) -> Path:
        return (folder / "index.html").resolve(strict=True)

    def list_directory(self, path):
        """Nobody is told what else there is."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_) -> None:
        """Requests are nobody's news."""


class Server(ThreadingHTTPServer):
    """A thread for each of a limited number of connections.

    It prints what goes wrong in one, except that the browser has left.
    """

    def __init__(self, *args):
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(*args)

    def process_request(self, request, client_address) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request, client_address) -> None:
        # A browser leaves in the middle of a graph whenever a run is stopped or the page is loaded again.
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def server(folder: str | Path, port: int = 0) -> Server:
    """A server of `folder` on loopback, bound and not yet serving; port 0: any free one. Close it after use.

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
