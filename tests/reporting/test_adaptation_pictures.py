"""Histograms with clipped ends, pictures by rule, boxes where the error falls most, and the figures on made-up rows."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.reporting.adaptation import curves
from lacuna.reporting.adaptation.improvement import improvements
from lacuna.reporting.adaptation.pictures import (
    BINS,
    examples_of,
    histogram,
    improved_boxes,
    limit_of,
    per_picture,
)
from lacuna.reporting.figures.adaptation_histograms import draw_histograms
from tests.reporting.test_adaptation import SETTINGS, every


def test_the_limits_are_round_and_hold_nine_in_ten():
    assert [limit_of(np.array(values)) for values in ([0.3], [1.2, -1.1], [49.0], [0, 0])] == [0.5, 2, 50, 1]
    values = np.array([*np.linspace(-3, 3, 19), 400.0])
    assert limit_of(values) == 5


def test_clipped_ends_are_counted_and_nothing_is_lost():
    values = np.array([*np.linspace(-1.9, 1.9, 41), -50.0, 70, 80])
    edges, counts, below, above = histogram(values)
    assert (edges[0], edges[-1], len(counts)) == (-2, 2, BINS)
    assert (below, above) == (1, 2) and counts.sum() + below + above == len(values)


def test_a_picture_improves_by_its_own_ratio():
    table = per_picture(every(), "l1", "hole").set_index(["experiment", "image"])["improvement_percent"]
    assert table["combination_I"].round(6).tolist() == [20, 5, -4, 20, 5, -4, 20]
    by_psnr = per_picture(every(), "psnr", "image").set_index(["experiment", "image"])["improvement_percent"]
    assert by_psnr["masks_larger"].round(6).tolist() == [-5, -2] * 3 + [-5]


def test_examples_go_by_rule():
    gained = [3.0, -8, 0, 5, -1, 2, -3]
    table = pd.DataFrame({"image": [f"{i}.png" for i in range(7)], "improvement_percent": gained})
    chosen = {
        kind: examples_of(table, kind, 3)["improvement_percent"].tolist()
        for kind in ("best", "median", "worst", "no_improvement")
    }
    assert chosen["best"] == [5, 3, 2] and chosen["worst"] == [-8, -3, -1] and chosen["no_improvement"] == [0, -1, -3]
    assert chosen["median"] == [-1, 0, 2]
    losing = table[table["improvement_percent"] < 0]
    assert examples_of(losing, "best", 3).empty and len(examples_of(losing, "median", 2)) == 2


def test_boxes_stand_where_the_error_falls_most():
    truth = np.full((60, 84, 3), 100, np.uint8)
    before, after = truth.copy(), truth.copy()
    before[10:20, 50:64] += 60  # mended
    before[40:44, 4:10] += 30  # mended, of less weight
    after[30:50, 60:80] += 90  # damaged
    (left, top, width, height), second = improved_boxes(before, after, truth)
    assert (width, height) == (14, 10) and (left, top) == (50, 10)
    assert second[0] <= 4 and second[0] + 14 >= 10 and second[1] <= 40 and second[1] + 10 >= 44
    assert improved_boxes(after, before, truth)[0][:2] != (50, 10)
    assert improved_boxes(before, before, truth) == []


def painted(path) -> float:
    return float((np.asarray(Image.open(path).convert("L")) < 250).mean())


@pytest.mark.parametrize("scores", [False, True])
def test_curves_are_drawn_with_a_second_axis_where_asked(tmp_path, scores):
    table = improvements(every())
    curves.draw_curves(tmp_path / "a.png", table, SETTINGS, ["combination_I", "zero_shot"], scores)
    curves.draw_curves(tmp_path / "b.png", table, SETTINGS, ["combination_I", "zero_shot"], scores)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert painted(tmp_path / "a.png") > 0.01
    facts = curves.facts_of(table, ["masks_larger"])
    assert facts["n"] == "N = 7" and facts["found"].startswith("After the last step 0 of 2 improvements lie above 0")
    assert "2 below" in facts["found"] and "No improvement can be told from chance" in facts["found"]


def test_histograms_are_drawn(tmp_path):
    draw_histograms(tmp_path / "h.png", every(), improvements(every()), SETTINGS)
    assert painted(tmp_path / "h.png") > 0.01
