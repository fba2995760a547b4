"""Scores of sets and controls as tables: what is bold, what is flagged, what is said."""

import pandas as pd
import pytest

from lacuna.controls import TITLES
from lacuna.errors import LacunaError
from lacuna.metrics.records import write_records
from lacuna.metrics.set_scoring import COLUMNS, NUMBERS
from lacuna.reporting.aggregation import QUANTITATIVE
from lacuna.reporting.run import Run
from lacuna.reporting.tables.controls import control_tables
from lacuna.reporting.tables.set_scores import control_set_tables, over_replicates, rows, set_tables

SETTINGS = {
    "systems": [["telea", "Telea"], ["madf", "MADF"]],
    "sources": [["place2", "Place2"], ["celeba", "CelebA"]],
    "test_sets": [["paris", "Paris"], ["faces", "Faces"]],
    "metrics": ["psnr", "l1"],
    "demonstration": False,
}


def row(source, system, metric, value, error=None, flag="", test_set="paris", prediction="composite", n=12):
    return dict(zip(COLUMNS, (source, test_set, system, prediction, metric, value, error, n, flag), strict=True))


def texts(table):
    return {
        (group, label): [("*" if cell.best else "") + cell.text for cell in cells]
        for group, lines in table.groups
        for label, cells in lines
    }


SCORES = pd.DataFrame(
    [
        *(row("untrained", "telea", "fid", 80.0, flag="small-n"), row("untrained", "telea", "kid", 0.0312, 0.004)),
        *(row("place2", "madf", "fid", 70.0, flag="small-n"), row("place2", "madf", "kid", 0.0211, 0.005)),
        *(row("celeba", "madf", "fid", 75.0, flag="small-n"), row("celeba", "madf", "kid", 0.0401, 0.006)),
        *(row("control", "mean_fill", "fid", 60.0, flag="small-n"), row("control", "mean_fill", "kid", 0.001, 0.1)),
    ]
)


def test_the_best_is_bold_unless_its_n_is_too_small_to_say():
    (table,) = set_tables(SCORES, SETTINGS)
    assert texts(table) == {
        ("Paris (12)", "Telea †"): ["80.00 ‡", "0.03120 ± 0.00400"],
        ("Paris (12)", "MADF, Place2"): ["70.00 ‡", "*0.02110 ± 0.00500"],
        ("Paris (12)", "MADF, CelebA"): ["75.00 ‡", "0.04010 ± 0.00600"],
    }
    assert table.head[2:] == ("FID ↓", "KID ↓")
    assert "N is small (FID: fewer than 2048 images)" in table.caption and "composites" in table.caption
    enough = SCORES.assign(flag="", n=3000)
    (table,) = set_tables(enough, SETTINGS)
    assert texts(table)["Paris (3000)", "MADF, Place2"][0] == "*70.00"
    assert "‡" not in table.caption


def test_controls_have_a_table_of_their_own():
    (table,) = control_set_tables(SCORES, SETTINGS, TITLES)
    assert texts(table) == {("Paris (12)", "Mean fill"): ["60.00 ‡", "0.00100 ± 0.10000"]}
    assert set_tables(SCORES[:0], SETTINGS) == control_set_tables(SCORES[:0], SETTINGS, TITLES) == []


def test_raw_predictions_and_higher_is_better():
    raw_too = [
        row("untrained", "telea", "u_ids", 0.2, 0.05, prediction=prediction, test_set=test_set)
        for prediction in ("raw", "composite")
        for test_set in ("faces", "paris")
    ] + [row("place2", "madf", "u_ids", 0.3, 0.05, prediction="raw", test_set="faces")]
    composites, raw = set_tables(pd.DataFrame(raw_too), SETTINGS)
    assert "raw" in raw.title and "raw predictions" in raw.caption
    assert texts(raw)["Faces (12)", "MADF, Place2"] == ["*0.3000 ± 0.0500"]
    assert texts(raw)["Faces (12)", "Telea †"] == texts(raw)["Paris (12)", "Telea †"] == ["0.2000 ± 0.0500"]
    assert list(texts(composites)) == [("Paris (12)", "Telea †"), ("Faces (12)", "Telea †")]


