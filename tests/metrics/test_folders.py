"""Any folders: pairing by stem, refusals, and the command."""

import csv

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.metrics.folders import paired_by_stem
from lacuna.metrics.scoring import COLUMNS

NAMES = ["b", "a", "10", "9", "photo.of.me"]


@pytest.fixture
def folders(tmp_path):
    """Truths as JPEG, predictions as PNG, of two sizes; only the names say what belongs together."""
    random = np.random.default_rng(6)
    for folder in ("truth", "predictions", "masks"):
        (tmp_path / folder).mkdir()
    for number, name in enumerate(NAMES):
        shape = (33, 47, 3) if number < 3 else (20, 29, 3)
        truth = random.integers(0, 256, shape, dtype=np.uint8)
        mask = np.zeros(shape[:2], np.uint8)
        mask[3:9, 2 : 4 + number] = 255
        Image.fromarray(truth).save(tmp_path / f"truth/{name}.jpg")
        with Image.open(tmp_path / f"truth/{name}.jpg") as stored:
            Image.fromarray(np.asarray(stored) ^ np.uint8(number)).save(tmp_path / f"predictions/{name}.png")
        Image.fromarray(mask).save(tmp_path / f"masks/{name}.png")
    (tmp_path / "masks" / "LICENCE.txt").write_text("not a picture")
    return tmp_path


def arguments(folders, output, *more):
    named = [f"--{name}={folders / name}" for name in ("truth", "predictions", "masks")]
    return ["score", *named, f"--output={folders / output}", *more]


def test_files_are_paired_by_stem_whatever_their_order_and_ending(folders):
    pairs, notes = paired_by_stem(*(folders / name for name in ("truth", "predictions", "masks")))
    assert notes == [f"passed over 1 of the files in {folders / 'masks'} that are no pictures: LICENCE.txt"]
    assert [image.rpartition("/")[2] for image, _, _ in pairs] == [f"{name}.jpg" for name in sorted(NAMES)]
    for name, (_, mask, prediction) in zip(sorted(NAMES), pairs, strict=True):
        assert mask.endswith(f"masks/{name}.png") and prediction.endswith(f"predictions/{name}.png")


def test_the_command_writes_rows_as_parquet_and_as_csv(folders, capsys):
    assert main(arguments(folders, "rows.parquet")) == 0
    assert main(arguments(folders, "rows.csv", "--threads=2")) == 0
    assert "scored 5 images" in capsys.readouterr().out
    rows = pd.read_parquet(folders / "rows.parquet")
    pd.testing.assert_frame_equal(pd.read_csv(folders / "rows.csv", dtype={"image": str}), rows)
    assert list(rows.columns) == COLUMNS
    assert set(rows.metric) == {"psnr", "ssim", "l1"}
    assert set(zip(rows.system, rows.source, rows.test_set, strict=True)) == {("predictions", "external", "truth")}
    l1 = rows[(rows.metric == "l1") & (rows.prediction == "raw") & (rows.region == "image")].set_index("image").value
    # prediction `number` differs from its own truth by at most `number` levels, from any other by far more
    for number, name in enumerate(NAMES):
        value = l1[str(folders / f"truth/{name}.jpg")]
        assert value == 0 if number == 0 else 0 < value <= number / 255


def test_names_and_metrics_can_be_chosen(folders):
    assert main(arguments(folders, "rows.csv", "--system", "theirs", "--metrics", "l2")) == 0
    with (folders / "rows.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["system"], row["metric"]) for row in rows} == {("theirs", "l2")}


def test_what_does_not_pair_is_refused_with_examples(folders, capsys):
    (folders / "predictions/9.png").unlink()
    for number in range(4):
        Image.new("RGB", (5, 5)).save(folders / f"truth/extra_{number}.png")
    assert main(arguments(folders, "rows.csv")) == 1
    error = capsys.readouterr().err
    assert "5 of the file stems do not pair (9 truth, 5 masks, 4 predictions)" in error
    assert f"9 is not in {folders / 'predictions'}" in error and "and 2 more" in error
    assert len(error.strip().splitlines()) == 1
    assert not (folders / "rows.csv").exists()


def test_two_files_of_one_stem_are_refused(folders):
    Image.new("RGB", (5, 5)).save(folders / "predictions/a.webp")
    with pytest.raises(LacunaError, match="holds a.png and a.webp, which have one file stem"):
        paired_by_stem(folders / "truth", folders / "predictions", folders / "masks")


def test_a_prediction_of_another_size_is_refused(folders, capsys):
    Image.new("RGB", (29, 21)).save(folders / "predictions/9.png")
    assert main(arguments(folders, "rows.csv")) == 1
    assert "predictions/9.png is 29×21 pixels, but its image" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "--masks is missing"),
        (["--set-metrics", "fid", "--metrics", "psnr"], "--masks is missing"),
        (["--set-metrics", "fid", "--invert-masks"], "--masks is missing"),
    ],
)
def test_masks_are_asked_for_where_images_are_scored(given, said, capsys):
    assert main(["score", "--truth=a", "--predictions=p", "--output=rows.csv", *given]) == 1
    assert said in capsys.readouterr().err


def test_the_truth_is_asked_for(capsys):
    with pytest.raises(SystemExit):
        main(["score", "--predictions=p", "--output=rows.csv", "--masks=a"])
    assert "required: --truth" in capsys.readouterr().err


def test_another_format_is_refused_before_the_work(folders, capsys):
    assert main(arguments(folders, "rows.xlsx", "--metrics", "nonsense")) == 1
    assert ".csv or .parquet" in capsys.readouterr().err
