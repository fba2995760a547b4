"""Intervals by simulation, tests by hand arithmetic, and what must never become a NaN."""

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting import statistics

COLUMNS = ["source", "test_set", "system", "image", "mask", "prediction", "region", "metric", "value", "photograph"]


def scores(values, metric="psnr", region="image", source="place2", test_set="paris"):
    """Rows from system → values, image by image."""
    return pd.DataFrame(
        [
            (source, test_set, system, f"{i:03d}.png", f"m{i:03d}.png", "composite", region, metric, value, f"p{i}")
            for system, column in values.items()
            for i, value in enumerate(column)
        ],
        columns=COLUMNS,
    )


def test_holm_by_hand():
    # sorted: .01×4, .02×3, .03×2 = .06 again, .5
    assert statistics.holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert statistics.holm([0.4, 0.6]).tolist() == pytest.approx([0.8, 0.8])
    assert statistics.holm([0.9, 0.9]).tolist() == [1, 1]
    assert statistics.holm([]).tolist() == []


def test_signed_rank_by_hand():
    # rank sums 19 and 2: of the 64 signs, 3 give a sum of at most 2 (none, {1}, {2})
    p_value, sign = statistics.signed_rank(np.array([1.0, -2.0, 3.0, 4.0, 5.0, 6.0]))
    assert (p_value, sign) == (pytest.approx(2 * 3 / 64), 1)
    assert statistics.signed_rank(np.array([-1.0, 0.0, -2.0, -3.0, -4.0, -5.0, -6.0]))[0] == pytest.approx(2 / 64)
    assert statistics.signed_rank(np.zeros(9)) == (1.0, 0)


def test_ties_count_half_a_win():
    differences = np.array([1.0, 0.0, -1.0, 2.0])
    assert statistics.win_rate(differences, "higher") == 0.625
    assert statistics.win_rate(differences, "lower") == 0.375


def test_friedman_is_scipys():
    from scipy.stats import friedmanchisquare, rankdata

    values = np.random.default_rng(2).integers(0, 5, (12, 4))  # with ties
    assert statistics.friedman(rankdata(values, axis=1)) == pytest.approx(friedmanchisquare(*values.T).pvalue)
    assert statistics.friedman(np.full((7, 3), 2.0)) == 1


def test_pairs_are_found_by_name_and_not_by_order():
    base = np.arange(8.0)
    table = scores({"aa": base + 1, "bb": base, "cc": -base})
    shuffled = table.sample(frac=1, random_state=4)
    found = statistics.pairs(shuffled)
    pd.testing.assert_frame_equal(found, statistics.pairs(table))
    row = found[(found["system_a"] == "aa") & (found["system_b"] == "bb")].iloc[0]
    assert row[["n", "mean_difference", "low", "high", "win_rate_a"]].tolist() == [8, 1, 1, 1, 1]
    assert row["p_value"] == pytest.approx(2 / 256)
    assert row["p_holm"] == pytest.approx(3 * 2 / 256)
    assert row["verdict"] == "a better"
    assert list(found) == statistics.PAIRS


def test_lower_is_better_where_it_is():
    row = statistics.pairs(scores({"aa": np.arange(9) + 0.5, "bb": np.arange(9)}, metric="l1")).iloc[0]
    assert (row["verdict"], row["win_rate_a"]) == ("b better", 0)


def test_the_family_is_pairs_times_metrics_of_one_region():
    base = np.arange(8.0)
    values = {"aa": base + 1, "bb": base}
    table = pd.concat([scores(values), scores(values, metric="l1"), scores(values, metric="l1", region="hole")])
    found = statistics.pairs(table).set_index(["region", "metric"])
    assert found["p_holm"].to_dict() == pytest.approx(
        {("image", "psnr"): 4 / 256, ("image", "l1"): 4 / 256, ("hole", "l1"): 2 / 256}
    )


def test_shared_systems_stand_beside_every_source_and_others_do_not():
    values = np.arange(7.0)
    table = pd.concat(
        [
            scores({"aa": values}),
            scores({"aa": values + 1}, source="celeba"),
            scores({"given": values}, source="elsewhere"),
            scores({"telea": values**2}, source="untrained"),
        ]
    )
    found = statistics.pairs(table)
    trios = [("aa", "given"), ("aa", "telea"), ("given", "telea")]
    assert list(zip(found["source"], found["system_a"], found["system_b"], strict=True)) == [
        (source, *pair) for source in ("celeba", "place2") for pair in trios
    ]
    ends = found[(found["system_a"] == "given") & (found["system_b"] == "telea")][["low", "high"]]
    assert (ends.iloc[0] == ends.iloc[1]).all(), "what stands beside both sources has one interval"
    assert set(statistics.ranks(table)["source"]) == {"celeba", "place2"}
    alone = statistics.pairs(table[table["source"].isin({"elsewhere", "untrained"})])
    assert alone["source"].tolist() == ["untrained"]


