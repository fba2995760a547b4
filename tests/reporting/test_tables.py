"""The tables: what is shown where, what is marked, and the three spellings."""

import re

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting import aggregation, display, published, rendering, statistics
from lacuna.reporting.descriptions import described, together
from lacuna.reporting.making import displayed, make_tables
from lacuna.reporting.run import Run
from lacuna.reporting.statistics import NOT_TESTED
from lacuna.reporting.tables import leaderboard, published_comparison, statistics_pairs, training
from lacuna.reporting.tables import table as tables
from tests.reporting.made_up import MadeUpPlan

SETTINGS = {
    "title": "A title",
    "demonstration": True,
    "systems": {"telea": "Telea", "aotgan": "AOT_GAN & co", "tfill": "TFill"},
    "sources": {"place2": "Place2", "celeba": "CelebA"},
    "test_sets": {"paris": "Paris <1|2>", "faces": "Faces"},
    "metrics": ["psnr", "l1"],
}
MEANS = {  # (psnr, l1): AOT-GAN has the best PSNR and the worst L1
    ("untrained", "telea"): (20.0, 0.02),
    ("place2", "aotgan"): (25.0, 0.09),
    ("celeba", "aotgan"): (11.0, 0.01),
    ("place2", "tfill"): (15.0, 0.05),
}


def quantitative(n=24):
    return pd.DataFrame(
        [
            (source, test_set, system, prediction, region, metric, value, 0.1, n)
            for (source, system), values in MEANS.items()
            for test_set in SETTINGS["test_sets"]
            for prediction, region in tables.BLOCKS
            for metric, value in zip(("psnr", "l1"), values, strict=True)
        ],
        columns=aggregation.QUANTITATIVE,
    )


def lines_of(table):
    return {(group, label): cells for group, rows in table.groups for label, cells in rows}


def test_best_is_marked_in_the_right_direction():
    table = tables.comparison(quantitative(), SETTINGS, "place2", "composite", "image")
    lines = lines_of(table)
    assert [cell.best for cell in lines["Faces (24)", "PSNR (dB) ↑"]] == [False, True, False]
    assert [cell.best for cell in lines["Faces (24)", "L1 ↓"]] == [True, False, False]
    assert [cell.text for cell in lines["Faces (24)", "L1 ↓"]] == ["0.0200", "0.0900", "0.0500"]


def test_many_systems_stand_below_each_other():
    systems = {f"s{i}": f"System {i}" for i in range(tables.ACROSS + 1)}
    rows = [
        ("place2", test_set, name, "composite", "image", metric, value, 0.1, 24)
        for i, name in enumerate(systems)
        for test_set, metric, value in (("paris", "psnr", 10.0 + i), ("paris", "l1", 0.01 + i), ("faces", "psnr", 9.0))
        if (name, test_set) != ("s3", "faces")
    ]
    numbers = pd.DataFrame(rows, columns=aggregation.QUANTITATIVE)
    table = tables.comparison(numbers, SETTINGS | {"systems": systems}, "place2", "composite", "image")
    assert table.head == ("Data set (N)", "System", "PSNR (dB) ↑", "L1 ↓")
    (paris, lines), (faces, others) = table.groups
    assert (paris, faces) == ("Paris <1|2> (24)", "Faces (24)")
    assert [label for label, _ in lines] == [label for label, _ in others] == list(systems.values())
    assert [cell.text for cell in dict(lines)["System 2"]] == ["12.00", "2.0100"]
    assert [[cell.best for cell in cells] for _, cells in lines] == [[False, True]] + [[False, False]] * 7 + [
        [True, False]
    ]
    assert [cell.text for cell in dict(others)["System 3"]] == ["–", "–"]
    fewer = numbers[numbers["system"] != "s8"]
    assert tables.comparison(fewer, SETTINGS | {"systems": systems}, "place2", "composite", "image").head[1] == "Metric"


