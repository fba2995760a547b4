"""Downloads from servers that drop connections, lie and are busy, interrupted anywhere."""

import hashlib
import subprocess
import sys
import time

import pytest

from lacuna import downloading
from lacuna.downloading import download, place_of, split_address
from lacuna.errors import LacunaError
from tests.serving import DATA, SHA256


@pytest.mark.parametrize(
    ("turns", "ranges"),
    [
        (["whole"], [""]),
        (["redirect", "whole"], ["", ""]),
        (["chunks"], [""]),
        (["drop:1000", "drop:500", "whole"], ["", "bytes=1000-", "bytes=1500-"]),
        (["busy", "429", "drop:7", "whole"], ["", "", "", "bytes=7-"]),
        (["drop:1000", "no ranges"], ["", "bytes=1000-"]),
        (["long:50"], ["", f"bytes={len(DATA)}-"]),
        (["short:50", "whole"], ["", ""]),
    ],
)
def test_what_breaks_off_is_gone_on_with(server, tmp_path, turns, ranges):
    server.turns = list(turns)
    target = tmp_path / "folder" / "file.bin"
    if turns[0].startswith("short"):  # cut off by the server's own word: the hash says so, and nothing is kept
        with pytest.raises(LacunaError, match="has the SHA-256 .* is expected; correct the address or the hash"):
            download(server.url, SHA256, target)
        assert not [path for path in target.parent.iterdir() if path.stat().st_size and "lock" not in path.name]
        return
    assert download(server.url, SHA256, target).read_bytes() == DATA
    assert server.ranges == ranges
    assert download(server.url, SHA256, target) == target and server.ranges == ranges  # never twice
    assert {path.name for path in target.parent.iterdir()} == {"file.bin", "..file.bin.part.lock"}


def test_a_file_that_changed_at_the_server_is_fetched_from_its_beginning(server, tmp_path):
    target = tmp_path / "file.bin"
    server.data, server.turns = DATA[::-1], ["drop:3000"] + ["500"] * 9
    with pytest.raises(LacunaError, match=r"cannot be downloaded \(HTTP 500\); what has arrived is kept"):
        download(server.url, SHA256, target)
    assert not target.exists() and (tmp_path / ".file.bin.part").stat().st_size == 3000
    server.data, server.turns, server.ranges = DATA, ["whole"], []
    assert download(server.url, SHA256, target).read_bytes() == DATA
    assert server.ranges == ["bytes=3000-", ""]


def test_another_file_than_was_named_is_refused(server, tmp_path):
    server.turns = ["other"]
    with pytest.raises(LacunaError, match=f"but SHA-256 {SHA256} is expected"):
        download(server.url, SHA256, tmp_path / "file.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["..file.bin.part.lock"]
    (tmp_path / "file.bin").write_bytes(b"mine")
    with pytest.raises(LacunaError, match="delete it, or put the right file there"):
        download(server.url, SHA256, tmp_path / "file.bin")
    assert (tmp_path / "file.bin").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("status", "sentence"),
    [("404", "HTTP 404"), ("401", "accept its terms or log in"), ("403", "accept its terms or log in")],
)
def test_what_another_attempt_does_not_mend_is_said_at_once(server, tmp_path, status, sentence):
    server.turns = [status]
    with pytest.raises(LacunaError, match=sentence):
        download(server.url, SHA256, tmp_path / "file.bin")
    assert len(server.ranges) == 1


def test_a_server_that_always_drops_is_given_up(server, tmp_path):
    server.turns = ["drop:10", "drop:0"]
    with pytest.raises(LacunaError, match="the connection ended after 0 of .*; what has arrived is kept"):
        download(server.url, SHA256, tmp_path / "file.bin")
    assert len(server.ranges) == 1 + downloading.ATTEMPTS


def test_no_server_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_ATTEMPTS", 0.0)
    with pytest.raises(LacunaError, match=r"http://127.0.0.1:9/x cannot be downloaded \(.*refused"):
        download("http://127.0.0.1:9/x", SHA256, tmp_path / "x")


def test_a_killed_download_goes_on(server, tmp_path):
    """The process is killed while the server is silent in the middle of the file."""
    program = (
        "import sys, time\n"
        "from lacuna import downloading\n"
        "downloading.time.sleep = lambda seconds: (print('waiting', flush=True), time.__dict__['monotonic'](), "
        "__import__('threading').Event().wait())\n"
        "downloading.download(*sys.argv[1:])\n"
    )
    target = tmp_path / "file.bin"
    server.turns = ["drop:4321", "whole"]
    with subprocess.Popen(
        [sys.executable, "-c", program, server.url, SHA256, str(target)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "waiting\n"
        process.kill()
    assert not target.exists()
    assert download(server.url, SHA256, target).read_bytes() == DATA
    assert server.ranges == ["", "bytes=4321-"]


def test_progress_is_said(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_NEWS", -1)
    download(server.url, SHA256, tmp_path / "file.bin")
    assert f"{server.url}: 0.1 of 0.1 MB" in capsys.readouterr().out


def test_the_server_is_waited_for_as_long_as_it_asks(monkeypatch, tmp_path):
    waits = []

    def busy(*_):
        raise downloading._BrokenOff("HTTP 503", 17.0)

    monkeypatch.setattr(downloading, "_transfer", busy)
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(LacunaError, match="HTTP 503"):
        download("http://x/y", SHA256, tmp_path / "file")
    assert waits[:3] == [17.0, 17.0, 24.0] and max(waits) <= downloading.LONGEST_WAIT


def test_addresses_and_places(tmp_path):
    sha256 = hashlib.sha256(b"").hexdigest()
    assert split_address(f"https://a.b/c#sha256={sha256}") == (["https://a.b/c"], sha256)
    assert split_address(f"https://a.b/c http://d/e#sha256={sha256}") == (["https://a.b/c", "http://d/e"], sha256)
    for wrong in (
        "https://a.b/c",
        f"file:///etc/passwd#sha256={sha256}",
        f"https://a  https://b#sha256={sha256}",
        "x" * 999,
    ):
        with pytest.raises(LacunaError, match="does not say what is there"):
            split_address(wrong)
    for url, name in [
        ("https://a.b/c/photo%20one.JPG", "photo_one.JPG"),
        ("https://a.b/..%2F..%2Fetc", "etc"),
        ("https://a.b/...", "file"),
        ("https://a.b", "file"),
    ]:
        assert place_of(f"{url}#sha256={sha256}", tmp_path) == tmp_path / sha256[:16] / name