def test_only_common_images_are_compared():
    table = scores({"aa": np.arange(9.0), "bb": np.arange(9.0) + 1, "cc": np.arange(9.0) + 2})
    table = table[(table["system"] != "bb") | (table["image"] > "001.png")]
    found = statistics.pairs(table).set_index(["system_a", "system_b"])
    assert found["n"].to_dict() == {("aa", "bb"): 7, ("aa", "cc"): 9, ("bb", "cc"): 7}
    assert set(statistics.ranks(table)["n"]) == {7}
    apart = scores({"aa": np.arange(9.0), "bb": np.arange(9.0)})
    apart = apart[(apart["system"] == "aa") == (apart["image"] < "004.png")]
    assert statistics.pairs(apart).empty
    assert statistics.ranks(apart).empty


def test_the_same_image_scored_twice_is_refused():
    table = pd.concat([scores({"aa": [1.0]}), scores({"aa": [2.0]}, source="elsewhere")])
    with pytest.raises(LacunaError, match="'aa' has two psnr scores of 000.png with m000.png"):
        statistics.pairs(table)


@pytest.mark.parametrize(
    "values, verdict",
    [
        ({"aa": np.arange(5.0), "bb": np.arange(5.0) + 1}, "not tested, fewer than 6 photographs"),
        ({"aa": [3.0], "bb": [4.0]}, "not tested, fewer than 6 photographs"),
        ({"aa": np.arange(8.0), "bb": np.arange(8.0)}, "identical"),
        ({"aa": [5.0, *np.arange(7)], "bb": [1.0, *np.arange(7)]}, "no difference shown"),
    ],
)
def test_what_cannot_be_told_is_said_and_is_no_nan(values, verdict):
    found = statistics.pairs(scores(values))
    assert found["verdict"].tolist() == [verdict]
    tested = not verdict.startswith("not tested")
    assert found[["p_value", "p_holm"]].notna().all(axis=None) == tested
    for table in (found, statistics.ranks(scores(values)), statistics.leaderboard_intervals(scores(values))):
        assert len(table)
        ends = table.filter(regex="low|high").isna()
        assert ends.all(axis=None) if len(values["aa"]) == 1 else not ends.any(axis=None)
        untested = [] if tested else list(table.filter(regex="p_value|p_holm|friedman_p"))
        assert not table.drop(columns=[*ends.columns, *untested]).isna().any(axis=None)


def test_one_system_has_nothing_to_be_compared_with():
    table = scores({"aa": np.arange(9.0)})
    assert list(statistics.pairs(table)) == statistics.PAIRS
    assert statistics.pairs(table).empty
    assert statistics.ranks(table).empty
    assert statistics.leaderboard_intervals(table)["mean"].tolist() == [4]


def test_ranks_by_hand():
    table = scores({"aa": [1, 1, 3, 9, 9, 9], "bb": [2, 1, 2, 8, 8, 8], "cc": [3, 1, 1, 7, 7, 7]})
    found = statistics.ranks(table).set_index("system")
    assert found["mean_rank"].to_dict() == pytest.approx({"aa": 9 / 6, "bb": 2.0, "cc": 15 / 6})
    assert (found["low"] <= found["mean_rank"]).all()
    assert (found["high"] >= found["mean_rank"]).all()
    # sums of squares: 6·(.5² + .5²) of the means, 5 images that differ spread by 2 each
    assert found["friedman_p"].iloc[0] == pytest.approx(np.exp(-(2 * 36 * 0.5 / 10) / 2))
    lower = statistics.ranks(table.assign(metric="l1")).set_index("system")
    assert lower["mean_rank"].to_dict() == pytest.approx({"aa": 15 / 6, "bb": 2.0, "cc": 9 / 6})


def of_photographs(table, photographs):
    """`scores` of images cut from these photographs, in their order."""
    return table.assign(photograph=table["image"].map(lambda name: photographs[int(name[:3])]))


