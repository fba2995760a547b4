"""Training source against test set: paired by image and mask, corrected in its family, said in words."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lacuna.reporting.cross import COLUMNS, cross
from lacuna.reporting.rendering import to_markdown
from lacuna.reporting.statistics import A_BETTER, B_BETTER, IDENTICAL, NO_DIFFERENCE, NOT_TESTED
from lacuna.reporting.tables.cross import cross_table
from tests.reporting.test_quality_cost import rows

SETTINGS = {
    "systems": [["deep", "Deep"], ["still", "Still"]],
    "sources": [["place2", "Place2"], ["celeba", "CelebA"]],
    "test_sets": [["a_test", "Faces"], ["b_test", "Scenes"]],
    "metrics": ["psnr", "l1"],
    "demonstration": False,
}


@pytest.fixture
def scores():
    """`deep` is better by 2 dB after celeba on a_test, and no better on b_test; `still` is the same whatever."""
    random = np.random.default_rng(3)
    base = random.uniform(10, 30, 11)
    noise = random.normal(0, 0.1, 11)
    parts = [
        rows("deep", "celeba", base + 2 + noise),
        rows("deep", "place2", base)[::-1],  # another order of the rows
        rows("deep", "celeba", base + noise - noise.mean()).assign(test_set="b_test"),
        rows("deep", "place2", base).assign(test_set="b_test"),
        rows("still", "celeba", base),
        rows("still", "place2", base),
        rows("telea", "untrained", base),
    ]
    return pd.concat(parts)


def test_differences_are_of_pairs_and_tested(scores):
    table = cross(scores)
    assert list(table.columns) == COLUMNS
    assert set(table["system"]) == {"deep", "still"}  # what is not trained has no source
    found = table.set_index(["system", "test_set"])
    deep = found.loc["deep", "a_test"]
    assert (deep["source_a"], deep["source_b"], deep["n"]) == ("celeba", "place2", 11)
    assert deep["mean_difference"] == pytest.approx(deep["mean_a"] - deep["mean_b"])
    assert 1.9 < deep["low"] < deep["mean_difference"] < deep["high"] < 2.1
    assert (deep["verdict"], deep["win_rate_a"]) == (A_BETTER, 1.0)
    pairs = [
        scores[(scores["system"] == "deep") & (scores["source"] == source) & (scores["test_set"] == "b_test")]
        for source in ("celeba", "place2")
    ]
    first, second = (each.sort_values("image")["value"].to_numpy() for each in pairs)
    expected = stats.wilcoxon(first - second).pvalue
    other = found.loc["deep", "b_test"]
    assert other["p_value"] == pytest.approx(expected)
    assert other["verdict"] == NO_DIFFERENCE
    assert deep["p_holm"] == pytest.approx(2 * deep["p_value"])  # the smaller of the system's two
    assert other["p_holm"] == pytest.approx(max(expected, 2 * deep["p_value"]))
    assert found.loc["still", "a_test"]["verdict"] == IDENTICAL


def test_lower_can_be_better(scores):
    table = cross(scores.assign(metric="l1")).set_index(["system", "test_set"])
    assert table.loc["deep", "a_test"]["verdict"] == B_BETTER
    assert table.loc["deep", "a_test"]["win_rate_a"] == 0.0


def test_few_images_are_not_tested_and_one_source_gives_no_rows(scores):
    few = cross(scores[scores["image"].isin([f"{i}.png" for i in range(5)])])
    assert set(few.loc[few["system"] == "deep", "verdict"]) == {NOT_TESTED}
    assert few["p_holm"].isna().all()
    none = cross(scores[scores["source"] != "celeba"])
    assert none.empty and list(none.columns) == COLUMNS


def test_photographs_and_not_crops_are_tested(scores):
    """Eleven crops of four photographs are too few; of one, there is no interval either, and the page says so."""
    four = cross(scores.assign(photograph=scores["photograph"].map(lambda name: f"p{int(name[1:]) % 4}")))
    assert set(four["photographs"]) == {4} and set(four["n"]) == {11}
    assert set(four.loc[four["system"] == "deep", "verdict"]) == {NOT_TESTED}
    one = cross(scores.assign(photograph="p"))
    assert one[["low", "high", "low_a", "high_b"]].isna().all(axis=None)
    text = to_markdown([cross_table(one, SETTINGS, "psnr", "composite", "hole")])
    assert "N = 11 images of 1 photograph of each test set" in text and r" \[–\] |" in text and "nan" not in text


def test_the_table_names_the_sources_once_and_marks_the_better(scores):
    text = to_markdown([cross_table(cross(scores), SETTINGS, "psnr", "composite", "hole")])
    assert "| System | Test set | CelebA | Place2 | Difference | First better | p |" in text
    line = next(line for line in text.splitlines() if line.startswith("| Deep"))
    assert line.split("|")[2].strip() == "Faces"
    assert line.split("|")[3].strip().startswith("**") and "**" not in line.split("|")[4]
    assert "N = 11 images of 11 photographs of each test set" in text and "composites" in text and "hole only" in text
    assert "1 of 3 lines" in text


def test_three_sources_are_compared_two_by_two(scores):
    third = scores[scores["source"] == "place2"].assign(source="paris")
    table = cross(pd.concat([scores, third]))
    assert len(table) == 9
    settings = SETTINGS | {"sources": [*SETTINGS["sources"], ["paris", "Paris"]]}
    text = to_markdown([cross_table(table, settings, "psnr", "composite", "hole")])
    assert "| Trained on | or on |" in text
    assert "**CelebA " in text and "Paris " in text
