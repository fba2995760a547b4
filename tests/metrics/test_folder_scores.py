"""`lacuna score` of any folders: the right hole, the right pairs, and what is said."""

import os
import unicodedata

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna import folder_scores
from lacuna.cli import main

SIZE = (40, 52)


def hole(number: int) -> np.ndarray:
    """bool 40×52: another place and size each, in no axis' middle."""
    mask = np.zeros(SIZE, bool)
    mask[4 + 3 * number : 15 + 4 * number, 6 : 14 + 5 * number] = True
    return mask


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (*SIZE, 3), dtype=np.uint8)


def predicted(number: int) -> np.ndarray:
    """The truth with another value in the hole alone."""
    return np.where(hole(number)[..., None], np.uint8((90 + 20 * number) % 256), picture(number))


def psnr_of_hole(number: int) -> float:
    error = (picture(number)[hole(number)].astype(float) - (90 + 20 * number)) / 255
    return float(10 * np.log10(1 / (error**2).mean()))


def save(path, values, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path, **options)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(here, truth="truth/{}.png", pred="pred/{}.png", mask="mask/{}.png", names=("a", "b", "c"), invert=False):
    for number, name in enumerate(names):
        save(here / truth.format(name), picture(number))
        save(here / pred.format(name), predicted(number))
        if mask:
            save(here / mask.format(name), np.where(hole(number) != invert, 255, 0).astype(np.uint8))


def score(*more, masks="mask", metrics=("--metrics", "psnr")) -> int:
    return main(["score", "--truth=truth", "--predictions=pred", f"--masks={masks}", "--output=s.csv", *metrics, *more])


def holes() -> list[float]:
    rows = pd.read_csv("s.csv")
    return rows[(rows.metric == "psnr") & (rows.region == "hole") & (rows.prediction == "raw")].value.tolist()


RIGHT = pytest.approx([psnr_of_hole(number) for number in range(3)])


def test_inverted_masks_are_refused_and_read_when_told(here, capsys):
    make(here, invert=True)
    assert score() == 1
    assert "masks look inverted" in capsys.readouterr().err and not (here / "s.csv").exists()
    assert score("--invert-masks") == 0
    assert holes() == RIGHT
    make(here)
    assert score("--invert-masks") == 1
    assert "leave --invert-masks out" in capsys.readouterr().err


def test_a_large_mean_coverage_is_warned_about(here, capsys):
    make(here, invert=True)
    for number, name in enumerate("abc"):
        save(here / f"pred/{name}.png", picture(number) ^ np.uint8(3))
    assert score() == 0
    said = capsys.readouterr().err
    assert "on average, so that the masks look inverted: add --invert-masks" in said


def test_masks_without_a_hole_and_pictures_among_masks_are_said(here, capsys):
    make(here)
    save(here / "mask/b.png", np.zeros(SIZE, np.uint8))
    save(here / "mask/c_mask.png", hole(2).astype(np.uint8) * 255)
    assert score() == 0
    said = capsys.readouterr().err
    assert "1 of 3 masks have no hole" in said
    assert "1 of 4 files in mask are taken for pictures beside their masks: c.png" in said
    assert holes() == pytest.approx([psnr_of_hole(0), psnr_of_hole(2)])


def test_predictions_that_are_the_truth_are_noticed(here, capsys):
    make(here)
    for number, name in enumerate("abc"):
        save(here / f"pred/{name}.png", picture(number))
    assert score() == 0
    assert "3 of 3 predictions equal the truth in the whole hole" in capsys.readouterr().err
    make(here)
    assert score() == 0
    assert "equal the truth" not in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["jpeg", "webp", "soft", "sixteen"])
def test_masks_between_black_and_white_are_read_at_128(here, capsys, kind):
    make(here, mask="")
    for number, name in enumerate("abc"):
        values = np.where(hole(number), 255, 0).astype(np.uint8)
        if kind in ("soft", "sixteen"):
            values = np.where(hole(number), 128, 127).astype(np.uint8)
            values = values.astype(np.uint16) * 257 if kind == "sixteen" else values
        suffix = {"jpeg": "jpg", "webp": "webp"}.get(kind, "png")
        save(here / f"mask/{name}.{suffix}", values, **({"quality": 60} if suffix != "png" else {}))
    assert score() == 0
    assert holes() == (RIGHT if suffix == "png" else pytest.approx([psnr_of_hole(n) for n in range(3)], abs=0.4))
    assert capsys.readouterr().err.count("3 of 3 masks hold values between black and white") == 1


