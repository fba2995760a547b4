"""Scoring a folder: pairing, composites, regions, refusals, and the same bytes twice."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.metrics import scoring
from lacuna.metrics.facts import METRICS
from lacuna.metrics.scoring import score_rows
from lacuna.metrics.triples import paired_files
from tests.steps import run_step

SIZE = (26, 40)  # height, width
N = 19  # more than one batch


@pytest.fixture
def folder(tmp_path):
    """Nineteen pictures, asymmetric masks (the first has no hole) and raw predictions, with list and index."""
    random = np.random.default_rng(3)
    lines, rows = [], []
    for name in ("images", "masks", "predictions"):
        (tmp_path / name).mkdir()
    for number in range(N):
        image, mask, file = (tmp_path / f"{name}/{number:04d}.png" for name in ("images", "masks", "predictions"))
        truth = random.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        hole = np.zeros(SIZE, np.uint8)
        hole[2:8, 5 : 5 + number] = 255
        raw = np.clip(truth + random.integers(-30, 31, truth.shape), 0, 255).astype(np.uint8)
        for path, array in ((image, truth), (mask, hole), (file, raw)):
            Image.fromarray(array).save(path)
        lines.append(f"{image}\t{mask}\n")
        rows.append({"file": file.name, "image": str(image), "mask": str(mask)})
    (tmp_path / "list.txt").write_text("".join(lines))
    write_rows(tmp_path / "predictions/index.csv", rows, ["file", "image", "mask"])
    return tmp_path


def settings(**changes):
    return {"system": "telea", "source": "untrained", "test_set": "paris_test", "metrics": ["psnr", "l1"]} | changes


def score(folder, **changes):
    return pd.DataFrame(list(score_rows(settings(**changes), files_of(folder), folder)))


def files_of(folder):
    return paired_files(folder / "list.txt", folder / "predictions/index.csv")


def test_every_combination_has_one_row_except_empty_holes(folder):
    rows = score(folder)
    counts = rows.groupby(["prediction", "region", "metric"]).size()
    assert counts["raw", "image", "psnr"] == counts["composite", "image", "l1"] == N
    assert counts["raw", "hole", "psnr"] == counts["composite", "hole", "l1"] == N - 1
    assert counts["raw", "boundary", "psnr"] == N - 1
    assert not rows.duplicated(["image", "prediction", "region", "metric"]).any()


def test_values_of_one_picture_by_hand(folder):
    number = 17  # in the second batch
    truth, mask, raw = (
        np.asarray(Image.open(folder / f"{name}/{number:04d}.png")).astype(float) / 255
        for name in ("images", "masks", "predictions")
    )
    rows = score(folder)
    mine = rows[rows.image == str(folder / f"images/{number:04d}.png")]
    values = mine.set_index(["prediction", "region", "metric"]).value
    hole = mask == 1
    squares, errors = (raw - truth) ** 2, abs(raw - truth)
    assert mine.coverage.unique() == pytest.approx([6 * number / (26 * 40)])
    assert values["raw", "image", "psnr"] == pytest.approx(-10 * math.log10(squares.mean()))
    assert values["raw", "hole", "psnr"] == pytest.approx(-10 * math.log10(squares[hole].mean()))
    assert values["raw", "hole", "l1"] == pytest.approx(errors[hole].mean())
    band = np.zeros(SIZE, bool)  # one pixel to either side of the hole at rows 2-7, columns 5-21
    band[1:9, 4:23] = True
    band[3:7, 6:21] = False
    assert values["raw", "boundary", "l1"] == pytest.approx(errors[band].mean())
    # outside the hole the composite is the image itself
    assert values["composite", "image", "l1"] == pytest.approx(errors[hole].sum() / errors.size)
    assert values["composite", "hole", "l1"] == pytest.approx(values["raw", "hole", "l1"])


def test_a_mask_without_hole_makes_a_perfect_composite(folder):
    rows = score(folder)
    first = rows[(rows.image == str(folder / "images/0000.png")) & (rows.prediction == "composite")]
    assert first.set_index("metric").value.to_dict() == {"psnr": 100.0, "l1": 0.0}


def scored(folder, test_sets, outputs):
    chosen = {"system": "telea", "source": "untrained", "test_sets": test_sets, "metrics": ["psnr", "ssim"]}
    inputs = {
        "pairs": [folder / "list.txt"] * len(test_sets),
        "predictions": [folder / "predictions/index.csv"] * len(test_sets),
    }
    return run_step("score", chosen, inputs, {"scores": [folder / name for name in outputs]})


def test_every_test_set_has_a_file_of_its_own_with_the_same_bytes_twice(folder):
    assert scored(folder, ["paris_test", "FFHQ_test"], ["a.parquet", "other.parquet"]) == 0
    assert scored(folder, ["paris_test"], ["b.parquet"]) == 0
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "a.parquet"), score(folder, metrics=["psnr", "ssim"]))
    other = score(folder, metrics=["psnr", "ssim"], test_set="FFHQ_test")
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "other.parquet"), other)


def test_every_test_set_needs_its_files(folder, capsys):
    assert scored(folder, ["paris_test", "FFHQ_test"], ["a.parquet"]) == 1
    assert "there are 2 test sets, but 2 pairs, 2 predictions, 1 scores" in capsys.readouterr().err
    assert not (folder / "a.parquet").exists()


def test_a_missing_prediction_is_named(folder):
    (folder / "predictions/0005.png").unlink()
    with pytest.raises(LacunaError, match="0005.png cannot be read .*No such file"):
        score(folder)


def test_a_prediction_of_another_size_is_named(folder):
    Image.new("RGB", (26, 40)).save(folder / "predictions/0018.png")
    with pytest.raises(
        LacunaError, match="predictions/0018.png is 26×40 pixels, but its image .*images/0018.png is 40×26"
    ):
        score(folder)


def test_a_prediction_that_is_no_picture_is_named(folder):
    (folder / "predictions/0003.png").write_text("no picture")
    with pytest.raises(LacunaError, match="0003.png cannot be read"):
        score(folder)


def test_mispaired_predictions_are_refused(folder):
    lines = (folder / "list.txt").read_text().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]
    (folder / "list.txt").write_text("".join(lines))
    with pytest.raises(LacunaError, match="line 2 of .*list.txt pairs .*0002.png"):
        score(folder)


def test_another_number_of_predictions_is_refused(folder):
    lines = (folder / "list.txt").read_text().splitlines(keepends=True)
    (folder / "list.txt").write_text("".join(lines[:-1]))
    with pytest.raises(LacunaError, match="lists 19 predictions, but .* has 18 pairs"):
        score(folder)


def test_soft_masks_are_read_at_128(folder):
    before = score(folder)
    with Image.open(folder / "masks/0004.png") as mask:
        soft = np.where(np.asarray(mask) == 255, 128, 127).astype(np.uint8)
    Image.fromarray(soft).save(folder / "masks/0004.png")
    pd.testing.assert_frame_equal(score(folder), before)


def test_a_value_that_is_not_finite_is_refused(folder, monkeypatch):
    broken = replace(METRICS["l1"], measure=lambda a, b: (np.full(a.shape[:2], math.nan), None))
    monkeypatch.setitem(METRICS, "l1", broken)
    with pytest.raises(LacunaError, match=r"l1 of .*0000.png \(raw, image\) is nan"):
        score(folder)


def test_lpips_gets_the_folder_the_device_and_batches(folder, monkeypatch):
    sizes, devices = [], set()

    def measure(predictions, truths, *, backbones, device):
        assert backbones == folder
        devices.add(device)
        assert predictions.shape == (2, *truths.shape)
        sizes.append(len(truths))
        return np.full(predictions.shape[:2], 0.5), np.full(predictions.shape[:-1], 0.25)

    monkeypatch.setitem(METRICS, "lpips_alex", replace(METRICS["lpips_alex"], measure=measure))
    rows = score(folder, metrics=["lpips_alex"])
    assert sizes == [4, 4, 4, 4, 3]
    assert set(rows[rows.region == "image"].value) == {0.5}
    assert set(rows[rows.region != "image"].value) == {0.25}
    assert devices == {"cpu"}
    list(score_rows(settings(metrics=["psnr", "lpips_alex"]), files_of(folder), folder, device="cuda:1"))
    assert devices == {"cpu", "cuda:1"}


def test_threads_change_nothing(folder):
    chosen = settings(metrics=["psnr", "ssim"])
    one, three = (list(score_rows(chosen, files_of(folder), folder, threads)) for threads in (1, 3))
    assert one == three and len(one) > 100


def test_images_may_differ_in_size_from_one_another(folder):
    for name in ("images", "masks", "predictions"):
        path = folder / name / "0003.png"
        with Image.open(path) as picture:
            picture.resize((22, 31), Image.Resampling.NEAREST).save(path)
    before = score(folder).image.drop_duplicates().tolist()
    assert before == [str(folder / f"images/{number:04d}.png") for number in range(N)]


def test_large_images_are_held_in_small_numbers(folder, monkeypatch):
    expected, sizes, measure = score(folder), [], METRICS["l1"].measure
    monkeypatch.setattr(scoring, "BATCH_PIXELS", 3 * 26 * 40 + 1)
    counting = replace(METRICS["l1"], measure=lambda a, b: sizes.append(len(b)) or measure(a, b))
    monkeypatch.setitem(METRICS, "l1", counting)
    pd.testing.assert_frame_equal(score(folder), expected)
    assert sizes == [3, 1] * 4 + [3]


@pytest.mark.parametrize("text, message", [("", "is empty"), ("a.png b.png\n", "line 1 of .* is not")])
def test_a_broken_list_is_refused(folder, text, message):
    (folder / "list.txt").write_text(text)
    with pytest.raises(LacunaError, match=message):
        score(folder)


@pytest.mark.parametrize("most", [1, 400, 500])
def test_large_images_are_scored_part_by_part_with_the_same_values(folder, monkeypatch, most):
    metrics = ["psnr", "ssim", "l1", "l2"]
    expected = score(folder, metrics=metrics)
    monkeypatch.setattr(scoring, "TILED_FROM", SIZE[0] * SIZE[1] - 1)
    monkeypatch.setattr(scoring, "BATCH_PIXELS", most)
    monkeypatch.setattr(scoring, "SMALLEST_STRIP", 4)
    asked = []
    for name in ("ssim", "psnr"):
        metric, original = scoring.metric_by_name(name), scoring.metric_by_name(name).measure
        watching = replace(metric, measure=lambda a, b, original=original: asked.append(b.shape[1]) or original(a, b))
        monkeypatch.setitem(METRICS, name, watching)
    found = score(folder, metrics=metrics)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)
    assert max(asked) < SIZE[0]
