"""The critical-difference diagram: what is joined, and the same picture twice."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.reporting import statistics
from lacuna.reporting.aggregation import read_scores, with_photographs
from lacuna.reporting.figures import critical_difference
from lacuna.reporting.figures.critical_difference import cliques, draw_ranks, lanes_of
from tests.reporting.made_up import TITLES

COLUMNS = ["source", "test_set", "system", "image", "mask", "coverage", "prediction", "region", "metric", "value"]


@pytest.mark.parametrize(
    "differ, joined",
    [
        ("ad bd cd", [(0, 1, 2)]),
        ("ac ad bd", [(0, 1), (1, 2), (2, 3)]),
        ("ab bc ad bd", [(0, 2), (2, 3)]),  # not a run: the second lies between two that are not told apart
        ("ab ac ad bc bd cd", []),
        ("xa", [(0, 1, 2, 3)]),  # a system without a rank has no part in it
    ],
)
def test_what_no_pair_tells_apart_is_joined(differ, joined):
    assert cliques("abcd", map(tuple, differ.split())) == joined


def test_bars_that_share_a_system_lie_side_by_side():
    assert lanes_of([(0, 3), (1, 4), (3, 5), (5, 6), (7, 8)]) == [0, 1, 2, 0, 0]
    assert lanes_of([]) == []


def write_scores(path, systems=("telea", "navier_stokes", "aotgan"), region="image", n=9, value=None):
    """Scores of `n` images; `value`: (system, image) → its score, at random if left out."""
    random = np.random.default_rng(8)
    value = value or (lambda *_: random.normal(20, 3))
    rows = [
        (source, "paris_test", system, f"{i}.png", f"m{i}.png", 0.3, "composite", region, metric, value(system, i))
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


def always_in_order(system: str, image: int) -> float:
    return 20 + image - FIVE.index(system)


def reversed_on_few(system: str, image: int) -> float:
    """The same order by little on nine images of twelve, reversed by much on three."""
    place = FIVE.index(system)
    return 20 + image + (8 + image) * place if image > 8 else 20 + image - (1 + image) / 100 * place


FIVE = ["a", "b", "c", "d", "e"]
NEMENYI = 2.728 * (5 * 6 / (6 * 12)) ** 0.5  # five systems on twelve photographs, α = 0.05 (Demšar, JMLR 2006, table 5)


@pytest.mark.parametrize(
    "value, by_nemenyi, joined",
    [(always_in_order, {("a", "b"), ("d", "e")}, []), (reversed_on_few, {("a", "d"), ("b", "e")}, [(0, 1, 2, 3, 4)])],
)
def test_bars_are_of_the_pairs_where_nemenyi_contradicts_them(tmp_path, monkeypatch, value, by_nemenyi, joined):
    """Neighbours in order are one rank apart, too few for Nemenyi; reversed on few, they are in doubt yet far apart."""
    scores = write_scores(tmp_path / "s.parquet", FIVE, n=12, value=value)
    rank = statistics.ranks(scores).query("metric == 'psnr'").set_index("system")["mean_rank"]
    close = {(one, other) for one, other in combinations(FIVE, 2) if abs(rank[one] - rank[other]) < NEMENYI}
    assert by_nemenyi <= close and ("a", "e") not in close
    drawn = []
    monkeypatch.setattr(critical_difference, "_draw", lambda axis, mine, joined, *_: drawn.append(joined))
    settings = SETTINGS | {"systems": [[name, name] for name in FIVE], "sources": {}, "metrics": ["psnr"]}
    draw_ranks(settings, scores, tmp_path / "a.png")
    assert drawn == [joined]
