"""Lists of pairs: written by us and by anybody."""

import os

import numpy as np
import pytest
from PIL import Image

from lacuna.data.lists import Pair, read_list, write_list
from lacuna.data.pairing import pair
from lacuna.errors import LacunaError
from lacuna.files import write_rows
from tests.steps import run_step


def index(folder, number):
    write_rows(folder / "index.csv", [{"file": f"{i:04d}.png"} for i in range(number)], ["file"])
    return folder / "index.csv"


def test_paired_gives_every_image_its_own_mask(tmp_path):
    images, masks = index(tmp_path / "i", 9), index(tmp_path / "m", 9)
    pairs, _ = pair({"name": "x", "mode": "paired"}, images, masks)
    assert [p.image for p in pairs] == [f"{tmp_path}/i/{i:04d}.png" for i in range(9)]
    assert {p.mask for p in pairs} == {f"{tmp_path}/m/{i:04d}.png" for i in range(9)}
    assert [p.mask for p in pairs] != sorted(p.mask for p in pairs)
    assert pair({"name": "x", "mode": "paired"}, images, masks) == (pairs, [])
    assert pair({"name": "y", "mode": "paired"}, images, masks)[0] != pairs
    assert pair({"name": "x", "mode": "paired", "seed": 1}, images, masks)[0] != pairs


@pytest.mark.parametrize("numbers", [(5, 12), (12, 5), (7, 7)])
def test_drawn_lists_everything(tmp_path, numbers):
    pairs, _ = pair(
        {"name": "x", "mode": "drawn"}, index(tmp_path / "i", numbers[0]), index(tmp_path / "m", numbers[1])
    )
    assert len(pairs) == max(numbers)
    assert len({p.image for p in pairs}) == numbers[0]
    assert len({p.mask for p in pairs}) == numbers[1]


def test_pairing_errors(tmp_path):
    images, masks = index(tmp_path / "i", 5), index(tmp_path / "m", 4)
    with pytest.raises(LacunaError, match="pairs 5 images of .*i with 4 masks of .*m"):
        pair({"name": "x", "mode": "paired"}, images, masks)
    with pytest.raises(LacunaError, match="choose paired or drawn"):
        pair({"name": "x", "mode": "random"}, images, masks)
    with pytest.raises(LacunaError, match="lists no files"):
        pair({"name": "x", "mode": "drawn"}, images, index(tmp_path / "none", 0))


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The working directory, with an image, two that are stored lying down, and their mask."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (12, 8)).save("image.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 12)).save("lying.jpg", exif=exif)
    Image.new("RGB", (8, 12)).save("lying.tif", exif=exif)
    mask = np.zeros((8, 12), np.uint8)
    mask[2:5, 3:9] = 255
    Image.fromarray(mask).save("mask.png")
    Image.fromarray(mask[:, :10]).save("narrow.png")
    Image.fromarray(mask // 2).save("soft.png")
    Image.fromarray(mask // 255).save("zero_one.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    return tmp_path


def test_round_trip_by_command(files):
    pairs = [Pair(image, "mask.png") for image in ("image.png", "lying.jpg", "lying.tif")]
    write_list("list.txt", pairs)
    assert read_list("list.txt") == pairs
    write_rows("images.csv", [{"file": "image.png"}], ["file"])
    write_rows("masks.csv", [{"file": "mask.png"}], ["file"])
    given = {"images": "images.csv", "masks": "masks.csv"}
    assert run_step("pair", {"name": "x", "mode": "paired"}, given, {"list": "lists/x.txt"}) == 0
    assert (files / "lists/x.txt").read_text() == "image.png\tmask.png\n"


def test_no_image_is_paired_with_itself(files, capsys):
    write_rows("images.csv", [{"file": "image.png"}], ["file"])
    (files / "link.png").symlink_to("image.png")
    given = {"images": "images.csv", "masks": "masks.csv"}
    for name in ("image.png", "link.png"):
        write_rows("masks.csv", [{"file": name}], ["file"])
        assert run_step("pair", {"name": "x", "mode": "paired"}, given, {"list": "x.txt"}) == 1
        assert "are one and the same" in capsys.readouterr().err
        assert not (files / "x.txt").exists()
        (files / "list.txt").write_text(f"image.png\t{name}\n")
        with pytest.raises(LacunaError, match="are one and the same"):
            read_list("list.txt", validate=False)


def test_names_that_are_not_utf8_stand_in_a_list_as_they_are(files):
    name = os.fsdecode(b"caf\xe9.png")
    (files / "image.png").rename(files / name)
    write_list("list.txt", [Pair(name, "mask.png")])
    assert (files / "list.txt").read_bytes() == b"caf\xe9.png\tmask.png\n"
    assert read_list("list.txt") == [Pair(name, "mask.png")]
    with pytest.raises(LacunaError, match="cannot stand in a list"):
        write_list("list.txt", [Pair("a\tb.png", "mask.png")])


def test_anybodys_list(files):
    (files / "list.txt").write_bytes(b"\xef\xbb\xbfimage.png\tmask.png\r\n\r\nimage.png\tmask.png")
    assert read_list("list.txt") == [Pair("image.png", "mask.png")] * 2


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("image.png mask.png", "line 3 of list.txt is not image<TAB>mask"),
        ("image.png\t", "line 3 of list.txt is not image<TAB>mask"),
        ("image.png\tmask.png\t1", "the truth 1 in line 3 of list.txt does not exist"),
        ("image.png\tmask.png\timage.png\timage.png", "line 3 of list.txt is not image<TAB>mask"),
        ("missing.png\tmask.png", "the image missing.png in line 3 of list.txt does not exist"),
        ("image.png\tmissing.png", "the mask missing.png in line 3 of list.txt does not exist"),
        ("image.png\tnarrow.png", "line 3 of list.txt: the image image.png is 12x8 but the mask narrow.png is 10x8"),
        (
            "image.png\tsoft.png",
            "line 3 of list.txt: the mask soft.png holds 1 values other than 0 and 255, such as 127",
        ),
        ("image.png\tzero_one.png", "line 3 of list.txt: the mask zero_one.png holds 0 and 1"),
        ("broken.png\tmask.png", "the image broken.png in line 3 of list.txt cannot be read"),
        ("image.png\tbroken.png", "line 3 of list.txt: the mask broken.png cannot be read"),
    ],
)
def test_mistakes_are_named_with_their_line(files, line, sentence):
    (files / "list.txt").write_text(f"image.png\tmask.png\n\n{line}\n")
    with pytest.raises(LacunaError, match=sentence):
        read_list("list.txt")


def test_no_list_and_an_empty_one(files):
    with pytest.raises(LacunaError, match="nowhere.txt cannot be read"):
        read_list("nowhere.txt")
    (files / "list.txt").write_text("\n")
    with pytest.raises(LacunaError, match="list.txt is empty"):
        read_list("list.txt")
