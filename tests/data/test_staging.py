"""Image sets: choice, crops, determinism, shares, quarantine, errors."""

import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image, ImageCms

from lacuna.data import staging
from lacuna.data.benchmark import compare
from lacuna.data.staging import stage
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows, sha256_of
from tests.steps import run_step

from .pictures import asymmetric, photographs, snapshot

SETTINGS = {"name": "set", "title": "A set", "count": None, "crop": "center", "image_size": 16, "seed": 1}


def folder_settings(folder, **changes) -> dict:
    return SETTINGS | {"kind": "folder", "path": str(folder)} | changes


def package_settings(*images, **changes) -> dict:
    return SETTINGS | {"kind": "package", "images": list(images)} | changes


def staged(settings, folder) -> list[dict]:
    stage(settings, folder / "index.csv")
    return read_rows(folder / "index.csv")


def origins(rows) -> set[str]:
    return {row["origin_sha256"] for row in rows}


def test_every_photograph_once_and_the_same_bytes_twice(tmp_path):
    settings = folder_settings(photographs(tmp_path / "photos", 5))
    rows = staged(settings, tmp_path / "one")
    assert staged(settings, tmp_path / "two") == rows
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert [row["file"] for row in rows] == [f"000{i}.png" for i in range(5)]
    assert len(origins(rows)) == 5
    for row in rows:
        assert row["sha256"] == sha256_of(tmp_path / "one" / row["file"])
        assert row["origin_sha256"] == sha256_of(tmp_path / "photos" / row["origin"])
        with Image.open(tmp_path / "one" / row["file"]) as image:
            assert (image.mode, image.size) == ("RGB", (16, 16))
        assert [row[f"crop_{side}"] for side in ("left", "top", "width", "height")] == ["8", "0", "24", "24"]
    card = read_json(tmp_path / "one/card.json")
    assert (card["n"], card["origins"], card["size"], card["licence"]) == (5, 5, [16, 16], "not stated")


def test_names_do_not_decide_but_seed_and_content_do(tmp_path):
    folder = photographs(tmp_path / "photos", 9)
    rows = staged(folder_settings(folder, count=4, crop="random", crop_scale=[0.4, 0.9]), tmp_path / "one")
    other = staged(folder_settings(folder, count=4, crop="random", crop_scale=[0.4, 0.9], seed=2), tmp_path / "two")
    assert origins(rows) != origins(other)
    for i, path in enumerate(sorted(folder.rglob("*.png"), key=sha256_of)):
        path.rename(folder / f"{i}.png")
    renamed = staged(folder_settings(folder, count=4, crop="random", crop_scale=[0.4, 0.9]), tmp_path / "three")
    assert [row["sha256"] for row in renamed] == [row["sha256"] for row in rows]


def test_random_crops_are_spread_evenly_inside_the_photograph(tmp_path):
    settings = folder_settings(
        photographs(tmp_path / "photos", 3, (50, 30)), count=11, crop="random", crop_scale=[0.5, 0.8]
    )
    rows = staged(settings, tmp_path / "set")
    per_origin = [[row for row in rows if row["origin_sha256"] == origin] for origin in origins(rows)]
    assert sorted(map(len, per_origin)) == [3, 4, 4]
    assert len(origins(rows[:3])) == 3  # they take turns
    corners = set()
    for row in rows:
        left, top, width, height = (int(row[f"crop_{side}"]) for side in ("left", "top", "width", "height"))
        assert width == height
        assert 15 <= width <= 24
        assert left + width <= 50
        assert top + height <= 30
        corners.add((row["origin"], left, top))
    assert len(corners) > 8
    larger = staged(settings | {"count": 14}, tmp_path / "larger")
    assert larger[:11] == rows  # a larger set begins with the smaller one


