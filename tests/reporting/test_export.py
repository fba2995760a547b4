"""The tables of the exported networks, from made-up parities and scores."""

import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json
from lacuna.reporting.run import Run
from lacuna.reporting.tables import export, export_metrics
from lacuna.reporting.tables.export import EXPORT, export_rows
from lacuna.reporting.tables.export_metrics import METRICS, metric_rows
from tests.reporting.made_up import make_export

SETTINGS = {
    "systems": [["telea", "Telea"], ["aotgan", "AOT-GAN"]],
    "sources": [["place2", "Place2"], ["celeba", "CelebA"]],
    "metrics": ["psnr", "l1"],
}
WITHOUT = [["telea", "untrained", "an algorithm, and no network"]]


def score_rows(source: str, test_set: str, n: int) -> pd.DataFrame:
    rows = [
        ("aotgan", source, test_set, f"{test_set}/{i}.png", f"m{i}.png", prediction, region, metric, 0.3, 10.0 + i)
        for i in range(n)
        for prediction in ("raw", "composite")
        for region in ("image", "hole", "boundary")
        for metric in ("psnr", "l1")
        if not (region == "hole" and i == 3)  # one picture without a hole
    ]
    names = ("system", "source", "test_set", "image", "mask", "prediction", "region", "metric", "coverage", "value")
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def folder(tmp_path):
    """Two test sets of 7 pictures, of which 5 were verified: 0, 3 and 6 of one, 2 and 5 of the other."""
    for source in ("place2", "celeba"):
        for test_set in ("a", "b"):
            path = tmp_path / f"scores/aotgan/{source}/{test_set}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            score_rows(source, test_set, 7).to_parquet(path)
    return tmp_path


def scores_of(folder, *sources):
    return [path for source in sources for path in sorted((folder / f"scores/aotgan/{source}").glob("*.parquet"))]


def test_means_are_over_the_same_images(folder):
    parity = make_export(folder, "aotgan", "place2", 0.25)
    table = metric_rows([parity], scores_of(folder, "place2", "celeba"), ["psnr", "l1"])
    assert list(table.columns) == METRICS
    assert table[["metric", "region", "n"]].to_numpy().tolist() == [
        ["psnr", "hole", 4],
        ["psnr", "image", 5],
        ["l1", "hole", 4],
        ["l1", "image", 5],
    ]
    assert table["pytorch"].tolist() == pytest.approx([10 + 13 / 4, 10 + 16 / 5] * 2)
    assert table["onnxruntime"].tolist() == pytest.approx([10.25 + 13 / 4, 10.25 + 16 / 5] * 2)
    assert table["difference"].tolist() == table["largest_difference"].tolist() == pytest.approx([0.25] * 4)


def test_a_score_without_its_counterpart_is_an_error(folder):
    parity = make_export(folder, "aotgan", "place2", 0.0)
    with pytest.raises(LacunaError, match="'score' and 'verify_export' again"):
        metric_rows([parity], scores_of(folder, "place2")[:1], ["psnr", "l1"])


def test_one_row_for_each_and_a_verdict(folder):
    parities = [make_export(folder, "aotgan", "place2", 1e-5), make_export(folder, "aotgan", "celeba", 0.5)]
    table = export_rows(parities, WITHOUT)
    assert list(table.columns) == EXPORT
    assert table[["system", "source", "exported", "verified"]].to_numpy().tolist() == [
        ["aotgan", "celeba", "yes", "yes"],
        ["aotgan", "place2", "yes", "yes"],
        ["telea", "untrained", "no", "no"],
    ]
    assert table["equal"].tolist()[:2] == ["no", "yes"] and pd.isna(table["equal"][2])
    assert table.loc[1, ["opset", "network_megabytes", "run_size", "other_size_n"]].tolist() == [17, 4.6, "44×60", 2]


@pytest.mark.parametrize("key, value", [("hole_levels", 2), ("valid_changed", 1)])
def test_bytes_that_differ_are_not_equal(folder, key, value):
    path = make_export(folder, "aotgan", "place2", 0.0)
    parity = read_json(path)
    parity["end_to_end"][key] = value
    write_json(path, parity)
    assert export_rows([path], [])["equal"].tolist() == ["no"]


def tables_of(folder, parities, **settings):
    """The tables as the page shows them: parity, what is missing, metrics."""
    needed = {
        "without": WITHOUT,
        "test_sets": [],
        "demonstration": False,
        "made": {"export": [""], "export_metrics": [""]},
    }
    files = {"parity": parities, "scores": scores_of(folder, "place2", "celeba")}
    run = Run(SETTINGS | needed | {"metrics": ["psnr"]} | settings, files)
    return [*export.shown(run), *export_metrics.shown(run)]


def test_the_report_shows_parity_metrics_and_what_is_missing(folder):
    parities = [make_export(folder, "aotgan", "place2", 1e-5), make_export(folder, "aotgan", "celeba", 0.5)]
    parity, missing, metrics = tables_of(folder, parities)
    assert [group for group, _ in parity.groups] == ["AOT-GAN, Place2 (equal)", "AOT-GAN, CelebA (not equal)"]
    assert "Not equal by this measure: AOT-GAN, CelebA." in parity.caption
    assert (
        "Computed by ONNX Runtime 1.2.3, CPUExecutionProvider on cpu" in parity.caption
        and "an exporter, opset 17" in parity.caption
    )
    lines = dict(parity.groups[0][1])
    assert [cell.text for cell in lines["network, 44×60"]] == ["4.6", "6", "2.5e-06", "1.25", "1.0e-06", "identical"]
    assert [cell.text for cell in lines["end to end, 47×65"]] == ["4.7", "2", "–", "–", "1 level", "–"]
    assert [group for group, _ in metrics.groups] == ["AOT-GAN, Place2 (5, 4)", "AOT-GAN, CelebA (5, 4)"]
    (label, cells) = metrics.groups[1][1][0]
    assert label == "PSNR (dB) ↑"
    assert [cell.text for cell in cells][:3] == ["13.20", "13.70", "+5e-01 [5e-01]"]
    assert missing.groups == (("Telea, no training", (("no", missing.groups[0][1][0][1]),)),)
    assert missing.groups[0][1][0][1][0].text == "an algorithm, and no network"


def test_no_difference_has_no_power_of_ten(folder):
    _, _, metrics = tables_of(folder, [make_export(folder, "aotgan", "place2", 0.0)])
    assert metrics.groups[0][1][0][1][2].text == "0 [0]"


def test_without_a_network_only_the_reasons_are_left(folder):
    (missing,) = tables_of(folder, [])
    assert missing.title == "Not in ONNX Runtime"


def test_results_that_the_settings_do_not_name_are_an_error(folder):
    with pytest.raises(LacunaError, match="hold the system 'aotgan'"):
        tables_of(folder, [make_export(folder, "aotgan", "place2", 0.0)], systems=[["telea", "Telea"]])
