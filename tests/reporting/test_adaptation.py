"""Improvements of adapted pictures: ratios of means with their signs, intervals over photographs, ranks and groups."""

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.files import write_json
from lacuna.metrics.features import Features
from lacuna.reporting.adaptation import experiments
from lacuna.reporting.adaptation.display import job_title
from lacuna.reporting.adaptation.improvement import COLUMNS, improvements, percent, set_improvements
from lacuna.reporting.adaptation.ranking import ranking
from lacuna.reporting.adaptation.rows import read_choices, read_rows
from lacuna.reporting.aggregation import read_table, write_table
from lacuna.reporting.published import read_published
from lacuna.reporting.rendering import SHADE, to_html, to_latex
from lacuna.reporting.tables.adaptation import passed_over, shown_region
from lacuna.reporting.tables.adaptation_cost import costs
from lacuna.reporting.tables.adaptation_ranking import MARK, ranking_table
from tests.reporting.made_up import PUBLISHED
from tests.reporting.made_up_adaptation import SECTION, rows_of

PRINTED = PUBLISHED.with_name("adaptation.csv")
SETTINGS = {
    "systems": [["deep", "Deep"]],
    "sources": [["place2", "Places2"], ["celeba", "CelebA"]],
    "test_sets": [["a_test", "Faces"], ["b_test", "Scenes"]],
    "metrics": ["psnr", "l1"],
    "adaptation": SECTION,
}
FIVE = {f"{i:04d}.png": f"photograph{i // 2}" for i in range(5)}  # three photographs: two, two and one crop
SEVEN = {f"{i:04d}.png": f"photograph{i}" for i in range(7)}
ALL = ("baseline", "combination_I", "combination_D", "masks_larger", "zero_shot", "my_own")


def every(images=SEVEN, names=ALL, metrics=("psnr", "l1")) -> pd.DataFrame:
    return pd.concat([rows_of(name, "deep", "place2", "a_test", images, metrics) for name in names])


def last(table, experiment, metric, region="image"):
    mine = table[(table["experiment"] == experiment) & (table["metric"] == metric) & (table["region"] == region)]
    return mine.sort_values("step").iloc[-1]


def test_improvement_is_the_ratio_of_means_and_positive_where_better():
    values = {"l1": ([0.1, 0.1, 0.4], [0.05, 0.1, 0.4]), "psnr": ([20.0, 20, 40], [22.0, 20, 40])}
    rows = [
        ("baseline", "deep", "place2", "a_test", f"{i}.png", f"p{i}", step, metric, "hole", of[i])
        for metric, (before, after) in values.items()
        for step, of in ((0, before), (5, after))
        for i in range(3)
    ]
    table = improvements(pd.DataFrame(rows, columns=rows_of("baseline", "s", "s", "t", FIVE).columns))
    assert list(table.columns) == COLUMNS
    assert last(table, "baseline", "l1", "hole")["improvement_percent"] == pytest.approx(100 * 0.05 / 0.6)  # not 50/3
    assert last(table, "baseline", "psnr", "hole")["improvement_percent"] == pytest.approx(100 * 2 / 80)
    start = table[table["step"] == 0]
    assert (start[["improvement_percent", "ci_low", "ci_high"]] == 0).all(axis=None) and set(table["n"]) == {3}
    worse = improvements(every(names=("masks_larger",)))
    assert (worse.loc[worse["step"] == 10, "improvement_percent"] < 0).all()


def test_a_score_below_zero_that_rises_improves():
    assert percent(-0.2, -0.1, 1) == pytest.approx(50)
    assert np.isnan(percent(0.0, 0.1, 1)) and percent(0.5, 0.5, -1) == 0


def test_intervals_are_over_photographs_and_of_one_there_is_none():
    crops = last(improvements(every(FIVE)), "combination_I", "l1")
    single = last(improvements(every(dict(zip(FIVE, FIVE, strict=True)))), "combination_I", "l1")
    assert crops["improvement_percent"] == pytest.approx(single["improvement_percent"])
    assert crops["ci_low"] < crops["improvement_percent"] < crops["ci_high"]
    assert crops["ci_high"] - crops["ci_low"] != pytest.approx(single["ci_high"] - single["ci_low"])
    one = last(improvements(every(dict.fromkeys(FIVE, "one"))), "combination_I", "l1")
    assert np.isnan(one["ci_low"]) and np.isnan(one["ci_high"])


