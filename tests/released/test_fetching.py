"""Released weights from servers that drop connections, lie, redirect and are gone."""

import hashlib
import io
import json
import zipfile
from dataclasses import replace

import pytest

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.released import catalogue
from lacuna.released.catalogue import Released
from lacuna.released.fetching import fetch_weights, found
from tests.serving import DATA, SHA256

GONE = "http://127.0.0.1:9/gone.pth"


@pytest.fixture
def entry(server, monkeypatch):
    """The catalogue's only entry; the server's file is a PyTorch file, by its name."""
    return named(
        monkeypatch, Released("lama/x", "lama", "Some", "MIT", "https://a.b/c", "w.pth", (server.url,), SHA256)
    )


def named(monkeypatch, entry):
    monkeypatch.setattr(catalogue, "RELEASED", {entry.name: entry})
    return entry


def test_what_is_dropped_and_redirected_is_gone_on_with_and_verified(entry, server, tmp_path):
    server.turns = ["redirect", "drop:1000", "busy", "whole"]
    path = fetch_weights("lama/x", tmp_path)
    assert path == tmp_path / "lama/x.pth" and path.read_bytes() == DATA
    assert server.ranges == ["", "", "bytes=1000-", "bytes=1000-"]
    assert json.loads((tmp_path / "lama/x.pth.json").read_text()) == {
        "name": "lama/x",
        "system": "lama",
        "data": "Some",
        "licence": "MIT",
        "origin": "https://a.b/c",
        "url": server.url,
        "file": "w.pth",
        "file_sha256": SHA256,
        "sha256": SHA256,
        "bytes": len(DATA),
    }
    assert fetch_weights("lama/x", tmp_path) == path and len(server.ranges) == 4  # never twice
    kept = {path.name for path in (tmp_path / "lama").iterdir() if not path.name.endswith(".lock")}
    assert kept == {"x.pth", "x.pth.json"}


def test_an_interrupted_call_goes_on(entry, server, tmp_path):
    server.turns = ["drop:3000"] + ["500"] * 9
    with pytest.raises(LacunaError, match="HTTP 500"):
        fetch_weights("lama/x", tmp_path)
    server.turns, server.ranges = ["whole"], []
    assert fetch_weights("lama/x", tmp_path).read_bytes() == DATA
    assert server.ranges == ["bytes=3000-"]


def test_a_server_that_lies_is_refused_and_nothing_of_it_is_kept(entry, server, tmp_path):
    server.turns = ["other"]
    with pytest.raises(LacunaError, match=f"has the SHA-256 .* but SHA-256 {SHA256} is expected"):
        fetch_weights("lama/x", tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(".lock")]


@pytest.mark.parametrize("turn", ["404", "410", "403"])
def test_a_dead_address_says_so_and_what_to_do(entry, server, tmp_path, turn, capsys):
    server.turns = [turn]
    assert main(["fetch-weights", "lama/x", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    place = tmp_path / "lama" / ".x.pth.verified"
    assert said.count("\n") == 1 and f"HTTP {turn}" in said
    assert f"download w.pth from https://a.b/c in a browser, put it at {place} and run this again" in said
    place.write_bytes(DATA[::-1])
    with pytest.raises(LacunaError, match="is expected; delete it, or put the right file there"):
        fetch_weights("lama/x", tmp_path)
    place.write_bytes(DATA)
    assert fetch_weights("lama/x", tmp_path).read_bytes() == DATA


def test_of_several_addresses_the_first_that_answers_is_taken(entry, server, tmp_path, monkeypatch):
    named(monkeypatch, replace(entry, urls=(GONE, server.url)))
    assert fetch_weights("lama/x", tmp_path).read_bytes() == DATA
    assert json.loads((tmp_path / "lama/x.pth.json").read_text())["url"] == server.url


def archive(member: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr("big/config.yaml", "a: 1")
        opened.writestr(member, DATA)
    return stream.getvalue()


def test_an_archive_is_opened_and_removed(entry, server, tmp_path, monkeypatch):
    server.data = archive("big/models/best.ckpt")
    whole = hashlib.sha256(server.data).hexdigest()
    named(monkeypatch, replace(entry, file="big.zip", sha256=whole, member="big/models/best.ckpt"))
    path = fetch_weights("lama/x", tmp_path)
    assert path == tmp_path / "lama/x.ckpt" and path.read_bytes() == DATA
    assert json.loads((tmp_path / "lama/x.ckpt.json").read_text())["sha256"] == SHA256
    assert not list(tmp_path.rglob("*.zip"))
    assert fetch_weights("lama/x", tmp_path) == path
    path.write_bytes(b"altered")
    with pytest.raises(LacunaError, match="is not the file that was fetched as lama/x; move it away"):
        fetch_weights("lama/x", tmp_path)
    assert path.read_bytes() == b"altered"


def test_an_archive_without_the_file_is_one_sentence(entry, server, tmp_path, monkeypatch):
    server.data = archive("elsewhere.ckpt")
    whole = hashlib.sha256(server.data).hexdigest()
    named(monkeypatch, replace(entry, file="big.zip", sha256=whole, member="big/models/best.ckpt"))
    with pytest.raises(LacunaError, match=r"x.zip holds no readable big/models/best.ckpt"):
        fetch_weights("lama/x", tmp_path)
    assert not (tmp_path / "lama/x.ckpt").exists()


def test_what_no_program_gets_is_refused_with_its_origin(entry, tmp_path, monkeypatch):
    for changes, why in (({"urls": ()}, "no address gives them"), ({"sha256": ""}, "nobody states its SHA-256")):
        named(monkeypatch, replace(entry, **changes))
        with pytest.raises(LacunaError, match=f"{why}.*; download them from https://a.b/c in a browser, and name"):
            fetch_weights("lama/x", tmp_path)
        with pytest.raises(LacunaError, match=why):
            found("catalogue:lama/x", tmp_path)


def test_what_was_not_fetched_yet_says_the_command(entry, tmp_path):
    with pytest.raises(LacunaError, match="weights catalogue:lama/x are not in .*; run `lacuna fetch-weights lama/x`"):
        found("catalogue:lama/x", tmp_path)
    fetch_weights("lama/x", tmp_path)
    assert found("catalogue:lama/x", tmp_path) == found("lama/x", tmp_path) == tmp_path / "lama/x.pth"


def test_one_misspelt_name_stops_before_anything_is_fetched(entry, server, tmp_path, capsys):
    assert main(["fetch-weights", "lama/x", "lama/y", "--folder", str(tmp_path)]) == 1
    assert "no released weights 'lama/y'" in capsys.readouterr().err and server.ranges == []
    assert main(["fetch-weights", "lama/x", "--folder", str(tmp_path)]) == 0
    assert "verified; use it as catalogue:lama/x" in capsys.readouterr().out
