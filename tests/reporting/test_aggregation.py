"""Means, bins, ranks and initialisations against arithmetic by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.reporting import aggregation


def rows(*entries):
    """Score rows from (source, test_set, system, metric, coverage, value); composite, whole image."""
    names = ["source", "test_set", "system", "metric", "coverage", "value"]
    table = pd.DataFrame(entries, columns=names)
    return table.assign(prediction="composite", region="image", image=[f"{i}.png" for i in range(len(table))])


def test_quantitative_is_tidy_sorted_and_right():
    scores = rows(
        ("place2", "paris", "zz", "psnr", 0.5, 20.0),
        ("place2", "paris", "aa", "psnr", 0.5, 10.0),
        ("place2", "paris", "aa", "psnr", 0.2, 13.0),
        ("place2", "paris", "aa", "psnr", 0.1, 16.0),
    )
    table = aggregation.quantitative(scores)
    assert list(table) == ["source", "test_set", "system", "prediction", "region", "metric", "mean", "std", "n"]
    assert list(table["system"]) == ["aa", "zz"]
    assert table.loc[0, ["mean", "std", "n"]].tolist() == [13.0, 3.0, 3]  # divided by n − 1
    assert math.isnan(table.loc[1, "std"])
    assert table.loc[1, "n"] == 1


@pytest.mark.parametrize(
    "coverage, label",
    [
        (0.0, "0.00-0.01"),
        (0.0100001, "0.01-0.10"),
        (0.1, "0.01-0.10"),
        (0.100001, "0.10-0.20"),
        (0.3, "0.20-0.30"),
        (0.6, "0.50-0.60"),
        (1.0, "0.90-1.00"),
    ],
)
def test_a_bin_holds_its_upper_end(coverage, label):
    assert aggregation.bins_of(np.array([coverage])).tolist() == [label]


def test_bins_are_those_of_the_mask_sets():
    from lacuna.data.masks.bins import coverage_bins

    for each in coverage_bins([0.01, 0.6], 6):
        ends = np.array([float(each.lower) + 1e-6, float(each.upper)])
        assert aggregation.bins_of(ends).tolist() == [each.label] * 2


def test_bin_titles_are_percentages():
    assert aggregation.bin_title("0.01-0.10") == "1–10 %"


def test_by_coverage_keeps_n():
    scores = rows(
        ("place2", "paris", "aa", "l1", 0.05, 0.1),
        ("place2", "paris", "aa", "l1", 0.55, 0.3),
        ("place2", "paris", "aa", "l1", 0.56, 0.5),
    )
    table = aggregation.by_coverage(scores)
    assert table[["bin", "mean", "n"]].to_numpy().tolist() == [["0.01-0.10", 0.1, 1], ["0.50-0.60", 0.4, 2]]


def validation(folder, system, source, lines):
    path = folder / "training" / system / source / "validation.csv"
    write_rows(path, [dict(zip(lines[0], line, strict=True)) for line in lines[1:]], list(lines[0]))
    return path


def test_training_compares_each_metric_in_its_own_direction(tmp_path):
    head = ("step", "psnr", "l1", "l1_valid")
    path = validation(tmp_path, "aotgan", "place2", [head, (0, 10, 0.3, 0.1), (50, 9, 0.2, 0.2), (80, 12, 0.25, 0.2)])
    table = aggregation.training([path], {"place2": 7}).set_index("metric")
    assert list(table.columns) == [name for name in aggregation.TRAINING if name != "metric"]
    columns = ["system", "source", "initial", "final", "difference", "better", "steps", "n"]
    assert table.loc["psnr", columns].tolist() == ["aotgan", "place2", 10, 12, 2, "yes", 80, 7]
    assert table["better"].to_dict() == {"psnr": "yes", "l1": "yes", "l1_valid": "no"}


def test_training_without_trained_systems_has_a_header_only():
    assert list(aggregation.training([], {})) == aggregation.TRAINING


@pytest.mark.parametrize(
    "lines, message",
    [
        ([("step", "psnr"), (0, 10)], "does not hold step 0 and a later step"),
        ([("step", "psnr"), (50, 10), (100, 11)], "does not hold step 0"),
        ([("psnr", "step"), (10, 0), (11, 50)], "not a curve with rising"),
        ([("step", "psnr"), (50, 10), (0, 11)], "not a curve with rising"),
        ([("step", "prsn"), (0, 10), (50, 11)], "no metric 'prsn'"),
    ],
)
def test_a_curve_that_cannot_be_compared_is_refused(tmp_path, lines, message):
    with pytest.raises(LacunaError, match=message):
        aggregation.training([validation(tmp_path, "aotgan", "place2", lines)], {"place2": 7})


def test_leaderboard_weighs_test_sets_by_n_and_ranks_by_direction():
    scores = rows(
        *(("place2", "paris", "good", "psnr", 0.1, 30.0) for _ in range(3)),
        ("place2", "faces", "good", "psnr", 0.1, 10.0),
        *(("place2", "paris", "good", "l1", 0.1, 0.1) for _ in range(4)),
        *(("untrained", "paris", "bad", "psnr", 0.1, 20.0) for _ in range(4)),
        *(("untrained", "paris", "bad", "l1", 0.1, 0.2) for _ in range(4)),
    )
    board = aggregation.leaderboard(aggregation.quantitative(scores))
    assert board["system"].tolist() == ["good", "bad"]
    assert board["psnr"].tolist() == [25.0, 20.0]
    assert board["mean_rank"].tolist() == [1.0, 2.0]
    assert board["n"].tolist() == [4, 4]


def test_missing_scores_are_named(tmp_path):
    with pytest.raises(LacunaError, match="paris.parquet cannot be read as scores"):
        aggregation.read_scores([tmp_path / "paris.parquet"])
    with pytest.raises(LacunaError, match="no scores to work on"):
        aggregation.read_scores([])
    rows(("place2", "paris", "aa", "l1", 0.05, 0.1)).drop(columns="value").to_parquet(tmp_path / "half.parquet")
    with pytest.raises(LacunaError, match="half.parquet has no column 'value'"):
        aggregation.read_scores([tmp_path / "half.parquet"])


def test_csv_keeps_every_digit(tmp_path):
    table = pd.DataFrame({"mean": [0.1 + 0.2, 1 / 3]})
    aggregation.write_table(tmp_path / "t.csv", table)
    assert pd.read_csv(tmp_path / "t.csv", float_precision="round_trip")["mean"].tolist() == table["mean"].tolist()


def test_a_curve_may_have_empty_cells_but_no_other_text(tmp_path):
    path = tmp_path / "losses.csv"
    write_rows(
        path, [{"step": 2, "l1": 0.5, "style": 3.0}, {"step": 4, "l1": 0.25, "style": ""}], ["step", "l1", "style"]
    )
    curve = aggregation.read_curve(path)
    assert curve["l1"].tolist() == [0.5, 0.25] and curve["style"].isna().tolist() == [False, True]
    write_rows(path, [{"step": 2, "l1": 0.5}, {"step": 4, "l1": "half"}], ["step", "l1"])
    with pytest.raises(LacunaError, match="something else than numbers"):
        aggregation.read_curve(path)
