"""Quality against cost: what is counted, who is optimal, who is left out."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.files import read_json, write_json
from lacuna.reporting.figures.quality_cost import draw_cost
from lacuna.reporting.quality_cost import optimal, quality_and_cost, seconds_per_image


def record(folder, system, source, test_set, seconds, n, device="cpu"):
    path = folder / f"predictions/{system}/{source}/{test_set}/record.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"seconds": seconds, "n": n, "device": device}))
    return path


def rows(system, source, values, metric="psnr", region="hole", prediction="composite"):
    return pd.DataFrame(
        {
            "source": source,
            "test_set": "a_test",
            "system": system,
            "image": [f"{i}.png" for i in range(len(values))],
            "mask": [f"m{i}.png" for i in range(len(values))],
            "coverage": 0.2,
            "prediction": prediction,
            "region": region,
            "metric": metric,
            "value": values,
            "photograph": [f"p{i}" for i in range(len(values))],
        }
    )


def test_seconds_are_of_one_image_over_all_test_sets(tmp_path):
    paths = [
        record(tmp_path, "deep", "place2", "a", 3.0, 3, "NVIDIA"),
        record(tmp_path, "deep", "place2", "b", 1.0, 5, "NVIDIA"),
        record(tmp_path, "given", "elsewhere", "a", 0.0, 3, "not run here"),
    ]
    table = seconds_per_image(paths)
    assert table.to_dict("records") == [{"system": "deep", "source": "place2", "cost": 0.5, "device": "NVIDIA"}]


def test_the_first_batch_is_left_out_where_there_are_more(tmp_path):
    warm, short = (record(tmp_path, "deep", "place2", name, 3.0, 12, "cpu") for name in ("a", "b"))
    for path, first in ((warm, {"seconds": 2.0, "n": 8}), (short, {"seconds": 3.0, "n": 12})):
        write_json(path, read_json(path) | {"first_batch": first})
    assert seconds_per_image([warm])["cost"].tolist() == [1 / 4]
    assert seconds_per_image([warm, short])["cost"].tolist() == [(1 + 3) / (4 + 12)]


def test_optimal_is_what_nothing_beats_in_both():
    costs, means = np.array([1.0, 2.0, 3.0, 3.0, 2.0]), np.array([10.0, 12.0, 11.0, 15.0, 12.0])
    assert optimal(costs, means, "higher").tolist() == [True, True, False, True, True]  # equal ones stand together
    assert optimal(costs, means, "lower").tolist() == [True, False, False, False, False]


def test_the_mean_is_of_composites_in_the_hole_and_compares_within_a_source():
    scores = pd.concat(
        [
            rows("cheap", "untrained", [10.0, 12.0, 11.0]),
            rows("deep", "place2", [20.0, 21.0, 22.0]),
            rows("deep", "celeba", [1.0, 2.0, 3.0]),
            rows("deep", "place2", [90.0, 90.0, 90.0], region="image"),
            rows("deep", "place2", [80.0, 80.0, 80.0], prediction="raw"),
        ]
    )
    costs = pd.DataFrame(
        [("cheap", "untrained", 0.1, "cpu"), ("deep", "place2", 2.0, "cpu"), ("deep", "celeba", 2.5, "cpu")],
        columns=["system", "source", "cost", "device"],
    )
    table = quality_and_cost(scores, costs, "psnr").set_index(["source", "system"])
    assert table["mean"].to_dict() == {
        ("celeba", "cheap"): 11.0,
        ("celeba", "deep"): 2.0,
        ("place2", "cheap"): 11.0,
        ("place2", "deep"): 21.0,
    }
    assert table["optimal"].tolist() == [True, False, True, True]
    assert set(table["n"]) == set(table["photographs"]) == {3}
    assert (table["low"] <= table["mean"]).all() and (table["mean"] <= table["high"]).all()


def test_one_photograph_gives_no_interval():
    scores = rows("cheap", "untrained", [10.0, 12.0, 11.0]).assign(photograph="p")
    costs = pd.DataFrame([("cheap", "untrained", 0.1, "cpu")], columns=["system", "source", "cost", "device"])
    row = quality_and_cost(scores, costs, "psnr").iloc[0]
    assert row[["mean", "n", "photographs"]].tolist() == [11, 3, 1] and row[["low", "high"]].isna().all()


def test_the_figure_and_its_numbers_are_written(tmp_path):
    settings = {"systems": [["cheap", "Cheap"], ["theirs", "Theirs"]], "sources": [], "metrics": ["psnr"]}
    scores = pd.concat([rows("cheap", "untrained", [10.0, 12.0, 11.0]), rows("theirs", "elsewhere", [9.0, 9.0, 9.5])])
    records = [
        record(tmp_path, "cheap", "untrained", "a_test", 0.3, 3),
        record(tmp_path, "theirs", "elsewhere", "a_test", 0.0, 3, "not run here"),
    ]
    draw_cost(settings, scores, records, tmp_path / "figure.png")
    assert Image.open(tmp_path / "figure.png").size[0] > 300
    assert pd.read_csv(tmp_path / "figure.csv")["system"].tolist() == ["cheap"]
    with pytest.raises(LacunaError, match="no cost is known"):
        draw_cost(settings, scores, records[1:], tmp_path / "other.png")
    assert not (tmp_path / "other.png").exists()
