"""Rows of several runs: joined where data and metrics agree, refused with the reason where they do not."""

from pathlib import Path

import pandas as pd
import pytest

from lacuna import sidecars
from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.files import read_rows, write_rows
from lacuna.merging import merged


def make_run(folder: Path, system: str, shift: float = 0.0, **changed) -> Path:
    """Scores of one system on two test sets of three images, with the record of their job."""
    outputs = []
    for test_set in ("paris", "faces"):
        images = folder / f"images/{test_set}"
        images.mkdir(parents=True)
        rows = [{"file": f"{n}.png", "origin_sha256": f"{test_set}{n // 2}"} for n in range(3)]
        write_rows(images / "index.csv", rows, ["file", "origin_sha256"])
        table = pd.DataFrame(
            [
                {"source": "untrained", "test_set": test_set, "system": system, "prediction": "composite"}
                | {"image": str(images / f"{n}.png"), "mask": str(folder / f"masks/m/{n}.png"), "coverage": 0.2}
                | {"region": region, "metric": metric, "value": 20.0 + n + shift}
                for n in range(3)
                for region in ("image", "hole")
                for metric in ("psnr", "l1")
            ]
        )
        path = folder / f"scores/{system}/untrained/{test_set}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(path)
        outputs.append(str(path))
    job = {
        "settings": {"test_sets": ["paris", "faces"], "metrics": changed.get("metrics", ["psnr", "l1"])},
        "inputs": {
            "pairs": [["a.txt", "1"], ["b.txt", changed.get("faces", "2")]],
            "backbones": [["x/lpips.safetensors", changed.get("network", "3")]],
        },
        "code": {"lacuna.metrics": changed.get("code", "4")},
        "packages": {"torch": changed.get("torch", "2.11.0")},
        "contents": {},
        "outcome": "",
        "result": outputs[0],
        "outputs": {"scores": outputs},
    }
    record = {"digest": "d", "accepted": [], "times": {}, "job": job, "installed": {}, "python": "3", "ended": ""}
    sidecars.write(outputs[0], record | {"seconds": 1.0, "inputs": {}, "files": {}})
    return folder


def test_rows_of_two_runs_are_paired_by_their_pictures(tmp_path, capsys):
    one, other = make_run(tmp_path / "here", "telea"), make_run(tmp_path / "there", "madf", 1.5)
    rows = merged([one, other])
    assert len(rows) == 2 * 24 and set(rows["run"]) == {"here", "there"}
    assert set(rows["image"]) == {f"images/{name}/{n}.png" for name in ("paris", "faces") for n in range(3)}
    assert rows["photograph"].nunique() == 4
    assert main(["merge", str(one), str(other), "--output-directory", str(tmp_path / "out")]) == 0
    assert "joined 48 rows of 2 runs, 2 systems and sources" in capsys.readouterr().out
    pairs = read_rows(tmp_path / "out/statistics_pairs.csv")
    assert {(row["system_a"], row["system_b"], row["n"]) for row in pairs} == {("madf", "telea", "6")}
    assert {float(row["mean_difference"]) for row in pairs} == {1.5}
    assert len(pd.read_parquet(tmp_path / "out/rows.parquet")) == 48
    assert len(read_rows(tmp_path / "out/leaderboard.csv")) == 4


def widened(folder: Path, repeats: range) -> Path:
    """The same with these trainings on two mask sets of the test; every training and the second set are 1 dB better."""
    for path in folder.glob("scores/*/*/*.parquet"):
        table = pd.read_parquet(path)
        cells = [(masks, repeat) for masks in ("boxes", "strokes") for repeat in repeats]
        wide = [
            table.assign(
                test_masks=masks,
                repeat=repeat,
                source="place2",
                mask=table["mask"].str.replace("masks/m", f"masks/{masks}"),
                value=table["value"] + repeat + (masks == "strokes"),
            )
            for masks, repeat in cells
        ]
        pd.concat(wide).to_parquet(path)
    return folder


def test_trainings_of_two_machines_are_averaged_and_cells_stay_apart(tmp_path):
    one = widened(make_run(tmp_path / "here", "aotgan"), range(1, 3))
    other = widened(make_run(tmp_path / "there", "aotgan"), range(2, 4))
    third = widened(make_run(tmp_path / "elsewhere", "madf", 5.0), range(1, 2))
    rows = merged([one, other, third])
    assert len(rows) == 24 * 2 * (3 + 1), "the second training of both is one"
    out = tmp_path / "out"
    assert main(["merge", str(one), str(other), str(third), "--output-directory", str(out)]) == 0
    board = pd.read_csv(out / "leaderboard.csv")
    means = board[board["metric"] == "psnr"].set_index(["test_masks", "system"])["mean"].to_dict()
    assert means == pytest.approx(
        {
            ("boxes", "aotgan"): 21 + 2,
            ("boxes", "madf"): 21 + 5 + 1,
            ("strokes", "aotgan"): 21 + 3,
            ("strokes", "madf"): 21 + 5 + 2,
        }
    )
    pairs = pd.read_csv(out / "statistics_pairs.csv")
    assert len(pairs) == 2 * 2 * 2 and set(pairs["test_masks"]) == {"boxes", "strokes"}
    with pytest.raises(LacunaError, match="the run plain has one test_masks and the others have several"):
        merged([one, make_run(tmp_path / "plain", "telea")])