def test_what_prints_the_same_is_marked_the_same():
    assert [cell.best for cell in display.row_of([20.004, 20.0, 19.99], "psnr")] == [True, True, False]
    assert [cell.best for cell in display.row_of([0.1, None, 0.2], "l1")] == [True, False, False]
    assert [cell.best for cell in display.row_of([20.0], "psnr")] == [False]


def test_untrained_systems_stand_in_every_sources_table_and_others_do_not():
    place2 = tables.comparison(quantitative(), SETTINGS, "place2", "composite", "image")
    celeba = tables.comparison(quantitative(), SETTINGS, "celeba", "composite", "image")
    assert place2.head == ("Data set (N)", "Metric", "Telea †", "AOT_GAN & co", "TFill")
    assert celeba.head == ("Data set (N)", "Metric", "Telea †", "AOT_GAN & co")
    assert lines_of(celeba)["Paris <1|2> (24)", "PSNR (dB) ↑"][1].text == "11.00"
    assert "† not trained in this run" in celeba.caption


def test_captions_say_what_the_numbers_are():
    composite, hole, band, raw = tables.comparisons(quantitative(), SETTINGS, "place2")
    for table in (composite, hole, band, raw):
        assert "N test images" in table.caption
        assert "↑ higher is better, ↓ lower is better" in table.caption
        assert "trained on Place2" in table.title
    assert "composites" in composite.caption
    assert "whole image" in composite.caption
    assert "hole only" in hole.caption
    assert "no hole are left out" in hole.caption
    assert "band along the hole's edge. Images whose mask has no hole" in band.caption
    assert "raw predictions" in raw.caption
    without = quantitative()
    without = without[without["region"] != "boundary"]
    assert tables.comparisons(without, SETTINGS, "place2") == [composite, hole, raw]


def test_means_over_different_images_are_refused():
    table = quantitative()
    table.loc[table["system"] == "tfill", "n"] = 23
    with pytest.raises(LacunaError, match="different numbers of images of 'paris' .23 and 24"):
        tables.comparison(table, SETTINGS, "place2", "composite", "image")


def test_results_that_the_settings_do_not_name_are_refused():
    with pytest.raises(LacunaError, match="hold the system 'telea'"):
        tables.comparison(quantitative(), SETTINGS | {"systems": {"aotgan": "A", "tfill": "T"}}, *"abc")
    with pytest.raises(LacunaError, match="hold the test set 'faces'"):
        tables.comparison(quantitative(), SETTINGS | {"test_sets": {"paris": "P"}}, *"abc")


def test_the_order_is_that_of_the_settings():
    ordered = SETTINGS | {"systems": [["tfill", "TFill"], ["telea", "Telea"], ["aotgan", "AOT-GAN"]]}
    table = tables.comparison(quantitative(), ordered, "place2", "composite", "image")
    assert table.head[2:] == ("TFill", "Telea †", "AOT-GAN")


def board():
    """`statistics.leaderboard_intervals` of made-up means: L1's intervals are ±0.002, PSNR's ±1."""
    rows = [
        (system, source, metric, value, value - width, value + width, 48, 30, rank, rank - 0.5, rank + 0.25)
        for rank, ((source, system), values) in enumerate(MEANS.items(), 1)
        for metric, value, width in zip(("psnr", "l1"), values, (1, 0.002), strict=True)
    ]
    return pd.DataFrame(rows, columns=statistics.LEADERBOARD)


def test_leaderboard_marks_columns_and_shows_intervals():
    table = leaderboard.leaderboard_table(board(), SETTINGS)
    assert [(group, rows[0][0]) for group, rows in table.groups][0] == ("Telea", "– (needs no training)")
    lines = {(group, label): cells for group, rows in table.groups for label, cells in rows}
    assert [cell.best for cell in lines["AOT_GAN & co", "Place2"]] == [True, False, False]
    assert [cell.best for cell in lines["AOT_GAN & co", "CelebA"]] == [False, True, False]
    assert [cell.text for cell in lines["TFill", "Place2"]] == [
        "15.00 [14.00, 16.00]",
        "0.0500 [0.0480, 0.0520]",
        "4.00 [3.50, 4.25]",
    ]
    assert "N = 48 test images of 30 photographs of 2 data sets" in table.caption
    assert "95 % intervals" in table.caption
    partial = leaderboard.leaderboard_table(board().drop(index=0), SETTINGS)
    assert [cell.text for cell in partial.groups[0][1][0][1]] == ["–", "0.0200 [0.0180, 0.0220]", "1.00 [0.50, 1.25]"]
    alone = leaderboard.leaderboard_table(board().assign(low=np.nan, high=np.nan), SETTINGS)
    assert alone.groups[0][1][0][1][1].text.endswith(" [–]")
    with pytest.raises(LacunaError, match="hold the source 'celeba'"):
        leaderboard.leaderboard_table(board(), SETTINGS | {"sources": {"place2": "Place2"}})


