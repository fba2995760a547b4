"""Keep or discard, and domains: values by hand, both directions of metrics, several crops of a photograph."""

import numpy as np
import pandas as pd
import pytest

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.adaptation.choice import choice
from lacuna.reporting.adaptation.domains import POOLED, domains
from lacuna.reporting.tables.adaptation_choice import choice_table
from lacuna.reporting.tables.adaptation_domains import answer, domains_table
from tests.reporting.test_adaptation import SETTINGS

NAMES = {"experiment": "baseline", "system": "deep", "source": "place2", "test_set": "a_test"}
# keep, never, always, chosen, oracle of five pictures of three photographs, by L1
PICTURES = [
    (True, 0.50, 0.40, 0.30, 0.30),  # kept, better: right
    (True, 0.50, 0.40, 0.60, 0.40),  # kept, worse: wrong
    (False, 0.50, 0.40, 0.50, 0.40),  # discarded, the last step is better: wrong
    (False, 0.50, 0.50, 0.50, 0.50),  # discarded, the last step is as good: right
    (False, 0.50, 0.70, 0.50, 0.50),  # discarded, the last step is worse: right
]


def made(sign=-1, metric="l1") -> pd.DataFrame:
    rows = []
    for i, (keep, *values) in enumerate(PICTURES):
        never, always, chosen, oracle = values if sign < 0 else [1 - value for value in values]
        row = {**NAMES, "image": f"{i}.png", "photograph": f"p{i // 2}", "keep": keep, "metric": metric}
        rows.append(row | {"region": "hole", "never": never, "always": always, "chosen": chosen, "oracle": oracle})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("sign, metric", [(-1, "l1"), (1, "ssim")])
def test_gains_and_the_share_right(sign, metric):
    table = choice(made(sign, metric)).set_index("policy")
    expected = {"always": 0.02, "never": 0, "chosen": 0.02, "oracle": 0.08}
    assert table["gain"].to_dict() == pytest.approx(expected)
    percents = {name: 100 * gain / 0.5 for name, gain in expected.items()}
    assert table["improvement_percent"].to_dict() == pytest.approx(percents)
    chosen = table.loc["chosen"]
    assert chosen["right_percent"] == pytest.approx(60) and chosen["kept_percent"] == pytest.approx(40)
    assert 0 <= chosen["right_low"] < 60 < chosen["right_high"] <= 100
    assert table.loc["always", "right_percent":"kept_percent"].isna().all()
    assert (table["n"] == 5).all() and (table.loc["never", ["ci_low", "ci_high"]] == 0).all()
    assert table.loc["always", "ci_low"] < 0.02 < table.loc["always", "ci_high"]


def test_intervals_are_over_photographs():
    """Ten crops a photograph gain alike: as eighty photographs they would seem far surer."""
    gained = np.repeat(np.random.default_rng(0).normal(0.05, 0.02, 8), 10)
    rows = pd.DataFrame({**NAMES, "metric": "l1", "region": "hole", "keep": True, "never": 0.4, "always": 0.4 - gained})
    rows = rows.assign(chosen=rows["always"], oracle=rows["always"], image=[f"{i}.png" for i in range(80)])
    together = choice(rows.assign(photograph=[f"p{i // 10}" for i in range(80)])).set_index("policy").loc["chosen"]
    alone = choice(rows.assign(photograph=rows["image"])).set_index("policy").loc["chosen"]
    assert together["gain"] == alone["gain"]
    assert together["ci_high"] - together["ci_low"] > 2 * (alone["ci_high"] - alone["ci_low"])


def test_the_choice_is_laid_out():
    shown = choice_table(choice(made()), SETTINGS)
    ((group, ((label, cells),)),) = shown.groups
    assert group == "Deep, trained on Places2 → Faces (5)" and label == "baseline"
    assert cells[0].text == "40 %" and cells[1].text.startswith("60 % [")
    assert cells[3].text.startswith("+0.0200 (+4.00 %) [") and not cells[3].best
    assert "in 0 of 1 lines, and loses in 0" in shown.caption and "hole only" in shown.caption