def test_crop_and_resize_take_the_right_part(tmp_path):
    (tmp_path / "photos").mkdir()
    Image.fromarray(asymmetric(80, 24)).save(tmp_path / "photos/x.png")
    staged(folder_settings(tmp_path / "photos", image_size=[60, 36]), tmp_path / "set")
    image = np.asarray(Image.open(tmp_path / "set/0000.png"))
    assert image.shape == (36, 60, 3)
    quarters = [image[5, 5], image[5, -5], image[-5, 5], image[-5, -5]]
    assert np.array_equal(quarters, [[200, 30, 30], [30, 180, 30], [30, 30, 220], [90, 90, 90]])
    row = read_rows(tmp_path / "set/index.csv")[0]
    assert [row[f"crop_{side}"] for side in ("left", "top", "width", "height")] == ["20", "0", "40", "24"]
    assert read_json(tmp_path / "set/card.json")["enlarged"] == 1


def test_shrinking_filters(tmp_path):
    (tmp_path / "photos").mkdir()
    board = np.indices((128, 128)).sum(0) % 2 * 255
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "photos/x.png")
    staged(folder_settings(tmp_path / "photos"), tmp_path / "set")
    assert np.abs(np.asarray(Image.open(tmp_path / "set/0000.png")).astype(int) - 127.5).max() < 3


def test_package_slices_share_no_photograph(tmp_path):
    faces = "skimage:data/lfw_subset.npy"
    train = staged(package_settings(f"{faces}[0:7]"), tmp_path / "train")
    test = staged(package_settings(f"{faces}[7:12]", "skimage:data/chelsea.png"), tmp_path / "test")
    assert (len(train), len(test)) == (7, 6)
    assert not origins(train) & origins(test)
    assert {row["origin"] for row in train} == {f"{faces}[{i}]" for i in range(7)}
    assert read_json(tmp_path / "train/card.json")["enlarged"] == 0
    with Image.open(tmp_path / "train/0000.png") as image:
        assert image.getextrema()[0][1] > 100  # floats in [0, 1] fill the 8 bits


def test_shares_split_a_folder_by_content(tmp_path):
    folder = photographs(tmp_path / "photos", 40, (16, 16))
    for path in list(folder.rglob("*.png"))[:10]:
        shutil.copy(path, folder / f"copy_of_{path.name}")
    parts = [staged(folder_settings(folder, share=share), tmp_path / str(share)) for share in ([0, 0.6], [0.6, 1])]
    assert not origins(parts[0]) & origins(parts[1])
    assert len(origins(parts[0]) | origins(parts[1])) == len(parts[0]) + len(parts[1]) == 40
    assert 15 <= len(parts[0]) <= 33
    other_seed = staged(folder_settings(folder, share=[0, 0.6], seed=7), tmp_path / "seed")
    assert origins(other_seed) == origins(parts[0])