def pair(metric, verdict, difference, b="telea", n=24, source="place2"):
    of = (source, "composite", "image", metric)
    return (*of, "aotgan", b, n, n - 1, difference, difference - 1, difference + 1, 0.25, 0.01, 0.02, verdict)


def test_only_pairs_that_differ_are_shown():
    rows = [
        *(pair("psnr", "b better", -1.5), pair("l1", "no difference shown", 0.01)),
        *(pair("psnr", "identical", 0.0, "tfill"), pair("l1", "no difference shown", 0.01, "tfill")),
        pair("psnr", NOT_TESTED, 0.3, n=5, source="celeba"),
    ]
    table = statistics_pairs.pairs_table(pd.DataFrame(rows, columns=statistics.PAIRS), SETTINGS, "composite", "image")
    assert table.head == ("Trained on", "First – second", "PSNR (dB) ↑", "L1 ↓")
    ((group, ((label, cells),)),) = table.groups
    assert (group, label) == ("Place2", "AOT_GAN & co – Telea")
    assert cells == (
        display.Cell("-1.50 [-2.50, -0.50], 25%", True),
        display.Cell("+0.0100 [-0.9900, +1.0100], 25%", False),
    )
    assert table.caption.startswith("1 of 4 comparisons differ")
    assert "N = 5 to 24 test images of 4 to 23 photographs, of composites" in table.caption
    assert "Too few photographs (below 6) to test: 1." in table.caption
    assert "With 23 photographs" not in table.caption
    seven = pd.DataFrame(rows, columns=statistics.PAIRS).assign(photographs=7)
    few = statistics_pairs.pairs_table(seven, SETTINGS, "composite", "image")
    # 2·2⁻⁷ of one comparison, that of celeba, can pass; all comparisons of place2 cannot
    assert "can fall below" not in few.caption
    six = statistics_pairs.pairs_table(seven.assign(photographs=6, source="place2"), SETTINGS, "composite", "image")
    assert "With 6 photographs no p of 5 comparisons can fall below 0.16, so none can be shown" in six.caption
    none = statistics_pairs.pairs_table(
        pd.DataFrame(rows[1:4], columns=statistics.PAIRS), SETTINGS, "composite", "image"
    )
    assert none.groups == ()
    assert "Too few" not in none.caption


def test_published_means_stand_beside_ours_with_what_differs():
    rows = [("place2", "paris", "psnr", "aotgan", 9.0, 300, 20.0, 24, 11.0)]
    table = published_comparison.published_table(pd.DataFrame(rows, columns=published.COMPARISON), SETTINGS)
    assert lines_of(table) == {
        ("Place2 → Paris <1|2> (N = 300 published, 24 ours)", "AOT_GAN & co, PSNR (dB) ↑"): (
            *(display.Cell("9.00"), display.Cell("20.00"), display.Cell("+11.00")),
        )
    }
    for what in ("300 images of 256×256", "composites", "whole image", "AlexNet", "not a verdict"):
        assert what in table.caption


def initialisation(better):
    table = pd.DataFrame([("aotgan", "place2", "psnr", 10.0, 12.0, 2.0, better, 80, 18)], columns=aggregation.TRAINING)
    return training.initialisation_table(table, SETTINGS)


