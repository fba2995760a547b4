"""The server: this machine only, the right types, the headers that threads need."""

import http.client
import signal
import socket
import struct
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
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
    assert "holds no studio; run the rule 'studio'" in capsys.readouterr().err


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
