"""Published means beside ours: what is joined, what is left out, and the published numbers themselves."""

from pathlib import Path

import pandas as pd
import pytest

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.places import PUBLISHED_DATA
from lacuna.reporting import aggregation, published
from lacuna.reporting.tables import other_results

BINS = [(0.01, 0.1), (0.1, 0.2), (0.2, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.6)]
SEEDS = Path(__file__).parents[2] / "workflow/published/original_comparison.csv"


def ours(*entries, prediction="composite", region="image"):
    """Rows of (source, test_set, system, metric, mean)."""
    rows = [(*key, prediction, region, metric, mean, 0.1, 24) for *key, metric, mean in entries]
    return pd.DataFrame(rows, columns=aggregation.QUANTITATIVE)


def test_the_seeds_tables_are_whole():
    table = published.read_published(SEEDS, "means")
    assert len(table) == 2 * 6 * 3 * 3
    assert set(table["n"]) == {300}
    assert set(table["metric"]) == {"psnr", "ssim", "lpips"}
    assert not table.duplicated(["source", "test_set", "metric", "system"]).any()
    means = table.set_index(["source", "test_set", "metric", "system"])["value"]
    assert means["place2", "celeba_test", "psnr", "madf"] == 15.5949
    assert means["celeba", "Shunghaitech_test", "lpips", "tfill"] == 0.3515
    assert means["celeba", "FFHQ_test", "ssim", "aotgan"] == 0.2123


def test_only_what_both_have_is_joined():
    mine = pd.concat(
        [
            ours(("place2", "paris_test", "aotgan", "psnr", 20.0), ("place2", "paris_test", "aotgan", "l1", 0.1)),
            ours(("celeba", "paris_test", "tfill", "lpips_alex", 0.4), ("untrained", "paris_test", "telea", "psnr", 9)),
            ours(("place2", "paris_test", "aotgan", "psnr", 1.0), prediction="raw"),
            ours(("place2", "paris_test", "aotgan", "psnr", 2.0), region="hole"),
        ]
    )
    found = published.compare(published.read_published(SEEDS, "means"), mine)
    assert list(found) == published.COMPARISON
    assert found.iloc[:, :8].to_numpy().tolist() == [
        ["celeba", "paris_test", "lpips_alex", "tfill", 0.3934, 300, 0.4, 24],
        ["place2", "paris_test", "psnr", "aotgan", 9.0108, 300, 20.0, 24],
    ]
    assert found["difference"].tolist() == pytest.approx([0.4 - 0.3934, 20 - 9.0108])


def test_nothing_in_common_leaves_the_header():
    mine = ours(("place2", "elsewhere_test", "aotgan", "psnr", 20.0))
    for theirs in (published.read_published(SEEDS, "means"), published.read_published(SEEDS, "means").head(0)):
        found = published.compare(theirs, mine)
        assert list(found) == published.COMPARISON
        assert found.empty


def test_a_file_that_is_no_table_of_means_is_refused(tmp_path):
    with pytest.raises(LacunaError, match="none.csv cannot be read as published means"):
        published.read_published(tmp_path / "none.csv", "means")
    (tmp_path / "half.csv").write_text("source,test_set,metric,system,value\n")
    with pytest.raises(LacunaError, match="half.csv has no column 'n'"):
        published.read_published(tmp_path / "half.csv", "means")


RESULTS = SEEDS.with_name("other_results.csv")


def test_what_others_published_is_known_and_sensible():
    table = published.read_published(RESULTS, "results")
    keys = ["system", "data", "size", "bin", "metric", "region", "origin"]
    assert not table.duplicated(keys).any() and table[["value", "differs"]].notna().all(axis=None)
    assert set(table["data"]) == set(PUBLISHED_DATA) and set(table["system"]) <= set(systems.names())
    assert set(table["bin"].dropna()) == {f"{low:.2f}-{high:.2f}" for low, high in BINS}
    one = table.query("system == 'partialconv' and data == 'celeba_hq' and bin == '0.20-0.30' and metric == 'psnr'")
    assert one["value"].tolist() == [29.5313]
    for _, falling in table.groupby(["system", "data", "size", "origin", "metric"]):
        whole = falling.sort_values("bin")["value"]
        assert len(whole) == 1 or whole.is_monotonic_increasing or whole.is_monotonic_decreasing


def test_results_of_a_bin_stand_beside_ours_of_that_bin():
    columns = [*aggregation.KEYS, "bin", "mean", "std", "n"]
    key = {"source": "faces", "system": "partialconv", "metric": "psnr", "prediction": "composite", "region": "image"}
    rows = [
        key | {"test_set": test_set, "bin": label, "mean": mean, "std": 1, "n": 7}
        for test_set, label, mean in (("hq", "0.10-0.20", 30.0), ("hq", "0.60-0.70", 9.0), ("other", "0.10-0.20", 8.0))
    ]
    binned = pd.DataFrame(rows + [rows[0] | {"prediction": "raw", "mean": 1.0}])[columns]
    whole = binned.iloc[:1].assign(mean=24.0, n=9).drop(columns="bin")
    of = {"hq": "celeba_hq", "nothing": "places2"}
    found = published.beside(published.read_published(RESULTS, "results"), whole, binned, of)
    assert list(found) == published.BESIDE
    shown = found[["bin", "published", "ours", "ours_n", "test_set"]].to_numpy().tolist()
    assert shown == [["all", 25.404, 24.0, 9, "hq"], ["0.10-0.20", 33.0008, 30.0, 7, "hq"]]
    assert found["difference"].tolist() == pytest.approx([24 - 25.404, 30 - 33.0008])
    settings = {"systems": [["partialconv", "PConv"]], "sources": [["faces", "Faces"]], "test_sets": [["hq", "HQ"]]}
    table = other_results.shown_beside(found, settings)
    assert [len(lines) for _, lines in table.groups] == [1, 1]
    head, lines = table.groups[1]
    assert "xyfJASON" in head and "NVIDIA's irregular masks" in head and "Faces → HQ (N = 7)" in head
    assert "holes 0.10-0.20" in lines[0][0] and [cell.text for cell in lines[0][1]] == ["33.00", "30.00", "-3.00"]
