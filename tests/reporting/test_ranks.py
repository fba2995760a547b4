"""The critical-difference diagram: what is joined, and the same picture twice."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.reporting.aggregation import read_scores, with_photographs
from lacuna.reporting.figures.critical_difference import cliques, draw_ranks, lanes_of
from tests.reporting.made_up import TITLES

COLUMNS = ["source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value"]


@pytest.mark.parametrize(
    "ranks, critical_difference, joined",
    [
        ([1.0, 1.5, 2.2, 4.0], 1.0, [(0, 1), (1, 2)]),
        ([1.0, 1.5, 1.9, 4.0], 1.0, [(0, 2)]),  # no shorter run inside a longer one
        ([1.0, 2.0], 1.0, []),  # exactly the critical difference differs
        ([2.0, 2.0, 2.0], 0.5, [(0, 2)]),
    ],
)
def test_what_is_too_close_is_joined(ranks, critical_difference, joined):
    assert cliques(ranks, critical_difference) == joined


def test_bars_that_share_a_system_lie_side_by_side():
    assert lanes_of([(0, 3), (1, 4), (3, 5), (5, 6), (7, 8)]) == [0, 1, 2, 0, 0]
    assert lanes_of([]) == []


def write_scores(path, systems=("telea", "navier_stokes", "aotgan"), region="image", n=9):
    random = np.random.default_rng(8)
    rows = [
        (source, "paris_test", system, f"{i}.png", f"m{i}.png", 0.3, "composite", region, metric, random.normal(20, 3))
        for system in systems
        for source in (("place2", "celeba") if system == "aotgan" else ("untrained",))
        for metric in ("psnr", "l1")
        for i in range(n)
    ]
    pd.DataFrame(rows, columns=COLUMNS).to_parquet(path)
    return with_photographs(read_scores([path]))


SETTINGS = TITLES | {"metrics": ["psnr", "l1"]}


def test_the_diagram_has_the_same_bytes_twice_and_no_date(tmp_path):
    scores = write_scores(tmp_path / "s.parquet")
    for name in "ab":
        draw_ranks(SETTINGS, scores, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert set(picture.info) <= {"dpi"}
        assert np.asarray(picture.convert("L")).std() > 5


def test_one_system_is_drawn_as_nothing_to_rank(tmp_path):
    scores = write_scores(tmp_path / "s.parquet", ["telea"])
    draw_ranks(SETTINGS | {"sources": {}}, scores, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 0


def test_scores_without_composites_are_refused(tmp_path):
    scores = write_scores(tmp_path / "s.parquet", region="hole")
    with pytest.raises(LacunaError, match="no composites on the whole image"):
        draw_ranks(SETTINGS, scores, tmp_path / "a.png")
    with pytest.raises(LacunaError, match="hold the system 'telea'"):
        draw_ranks(SETTINGS | {"systems": TITLES["systems"][1:]}, scores, tmp_path / "a.png")
