"""Training and evaluation share no photograph."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from scipy.fft import idctn

from lacuna.data import near_duplicates
from lacuna.data.image_sources import dead_leaves
from lacuna.data.splits import check_splits
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows, write_rows
from tests.steps import run_step


def index(folder, **contents):
    write_rows(
        folder / "index.csv",
        [{"origin": origin, "origin_sha256": sha256} for origin, sha256 in contents.items()],
        ["origin", "origin_sha256"],
    )
    return folder / "index.csv"


def test_disjoint_sets_pass(tmp_path):
    train, test = index(tmp_path / "train", cat="1", dog="2"), index(tmp_path / "test", cat="3")
    assert check_splits([train], [test]) == {"training": {"train": 2}, "evaluation": {"test": 1}, "shared": 0}


def stored(folder, **pictures):
    """An index of stored pictures, each of a photograph of its own name."""
    folder.mkdir(parents=True)
    rows = []
    for name, image in pictures.items():
        image.resize((96, 64)).save(folder / f"{len(rows):04d}.png")
        rows.append({"file": f"{len(rows):04d}.png", "origin": f"{name}.jpg", "origin_sha256": name})
    write_rows(folder / "index.csv", rows, ["file", "origin", "origin_sha256"])
    return folder / "index.csv"


def saved_anew(image, quality):
    stream = io.BytesIO()
    image.save(stream, "jpeg", quality=quality)
    return Image.open(stream)


def test_pictures_that_look_alike_are_named_with_the_nearest_first(tmp_path, capsys):
    leaves = [dead_leaves._drawn(number, (180, 120)) for number in range(8)]
    train = stored(tmp_path / "train", **{f"t{n}": leaf for n, leaf in enumerate(leaves[:5])})
    worse = saved_anew(leaves[1].resize((60, 40)), 40)
    mirrored = ImageOps.mirror(saved_anew(leaves[3], 90))
    test = stored(tmp_path / "test", other=leaves[6], worse=worse, mirrored=mirrored, another=leaves[7])
    given = {"training": train, "evaluation": test}
    assert run_step("check_splits", {}, given, {"splits": tmp_path / "splits.json"}, threads=2) == 0
    assert "warning: 2 photographs of training look like one" in capsys.readouterr().out
    near = read_json(tmp_path / "splits.json")["near"]
    found = {(pair["origin"], pair["other_origin"], pair["mirrored"]) for pair in near["pairs"]}
    assert near["number"] == 2 and found == {("t1.jpg", "worse.jpg", False), ("t3.jpg", "mirrored.jpg", True)}
    assert [pair["distance"] for pair in near["pairs"]] == sorted(pair["distance"] for pair in near["pairs"])
    assert near["pairs"][0]["training"] == "train" and near["pairs"][0]["evaluation"] == "test"


def test_pictures_of_the_same_bits_that_do_not_rise_and_fall_together_are_none(tmp_path):
    """Signs of the cosine transform are all that the hash knows; sizes of its terms make another picture."""
    random = np.random.default_rng(0)
    terms = np.zeros((64, 96))
    terms[:8, :8] = random.normal(size=(8, 8))
    pictures = []
    for changed in (np.sign(terms), np.sign(terms) * np.abs(terms) ** 2):
        values = idctn(changed)
        values = 255 * (values - values.min()) / np.ptp(values)
        pictures.append(Image.fromarray(values.round().astype(np.uint8)).convert("RGB"))
    train, test = stored(tmp_path / "train", a=pictures[0]), stored(tmp_path / "test", b=pictures[1])
    one, other = (near_duplicates._hashes(str(path.parent / "0000.png"), False) for path in (train, test))
    assert (one ^ other).bit_count() <= near_duplicates.LIMIT
    assert near_duplicates.near_duplicates([train], [test])["number"] == 0
    flat = stored(tmp_path / "flat", c=Image.new("RGB", (96, 64), (90, 90, 90)))
    assert near_duplicates.near_duplicates([flat], [flat])["number"] == 0


def test_crops_of_one_photograph_are_one_pair(tmp_path, monkeypatch):
    leaf = dead_leaves._drawn(1, (180, 120))
    train = stored(tmp_path / "train", a=leaf)
    test = stored(tmp_path / "test", b=saved_anew(leaf.resize((30, 20)), 20), c=leaf)
    rows = [row | {"origin_sha256": "b"} for row in read_rows(test)]
    write_rows(test, rows, ["file", "origin", "origin_sha256"])
    monkeypatch.setattr(near_duplicates, "_AT_ONCE", 1)
    found = near_duplicates.near_duplicates([train], [test])
    assert found["number"] == 1 and found["pairs"][0]["distance"] == 0 and found["pairs"][0]["other"].endswith("1.png")


def test_a_shared_photograph_is_named_with_both_sets(tmp_path):
    train = [index(tmp_path / "train", cat="1", dog="2"), index(tmp_path / "train_too", cow="4")]
    test = [index(tmp_path / "test", bird="3"), index(tmp_path / "other_test", renamed_cow="4")]
    with pytest.raises(LacunaError, match="renamed_cow is in the training set train_too and .* set other_test"):
        check_splits(train, test)


def test_sets_of_one_name_do_not_hide_each_other(tmp_path):
    train = [index(tmp_path / "a/train", cat="1"), index(tmp_path / "b/train", dog="2")]
    with pytest.raises(LacunaError, match="two of the sets are called 'train' .*b/train/index.csv"):
        check_splits(train, [index(tmp_path / "c/test", cat="1")])