def test_files_become_one_sorted_table(tmp_path):
    for name, some in (("b", SCORES[:2]), ("a", SCORES[2:])):
        write_records(tmp_path / f"{name}.parquet", some.to_dict("records"), COLUMNS, NUMBERS)
    table = rows(made_of(tmp_path / "b.parquet", tmp_path / "a.parquet"))
    assert list(table.columns) == COLUMNS and len(table) == len(SCORES)
    assert list(table["source"]) == sorted(table["source"]) and table["n"].dtype == int
    assert rows(made_of()).to_csv(index=False).strip() == ",".join(COLUMNS)
    write_records(tmp_path / "other.parquet", [{"value": 1.0}], ["value"], ["value"])
    with pytest.raises(LacunaError, match=r"other.parquet has no column 'source'; run the rule 'score_set' again"):
        rows(made_of(tmp_path / "other.parquet"))
    (tmp_path / "other.parquet").write_text("no table")
    with pytest.raises(LacunaError, match=r"other.parquet cannot be read as scores of sets"):
        rows(made_of(tmp_path / "other.parquet"))


def made_of(*paths):
    """A run whose scores of sets are these files."""
    settings = {"systems": [], "sources": [], "test_sets": [], "demonstration": False}
    return Run(settings, {"set_scores": paths})


def test_scores_of_several_trainings_and_samples_are_one_with_its_error():
    """Trainings' means are 11 and 15: √(mean of .3² and .4² within + 8/2 between)."""
    row = {"source": "place2", "test_set": "paris", "system": "net", "prediction": "raw", "metric": "kid", "n": 30}
    several = pd.DataFrame(
        [
            row | {"repeat": repeat, "sample": sample, "value": value, "standard_error": error, "flag": None}
            for repeat, sample, value, error in (
                (1, 1, 10.0, 0.3),
                (1, 2, 12.0, 0.3),
                (2, 1, 15.0, 0.4),
                (2, 2, 15.0, 0.4),
            )
        ]
    )
    found = over_replicates(several, COLUMNS)
    assert found["value"].tolist() == [13] and found["n"].tolist() == [30]
    assert found["standard_error"].tolist() == pytest.approx([((0.09 + 0.16) / 2 + 8 / 2) ** 0.5])
    given = several[several["sample"] == 1].drop(columns="sample").assign(repeat=[0, 1], system=["given", "net"])
    assert over_replicates(given, COLUMNS)["standard_error"].tolist() == pytest.approx([0.3, 0.4])
    plain = several.drop(columns=["repeat", "sample"])
    assert over_replicates(plain, COLUMNS) is plain


def means(source, system, test_set, n, psnr, l1):
    return [
        dict(zip(QUANTITATIVE, (source, test_set, system, "composite", region, metric, value, 0.1, n), strict=True))
        for metric, value in (("psnr", psnr), ("l1", l1))
        for region in ("image", "hole")
    ]


def test_controls_stand_beside_the_worst_and_the_best_system():
    systems = pd.DataFrame(
        means("untrained", "telea", "paris", 30, 20.0, 0.1)
        + means("untrained", "telea", "faces", 10, 24.0, 0.2)
        + means("place2", "madf", "paris", 30, 18.0, 0.3)
        + means("place2", "madf", "faces", 10, 30.0, 0.1)
    )
    controls = pd.DataFrame(
        means("control", "mean_fill", "paris", 30, 16.0, 0.1) + means("control", "mean_fill", "faces", 10, 12, 0.5)
    )
    image, hole = control_tables(controls, systems, SETTINGS)
    assert texts(image) == {
        ("All data sets (40)", "Mean fill"): ["15.00", "0.2000"],
        ("All data sets (40)", "Systems, worst to best"): ["21.00 to 21.00", "0.2500 to 0.1250"],
        ("Paris (30)", "Mean fill"): ["16.00", "0.1000"],
        ("Paris (30)", "Systems, worst to best"): ["18.00 to 20.00", "0.3000 to 0.1000"],
        ("Faces (10)", "Mean fill"): ["12.00", "0.5000"],
        ("Faces (10)", "Systems, worst to best"): ["24.00 to 30.00", "0.2000 to 0.1000"],
    }
    assert "hole only, images whose mask has no hole left out" in hole.caption
    assert control_tables(controls[:0], systems, SETTINGS) == []