def test_the_only_training_of_a_run_is_the_first_of_another_and_counts_once(tmp_path):
    """Of a run with one training, rows say nothing of repeats."""
    one = make_run(tmp_path / "here", "aotgan")
    for path in one.glob("scores/*/*/*.parquet"):
        pd.read_parquet(path).assign(source="place2").to_parquet(path)
    other = make_run(tmp_path / "there", "aotgan")
    for path in other.glob("scores/*/*/*.parquet"):
        table = pd.read_parquet(path).assign(source="place2")
        trainings = [table.assign(repeat=number, value=table["value"] + number - 1) for number in (1, 2)]
        pd.concat(trainings).to_parquet(path)
    rows = merged([one, other, make_run(tmp_path / "third", "telea")])
    assert rows.groupby(["system", "repeat"]).size().to_dict() == {
        ("aotgan", 1): 24,
        ("aotgan", 2): 24,
        ("telea", 0): 24,
    }
    assert rows["repeat"].dtype == int


def test_a_training_with_unknown_masks_does_not_stand_in_every_cell(tmp_path):
    one = make_run(tmp_path / "here", "aotgan")
    other = make_run(tmp_path / "there", "madf")
    for run, columns in ((one, {"source": "place2", "train_masks": "boxes"}), (other, {"source": "place2"})):
        for path in run.glob("scores/*/*/*.parquet"):
            pd.read_parquet(path).assign(**columns).to_parquet(path)
    with pytest.raises(LacunaError, match="the run there has one train_masks and the others have several"):
        merged([one, other])


def test_equal_rows_count_once_and_different_ones_are_refused(tmp_path):
    one, other = make_run(tmp_path / "here", "telea"), make_run(tmp_path / "there", "telea")
    assert len(merged([one, other])) == 24
    third = make_run(tmp_path / "elsewhere", "telea", 0.1)
    with pytest.raises(LacunaError, match="here and elsewhere have scored 'telea' trained on 'untrained' on 'faces'"):
        merged([one, third])


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"faces": "9"}, 'the test set \'faces\' of .* such as images and masks, which was "2" and is "9"'),
        ({"code": "9"}, "the metrics of .* such as code lacuna.metrics"),
        ({"torch": "2.12.0"}, 'such as packages torch, which was "2.11.0" and is "2.12.0"'),
        ({"network": "9"}, "such as networks lpips.safetensors"),
        ({"metrics": ["psnr", "ssim"]}, "such as metrics, which was"),
    ],
)
def test_what_differs_is_named(tmp_path, changed, said):
    one, other = make_run(tmp_path / "here", "telea"), make_run(tmp_path / "there", "madf", **changed)
    with pytest.raises(LacunaError, match=said):
        merged([one, other])


def test_the_order_of_metrics_does_not_matter(tmp_path):
    one, other = make_run(tmp_path / "here", "telea"), make_run(tmp_path / "there", "madf", metrics=["l1", "psnr"])
    assert len(merged([one, other])) == 48


def test_what_is_no_pair_of_runs_is_refused(tmp_path):
    one = make_run(tmp_path / "here", "telea")
    for runs in ([one], [one, tmp_path / "there/../here"]):
        with pytest.raises(LacunaError, match="at least two different runs"):
            merged(runs)
    with pytest.raises(LacunaError, match="empty holds no scores of systems"):
        merged([one, tmp_path / "empty"])
    with pytest.raises(LacunaError, match="two of the runs are called 'here'"):
        merged([one, make_run(tmp_path / "other/here", "madf")])
    other = make_run(tmp_path / "there", "madf")
    sidecars.path_of(other / "scores/madf/untrained/paris.parquet").unlink()
    with pytest.raises(LacunaError, match="faces.parquet has no record of the job that made it"):
        merged([one, other])


def with_axes(run: Path, *cells: dict) -> Path:
    """The run of `make_run`, its two files being of one test set in two cells."""
    files = sorted(run.glob("scores/*/*/*.parquet"), reverse=True)  # paris, faces
    for path, cell in zip(files, cells, strict=True):
        pd.read_parquet(path).assign(test_set="paris", **cell).to_parquet(path)
    record = sidecars.read(files[0])
    record["job"]["settings"] |= {"test_sets": ["paris", "paris"], "columns": list(cells)}
    sidecars.write(files[0], record)
    return run


def test_runs_with_axes_are_joined_and_compared_cell_by_cell(tmp_path):
    """The two cells have other masks, and a training counts beside another of the same system."""
    cells = [{"test_masks": masks, "repeat": 0} for masks in ("strokes", "boxes")]
    one = with_axes(make_run(tmp_path / "here", "telea"), *cells)
    other = with_axes(make_run(tmp_path / "there", "madf", 1.5), *cells)
    rows = merged([one, other])
    assert len(rows) == 48 and set(rows["test_masks"]) == {"strokes", "boxes"} and set(rows["test_set"]) == {"paris"}
    assert main(["merge", str(one), str(other), "--output-directory", str(tmp_path / "out")]) == 0
    pairs = read_rows(tmp_path / "out/statistics_pairs.csv")
    assert sorted({(row["test_masks"], row["n"]) for row in pairs}) == [("boxes", "3"), ("strokes", "3")]
    assert {float(row["mean_difference"]) for row in pairs} == {1.5}
    third = with_axes(make_run(tmp_path / "third", "telea", 0.5), *({**cell, "repeat": 1} for cell in cells))
    assert len(merged([one, other, third])) == 72


def test_runs_of_other_axes_are_not_joined(tmp_path):
    cells = [{"test_masks": masks} for masks in ("strokes", "boxes")]
    one = with_axes(make_run(tmp_path / "here", "telea"), *cells)
    other = make_run(tmp_path / "there", "madf")
    with pytest.raises(LacunaError, match="the run there has one test_masks and the others have several"):
        merged([one, other])
