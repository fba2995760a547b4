"""Pictures in archives and at addresses: layouts, what is passed over, what is refused, from there to an image set."""

import bz2
import gzip
import hashlib
import io
import lzma
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from lacuna import downloading
from lacuna.data.downloads import fetch
from lacuna.data.image_sources import _members, archive, url
from lacuna.data.staging import stage
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from tests.data.listing import listed
from tests.serving import misbehaving


def png(level: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((20, 31, 3), level, np.uint8)).save(stream, "png")
    return stream.getvalue()


MEMBERS = {
    "img_align_celeba/000001.png": png(1),
    "img_align_celeba/000002.PNG": png(2),
    "other/deep/er/three.png": png(3),
    "list_attr_celeba.txt": b"2\n",
    "__MACOSX/._000001.png": b"\0",
    "../../escape.png": png(4),
}


def made_tar(path, members=MEMBERS):
    with tarfile.open(path, "w") as packed:
        packed.addfile(_info("img_align_celeba", tarfile.DIRTYPE))
        for name, data in members.items():
            info = _info(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
        for name, kind in (
            ("link.png", tarfile.SYMTYPE),
            ("hard.png", tarfile.LNKTYPE),
            ("device.png", tarfile.CHRTYPE),
        ):
            info = _info(name, kind)
            info.linkname = "/etc/passwd"
            packed.addfile(info)
    return path


def _info(name, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.type = kind
    return info


def made_zip(path, members=MEMBERS):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.mkdir("img_align_celeba")
        for name, data in members.items():
            packed.writestr(name, data)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
    return path


@pytest.fixture(params=["tar", "tar.gz", "tar.bz2", "tar.xz", "zip"])
def packed(request, tmp_path):
    """The same pictures in every form; the name says nothing about it."""
    path = tmp_path / "archive.bin"
    if request.param == "zip":
        return made_zip(path)
    made_tar(path)
    squeeze = {"tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress}.get(request.param, bytes)
    path.write_bytes(squeeze(path.read_bytes()))
    return path


def test_pictures_are_read_and_the_rest_is_named(packed, tmp_path):
    found, passed_over = listed(archive, {"archive": str(packed)})
    pictures = sorted(name for name in MEMBERS if name.lower().endswith(".png") and "MACOSX" not in name)
    # a name that leads out of the archive is a name: nothing is written under it
    assert sorted(origin.name for origin in found) == [name for name in pictures if not name.startswith("..")]
    read = archive.photographs({"archive": str(packed)}).read
    for origin in found:
        assert origin.sha256 == hashlib.sha256(MEMBERS[origin.name]).hexdigest()
        picture, transparent = read(origin.place)
        assert picture.size == (31, 20) and not transparent
    assert "a link or a device" in passed_over["link.png"] and "not a picture" in passed_over["list_attr_celeba.txt"]
    assert "hidden" in passed_over["__MACOSX/._000001.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["archive.bin"]
    some, _ = listed(archive, {"archive": str(packed), "members": ["img_align_celeba/*", "nothing"]})
    assert len(some) == 2
    with pytest.raises(LacunaError, match="no picture in the archive .* matches"):
        listed(archive, {"archive": str(packed), "members": ["CelebA/*"]})


def test_an_image_set_of_an_archive(packed, tmp_path):
    settings = {"name": "set", "kind": "archive", "archive": str(packed), "seed": 1, "crop": "center"}
    card = stage(settings | {"image_size": [16, 12]}, tmp_path / "set/index.csv")
    assert card["n"] == 3 and card["passed_over"] > 1
    rows = read_rows(tmp_path / "set/index.csv")
    levels = {row["origin"]: int(np.asarray(Image.open(tmp_path / "set" / row["file"]))[0, 0, 0]) for row in rows}
    assert levels == {"img_align_celeba/000001.png": 1, "img_align_celeba/000002.PNG": 2, "other/deep/er/three.png": 3}
    assert "link.png" in (tmp_path / "set/quarantine.csv").read_text()


def test_what_is_no_archive_or_is_damaged_or_hostile(tmp_path, monkeypatch):
    path = tmp_path / "photo.zip"
    path.write_bytes(png(1))
    with pytest.raises(LacunaError, match="photo.zip is neither a tar nor a zip nor a 7z archive"):
        listed(archive, {"archive": str(path)})
    path.write_bytes(gzip.compress(made_tar(tmp_path / "a.tar").read_bytes())[:-90])
    with pytest.raises(LacunaError, match="cannot be read|neither a tar"):
        listed(archive, {"archive": str(path)})
    whole = made_zip(path).read_bytes()
    start = whole.index(png(2)[50:53]) if png(2)[50:53] in whole else whole.index(b"000002.PNG") + 30
    path.write_bytes(whole[:start] + bytes(8) + whole[start + 8 :])
    found, passed_over = listed(archive, {"archive": str(path)})
    assert len(found) == 2 and "damaged" in passed_over["img_align_celeba/000002.PNG"]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("bomb.png", bytes(10_000_000))
        bomb.writestr("fine.png", png(1))
    found, passed_over = listed(archive, {"archive": str(path)})
    assert [origin.name for origin in found] == ["fine.png"] and "grows more than" in passed_over["bomb.png"]
    path.write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(LacunaError, match="grows more than|neither"):
        listed(archive, {"archive": str(path)})
    made_zip(path)
    monkeypatch.setattr(_members, "MOST_MEMBERS", 3)
    with pytest.raises(LacunaError, match="has more than 3 members"):
        listed(archive, {"archive": str(path)})


def test_a_cut_off_tar_is_said(tmp_path):
    path = made_tar(tmp_path / "a.tar", {"one.png": png(1), "two.png": png(2) + bytes(5000)})
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"two.png") + 1024])
    with pytest.raises(LacunaError, match="a.tar cannot be read .*; fetch or pack it again"):
        listed(archive, {"archive": str(path)})


def test_keys_go_together(tmp_path):
    for keys in ({}, {"archive": "a", "url": "b"}):
        with pytest.raises(LacunaError, match="needs either 'archive', a file, or 'url'"):
            archive.Keys.consistent(keys, "image_sets.some")
    with pytest.raises(LacunaError, match="image_sets.some.archive is nowhere.zip, which is not a file"):
        archive.check({"archive": "nowhere.zip"}, "image_sets.some")


@pytest.mark.parametrize("kind", ["archive", "url"])
def test_from_an_address_to_an_image_set(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(downloading, "SECONDS_BETWEEN_ATTEMPTS", 0.0)
    with misbehaving() as server:
        server.data = made_zip(tmp_path / "a.zip").read_bytes() if kind == "archive" else png(9)
        server.turns = ["drop:20", "whole"]
        address = f"{server.url}#sha256={hashlib.sha256(server.data).hexdigest()}"
        entry = {"url": address} if kind == "archive" else {"urls": [address]}
        wanted = (archive if kind == "archive" else url).downloads(entry)
        assert wanted == [address]
        downloaded = fetch(wanted, tmp_path / "downloads")
        assert fetch(wanted, tmp_path / "downloads") == downloaded and len(server.ranges) == 2
        server.turns = ["404"]
        with pytest.raises(LacunaError, match="HTTP 404.*the file belongs at .*a_file.bin"):
            fetch([f"{server.url}#sha256={'0' * 64}"], tmp_path / "x")
    settings = {"name": "set", "kind": kind, "downloaded": downloaded, "seed": 1, "crop": "center", "image_size": 8}
    card = stage(settings | entry, tmp_path / "set/index.csv")
    assert card["n"] == (3 if kind == "archive" else 1) and card["downloaded"] == [address]
    assert read_json(tmp_path / "set/card.json")["downloaded"] == [address]
    (tmp_path / "downloads").rename(tmp_path / "moved")
    with pytest.raises(LacunaError, match="a_file.bin"):
        stage(settings | entry, tmp_path / "set/index.csv")