def test_unreadable_files_are_quarantined_and_named(tmp_path, capsys):
    folder = photographs(tmp_path / "photos", 6)
    whole = (folder / "b/photo_0.png").read_bytes()
    (folder / "b/photo_0.png").write_bytes(whole[: len(whole) // 2])
    (folder / "page.jpg").write_text("<html>not found</html>")
    rows = staged(folder_settings(folder, count=5), tmp_path / "set")
    assert len(rows) == 5
    quarantine = read_rows(tmp_path / "set/quarantine.csv")
    assert {row["origin"] for row in quarantine} <= {"b/photo_0.png", "page.jpg"}

    with pytest.raises(LacunaError, match="asks for 6 images but only 5 remain, because 2 of 7"):
        stage(folder_settings(folder, count=6), tmp_path / "set/index.csv")
    assert not (tmp_path / "set/index.csv").exists()
    assert not (tmp_path / "set/card.json").exists()
    quarantine = read_rows(tmp_path / "set/quarantine.csv")
    assert {row["origin"] for row in quarantine} == {"b/photo_0.png", "page.jpg"}
    assert all(row["reason"] for row in quarantine)
    log = capsys.readouterr().out
    assert "quarantined b/photo_0.png" in log
    assert "quarantined page.jpg" in log


def test_names_that_are_not_utf8_are_staged_and_quarantined(tmp_path, capsys):
    folder = photographs(tmp_path / "photos", 2)
    good, bad = (os.fsdecode(name) for name in (b"caf\xe9.png", b"br\xfbl\xe9.jpg"))
    next(folder.rglob("*.png")).rename(folder / good)
    (folder / bad).write_text("no picture")
    rows = staged(folder_settings(folder), tmp_path / "set")
    assert len(rows) == 2 and good in {row["origin"] for row in rows}
    assert r"caf\xe9.png" in (tmp_path / "set/index.csv").read_text()
    assert [row["origin"] for row in read_rows(tmp_path / "set/quarantine.csv")] == [bad]
    assert r"quarantined br\xfbl\xe9.jpg" in capsys.readouterr().out


def test_transparency_is_said(tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    alpha = np.where(np.arange(40) < 13, 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([asymmetric(), np.tile(alpha, (24, 1))])).save(tmp_path / "photos/x.png")
    settings = folder_settings(tmp_path / "photos") | {"image_size": [40, 24]}
    staged(settings, tmp_path / "set")
    assert (
        "the alpha of transparent photographs was dropped, not their colours: x.png (1 in all)"
        in capsys.readouterr().out
    )
    assert read_json(tmp_path / "set/card.json")["transparent"] == 1
    assert (np.asarray(Image.open(tmp_path / "set/0000.png")) == asymmetric()).all()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"count": 4}, "asks for 4 images but has 3 different photographs"),
        ({"path": "no/such/folder"}, "no/such/folder does not exist"),
        ({"pattern": "*.gif"}, r"pattern '\*\.gif': the files there are 4 x \.png"),
        ({"crop": "left"}, "choose center or random"),
        ({"crop": "random"}, "need a crop_scale"),
        ({"crop": "random", "crop_scale": [0.5, 1.5]}, "need a crop_scale"),
        ({"share": [0.3, 0.3]}, "is not a range"),
        ({"share": [0, 1e-9]}, "none of the 4 images"),
        ({"kind": "package", "images": ["nosuchpackage:x.png"]}, "nosuchpackage.*not installed"),
        ({"kind": "package", "images": ["skimage.nosuch.deeper:x.png"]}, "skimage.nosuch.deeper holds no file x.png"),
        ({"kind": "package", "images": ["skimage:data/chelsea.png[0:3]"]}, "which only an .npy file has"),
        ({"kind": "package", "images": ["skimage:data/nosuch.png"]}, "holds no file data/nosuch.png"),
        ({"kind": "package", "images": ["skimage:data/lfw_subset.npy[150:300]"]}, "does not fit an array"),
        ({"kind": "package", "images": ["chelsea.png"]}, "not of the form"),
    ],
)
def test_errors_are_one_sentence(tmp_path, changes, sentence):
    folder = photographs(tmp_path / "photos", 3)
    shutil.copy(folder / "b/photo_0.png", folder / "same.png")
    with pytest.raises(LacunaError, match=sentence):
        stage(folder_settings(folder, **changes), tmp_path / "set/index.csv")
    assert not (tmp_path / "set/index.csv").exists()


def test_it_never_empties_the_folder_it_reads(tmp_path):
    folder = photographs(tmp_path / "photos", 2)
    with pytest.raises(LacunaError, match="is read, but lies inside"):
        stage(folder_settings(folder), tmp_path / "index.csv")
    assert len(list(folder.rglob("*.png"))) == 2


def test_command(tmp_path, capsys):
    settings = folder_settings(photographs(tmp_path / "photos", 2))
    assert run_step("stage", settings, {}, {"index": tmp_path / "set/index.csv"}) == 0
    assert "set: 2 images of 2 photographs, 16x16" in capsys.readouterr().out


def test_a_colour_profile_that_is_not_applied_is_not_kept(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "photos").mkdir()
    for mode, name in (("RGB", "a.png"), ("RGB", "b.jpg"), ("CMYK", "c.jpg")):
        Image.fromarray(asymmetric(20, 30)).convert(mode).save(tmp_path / "photos" / name, icc_profile=profile)
    for row in staged(folder_settings(tmp_path / "photos"), tmp_path / "set"):
        with Image.open(tmp_path / "set" / row["file"]) as image:
            assert "icc_profile" not in image.info


