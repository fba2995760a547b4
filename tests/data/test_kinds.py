"""Every kind of image source reads what people have: odd names, odd pictures, and the same picture however packed."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from lacuna.data import image_sources
from lacuna.data.staging import stage
from lacuna.errors import LacunaError
from lacuna.files import read_rows
from tests.data.listing import listed
from tests.data.pictures import asymmetric, png
from tests.data.stand_ins import pack, picture, unpack


def saved(image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def odd_pictures() -> dict[str, bytes]:
    """Name → bytes of one picture, stored in the many ways that people have; some of them lose a little."""
    image = Image.fromarray(asymmetric())
    alpha = Image.fromarray(
        np.dstack([asymmetric(), np.tile(np.uint8(13) * np.arange(1, 41, dtype=np.uint8), (24, 1))])
    )
    sideways = Image.Exif()
    sideways[0x0112] = 6
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(asymmetric())))
    sixteen = asymmetric().astype(np.uint16) * 257
    return {
        "photo.JPG": saved(image, "jpeg", quality=95, subsampling=0),
        "deep/er/photo.Png": saved(image, "png"),
        "animated.gif": saved(image, "gif", save_all=True, append_images=[image.rotate(180)]),
        "animated.webp": saved(image, "webp", lossless=True, save_all=True, append_images=[image.rotate(180)]),
        "cmyk.jpeg": saved(image.convert("CMYK"), "jpeg", quality=95, subsampling=0),
        "sixteen.png": png(sixteen, 16, (1, 2, 3)),
        "alpha.png": saved(alpha, "png"),
        "turned.jpg": saved(turned, "jpeg", quality=95, subsampling=0, exif=sideways),
        "modern.avif": saved(image, "avif", quality=100, subsampling="4:4:4"),
    }


GREY = saved(Image.fromarray(asymmetric()[..., 0]), "png")
JUNK = {"._photo.JPG": b"\0\5\26\7", ".hidden.png": GREY, "notes.txt": b"what is here", "deep/Thumbs.db": b"\0"}


def packed(kind: str, folder, members: dict[str, bytes]) -> dict:
    """The settings of a set of this kind that holds the members."""
    if kind == "folder":
        return {"path": str(unpack(folder / "photographs", members))}
    if kind in ("zip", "tar", "tar.gz", "7z"):
        return {"kind": "archive", "archive": str(pack(folder / f"photographs.{kind}", members))}
    if kind == "webdataset":
        shard = {f"{n:04d}.{name.rpartition('.')[2]}": data for n, (name, data) in enumerate(members.items())}
        shard |= {f"{n:04d}.json": json.dumps({"name": name}).encode() for n, name in enumerate(members)}
        pack(folder / "shard-000000.tar", shard)
        extensions = sorted({name.rpartition(".")[2].lower() for name in members} - {"db", "txt"})
        return {"shards": str(folder / "shard-*.tar"), "extensions": extensions}
    if kind == "parquet":
        rows = [{"bytes": data, "path": name} for name, data in members.items()] + [None]
        table = pa.table({"label": list(range(len(rows))), "image": rows})
        parquet.write_table(table, folder / "train-00000-of-00001.parquet", row_group_size=4)
        return {"shards": str(folder / "train-*.parquet")}
    downloaded = [{"path": str(unpack(folder / "there", {name: data}) / name), "url": "u", "sha256": f"{n:064d}"}
                  for n, (name, data) in enumerate(members.items())]  # fmt: skip
    return {"downloaded": downloaded}


KINDS = ["folder", "zip", "tar", "tar.gz", "7z", "webdataset", "parquet", "url"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_odd_pictures_however_they_are_packed(kind, tmp_path):
    pictures = odd_pictures() | {"grey.png": GREY}
    junk = {"url": {}, "parquet": {}, "webdataset": {"notes.txt": JUNK["notes.txt"]}}.get(kind, JUNK)
    settings = {"kind": kind, "name": "odd", "seed": 3, "crop": "center"} | packed(kind, tmp_path, pictures | junk)
    card = stage(settings | {"image_size": [40, 24]}, tmp_path / "set/index.csv", threads=2)
    assert card["n"] == len(pictures) and card["quarantined"] == 0 and card["transparent"] == 1
    for row in read_rows(tmp_path / "set/index.csv"):
        values = np.asarray(Image.open(tmp_path / "set" / row["file"])).astype(int)
        difference = np.abs(values - asymmetric()).mean()
        grey = np.abs(values - asymmetric()[..., :1]).mean()
        assert difference < 4 or grey == 0, row["origin"]
    quarantine = {row["origin"] for row in read_rows(tmp_path / "set/quarantine.csv")}
    assert ("notes.txt" in quarantine) == (kind in KINDS[:5])


def test_heic_by_its_package(tmp_path, monkeypatch):
    import pillow_heif

    pillow_heif.register_heif_opener()
    data = saved(Image.fromarray(asymmetric(64, 48)), "heif", quality=-1, chroma=444)
    settings = packed("zip", tmp_path, {"IMG_0001.HEIC": data})
    found, _ = listed(image_sources.load("archive"), settings)
    image, _ = image_sources.load("archive").photographs(settings).read(found[0].place)
    assert image.size == (64, 48) and np.abs(np.asarray(image).astype(int) - asymmetric(64, 48)).mean() < 4
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    settings |= {"name": "set", "seed": 1, "crop": "center", "image_size": 9}
    with pytest.raises(LacunaError, match="1 of 1 photographs cannot be read"):
        stage(settings, tmp_path / "set/index.csv")
    assert "takes the package pillow-heif" in (tmp_path / "set/quarantine.csv").read_text()


def test_names_that_lead_out_of_a_7z_are_not_followed(tmp_path):
    settings = packed("7z", tmp_path, {"a.png": picture(1, "png"), "b.png": picture(2, "png")})
    path = tmp_path / "photographs.7z"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LacunaError, match="photographs.7z cannot be read"):
        listed(image_sources.load("archive"), settings)


def test_a_7z_without_its_package_is_said(tmp_path, monkeypatch):
    settings = packed("7z", tmp_path, {"a.png": picture(1, "png")})
    monkeypatch.setitem(sys.modules, "py7zr", None)
    with pytest.raises(LacunaError, match="a 7z archive, which takes the package py7zr; install it"):
        listed(image_sources.load("archive"), settings)


def test_several_archives_and_samples_of_several_pictures(tmp_path):
    for n in range(3):
        pack(tmp_path / f"part{n}.zip", {f"{n}.png": picture(n, "png")})
    found, _ = listed(image_sources.load("archive"), {"archive": str(tmp_path / "part*.zip")})
    assert [origin.name for origin in found] == ["0.png", "1.png", "2.png"]
    pack(tmp_path / "w.tar", {"a/1.jpg": picture(1), "a/1.seg.png": picture(2, "png"), "a/1.cls": b"4"})
    kind = image_sources.load("webdataset")
    assert [origin.name for origin in listed(kind, {"shards": str(tmp_path / "w.tar")})[0]] == ["a/1.jpg"]
    found, _ = listed(kind, {"shards": str(tmp_path / "w.tar"), "extensions": ["seg.png"]})
    assert [origin.name for origin in found] == ["a/1.seg.png"]
    with pytest.raises(LacunaError, match="has a picture called gif"):
        listed(kind, {"shards": str(tmp_path / "w.tar"), "extensions": ["gif"]})


def test_parquet_says_what_is_wrong(tmp_path):
    kind = image_sources.load("parquet")
    settings = packed("parquet", tmp_path, {"a.png": GREY})
    with pytest.raises(LacunaError, match=r"has no column 'imag': did you mean 'image'\?"):
        listed(kind, settings | {"column": "imag"})
    with pytest.raises(LacunaError, match="holds no pictures but int"):
        listed(kind, settings | {"column": "label"})
    (tmp_path / "train-1.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(LacunaError, match="train-1.parquet cannot be read as Parquet"):
        listed(kind, settings)
    for name in ("parquet", "webdataset"):
        with pytest.raises(LacunaError, match="image_sets.x.shards is no/.*, which names no file"):
            image_sources.load(name).check({"shards": "no/*.tar"}, "image_sets.x")


def test_a_folder_of_hugging_face(tmp_path):
    table = pa.table({"image": [{"bytes": picture(n, "png"), "path": f"{n}.png"} for n in range(3)]})
    (tmp_path / "set/data").mkdir(parents=True)
    parquet.write_table(table, tmp_path / "set/data/train-00000-of-00001.parquet")
    kind, settings = image_sources.load("hugging_face"), {"dataset": str(tmp_path / "set")}
    kind.check(settings, "image_sets.x")
    found, _ = listed(kind, settings)
    assert [origin.name for origin in found] == [f"train/{n}/{n}.png" for n in range(3)]
    with pytest.raises(LacunaError, match="has no column 'picture'"):
        listed(kind, settings | {"column": "picture"})
    with pytest.raises(LacunaError, match="which is not a folder here; correct it, or give the hub's 'revision'"):
        kind.check({"dataset": "owner/name"}, "image_sets.x")


def test_hugging_face_without_its_package_is_said(monkeypatch):
    kind = image_sources.load("hugging_face")
    monkeypatch.setattr(kind, "find_spec", lambda name: None)
    with pytest.raises(LacunaError, match="image_sets.x takes the package datasets, which is not installed"):
        kind.check({"dataset": "owner/name"}, "image_sets.x")


def test_dead_leaves_are_the_same_wherever_they_are_drawn(tmp_path):
    kind = image_sources.load("dead_leaves")
    one, _ = listed(kind, {"number": 4, "drawn_size": [50, 33]})
    other, _ = listed(kind, {"number": 2, "first": 3, "drawn_size": [50, 33]})
    assert [origin.name for origin in other] == ["leaves 3", "leaves 4"]
    assert other[0].sha256 == one[3].sha256 and len({origin.sha256 for origin in one}) == 4
    reads = [kind.photographs({"number": n, "drawn_size": [50, 33]}).read for n in (4, 9)]
    pictures = [np.asarray(read("3")[0]) for read in reads]
    assert (pictures[0] == pictures[1]).all() and pictures[0].shape == (33, 50, 3)
    assert len(np.unique(pictures[0].reshape(-1, 3), axis=0)) > 5
