"""NVIDIA's masks: the archives' layout, two polarities, six bins, with and without the constraint at the border."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from lacuna.config.sections import MaskSet
from lacuna.data.images import read_mask
from lacuna.data.indexes import read_index
from lacuna.data.mask_downloads import NVIDIA
from lacuna.data.masks.building import make_masks
from lacuna.data.masks.nvidia import is_constrained
from lacuna.errors import LacunaError
from lacuna.files import read_json
from lacuna.keys import check
from lacuna.plan import Plan
from tests.data.stand_ins import pack, unpack
from tests.workflow.conftest import SMALL

SIDE, MARGIN = 128, 13  # 50 of 512 pixels are 12.5 of 128
SETTINGS = {"name": "given", "kind": "nvidia", "count": None, "seed": 3, "image_size": [48, 40]}
SETTINGS |= {"coverage": [0.01, 0.6], "bins": 6}
BINS = ["0.01-0.10", "0.10-0.20", "0.20-0.30", "0.30-0.40", "0.40-0.50", "0.50-0.60"]


def png(hole: np.ndarray, black: bool) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.where(hole != black, 255, 0).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def holes() -> list[np.ndarray]:
    """Four a bin, by bin as theirs: the first two keep away from the border, the others begin in a corner."""
    found = []
    for number in range(24):
        level, which = divmod(number, 4)
        area = (level + 0.35 + 0.1 * which) / 10 * SIDE**2
        hole = np.zeros((SIDE, SIDE), bool)
        top, left, height = (MARGIN, MARGIN + which, SIDE - 2 * MARGIN) if which < 2 else (0, 0, SIDE - 1 - which)
        hole[top : top + height, left : left + round(area / height)] = True
        found.append(hole)
    return found


def members(split: str) -> dict[str, bytes]:
    """As in the archives; the test set has other files beside the masks."""
    if split == "test":
        named = {f"mask/testing_mask_dataset/{i:05d}.png": png(hole, False) for i, hole in enumerate(holes())}
        return {**named, "mask/readme.txt": b"masks", "__MACOSX/mask/testing_mask_dataset/._00000.png": b"x"}
    return {f"irregular_mask/disocclusion_img_mask/{i + 1:05d}.png": png(hole, True) for i, hole in enumerate(holes())}


@pytest.fixture(scope="module")
def copies(tmp_path_factory) -> Path:
    """`packed/` with both archives, `unpacked/` with what is in both, `inner/` with the test masks alone."""
    folder = tmp_path_factory.mktemp("nvidia")
    pack(folder / "packed/test_mask.zip", members("test"))
    pack(folder / "packed/irregular_mask.zip", members("train"))
    unpack(folder / "unpacked", {**members("test"), **members("train")})
    unpack(folder / "inner", {Path(name).name: data for name, data in members("test").items() if "testing" in name})
    (folder / "inner/._00000.png").unlink()
    return folder


def made(folder: Path, **keys) -> tuple[list[dict], list[np.ndarray], dict]:
    make_masks(SETTINGS | keys, folder / "index.csv")
    rows = read_index(folder / "index.csv", "file", "origin", "bin", "coverage")
    return rows, [read_mask(folder / row["file"]) for row in rows], read_json(folder / "card.json")


@pytest.mark.parametrize("copy", ["packed", "packed/test_mask.zip", "unpacked", "inner"])
def test_the_test_masks_are_the_same_from_every_form_of_a_copy(copies, tmp_path, copy):
    rows, masks, card = made(tmp_path / "set", path=str(copies / copy))
    assert card["bins"] == dict.fromkeys(BINS, 4) and card["n"] == 24
    assert [row["bin"] for row in rows] == [label for label in BINS for _ in range(4)]
    for row, mask in zip(rows, masks, strict=True):  # white is hole
        hole = holes()[int(Path(row["origin"]).stem)]
        assert mask.mean() == pytest.approx(hole.mean(), abs=0.03) and mask.shape == (40, 48)
        assert mask[20, 12] == hole[65, 33] and mask[1, 1] == hole[4, 4]
    reference, _, same = made(tmp_path / "again", path=str(copies / "packed"))
    assert [row["sha256"] for row in rows] == [row["sha256"] for row in reference] and card["digest"] == same["digest"]


@pytest.mark.parametrize("copy", ["packed", "packed/irregular_mask.zip", "unpacked"])
def test_of_the_training_masks_black_is_hole(copies, tmp_path, copy):
    rows, masks, _ = made(tmp_path / "set", path=str(copies / copy), split="train")
    assert len(rows) == 24 and all("disocclusion_img_mask" in row["origin"] for row in rows)
    for row, mask in zip(rows, masks, strict=True):
        hole = holes()[int(Path(row["origin"]).stem) - 1]
        assert mask.mean() == pytest.approx(hole.mean(), abs=0.03) and mask[20, 12] == hole[65, 33]


@pytest.mark.parametrize(("border", "which"), [("constrained", {0, 1}), ("unconstrained", {2, 3})])
def test_half_of_each_bin_keeps_away_from_the_border(copies, tmp_path, border, which):
    rows, masks, card = made(tmp_path / "set", path=str(copies / "packed"), border=border)
    assert card["bins"] == dict.fromkeys(BINS, 2)
    assert {int(Path(row["origin"]).stem) % 4 for row in rows} == which
    assert all(mask[0].any() == (border == "unconstrained") for mask in masks)


def test_the_constraint_is_fifty_of_512_pixels_on_every_side():
    for side in ("top", "bottom", "left", "right"):
        for distance, constrained in ((50, True), (49, False)):
            hole = np.zeros((512, 512), bool)
            row, column = {
                "top": (distance, 200),
                "bottom": (511 - distance, 200),
                "left": (300, distance),
                "right": (300, 511 - distance),
            }[side]
            hole[row, column] = True
            assert is_constrained(hole) == constrained, (side, distance)


def test_a_number_is_drawn_from_each_bin_and_the_card_says_whose_they_are(copies, tmp_path):
    rows, _, card = made(tmp_path / "set", path=str(copies / "packed"), count=12)
    assert card["bins"] == dict.fromkeys(BINS, 2) and len({row["origin"] for row in rows}) == 12
    assert card["published"]["licence"] == NVIDIA.licence and "non-commercial" in card["published"]["terms"]


def test_mistakes_are_one_sentence(copies, tmp_path):
    swapped = pack(tmp_path / "test_mask.zip", {
        name: png(hole, True) for name, hole in zip(members("test"), holes(), strict=False)
    })  # fmt: skip
    other = pack(tmp_path / "other.zip", {"masks/a.png": png(holes()[0], False)})
    broken = pack(tmp_path / "broken.zip", {"mask/testing_mask_dataset/00000.png": b"\x89PNG\r\n\x1a\n"})
    for keys, sentence in [
        ({"path": str(swapped)}, "looks inverted.*not the masks of the split test as they are published"),
        ({"path": str(other)}, "holds no masks of the split test"),
        ({"path": str(copies / "packed/irregular_mask.zip")}, "holds no masks of the split test"),
        ({"path": str(broken)}, "00000.png in .*broken.zip cannot be read"),
        (
            {"path": str(tmp_path / "nowhere")},
            "is not there; correct the path, or run 'lacuna fetch-data nvidia_masks'",
        ),
    ]:
        with pytest.raises(LacunaError, match=sentence):
            make_masks(SETTINGS | keys, tmp_path / "set/index.csv")
    with pytest.raises(LacunaError, match="only the test masks are made so"):
        keys = {"kind": "nvidia", "path": "x", "count": 3, "split": "train", "border": "constrained"}
        check(keys, MaskSet, "mask_sets.given")


def test_the_plan_sees_changed_masks_and_not_touched_ones(copies, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(copies, tmp_path / "copies")

    def digest(path: str) -> str:
        given = {"kind": "nvidia", "path": path, "count": 3, "bins": 3}
        changes = {"mask_sets": {**SMALL["mask_sets"], "few": given}, "test_sets": ["rockets"]}
        return Plan({**SMALL, **changes}).make_masks("few").digest

    for path in ("copies/packed/test_mask.zip", "copies/packed", "copies/unpacked"):
        before = digest(path)
        touched = tmp_path / path if path.endswith("zip") else next((tmp_path / path).rglob("*_mask*"))
        touched.touch()
        assert digest(path) == before
    packed, unpacked = digest("copies/packed"), digest("copies/unpacked")
    pack(tmp_path / "copies/packed/test_mask.zip", members("test") | {"mask/more.txt": b"more"})
    (tmp_path / "copies/unpacked/mask/testing_mask_dataset/00000.png").unlink()
    assert digest("copies/packed") != packed and digest("copies/unpacked") != unpacked
    packed = digest("copies/packed")
    (tmp_path / "copies/packed/irregular_mask.zip").write_bytes(b"of the other split")
    assert digest("copies/packed") == packed
    with pytest.raises(LacunaError, match="is not there"):
        digest("nowhere")


def test_the_config_of_the_documents_is_one(copies, tmp_path, monkeypatch):
    """What docs/masks.md shows."""
    text = Path(__file__).parents[2].joinpath("docs/masks.md").read_text()
    shown = text.partition("NVIDIA's irregular masks")[2].partition("```yaml\n")[2].partition("```")[0]
    for entry in yaml.safe_load(shown)["mask_sets"].values():
        check(entry, MaskSet, "mask_sets.some")
