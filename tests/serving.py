"""A server on loopback that misbehaves as servers do."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

DATA = bytes(range(256)) * 400 + b"the end"
SHA256 = hashlib.sha256(DATA).hexdigest()


class Behaviour:
    """What the server does with requests in turn, and what it was asked.

    turns: one word a request, the last one for all that follow: `whole`, `drop:N` (ends after N more bytes), `long:N`
    and `short:N` (a Content-Length that is N too large or too small), `busy`, `NNN` (a status), `other` (other bytes),
    `no ranges` (the whole file whatever was asked), `chunks`, `redirect`, `slow:N` (N bytes at a time, with pauses).
    tag: the ETag of the file, if it has one.
    """

    def __init__(self) -> None:
        self.turns = ["whole"]
        self.data = DATA
        self.ranges: list[str] = []
        self.url = ""
        self.tag = ""


@contextmanager
def misbehaving() -> Iterator[Behaviour]:
    """The address of a file is `behaviour.url`."""
    behaviour = Behaviour()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            word, _, number = behaviour.turns[0].partition(":")
            if len(behaviour.turns) > 1:
                behaviour.turns.pop(0)
            asked = self.headers.get("Range", "")
            behaviour.ranges.append(asked)
            data = behaviour.data[::-1] if word == "other" else behaviour.data
            begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked and word != "no ranges" else 0
            if (known := self.headers.get("If-Range")) and known != behaviour.tag:
                begin = 0
            part, headers = data[begin:], dict[str, str]()
            if behaviour.tag:
                headers["ETag"] = behaviour.tag
            if begin:
                headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            if word == "redirect":
                self.answer(302, b"", {"Location": "/elsewhere.bin"})
            elif word == "busy" or word.isdigit():
                self.answer(503 if word == "busy" else int(word), b"", {"Retry-After": "0"})
            elif begin >= len(data):
                self.answer(416, b"", {})
            elif word == "chunks":  # without any length, ended by the connection's end
                self.answer(206 if begin else 200, part, headers, length=None)
            else:
                length = len(part) + {"long": int(number or 0), "short": -int(number or 0)}.get(word, 0)
                pieces = int(number) if word == "slow" else 0
                part = part[: int(number)] if word == "drop" else part
                self.answer(206 if begin else 200, part, headers, length, pieces)

        def answer(self, status: int, body: bytes, headers: dict, length: int | None = 0, pieces: int = 0) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            for start in range(0, len(body), pieces or len(body) or 1):
                self.wfile.write(body[start : start + (pieces or len(body))])
                time.sleep(0.005 * bool(pieces))

        def log_message(self, *_) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        behaviour.url = f"http://127.0.0.1:{running.server_port}/a%20file.bin"
        try:
            yield behaviour
        finally:
            running.shutdown()
            thread.join()
