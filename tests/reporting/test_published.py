"""Published means beside ours: what is joined, what is left out, and the published numbers themselves."""

from pathlib import Path

import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting import aggregation, published

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
