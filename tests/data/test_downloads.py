"""Files of published sets: fetched once, verified by whatever hash is known, or asked of a person in one sentence."""

import hashlib

import pytest

from lacuna import downloading
from lacuna.cli import main
from lacuna.data import downloads
from lacuna.data.cards import Card, File
from lacuna.data.downloads import fetch, wanted
from lacuna.errors import LacunaError
from tests.serving import DATA, SHA256

MD5 = hashlib.md5(DATA).hexdigest()
CARD = Card(
    name="toys", title="Toys", page="p", paper="p", licence="l", terms="t", publish="p", processed="p", n=3, files=()
)


def one(**keys) -> list[dict]:
    return wanted(CARD, [File(name="toys.tar", **keys)])


@pytest.mark.parametrize("checksum", [SHA256, MD5])
@pytest.mark.parametrize(
    "turns", [["whole"], ["drop:5000", "429", "redirect", "drop:9", "whole"], ["slow:20000"], ["drop:77", "chunks"]]
)
def test_any_published_hash_is_verified_and_nothing_is_fetched_twice(server, tmp_path, checksum, turns):
    server.turns = list(turns)
    found = fetch(one(urls=(server.url,), checksum=checksum), tmp_path)
    assert found == [{"url": server.url, "sha256": SHA256, "bytes": len(DATA), "path": str(tmp_path / "toys/toys.tar")}]
    asked = len(server.ranges)
    assert fetch(one(urls=(server.url,), checksum=checksum), tmp_path) == found and len(server.ranges) == asked


@pytest.mark.parametrize("checksum", [SHA256, MD5])
def test_a_server_that_lies_leaves_nothing(server, tmp_path, checksum):
    server.turns = ["other"]
    with pytest.raises(LacunaError, match=f"has the (MD5|SHA-256) .* {checksum} is expected.*belongs at .*toys.tar"):
        fetch(one(urls=(server.url,), checksum=checksum), tmp_path)
    assert not (tmp_path / "toys/toys.tar").exists()


def test_mirrors_are_asked_in_turn_and_go_on_where_the_first_stopped(server, tmp_path, capsys):
    server.turns = ["drop:1000", *["404"], "whole"]
    urls = (server.url, server.url.replace("a%20file", "mirror"))
    assert fetch(one(urls=urls, checksum=SHA256), tmp_path)[0]["bytes"] == len(DATA)
    assert server.ranges == ["", "bytes=1000-", "bytes=1000-"]
    assert "HTTP 404" in capsys.readouterr().out
    with pytest.raises(LacunaError, match="refused"):
        fetch(one(urls=("http://127.0.0.1:9/x",), checksum=SHA256), tmp_path / "none")


def test_without_a_published_hash_the_first_copy_counts(server, tmp_path, capsys):
    address = one(urls=(server.url,))
    server.tag, server.turns = '"one"', ["drop:1000", "whole"]
    assert fetch(address, tmp_path)[0]["sha256"] == SHA256
    assert server.ranges == ["", "bytes=1000-"] and "no hash of it is published" in capsys.readouterr().out
    (tmp_path / "toys/toys.tar").write_bytes(b"changed")
    with pytest.raises(LacunaError, match=f"SHA-256 {SHA256} is expected"):
        fetch(address, tmp_path)


def test_without_a_hash_halves_of_two_versions_are_never_put_together(server, tmp_path, monkeypatch):
    monkeypatch.setattr(downloading, "ATTEMPTS", 1)
    for tag, ranges in (("", [""]), ('"new"', ["bytes=1000-"])):
        folder, server.tag = tmp_path / f"x{len(tag)}", '"old"' if tag else ""
        server.turns, server.data, server.ranges = ["drop:1000", "500"], DATA[::-1], []
        with pytest.raises(LacunaError, match="HTTP 500"):
            fetch(one(urls=(server.url,)), folder)
        server.turns, server.data, server.tag, server.ranges = ["whole"], DATA, tag, []
        assert fetch(one(urls=(server.url,)), folder)[0]["sha256"] == SHA256
        assert server.ranges == ranges


def test_what_people_alone_are_given_is_asked_for_once(server, tmp_path):
    files = [File(name=f"{n}.zip", ask="open https://x, accept the terms there") for n in "ab"]
    addresses = wanted(CARD, [*files, File(name="free.txt", urls=(server.url,), checksum=MD5)])
    with pytest.raises(LacunaError) as said:
        fetch(addresses, tmp_path)
    assert str(said.value) == (
        "Toys is given to people alone: open https://x, accept the terms there; put a.zip, b.zip into "
        f"{tmp_path}/toys, then run this again"
    )
    assert (tmp_path / "toys/free.txt").read_bytes() == DATA
    for name in ("a.zip", "b.zip"):
        (tmp_path / "toys" / name).write_bytes(DATA)
    assert [each["sha256"] for each in fetch(addresses, tmp_path)] == [SHA256] * 3


def test_files_arrive_side_by_side(server, tmp_path, monkeypatch):
    together, most = 0, 0

    def slow(urls, checksum, place, news):
        nonlocal together, most
        together += 1
        most = max(most, together)
        downloading.time.sleep(0.1)
        together -= 1
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(DATA)

    monkeypatch.setattr(downloads, "download", slow)
    addresses = wanted(CARD, [File(name=f"{n}", urls=("http://x",), checksum=MD5) for n in range(9)])
    assert [each["path"][-1] for each in fetch(addresses, tmp_path)] == [str(n) for n in range(9)]
    assert most == downloads.AT_ONCE


def test_command(tmp_path, capsys, monkeypatch):
    assert main(["fetch-data"]) == 0
    listed = capsys.readouterr().out
    assert "places2" in listed and "non-commercial" in listed and "nvidia_masks" in listed
    assert main(["fetch-data", "celeba", "--card"]) == 0
    assert "n: 202599" in capsys.readouterr().out
    folder = ["--folder", str(tmp_path)]
    assert main(["fetch-data", "celeba", "--option", "split=all", *folder]) == 1
    said = capsys.readouterr().err
    assert "CelebA, aligned and cropped is given to people alone: open https://mmlab" in said
    assert f"put img_align_celeba.zip into {tmp_path}/celeba" in said and said.count("\n") == 1
    assert main(["fetch-data", "celebs", *folder]) == 1
    assert "did you mean 'celeba'?" in capsys.readouterr().err
    for option, sentence in (("split", "give KEY=VALUE"), ("split=half", "celeba.split is 'half'")):
        assert main(["fetch-data", "celeba", "--option", option, *folder]) == 1
        assert sentence in capsys.readouterr().err


def test_command_fetches(server, tmp_path, capsys, monkeypatch):
    from lacuna.data.image_sources import dtd

    card = Card(**{**vars(dtd.CARD), "files": (File(name="dtd.tgz", urls=(server.url,), checksum=MD5),)})
    monkeypatch.setattr(dtd, "CARD", card)
    server.turns = ["drop:4000", "whole"]
    assert main(["fetch-data", "dtd", "--folder", str(tmp_path)]) == 0
    assert "1 files, 0.1 MB" in capsys.readouterr().out
    assert (tmp_path / "dtd/dtd.tgz").read_bytes() == DATA