@pytest.mark.parametrize("layout", ["same", "suffix", "lama", "places", "nfd", "one_folder", "subfolders"])
def test_layouts(here, layout):
    names = ("a/00000001", "c/00000001", "c/2") if layout == "places" else ("a", "b", "c")
    if layout == "nfd":
        names = ("éa", "éb", "éc")
    make(here, names=names, mask="" if layout in ("suffix", "lama", "nfd", "one_folder") else "mask/{}.png")
    form = unicodedata.normalize
    for number, name in enumerate(names):
        mask = hole(number).astype(np.uint8) * 255
        if layout == "suffix":
            save(here / f"mask/{name}_mask.png", mask)
        if layout == "lama":
            save(here / f"mask/{name}_mask00{number}.png", mask)
            (here / f"pred/{name}.png").rename(here / f"pred/{name}_mask00{number}.png")
        if layout == "nfd":
            save(here / "mask" / form("NFD", f"{name}.png"), mask)
            (here / f"pred/{name}.png").rename(here / "pred" / form("NFD", f"{name}.png"))
        if layout == "one_folder":
            save(here / f"truth/{name}_mask.png", mask)
        if layout == "subfolders" and number:
            for folder in ("truth", "pred", "mask"):
                (here / folder / "more").mkdir(exist_ok=True)
                (here / folder / f"{name}.png").rename(here / folder / f"more/{name}.png")
    assert score(masks="truth" if layout == "one_folder" else "mask") == 0
    assert holes() == RIGHT


def test_several_masks_of_a_picture_and_one_for_all(here):
    make(here, names=("a",), mask="")
    (here / "pred/a.png").unlink()
    for number in range(3):
        save(here / f"mask/a_mask{number}.png", hole(number).astype(np.uint8) * 255)
        save(here / f"pred/a_mask{number}.png", np.where(hole(number)[..., None], np.uint8(9), picture(0)))
    assert score() == 0
    errors = [((picture(0)[hole(n)].astype(float) - 9) ** 2).mean() / 255**2 for n in range(3)]
    assert holes() == pytest.approx([10 * np.log10(1 / error) for error in errors])
    for number in (1, 2):
        (here / f"pred/a_mask{number}.png").unlink()
    assert score(masks="mask/a_mask0.png") == 0
    assert holes() == pytest.approx([10 * np.log10(1 / errors[0])])


@pytest.mark.parametrize("masks", ["truth", "pred", "linked", "copied", "hard"])
def test_no_picture_is_its_own_mask(here, capsys, masks):
    make(here)
    (here / "linked").symlink_to("truth")
    for folder in ("copied", "hard"):
        (here / folder).mkdir()
        for name in "abc":
            if folder == "hard":
                os.link(here / f"truth/{name}.png", here / f"hard/{name}.png")
            else:
                (here / f"copied/{name}.png").write_bytes((here / f"truth/{name}.png").read_bytes())
    assert score(masks=masks) == 1
    assert "are one and the same" in capsys.readouterr().err and not (here / "s.csv").exists()


@pytest.mark.parametrize("which", ["truth", "pred"])
def test_alpha_is_dropped_and_said(here, capsys, which):
    make(here)
    for number, name in enumerate("abc"):
        path = here / which / f"{name}.png"
        alpha = np.where(hole(number), 255, 0).astype(np.uint8)
        save(path, np.dstack([np.asarray(Image.open(path)), alpha]))
    assert score() == 0
    assert holes() == RIGHT
    rows = pd.read_csv("s.csv")
    whole = rows[rows.region == "image"].pivot_table(index="image", columns="prediction", values="value")
    assert (whole.raw == whole.composite).all()  # as nothing but the hole differs, whatever is transparent
    assert "3 of 3 images or their predictions have transparent pixels" in capsys.readouterr().err


def test_what_does_not_pair_shows_the_difference(here, capsys):
    make(here, names=("coffee", "cup", "a"))
    (here / "pred/coffee.png").rename(here / "pred/c\u043effee.png")  # a Cyrillic letter that looks the same
    (here / "mask/cup.png").rename(here / "mask/cup_1.png")
    assert score() == 1
    said = capsys.readouterr().err
    assert r"coffee is not in pred (the nearest there is cоffee (c\u043effee))" in said  # noqa: RUF001
    assert "cup is not in mask (the nearest there is cup_1)" in said and len(said.strip().splitlines()) == 1
    assert score(masks="nowhere") == 1
    assert "nowhere does not exist" in capsys.readouterr().err