def test_equal_ratios_have_an_interval_without_width():
    """The same picture is drawn before and after, so that a constant factor is known exactly."""
    rows = every(SEVEN, ("baseline",)).query("metric == 'l1'").copy()
    rows.loc[rows["step"] == 10, "value"] = 0.9 * rows.loc[rows["step"] == 0, "value"].to_numpy()
    found = last(improvements(rows), "baseline", "l1")
    assert [found[name] for name in ("improvement_percent", "ci_low", "ci_high")] == pytest.approx([10, 10, 10])


def test_a_picture_without_a_hole_counts_in_the_image_alone():
    rows = every(FIVE, ("baseline",))
    table = improvements(rows[(rows["image"] != "0003.png") | (rows["region"] == "image")])
    assert table.groupby("region")["n"].unique().map(list).to_dict() == {"hole": [4], "image": [5]}


def features_at(shifts: dict[int, float], n=9, images="these", seed=1) -> tuple[Features, Features]:
    truth = np.random.default_rng(seed).normal(size=(n, 2048)).astype(np.float32)
    photographs = [i // 2 for i in range(n)]
    of = {f"step_{step:05d}": truth + np.float32(shift) for step, shift in shifts.items()}
    return Features(of, {}, images, photographs), Features({"truth": truth}, {}, "these", photographs)


def test_scores_of_sets_improve_with_intervals_at_the_last_step():
    key = ("baseline", "deep", "place2", "a_test")
    adapted, truth = features_at({0: 1.0, 5: 0.9, 10: 0.8})
    table = set_improvements({key: adapted}, {"a_test": truth}, ["fid", "kid"]).set_index(["metric", "step"])
    assert table.loc[("fid", 0), "mean"] == pytest.approx(2048, rel=1e-4)  # the square of the shift, over 2048 features
    assert table.loc[("fid", 5), "improvement_percent"] == pytest.approx(19, abs=0.01)
    fid, kid = table.loc[("fid", 10)], table.loc[("kid", 10)]
    assert fid["improvement_percent"] == pytest.approx(36, abs=0.01) and kid["improvement_percent"] > 0
    assert kid["ci_low"] < kid["improvement_percent"] < kid["ci_high"]
    assert np.isnan(table.loc[("kid", 5), "ci_low"]) and set(table["n"]) == {9}


def test_features_of_the_first_pictures_are_compared_with_the_first_true_ones():
    key = ("baseline", "deep", "place2", "a_test")
    adapted, truth = features_at({0: 1.0, 5: 0.5})
    some = Features({name: of[:5] for name, of in adapted.of.items()}, {}, "fewer", adapted.photographs[:5])
    table = set_improvements({key: some}, {"a_test": truth}, ["fid"])
    assert set(table["n"]) == {5} and table["mean"].iloc[0] == pytest.approx(2048, rel=1e-4)
    with pytest.raises(LacunaError, match="not of the images"):
        set_improvements({key: Features(adapted.of, {}, "others", adapted.photographs)}, {"a_test": truth}, ["fid"])


def test_pictures_that_were_passed_over_are_left_out_of_scores_of_sets():
    key = ("baseline", "deep", "place2", "a_test")
    adapted, truth = features_at({0: 1.0, 5: 0.5})
    holed = {name: of.copy() for name, of in adapted.of.items()}
    for of in holed.values():
        of[[1, 6]] = np.nan
    table = set_improvements({key: adapted._replace(of=holed)}, {"a_test": truth}, ["fid"])
    kept = [0, 2, 3, 4, 5, 7, 8]
    few = Features({name: of[kept] for name, of in adapted.of.items()}, {}, "k", [adapted.photographs[i] for i in kept])
    of_few = Features({"truth": truth.of["truth"][kept]}, {}, "k", few.photographs)
    expected = set_improvements({key: few}, {"a_test": of_few}, ["fid"])
    assert set(table["n"]) == {7}
    pd.testing.assert_frame_equal(table, expected)


def test_the_page_names_pictures_that_were_passed_over(tmp_path):
    record = {"steps": 5, "n": 6, "seconds_mean": 1.0, "seconds_median": 1.0, "peak_memory_bytes": 1, "device": "cpu"}
    left_out = {"baseline": {}, "masks_larger": {"0003.png": "no room"}, "combination_I": {"0003.png": "no room"}}
    paths = [tmp_path / f"adaptation/{name}/deep/place2/a_test/record.json" for name in left_out]
    for path, names in zip(paths, left_out.values(), strict=True):
        write_json(path, record | {"passed_over": names})
    write_table(tmp_path / "cost.csv", costs(paths))
    table = read_table(tmp_path / "cost.csv")  # as the page does
    assert table.set_index("experiment")["passed_over"].to_dict() == {name: len(of) for name, of in left_out.items()}
    said = passed_over(table, SETTINGS)
    assert "0003.png of Faces (combination I, masks larger)" in said and "baseline" not in said
    shown = shown_region(improvements(every()).query("step == 10"), SETTINGS, "hole", said)
    assert said in shown.caption
    assert passed_over(table.query("experiment == 'baseline'"), SETTINGS) == ""


def test_an_experiment_that_passed_a_picture_over_is_ranked_among_the_others():
    rows = every()
    fewer = rows[~((rows["experiment"] == "combination_I") & (rows["image"] == "0006.png"))]
    ranks = ranking(improvements(fewer), read_published(PRINTED, "improvements"), SETTINGS)
    ours = ranks[(ranks["metric"] == "l1") & (ranks["region"] == "image") & ranks["rank"].notna()]
    assert ours.set_index("experiment")["n"].to_dict()["combination_I"] == 6 and len(ours) == 5


def test_the_printed_table_is_whole():
    printed = read_published(PRINTED, "improvements")
    assert len(printed) == 40
    for _, column in printed.groupby("metric"):
        assert sorted(column["rank"]) == list(range(1, 11))
        assert column.sort_values("rank")["improvement_percent"].is_monotonic_decreasing
    assert set(printed.loc[printed["steps"] == 300, "experiment"]) == {f"combination_{letter}" for letter in "DEFGH"}
    first = printed[(printed["metric"] == "psnr") & (printed["rank"] == 1)].iloc[0]
    assert (first["experiment"], first["improvement_percent"]) == ("combination_I", 1.19)


def test_experiments_are_ranked_and_those_from_random_weights_are_not():
    ranks = ranking(improvements(every()), read_published(PRINTED, "improvements"), SETTINGS)
    ours = ranks[(ranks["metric"] == "l1") & (ranks["region"] == "image") & ranks["rank"].notna()]
    assert ours["experiment"].tolist() == ["combination_D", "combination_I", "my_own", "baseline", "masks_larger"]
    assert ours["rank"].tolist() == [1, 2, 3, 4, 5] and "zero_shot" not in set(ranks["experiment"])
    assert ours["published_improvement_percent"].tolist()[:2] == [3.91, 4.20]
    assert ours["published_rank"].isna().tolist() == [False, False, True, True, True]
    printed = ranks[(ranks["metric"] == "l1") & (ranks["region"] == "image") & ranks["published_rank"].notna()]
    assert len(printed) == 10 and not len(ranks[(ranks["region"] == "hole") & ranks["published_rank"].notna()])


def test_the_ranking_is_laid_out_and_shaded_as_in_print(tmp_path):
    write_table(
        tmp_path / "ranks.csv", ranking(improvements(every()), read_published(PRINTED, "improvements"), SETTINGS)
    )
    ranks = read_table(tmp_path / "ranks.csv")  # as the page does
    shown = ranking_table(ranks[ranks["region"] == "image"], SETTINGS)
    assert shown.head == ("System → test set (N)", "Rank", "PSNR", "PSNR, printed", "L1", "L1, printed")
    assert shown.lines == 10 and "N in brackets, 7 pictures" in shown.caption
    assert shown.groups[0][0] == "Deep, trained on Places2 → Faces (7)"
    html = to_html(shown)
    assert f'<td style="background: {SHADE}">H (4.21 % {MARK})</td>' in html and "<td>I (4.20 %)</td>" in html
    assert html.count("background") == 2 + 2 * 5  # ours of 20 steps, and the print's of 300
    assert r"H (4.21 \% $\ddagger$)" in to_latex([shown])


def test_the_page_says_what_cannot_be_told_from_chance():
    table = improvements(every(names=("baseline", "combination_I")))
    for region in ("image", "hole"):
        shown = shown_region(table[table["step"] == 10], SETTINGS, region)
        assert "Of 4 improvements 0 are above 0" in shown.caption and "told from chance" in shown.caption
    better = every(names=("zero_shot",))
    shown = shown_region(improvements(better).query("step == 10"), SETTINGS, "hole")
    assert "Of 2 improvements 2 are above 0" in shown.caption and "told from chance" not in shown.caption


def test_groups_are_those_of_the_thesis_and_hold_what_was_run():
    found = experiments.groups_of(ALL)
    assert list(found) == ["finetuning_masks", "second_combinations", "third_combinations", "other_experiments"]
    assert found["finetuning_masks"].experiments == ("baseline", "masks_larger")
    assert found["other_experiments"].experiments == ("baseline", "my_own")
    assert experiments.groups_of(["combination_A"])["first_combinations"].experiments == ("combination_A",)
    assert list(experiments.groups_of(["baseline"])) == ["other_experiments"]
    assert experiments.groups_of(["zero_shot"]) == {}


def test_the_experiment_that_is_reported_was_chosen_on_other_pictures():
    from lacuna.metrics.per_image import metric_by_name

    rows = pd.concat([every(), every().assign(test_set="b_test")])
    table = improvements(rows)
    plain = experiments.settled(table, SETTINGS, metric_by_name("psnr"))
    assert plain == {("deep", "place2"): ("combination_I", "which the thesis settled on")}
    on_b = SETTINGS | {"adaptation": {**SECTION, "choose_on": "b_test"}}
    for metric in ("psnr", "l1"):
        (name, how), *_ = experiments.settled(table, on_b, metric_by_name(metric)).values()
        assert name == "combination_D" and "other pictures (Scenes)" in how
    assert set(experiments.reported(table, on_b)["test_set"]) == {"a_test"}
    elsewhere = SETTINGS | {"adaptation": {**SECTION, "choose_on": "validation"}}
    table = table.replace({"test_set": {"b_test": "validation"}})
    titled = elsewhere | {"chosen_on": [["validation", "Yet other scenes"]]}
    (_, how), *_ = experiments.settled(table, titled, metric_by_name("psnr")).values()
    assert "other pictures (Yet other scenes)" in how
    assert job_title(("deep", "place2", "validation"), titled) == "Deep, trained on Places2 → Yet other scenes"
    assert set(experiments.reported(table, elsewhere)["test_set"]) == {"a_test"}


def test_unreadable_rows_are_refused(tmp_path):
    path = tmp_path / "rows.parquet"
    every(FIVE).drop(columns="photograph").to_parquet(path)
    with pytest.raises(LacunaError, match="rows.parquet has no column 'photograph'; run the rule 'adapt' again"):
        read_rows([path])
    with pytest.raises(LacunaError, match="rows.parquet has no column 'photograph'"):
        read_choices([path])
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(LacunaError, match="text.parquet cannot be read as rows of adapted pictures"):
        read_rows([tmp_path / "text.parquet"])
    every(FIVE).query("step > 0").to_parquet(path)
    with pytest.raises(LacunaError, match="no step 0"):
        read_rows([path])


def test_small_percentages_are_not_rounded_to_nothing():
    from lacuna.reporting.adaptation.display import percent_text

    assert percent_text(4.2, 1.0, 7.345) == "+4.20 % [+1.00, +7.34]"
    assert percent_text(0.0025, -0.014, 0.0195) == "+0.0025 % [-0.0140, +0.0195]"
    assert percent_text(0.0, 0.0, 0.0) == "+0.00 % [+0.00, +0.00]"
    assert percent_text(3.0, np.nan, np.nan) == "+3.00 % [–]" and percent_text(np.nan, np.nan, np.nan) == "–"