def test_initialisation_says_whether_it_was_beaten():
    assert "every trained system beats its own initialisation" in initialisation("yes").caption
    assert initialisation("yes").groups[0][0] == "AOT_GAN & co, Place2 (80 steps, N = 18)"
    worse = initialisation("no").caption
    assert "do not beat their own initialisation: AOT_GAN & co trained on Place2 (PSNR)" in worse


def test_markdown_is_one_table_with_escapes():
    text = rendering.to_markdown([tables.comparison(quantitative(), SETTINGS, "place2", "composite", "image")])
    body = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in body} == {6}
    assert r"| Paris &lt;1\|2> (24) | PSNR (dB) ↑ | 20.00 | **25.00** | 15.00 |" in body


def test_html_escapes_and_spans():
    html = rendering.to_html(tables.comparison(quantitative(), SETTINGS, "place2", "composite", "image"))
    assert '<th scope="rowgroup" rowspan="2">Paris &lt;1|2&gt; (24)</th>' in html
    assert "<td><strong>25.00</strong></td>" in html
    assert "AOT_GAN &amp; co" in html
    assert "PSNR (dB)\N{NO-BREAK SPACE}↑" in html and "Telea\N{NO-BREAK SPACE}†" in html  # no mark alone on a line


def test_latex_is_balanced_and_escaped():
    text = rendering.to_latex(tables.comparisons(quantitative(), SETTINGS, "place2"))
    plain = re.sub(r"\\[{}\\&%$#_]", "", text)
    assert plain.count("{") == plain.count("}")
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == 4
    assert r"AOT\_GAN \& co" in text
    assert r"\textbf{25.00}" in text
    assert not re.search("[↑↓†–]", text)


def test_tables_have_the_same_bytes_twice_whatever_the_order_of_files(tmp_path):
    scores = pd.DataFrame(
        [
            (source, test_set, system, f"{i}.png", "m.png", 0.05 + i / 10, prediction, region, metric, value + i)
            for (source, system), values in MEANS.items()
            for test_set in SETTINGS["test_sets"]
            for prediction, region in tables.BLOCKS
            for metric, value in zip(("psnr", "l1"), values, strict=True)
            for i in range(3)
        ],
        columns=[
            *("source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value")
        ],
    )
    half = len(scores) // 2
    scores[:half].to_parquet(tmp_path / "a.parquet")
    scores[half:].to_parquet(tmp_path / "b.parquet")
    names = together("tables", MadeUpPlan)["scores",]
    made = {name: described("tables")[name].values(MadeUpPlan) for name in names}
    for folder, order in (("one", "ab"), ("two", "ba")):
        files = {"scores": [str(tmp_path / f"{name}.parquet") for name in order]}
        make_tables(made, Run(SETTINGS | {"made": made}, files), tmp_path / folder)
    written = sorted(path.name for path in (tmp_path / "one/tables").iterdir())
    kinds = [f"table_{source}.{kind}" for source in ("celeba", "place2") for kind in ("html", "md", "tex")]
    tidy = [
        "quantitative",
        "by_coverage",
        "leaderboard",
        "statistics_pairs",
        "statistics_ranks",
        "cross",
        "valid_region",
        "metric_agreement",
    ]
    assert written == sorted([*(f"{name}.csv" for name in tidy), *kinds])
    for name in written:
        assert (tmp_path / "one/tables" / name).read_bytes() == (tmp_path / "two/tables" / name).read_bytes()
    head = (tmp_path / "one/tables/quantitative.csv").read_text().splitlines()[0]
    assert head == "source,test_set,system,prediction,region,metric,mean,std,n"


def test_captions_of_a_demonstration_say_so():
    run = Run(SETTINGS | {"made": {}}, {})
    run._tables["quantitative"] = quantitative()
    for table in displayed(tables.TABLE, run, "place2"):
        assert table.caption.startswith("Demonstration: these numbers do not compare the systems. Means")
    run = Run(SETTINGS | {"made": {}, "demonstration": False}, {})
    run._tables["quantitative"] = quantitative()
    assert "emonstration" not in displayed(tables.TABLE, run, "place2")[0].caption
