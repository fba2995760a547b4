"""The server: this machine only, the right types, the headers that threads need."""

import http.client
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.studio import serving as serving_module
from lacuna.studio.serving import Handler, server
from tests.studio.conftest import serving


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "studio" / "runtime").mkdir(parents=True)
    for name in ("index.html", "main.js", "runtime/ort.mjs", "runtime/ort.wasm", "models.json"):
        (tmp_path / "studio" / name).write_text(name)
    return tmp_path


def get(address: str, path: str, **headers) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    connection.request("GET", path, headers=headers)
    return connection.getresponse()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html"),
        ("main.js", "text/javascript"),
        ("runtime/ort.mjs", "text/javascript"),
        ("runtime/ort.wasm", "application/wasm"),
        ("models.json", "application/json"),
    ],
)
def test_types_and_isolation(served, folder, name, kind):
    with served(folder) as address:
        response = get(address, f"/studio/{name}")
        assert response.status == 200
        assert response.read().decode() == (name or "index.html")
    assert response.headers["Content-Type"].partition(";")[0] == kind
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


def test_only_this_machine_by_its_own_name(served, folder):
    with served(folder) as address:
        assert urlsplit(address).hostname == "127.0.0.1"
        assert get(address, "/studio/", Host="elsewhere.example:80").status == 421
        assert get(address, "/studio/", Host="localhost:80").status == 200
        assert get(address, "/studio/../../outside").status == 404


def leave_in_the_middle(folder) -> None:
    """Ask for a large file and go away, as a worker does that is ended; returns when the server has done with that."""
    with (folder / "large.onnx").open("wb") as stream:
        stream.truncate(50_000_000)  # more than fits into the buffers between the two
    listening, done = server(folder), threading.Event()
    finish = listening.shutdown_request  # the last thing for every request, after its errors
    listening.shutdown_request = lambda request: (finish(request), done.set())
    with serving(listening), socket.create_connection(listening.server_address) as browser:
        browser.sendall(b"GET /large.onnx HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        browser.recv(1000)
        browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no goodbye: a reset
        browser.close()
        assert done.wait(30)


def test_a_browser_that_leaves_is_nobodys_news(folder, capsys):
    leave_in_the_middle(folder)
    assert capsys.readouterr().err == ""


def test_what_else_goes_wrong_is_printed(folder, capsys, monkeypatch):
    def fail(*_):
        raise ValueError("made up")

    monkeypatch.setattr(Handler, "copyfile", fail)
    leave_in_the_middle(folder)
    assert "ValueError: made up" in capsys.readouterr().err


@pytest.mark.parametrize("port", [-1, 65536, 70000])
def test_a_port_that_does_not_exist_is_one_sentence(folder, capsys, port):
    assert main(["studio", "--results", str(folder), "--port", str(port)]) == 1
    assert f"there is no port {port}; name one from 1 to 65535 by --port, or 0 for any" in capsys.readouterr().err


def test_a_port_in_use_is_one_sentence(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LacunaError, match=rf"port {port} cannot be listened on .*; name another by --port"):
            server(folder, port)


def test_a_run_without_a_studio_is_one_sentence(tmp_path, capsys):
    assert main(["studio", "--results", str(tmp_path)]) == 1
    assert "does not contain a studio; run the rule 'studio'" in capsys.readouterr().err


def test_the_command_serves_until_it_is_interrupted(folder):
    command = [sys.executable, "-m", "lacuna", "studio", "--results", str(folder), "--port", "0"]

    def listen_to_interrupts():  # a shell's background jobs, and what they start, ignore them
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=listen_to_interrupts) as process:
        try:
            address = process.stdout.readline().split()[4]
            assert get(address, "/studio/models.json").read() == b"models.json"
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_the_address_alone_opens_the_studio(served, folder):
    with served(folder) as address:
        for path in ("/", "/?from=elsewhere"):
            response = get(address, path)
            assert response.status == 302 and response.headers["Location"] == "/studio/"


def test_no_folder_is_listed(served, folder):
    with served(folder) as address:
        for path in ("/studio/runtime/", "/studio/runtime", "//studio/runtime/"):
            response = get(address, path)
            assert response.status in (301, 404) and b"ort.mjs" not in response.read()
        assert get(address, "/studio").status == 301  # to the page, which there is


def test_no_link_leads_out_of_the_run(served, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.txt").write_text("secret")
    (outside / "index.html").write_text("secret")
    (folder / "file.txt").symlink_to(outside / "secret.txt")
    (folder / "away").symlink_to(outside)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").symlink_to(outside / "secret.txt")
    (folder / "inside.js").symlink_to(folder / "studio" / "main.js")
    with served(folder) as address:
        for path in ("/file.txt", "/away/secret.txt", "/away/", "/loop", "/page/", "/../secret.txt", "/%2e%2e/x"):
            assert get(address, path).status == 404, path
        assert get(address, "/inside.js").read() == b"main.js"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /%00 HTTP/1.1", b"404"),
        (b"GET /studio/%00main.js HTTP/1.1", b"404"),
        (b"GET /studio/\0 HTTP/1.1", b"404"),
        (b"GET /" + b"x" * 5000 + b" HTTP/1.1", b"404"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1", b"414"),
        (b"GET //[ HTTP/1.1", b"404"),
        (b"GET /%ff%fe HTTP/1.1", b"404"),
        (b"HEAD /%00 HTTP/1.1", b"404"),
        (b"POST / HTTP/1.1", b"501"),
        (b"nonsense", b"400"),
    ],
)
def test_odd_requests_are_answered(served, folder, capsys, request_line, status):
    with served(folder) as address, socket.create_connection(("127.0.0.1", urlsplit(address).port), 10) as browser:
        browser.sendall(request_line + b"\r\nHost: 127.0.0.1\r\n\r\n")
        answer = browser.recv(65536)
    assert status in answer[:200]
    assert capsys.readouterr().err == ""


def test_connections_are_limited_and_places_become_free_again(served, folder, monkeypatch):
    monkeypatch.setattr(serving_module, "MOST_CONNECTIONS", 3)
    with served(folder) as address:
        port = urlsplit(address).port
        silent = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(3)]
        with socket.create_connection(("127.0.0.1", port), 10) as refused:
            assert refused.recv(10) == b""  # closed at once
        for each in silent:
            each.close()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert get(address, "/studio/").status == 200
                break
            except (http.client.HTTPException, ConnectionError):
                time.sleep(0.05)
        else:
            raise AssertionError("no place became free")


def test_who_says_nothing_is_let_go():
    assert 0 < Handler.timeout <= 60