@pytest.mark.parametrize("keys", [{}, {"count": 21, "crop": "random", "crop_scale": [0.4, 0.9]}, {"count": 5}])
def test_a_killed_staging_goes_on_and_ends_in_the_same_bytes(tmp_path, monkeypatch, keys):
    folder = photographs(tmp_path / "photos", 9)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = folder_settings(folder, **keys)
    staged(settings, tmp_path / "whole")
    whole, add, made = snapshot(tmp_path / "whole"), staging._ImageSet.add, []

    def killed(self, positions, *rest):
        if len(made) == 4:
            raise KeyboardInterrupt
        made.append(positions)
        add(self, positions, *rest)

    monkeypatch.setattr(staging._ImageSet, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        staged(settings, tmp_path / "set")
    assert (tmp_path / ".set.staging").is_file() and not (tmp_path / "set/index.csv").exists()
    (tmp_path / "set/0001.png").write_bytes(b"cut off")  # the disk was less whole than it seemed

    def counted(self, positions, *rest):
        made.append(positions)
        add(self, positions, *rest)

    monkeypatch.setattr(staging._ImageSet, "add", counted)
    made.clear()
    staged(settings, tmp_path / "set")
    assert snapshot(tmp_path / "set") == whole and not (tmp_path / ".set.staging").exists()
    images = sum(name.endswith(".png") for name in whole)
    assert sum(len(positions) for positions in made) == images - 3
    made.clear()
    staged(settings | {"seed": 9}, tmp_path / "set")  # another set begins anew
    assert sum(len(positions) for positions in made) == images


def test_a_longer_set_that_was_killed_leaves_nothing_behind(tmp_path, monkeypatch):
    folder = photographs(tmp_path / "photos", 9)
    settings = folder_settings(folder)
    monkeypatch.setattr(staging._ImageSet, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        stage(settings, tmp_path / "set/index.csv")
    monkeypatch.undo()
    for path in sorted(folder.rglob("*.png"))[:4]:
        path.unlink()
    rows = staged(settings, tmp_path / "set")
    assert len(rows) == 5 and len(list((tmp_path / "set").glob("*.png"))) == 5


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(tmp_path, threads):
    settings = folder_settings(photographs(tmp_path / "photos", 30), count=70, crop="random", crop_scale=[0.4, 0.9])
    stage(settings, tmp_path / "one/index.csv")
    stage(settings, tmp_path / "two/index.csv", threads)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


@pytest.mark.slow
def test_cost_is_linear_and_memory_flat(tmp_path):
    """Small, so that it is quick: `lacuna bench stage` measures more."""
    found = compare(tmp_path, 200, 1600, 3, 32, 2)
    assert [row["images"] for row in found["rows"]] == [200, 566, 1600]
    assert 0.8 < found["exponent"] < 1.15 and found["memory_ratio"] < 1.1


KILLED = """
import sys
from pathlib import Path
from lacuna.data.staging import stage
stage(eval(sys.argv[1]), Path(sys.argv[2]), 3)
"""


def test_a_staging_killed_with_workers_goes_on(tmp_path):
    settings = SETTINGS | {"kind": "dead_leaves", "number": 600, "drawn_size": [60, 44]}
    stage(settings, tmp_path / "whole/index.csv", 1)
    index = tmp_path / "set/index.csv"
    process = subprocess.Popen([sys.executable, "-c", KILLED, repr(settings), str(index)])
    while len(list(index.parent.glob("*.png"))) < 300 and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not index.exists() and (tmp_path / ".set.staging").is_file()
    oldest = (index.parent / "0000.png").stat().st_mtime_ns
    stage(settings, index, 3)
    assert snapshot(tmp_path / "set") == snapshot(tmp_path / "whole")
    assert (index.parent / "0000.png").stat().st_mtime_ns == oldest  # used as it was