def test_no_rows_make_an_empty_table():
    assert choice(made().iloc[:0]).empty


# ---------------------------------------------------------------------- domains


def adapted(near_gain=0.0, far_gain=0.0, metric="psnr", n=7, sets=("a_test",), noise=0.01) -> pd.DataFrame:
    """celeba starts 2 better than place2 on the first set and 2 worse on others; adapting adds what is said."""
    random, rows, better = np.random.default_rng(3), [], 1 if metric == "psnr" else -1
    for test_set in sets:
        near = "celeba" if test_set == sets[0] else "place2"
        for i in range(n):
            base = 20 + i
            for source in ("celeba", "place2"):
                start = base + better * (1 if source == near else -1)
                gain = better * (near_gain if source == near else far_gain)
                for step in (0, 5, 10):
                    value = start + gain * step / 10 + random.normal(0, noise)
                    rows.append((test_set, source, f"{i}.png", f"p{i // 2}", step, value))
    table = pd.DataFrame(rows, columns=["test_set", "source", "image", "photograph", "step", "value"])
    return table.assign(experiment="baseline", system="deep", metric=metric, region="hole")


@pytest.mark.parametrize("metric", ["psnr", "l1"])
def test_the_gap_and_what_of_it_is_closed(metric):
    (row,) = domains(adapted(near_gain=0.5, far_gain=1.0, metric=metric, noise=0)).itertuples()
    assert (row.near, row.far, row.n, row.photographs) == ("celeba", "place2", 7, 4)
    assert row.gap_before == pytest.approx(2) and row.gap_after == pytest.approx(1.5)
    assert row.closed == pytest.approx(0.5) == row.closed_low == row.closed_high  # the same in every picture
    assert row.closed_percent == pytest.approx(25) and row.still_behind == pytest.approx(1)


def test_every_test_set_keeps_its_own_near_source_where_all_are_taken_together():
    table = domains(adapted(far_gain=1.0, sets=("a_test", "b_test"))).set_index("test_set")
    assert table["near"].to_dict() == {"a_test": "celeba", "b_test": "place2", POOLED: ""}
    pooled = table.loc[POOLED]
    assert (pooled["n"], pooled["photographs"]) == (14, 8)
    assert pooled["gap_before"] == pytest.approx(2, abs=0.05) and pooled["closed"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    "gains, noise, said",
    [
        ((0.0, 1.0), 0.01, r"closes 50 % of the gap between the sources \(\+1\.0"),
        # closed, because the near network gets worse as well
        (
            (-1.5, 1.0),
            0.0,
            r"closes more than the gap between the sources \(.*near 28\.00 → 26\.50, far 26\.00 → 27\.00",
        ),
        ((1.0, 0.0), 0.01, r"widens the gap between the sources \(-1\.0"),
        ((0.0, 0.0), 0.3, r"does not close the gap between the sources beyond chance \("),
        ((0.0, 0.0), 9.0, "no gap between the sources that chance would not explain"),
    ],
)
def test_the_answer_says_what_the_numbers_say(gains, noise, said):
    import re

    table = domains(adapted(*gains, n=15, noise=noise))
    assert re.search(said, answer(table, metric_by_name("psnr"), {"deep": "Deep"})), answer(
        table, metric_by_name("psnr"), {}
    )


def test_the_domains_are_laid_out():
    table = domains(adapted(far_gain=1.0, sets=("a_test", "b_test")))
    shown = domains_table(table, SETTINGS, "baseline, the config's first")
    (((group, lines)),) = shown.groups
    assert group == "Deep, baseline" and [label for label, _ in lines] == [
        "Faces (7)",
        "Scenes (7)",
        "all test sets (14)",
    ]
    assert lines[0][1][0].text.startswith("CelebA 2") and lines[1][1][0].text.startswith("Places2 2")
    assert lines[0][1][3].best and shown.caption.startswith("By PSNR (dB), baseline of Deep on all test sets: adapting")


def test_one_source_has_no_gap():
    rows = adapted()
    assert domains(rows[rows["source"] == "celeba"]).empty