def test_names_that_are_not_utf8_are_scored(here, capsys):
    make(here)
    for folder in ("truth", "pred", "mask"):
        (here / folder / "a.png").rename(here / folder / os.fsdecode(b"a\xe9.png"))
    for output in ("s.csv", "s.parquet"):
        assert score(f"--output={output}") == 0
    assert r"truth/a\xe9.png" in pd.read_csv("s.csv").image.tolist()
    assert r"truth/a\xe9.png" in pd.read_parquet("s.parquet").image.tolist()


def test_means_and_intervals_and_the_default_metrics(here, capsys, monkeypatch):
    make(here)
    fetched = []
    monkeypatch.setattr(folder_scores, "at_hand", lambda name, folder, say: fetched.append((name, str(folder))))
    rows = _without_networks(folder_scores.scoring.score_rows, seen := [])
    monkeypatch.setattr(folder_scores.scoring, "score_rows", rows)
    assert score("--backbones=none", metrics=()) == 0
    assert fetched == [("lpips_alex", "none")]
    assert seen == ["psnr", "ssim", "lpips_alex", "l1"]
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("PSNR") and "hole" in line)
    assert f"{np.mean([psnr_of_hole(n) for n in range(3)]):.2f}" in line and line.split()[-1] == "3" and "…" in line


def _without_networks(score_rows, seen):
    def rows(settings, *others):
        seen.extend(settings["metrics"])
        yield from score_rows({**settings, "metrics": ["psnr"]}, *others)

    return rows


def test_progress_is_said_every_few_seconds(here, capsys, monkeypatch):
    make(here)
    monkeypatch.setattr(folder_scores, "SECONDS_BETWEEN_LINES", 0)
    assert score() == 0
    assert "3 of 3 images read after" in capsys.readouterr().err


def test_metrics_in_capitals_and_the_nearest_one(here, capsys):
    make(here)
    assert score(metrics=("--metrics", "PSNR")) == 0
    assert set(pd.read_csv("s.csv").metric) == {"psnr"}
    for wrong, near in (("PSRN", "psnr"), ("lpips", "lpips_alex")):
        assert score(metrics=("--metrics", wrong)) == 1
        assert f"did you mean '{near}'?" in capsys.readouterr().err
    assert score("--set-metrics", "FDI") == 1
    assert "did you mean 'fid'?" in capsys.readouterr().err


@pytest.mark.parametrize("masked", [True, False])
def test_metrics_of_two_folders_as_sets(here, monkeypatch, capsys, masked):
    from lacuna.metrics import features

    make(here, names=tuple("abcdefghijkl"), mask="mask/{}.png" if masked else "", invert=False)
    made = {}

    def extract(files, kinds, backbones, device, invert, progress):
        for kind in kinds:
            made[kind] = np.random.default_rng(len(kind)).normal(size=(len(files), 2048)).astype(np.float32)
        return dict(made)

    monkeypatch.setattr(features, "extract", extract)
    monkeypatch.setattr(folder_scores, "at_hand", lambda name, folder, say: None)
    given = ["score", "--truth=truth", "--predictions=pred", "--output=s.csv", "--set-metrics", "fid", "KID", "u_ids"]
    assert main([*given, *(["--masks=mask", "--metrics", "psnr"] if masked else [])]) == 0
    rows = pd.read_csv("s_sets.csv" if masked else "s.csv")
    assert set(rows.metric) == {"fid", "kid", "u_ids"} and set(rows.n) == {12}
    assert set(rows.prediction) == ({"raw", "composite"} if masked else {"raw"})
    assert "FID ↓, raw: " in capsys.readouterr().out


def test_networks_compute_on_the_device(here, monkeypatch):
    make(here)
    told, score_rows = [], folder_scores.scoring.score_rows

    def rows(*given):
        told.append(given[-1])
        return score_rows(*given[:-1])

    monkeypatch.setattr(folder_scores.scoring, "score_rows", rows)
    monkeypatch.setattr("lacuna.nn.devices.named_device", lambda name: f"{name}:3")
    assert score() == score("--device=cuda") == 0
    assert told == ["cpu", "cuda:3"]
