"""The analyses that a config can ask for: what they measure, on pictures whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.files import write_rows
from lacuna.reporting import analyses
from lacuna.reporting.display import Cell
from lacuna.reporting.run import Run
from lacuna.reporting.tables import contrast, dead_windows, fill_colour

SETTINGS = {
    "systems": [["one", "One"]],
    "sources": [["faces", "Faces"]],
    "test_sets": [["cats", "Cats"]],
    "demonstration": False,
    "metrics": ["l1"],
    "made": {"fill_colour": [""], "contrast": [""], "dead_windows": [""]},
}
HEIGHT, WIDTH = 32, 48


def saved(path, values) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return str(path)


@pytest.fixture
def made(tmp_path):
    """Three grey pictures with boxes in stripes of rising contrast, filled in reddish: (list, index)."""
    lines, rows = [], []
    for i in range(3):
        truth = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
        truth[::2] += 10 * np.uint8(i + 1)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[8:20, 6 : 18 + i] = 255
        raw = np.zeros_like(truth)
        raw[mask > 0] = 150, 100, 50 + 10 * i
        image = saved(tmp_path / f"images/{i}.png", truth)
        hole = saved(tmp_path / f"masks/cats/{i}.png", mask)
        saved(tmp_path / f"predictions/one/faces/cats/{i}.png", raw)
        lines.append(f"{image}\t{hole}\n")
        rows.append({"file": f"{i}.png", "image": image, "mask": hole})
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/cats.txt").write_text("".join(lines))
    index = tmp_path / "predictions/one/faces/cats/index.csv"
    write_rows(index, rows, ["file", "image", "mask"])
    write_rows(tmp_path / "masks/cats/index.csv", [{"file": f"{i}.png"} for i in range(3)], ["file"])
    return tmp_path


def test_the_colour_of_fills_is_that_of_the_hole_alone(made):
    run = Run(
        SETTINGS, {"lists": [made / "lists/cats.txt"], "predictions": [made / "predictions/one/faces/cats/index.csv"]}
    )
    row = run.table("fill_colour").iloc[0]
    assert (row["red"], row["green"], row["blue"]) == pytest.approx((150 / 255, 100 / 255, 60 / 255))
    assert row["true_red"] == row["true_blue"] == pytest.approx(110 / 255, abs=1e-9)  # half of the rows are brighter
    assert row["warmer"] == pytest.approx(90 / 255) and row["n"] == 3
    assert row["warmer_se"] == pytest.approx(10 / 255 / 3**0.5)
    (table,) = fill_colour.shown(run)
    label, cells = table.groups[0][1][0]
    assert label == "One, Faces" and cells[0] == Cell("58.8 39.2 23.5") and cells[2] == Cell("+35.3 ± 2.3")


def scores(lines, values) -> pd.DataFrame:
    keys = {"system": "one", "source": "faces", "test_set": "cats", "prediction": "composite", "region": "hole"}
    rows = [
        keys | {"metric": "l1", "image": image, "mask": mask, "coverage": 0.1 + 0.01 * (7 * i % 3), "value": value}
        for i, ((image, mask), value) in enumerate(zip(lines, values, strict=True))
    ]
    return pd.DataFrame(rows)


def test_error_is_set_against_the_contrast_of_what_is_known(made):
    around = analyses.contrasts([str(made / "lists/cats.txt")])
    assert around["contrast"].tolist() == pytest.approx([5 / 255, 10 / 255, 15 / 255], rel=0.05)
    lines = [line.split("\t") for line in (made / "lists/cats.txt").read_text().splitlines()]
    rising = analyses.error_by_contrast(scores(lines, [1, 2, 3]), around, "l1").iloc[0]
    assert rising["correlation"] == pytest.approx(1) and rising["n"] == 3
    falling = analyses.error_by_contrast(scores(lines, [3, 2, 1]), around, "l1").iloc[0]
    assert falling["correlation"] == pytest.approx(-1)


def test_what_coverage_explains_is_taken_off():
    random = np.random.default_rng(2)
    coverage = random.uniform(0, 1, 400)
    around = pd.DataFrame(
        {"image": map(str, range(400)), "mask": "m", "contrast": coverage + 0.05 * random.normal(size=400)}
    )
    table = scores([(str(i), "m") for i in range(400)], coverage + 0.05 * random.normal(size=400))
    found = analyses.error_by_contrast(table.assign(coverage=coverage), around, "l1").iloc[0]
    assert found["correlation"] > 0.9 and abs(found["given_coverage"]) < 0.15


def test_windows_die_where_the_hole_is_wide():
    hole = np.zeros((64, 64), bool)
    assert list(analyses.dead_shares(hole)) == [0] * 6
    hole[10:50, 8:60] = True
    shares = list(analyses.dead_shares(hole))
    # windows of 7, two apart: centres from row 14 to 46 and column 12 to 56 see the hole alone
    assert shares[0] == pytest.approx(17 * 23 / 32**2)
    assert shares == sorted(shares, reverse=True) and shares[-1] == 0
    assert list(analyses.dead_shares(np.ones((64, 48), bool))) == [1] * 5


def test_dead_windows_are_a_table_by_bin(made):
    run = Run(SETTINGS, {"masks": [made / "masks/cats/index.csv"]})
    table = run.table("dead_windows")
    assert set(table["bin"]) == {"0.01-0.10", "0.10-0.20"} or set(table["bin"]) == {"0.01-0.10"}
    assert table.groupby(["bin", "layer"])["n"].first().groupby("layer").sum().tolist() == [3] * 5
    (shown,) = dead_windows.shown(run)
    assert shown.head[2] == "Layer 1, %" and contrast.TABLE.title
