"""Cells are never mixed: what is selected, what is averaged, and what each table and figure of axes says."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting import aggregation, statistics
from lacuna.reporting.axis_means import axis_means
from lacuna.reporting.axis_words import about
from lacuna.reporting.best_of import best_of, expected_best
from lacuna.reporting.descriptions import AVERAGED, DRAWN, figures, tables
from lacuna.reporting.making import displayed, make_figures, make_tables
from lacuna.reporting.replicates import averaged, of_trainings, one_cell, selected
from tests.reporting.made_up_cells import PHOTOGRAPHS, make_cells

OF_AXES = ["axes", "best_of_n", "diversity", "variance"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    made = make_cells(tmp_path_factory.mktemp("cells"))
    made.settings["made"] = {name: [""] for name in OF_AXES}
    return made


def naive(run, **where):
    """Mean of composites by PSNR on the whole image, over a filter of all rows: by the slow and certain way."""
    rows = run.cells
    for name, value in ({"prediction": "composite", "region": "image", "metric": "psnr"} | where).items():
        rows = rows[rows[name] == value]
    return rows.groupby("image")["value"].mean().mean()


def test_the_selected_cell_is_averaged_over_trainings_and_samples(run):
    scores = run.scores
    assert not {"train_masks", "test_masks", "image_size", "repeat", "sample"} & set(scores)
    one = scores[(scores["prediction"] == "composite") & (scores["region"] == "image") & (scores["metric"] == "psnr")]
    assert one.groupby("system").size().to_dict() == dict.fromkeys(("net", "plain", "telea"), len(PHOTOGRAPHS))
    where = {"test_masks": "boxes", "image_size": "60x44"}
    means = one.groupby("system")["value"].mean()
    assert means["net"] == pytest.approx(naive(run, system="net", train_masks="strokes", **where))
    assert means["telea"] == pytest.approx(naive(run, system="telea", **where))
    assert all("60x44" in image for image in one["image"]) and all("boxes" in mask for mask in one["mask"])
    photographs = run.cells.groupby("image_size")["photograph"].nunique()
    assert photographs.tolist() == [9, 9] and run.cells["photograph"].nunique() == 9


def test_rows_of_two_cells_are_refused(run):
    for function in (statistics.pairs, statistics.ranks, statistics.leaderboard_intervals):
        with pytest.raises(LacunaError, match="several train_masks \\(boxes, strokes\\); select one"):
            function(run.cells)
    with pytest.raises(LacunaError, match="no test_masks 'ovals', which 'leaderboard' selects; known: boxes, strokes"):
        selected(run.cells, {"test_masks": "ovals"})
    assert "train_masks" not in one_cell(run.cells[run.cells["train_masks"] == ""][["train_masks", "value"]])


def test_a_written_table_is_selected_as_the_rows_are(run, tmp_path):
    aggregation.write_table(tmp_path / "quantitative.csv", aggregation.quantitative(run.cells))
    table = aggregation.read_table(tmp_path / "quantitative.csv")
    found, expected = run.selected(table), aggregation.quantitative(run.scores)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), expected)
    numbers = aggregation.read_table(tmp_path / "quantitative.csv").assign(image_size=48)
    assert len(selected(numbers, {"image_size": "48"})) == len(numbers)


def test_every_cell_stands_apart(run):
    table = aggregation.quantitative(run.cells)
    assert list(table)[:9] == [*aggregation.KEYS, "train_masks", "test_masks", "image_size"] and set(table["n"]) == {
        len(PHOTOGRAPHS)
    }
    assert len(table) == 5 * 4 * (2 * 2 + 1)  # readings × (tested, size) × (systems × learned, and one that is not)
    bins = aggregation.by_coverage(run.cells)
    assert {"train_masks", "bin"} <= set(bins) and bins["n"].sum() == table["n"].sum()


def test_averaging_by_hand():
    keys = {"source": "place2", "system": "aa", "image": "x", "coverage": 0.5}
    rows = pd.DataFrame([{**keys, "repeat": r, "sample": s, "value": 10 * r + s} for r in (1, 2) for s in (1, 2, 3)])
    rows = pd.concat([rows.assign(image="w", value=np.nan), rows.sample(frac=1, random_state=1)], ignore_index=True)
    rows.loc[rows["value"] == 23, "value"] = np.nan
    found = averaged(rows)
    assert found["image"].tolist() == ["w", "x"] and list(found) == ["source", "system", "image", "coverage", "value"]
    assert found["value"].tolist() == pytest.approx([np.nan, (11 + 12 + 13 + 21 + 22) / 5], nan_ok=True)
    assert averaged(found) is found
    index = pd.MultiIndex.from_frame(rows[["image", "coverage"]].drop_duplicates())
    trained = of_trainings(rows, ["system"], index)
    assert trained["aa",][1] == pytest.approx([12, 21.5])
    assert of_trainings(rows[rows["repeat"] == 1], ["system"], index) == {}


def test_seeds_widen_what_is_said_of_two_systems(run):
    """The same scores as if there were one training: the difference is surer than it is."""
    replicates = run.replicates
    with_seeds, without = statistics.pairs(replicates), statistics.pairs(run.scores)
    pd.testing.assert_frame_equal(
        with_seeds[["mean_difference", "n", "p_value"]], without[["mean_difference", "n", "p_value"]]
    )
    wide, narrow = ((each["high"] - each["low"]).to_numpy() for each in (with_seeds, without))
    assert (wide > narrow).all()
    for function in (statistics.leaderboard_intervals, statistics.ranks):
        one, other = function(replicates), function(run.scores)
        assert one[["system", "mean_rank"]].equals(other[["system", "mean_rank"]])
        reach, surer = (each["high"] - each["low"] for each in (one, other))
        trained = one["system"] != "telea"
        assert (reach[trained] >= surer[trained] - 1e-9).all() and reach[trained].sum() > surer[trained].sum()


def test_no_verdict_where_other_seeds_might_turn_it():
    """Every photograph is for `aa`, and so is the test; but one training of each is better, one is worse."""
    random = np.random.default_rng(2)
    rows = []
    for system, seeds in {"aa": (21.0, 25.0), "bb": (20.0, 24.0)}.items():
        for repeat, seed in enumerate(seeds, start=1):
            values = seed + random.normal(0, 0.1, 20)
            rows += [(system, f"{n}.png", f"m{n}.png", repeat, value, f"p{n}") for n, value in enumerate(values)]
    table = pd.DataFrame(rows, columns=["system", "image", "mask", "repeat", "value", "photograph"])
    table = table.assign(source="place2", test_set="a", prediction="composite", region="image", metric="psnr")
    row = statistics.pairs(table).iloc[0]
    assert row["p_holm"] < 0.001 and row["low"] < 0 < row["high"] and row["verdict"] == "no difference shown"
    assert statistics.pairs(averaged(table)).iloc[0]["verdict"] == "a better"
    ranked = statistics.ranks(table)
    assert ranked["mean_rank"].tolist() == [1, 2] and (ranked["high"] - ranked["low"] > 0.5).all()
    board = statistics.leaderboard_intervals(table)
    assert board[["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [1, 2]]


def test_cells_of_axes_have_means_intervals_and_numbers(run):
    table = axis_means(run.cells)
    where = {"train_masks": "boxes", "test_masks": "strokes", "image_size": "48"}
    chosen = table[(table["region"] == "image") & (table["metric"] == "psnr")]
    for name, value in where.items():
        chosen = chosen[chosen[name] == value]
    row = chosen[chosen["system"] == "net"].iloc[0]
    assert row["mean"] == pytest.approx(naive(run, system="net", **where))
    assert row["low"] < row["mean"] < row["high"]
    assert row[["n", "photographs", "trainings"]].tolist() == [12, 9, 2]
    crossed, by_family, by_size = (displayed(tables()["axes"], run)[place] for place in range(3))
    assert "masks of training × masks of the test" in crossed.title and "Held: images of 60×44." in crossed.caption
    lines = dict(crossed.groups)["A net, Place2"]
    assert [name for name, _ in lines] == ["strokes", "boxes"] and crossed.head[2:] == ("strokes", "boxes")
    learned = table[(table["region"] == "hole") & (table["metric"] == "psnr") & (table["image_size"] == "60x44")]
    learned = learned[(learned["system"] == "net") & (learned["train_masks"] == "boxes")].set_index("test_masks")
    assert lines[1][1][0].text.startswith(f"{learned.loc['strokes', 'mean']:.2f} [")
    assert lines[1][1][0].text.endswith(", 12")
    assert [name for name, _ in by_family.groups[0][1]] == ["A net, Place2", "A plain net, Place2", "Telea †"]
    assert by_size.head[2:] == ("48×48", "60×44") and "trained with the masks strokes" in by_size.caption
    assert len(displayed(tables()["axes"], run)) == 3 * 2


def test_the_expected_best_is_that_of_all_choices():
    from itertools import combinations

    scores = np.array([[3.0, 9.0, 4.0, 4.0], [1.0, 0.0, 2.0, 8.0]])
    for direction, best in (("higher", max), ("lower", min)):
        expected = [
            [np.mean([best(some) for some in combinations(row, number)]) for number in (1, 2, 3, 4)] for row in scores
        ]
        assert expected_best(scores, direction) == pytest.approx(np.array(expected))


def test_best_of_n_is_a_curve_of_what_draws(run):
    table = best_of(run.replicates)
    assert set(table["system"]) == {"net"} and set(table["best_of"]) == {1, 2, 3}
    one = table[(table["region"] == "image") & (table["metric"] == "psnr")].set_index("best_of")
    selection = {"train_masks": "strokes", "test_masks": "boxes", "image_size": "60x44"}
    assert one.loc[1, "mean"] == pytest.approx(naive(run, system="net", **selection))
    rows = run.replicates
    rows = rows[(rows["system"] == "net") & (rows["region"] == "image") & (rows["prediction"] == "composite")]
    highest = rows[rows["metric"] == "psnr"].groupby(["repeat", "image"])["value"].max().mean()
    assert one.loc[3, "mean"] == pytest.approx(highest)
    falling = table[(table["region"] == "hole") & (table["metric"] == "lpips_alex")]["mean"]
    assert all(later < earlier for earlier, later in pairwise(falling))
    assert best_of(run.replicates.drop(columns="sample")).empty


def test_diversity_stands_beside_quality(run):
    table = tables()["diversity"].rows(run)
    assert table["system"].tolist() == ["net", "net"] and table["metric"].tolist() == ["lpips_alex", "psnr"]
    rows = run.selected(run.diversity)
    assert table["diversity"].tolist() == pytest.approx([rows["value"].mean()] * 2)
    assert ((table["diversity_low"] < table["diversity"]) & (table["diversity"] < table["diversity_high"])).all()
    hole = run.scores[(run.scores["system"] == "net") & (run.scores["region"] == "hole")]
    assert table["mean"].tolist() == pytest.approx(hole.groupby("metric")["value"].mean().tolist())


def test_tables_and_figures_of_axes_are_written(run, tmp_path):
    for folder in ("tables", "figures"):
        (tmp_path / folder).mkdir()
    written = make_tables(run.settings["made"], run, tmp_path)
    assert [path.name for path in written] == [f"{name}.csv" for name in OF_AXES]
    make_figures({"best_of_n": [""]}, run, tmp_path)
    assert (tmp_path / "figures/best_of_n.png").stat().st_size > 5000
    assert figures()["best_of_n"].facts(run)["n"] == "N = 12 images of 9 photographs"
    means, differences = displayed(tables()["variance"], run)
    assert "What decides most often is the " in means.caption or "each have the largest share" in means.caption
    assert "2 of them, 1 degree of freedom" in means.caption and "by all mask sets" in means.caption
    assert means.head[2:] == ("photograph", "crop and mask", "training seed", "training seed × image", "sample")
    assert dict(differences.groups)["PSNR"][0][0] == "A net – A plain net, Place2"
    shown = displayed(tables()["diversity"], run)[0]
    assert shown.head[:3] == ("", "System", "Diversity") and shown.groups[0][1][0][1][-1].text == "3"


def test_captions_say_what_is_averaged_and_drawn(run):
    text = about(DRAWN, run.settings)
    assert "trained with the masks strokes, tested with the masks boxes, images of 60×44" in text
    assert (
        "2 trainings from different seeds" in text
        and "3 samples" in text
        and "other seeds or photographs might turn" in text
    )
    assert "for these very trainings" in about(AVERAGED, run.settings)
    assert about(DRAWN, {"title": "x"}) == "" and about("", run.settings) == ""


def test_one_training_and_one_sample_change_no_bit(tmp_path):
    """A run of one mask set and size, with the columns of replicates and without them."""
    run = make_cells(tmp_path, repeats=1, samples=1)
    assert not {"repeat", "sample"} & set(run.cells)
    plain = run.scores
    one = plain.assign(repeat=np.where(plain["source"] == "place2", 1, 0), sample=0)
    for function in (statistics.pairs, statistics.ranks, statistics.leaderboard_intervals, aggregation.quantitative):
        pd.testing.assert_frame_equal(function(one), function(plain), check_exact=True)


def test_a_run_that_selects_nothing_mixes_nothing(run, tmp_path):
    from lacuna.reporting.run import Run

    unselected = Run({**run.settings, "selection": {"test_masks": "boxes"}}, {"scores": run.files("scores")})
    with pytest.raises(LacunaError, match=r"several train_masks \(boxes, strokes\)"):
        _ = unselected.scores