def test_crops_of_one_photograph_are_one_witness():
    """Nine images of six photographs: means by hand, and a p that six can reach."""
    photographs = ["a", "b", "c", "d", "e", "f", "f", "f", "f"]
    gains = np.array([1.0, 2, 3, 4, 5, -9, 3, 3, 3])  # the mean of f is 0 and is left out: five gains, all positive
    table = of_photographs(scores({"aa": 10 + gains, "bb": np.full(9, 10.0)}), photographs)
    row = statistics.pairs(table).iloc[0]
    assert row[["n", "photographs", "mean_difference"]].tolist() == [9, 6, pytest.approx(gains.mean())]
    assert row["win_rate_a"] == pytest.approx(8 / 9)
    assert row["p_value"] == pytest.approx(2 / 32)
    five = of_photographs(scores({"aa": 10 + gains, "bb": np.full(9, 10.0)}), list("abcdeeeee"))
    assert statistics.pairs(five)["verdict"].tolist() == ["not tested, fewer than 6 photographs"]
    found = statistics.ranks(table).set_index("system")
    assert found["mean_rank"].to_dict() == pytest.approx({"aa": (5 * 1 + 1.5) / 6, "bb": (5 * 2 + 1.5) / 6})
    assert set(found["n"]) == {9} and set(found["photographs"]) == {6}
    board = statistics.leaderboard_intervals(table)
    assert board["photographs"].tolist() == [6, 6] and board["n"].tolist() == [9, 9]
    assert board["mean"].tolist() == pytest.approx([10 + gains.mean(), 10])


def test_the_leaderboards_ranks_have_intervals():
    """`best` is best on every image; the other two differ by one photograph, and their places change with it."""
    random = np.random.default_rng(8)
    base = random.normal(20, 1, 12)
    change = np.array([9.0, *[-0.5] * 11])
    table = scores({"best": base + 50, "even": base, "lucky": base + change})
    board = statistics.leaderboard_intervals(pd.concat([table, table.assign(metric="l1", value=-table["value"])]))
    found = board.drop_duplicates("system").set_index("system")[["mean_rank", "rank_low", "rank_high"]]
    assert found.loc["best"].tolist() == [1, 1, 1]
    assert found.loc["lucky"].tolist() == [2, 2, 3] and found.loc["even"].tolist() == [3, 2, 3]
    one = statistics.leaderboard_intervals(table.assign(photograph="p"))
    assert one[["rank_low", "rank_high", "low", "high"]].isna().all(axis=None)


def test_a_test_and_a_mean_that_disagree_show_no_difference():
    """Eight photographs with one crop each are a little better, one with forty crops is much worse."""
    gains = np.array([*np.linspace(1, 2, 12), *[-3.0] * 40])
    photographs = [*"abcdefghijkl", *["m"] * 40]
    row = statistics.pairs(of_photographs(scores({"aa": 20 + gains, "bb": np.full(52, 20.0)}), photographs)).iloc[0]
    assert row["p_holm"] < 0.05 and row["mean_difference"] < 0
    assert row["verdict"] == "no difference shown"


def test_an_interval_that_holds_nothing_shows_no_difference():
    """Twelve photographs a little better, and three with many crops that may be either: the test alone would decide."""
    gains = np.array([*np.linspace(0.1, 0.2, 12), *[4.0] * 20, *[-3.0] * 20, *[2.0] * 20])
    photographs = [*"abcdefghijkl", *["m"] * 20, *["n"] * 20, *["o"] * 20]
    row = statistics.pairs(of_photographs(scores({"aa": 20 + gains, "bb": np.full(72, 20.0)}), photographs)).iloc[0]
    assert row["p_holm"] < 0.05 and row["mean_difference"] > 0 and row["low"] < 0 < row["high"]
    assert row["verdict"] == "no difference shown"


def test_the_leaderboard_holds_an_interval_for_every_mean():
    random = np.random.default_rng(6)
    table = pd.concat(
        [
            scores({"aa": random.normal(20, 1, 30)}),
            scores({"aa": random.normal(25, 1, 10)}, test_set="faces"),
            scores({"telea": random.normal(10, 1, 30)}, source="untrained"),
        ]
    )
    board = statistics.leaderboard_intervals(table)
    assert board["system"].tolist() == ["aa", "telea"]
    assert board["n"].tolist() == [40, 30]
    assert board["mean_rank"].tolist() == [1, 2]
    assert board["mean"].tolist() == pytest.approx(table.groupby("system")["value"].mean().tolist())
    assert ((board["low"] < board["mean"]) & (board["mean"] < board["high"])).all()
