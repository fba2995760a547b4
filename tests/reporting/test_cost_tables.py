"""Table 3 from invented costs: every number where it belongs, in its unit, and nothing invented."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from lacuna.errors import LacunaError
from lacuna.plan.describing import PUBLISHED
from lacuna.reporting import cost_tables, rendering
from lacuna.reporting.cost_tables import COMPLEXITY, LATENCY
from lacuna.reporting.display import number
from lacuna.reporting.published import read_published
from lacuna.reporting.tables.complexity import complexity_table
from lacuna.reporting.tables.latency import latency_table
from tests.reporting.made_up import KEYS, TITLES, make_costs, make_training


@pytest.fixture
def run(tmp_path):
    """(settings, results): two sources, one trained system and two algorithms; AOT-GAN under another label."""
    make_costs(tmp_path)
    rows = []
    for label, sources in KEYS.items():
        for source in sources:
            weights = None
            if source != "untrained":
                make_training(tmp_path, label, source, (8, 12), np.random.default_rng(0))
                weights = str(tmp_path / f"training/{label}/{source}/weights.safetensors")
            rows.append([label, label, source, weights])
    return TITLES | {"rows": rows}, tmp_path


def tables(run):
    settings, results = run
    costs = [results / f"cost/{label}.json" for label in dict.fromkeys(row[0] for row in settings["rows"])]
    records = [
        results / f"training/{label}/{source}/record.json"
        for label, _, source, _ in settings["rows"]
        if source not in ("untrained", "elsewhere")
    ]
    counted = cost_tables.complexity(settings, costs, records, read_published(PUBLISHED / "complexity.csv", "counts"))
    timed = cost_tables.latency(settings, costs)
    return counted, timed, *displayed(settings, counted, timed)


def displayed(settings, counted, timed):
    return complexity_table(counted, settings), latency_table(timed, settings)


def cells(table, group, label):
    """The texts of one row."""
    found = [row for name, rows in table.groups if name == group for row in rows if row[0] == label]
    assert len(found) == 1, (group, label, [name for name, _ in table.groups])
    return [cell.text for cell in found[0][1]]


def test_one_row_a_system_and_source_with_every_digit(run):
    counted, timed, _, _ = tables(run)
    assert list(counted.columns) == COMPLEXITY and list(timed.columns) == LATENCY
    assert list(zip(counted["system"], counted["source"], strict=True)) == [
        ("telea", "untrained"),
        ("navier_stokes", "untrained"),
        ("aotgan", "place2"),
        ("aotgan", "celeba"),
    ]
    row = counted[counted["source"] == "celeba"].iloc[0]
    assert row["parameters"] == 62_500 and row["macs_run_size"] == 456_000_000
    assert json.loads(row["parts"]) == {"decoder": 40_000, "discriminator": 1_000, "encoder": 22_500}
    assert (row["height"], row["width"]) == (44, 60)
    assert (row["weights_mb"], row["training_peak_memory_mb"]) == (1.5, 400)
    assert (row["training_seconds"], row["training_images_per_second"]) == (61.5, 39)
    algorithm = counted.iloc[0]
    assert algorithm["parameters"] == 0 and pd.isna(algorithm["macs_256"]) and pd.isna(algorithm["weights_mb"])
    assert list(timed["batch"]) == [1, 1, 1, 8, 4]
    assert list(timed["machine"]) == ["Some processor"] * 3 + ["Some GPU"] * 2
    assert timed["peak_memory_mb"].tolist()[:4] == [3, 3, 1, 1024] and pd.isna(timed["peak_memory_mb"].iloc[4])


def test_the_published_counts_stand_beside_ours_with_the_reason(run):
    _, _, table, _ = tables(run)
    assert table.head[2:] == ("Telea", "Navier-Stokes", "AOT-GAN (narrow)")
    assert cells(table, "Published, 256×256", "# of parameters (M)") == ["–", "–", "15.20"]
    assert cells(table, "Published, 256×256", "FLOPs (GMac)") == ["–", "–", "72.97"]
    assert cells(table, "Counted, authors' settings, 256×256", "FLOPs (GMac)") == ["–", "–", "72.88"]
    assert cells(table, "Counted, this run's settings", "# of parameters (M)") == ["0", "0", "0.0625"]
    assert cells(table, "Counted, this run's settings", "FLOPs at 60×44 (GMac)") == ["–", "–", "0.456"]
    assert cells(table, "Trained on CelebA", "Training (images/s)") == ["–", "–", "39.00"]
    assert "AOT-GAN (narrow): 72.97 counts biases" in table.caption
    assert "22.48" not in table.caption  # TFill is not in this run


def test_times_say_device_batch_and_repeats(run):
    _, _, _, table = tables(run)
    group = "AOT-GAN (narrow) (60×44)"
    assert cells(table, group, "PyTorch, GPU, batch 8") == ["12.50", "12.00 – 14.25", "1.56", "7", "1024"]
    assert cells(table, group, "ONNX Runtime, GPU, batch 4")[-1] == "–"
    assert "Some processor (2 threads), Some GPU;" in table.caption
    assert "load average: 0.2." in table.caption


def test_the_csv_gives_the_same_tables(run, tmp_path):
    counted, timed, *expected = tables(run)
    counted.to_csv(tmp_path / "counted.csv", index=False)
    timed.to_csv(tmp_path / "timed.csv", index=False)
    again = displayed(run[0], *(pd.read_csv(tmp_path / f"{name}.csv") for name in ("counted", "timed")))
    assert list(again) == expected
    for render in (rendering.to_markdown, rendering.to_latex):
        assert "15.20" in render(again)


def test_released_weights_stand_elsewhere_and_without_training(run):
    settings, results = run
    weights = results / "released.pth"
    weights.write_bytes(bytes(2**20))
    rows = [["mine", "tfill", "elsewhere", str(weights)]]
    shutil.copy(results / "cost/aotgan.json", results / "cost/mine.json")
    settings = settings | {"rows": rows, "systems": [["mine", "Mine"]], "demonstration": False}
    counted, _, table, _ = tables((settings, results))
    assert pd.isna(counted["training_seconds"]).all()
    assert cells(table, "Trained elsewhere", "Weights (MiB)") == ["1.00"]
    assert cells(table, "Published, 256×256", "FLOPs (GMac)") == ["0.016"]
    assert [name for name, _ in table.groups][-1] == "Trained elsewhere"


def test_without_published_systems_nothing_is_said_of_them(run):
    settings, results = run
    rows = [row for row in settings["rows"] if row[0] != "aotgan"]
    _, _, table, _ = tables((settings | {"rows": rows}, results))
    assert not [name for name, _ in table.groups if name.startswith("Published")]
    assert "student" not in table.caption


@pytest.mark.parametrize(
    "missing",
    ["cost/telea.json", "training/aotgan/place2/record.json", "training/aotgan/celeba/weights.safetensors"],
)
def test_a_missing_file_is_named(run, missing):
    (run[1] / missing).unlink()
    with pytest.raises(LacunaError, match=missing):
        tables(run)


def test_a_broken_file_of_published_counts_is_named(tmp_path):
    (tmp_path / "x.csv").write_text("system,parameters\nmadf,1\n")
    with pytest.raises(LacunaError, match=r"x\.csv has no column 'macs', which published counts need"):
        read_published(tmp_path / "x.csv", "counts")


def test_a_system_that_the_settings_do_not_name_is_refused(run):
    counted, timed, _, _ = tables(run)
    settings = run[0] | {"systems": TITLES["systems"][:1]}
    for table, rows in ((complexity_table, counted), (latency_table, timed)):
        with pytest.raises(LacunaError, match="which the settings do not name"):
            table(rows, settings)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.016, "0.016"), (0.19428, "0.194"), (1, "1.00"), (85.1412, "85.14"), (100.4, "100")]
)
def test_numbers_are_as_precise_as_they_are_known(value, text):
    assert number(value) == text
