"""Controls: what they are made of, and what the scores of everybody say about them."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.cli import main
from lacuna.controls import TITLES, index_of
from lacuna.files import read_rows
from lacuna.sources import CONTROL
from tests.steps import run_step, words_of

SIZE = (26, 37)  # height, width
SETS = {"three": 3, "two": 2}
METRICS = ["psnr", "ssim", "l1", "l2"]


def make(lists) -> list[str]:
    """The words of the step that makes them all in the folder `out`."""
    settings = {"controls": list(TITLES), "test_sets": list(SETS)}
    indexes = [index_of("out", name, test_set) for name in TITLES for test_set in SETS]
    return words_of("controls", settings, {"pairs": lists}, {"indexes": indexes})


@pytest.fixture
def lists(tmp_path, monkeypatch):
    """Lists with relative paths: noise under holes in one corner; the last mask of `two` has no hole."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(4)
    for name, n in SETS.items():
        lines = []
        for number in range(n):
            mask = np.zeros(SIZE, np.uint8)
            mask[: 5 + number, 3 : 20 + number] = 255 if (name, number) != ("two", 1) else 0
            pictures = {"images": random.integers(0, 256, (*SIZE, 3), dtype=np.uint8), "masks": mask}
            for room, array in pictures.items():
                (tmp_path / room / name).mkdir(parents=True, exist_ok=True)
                Image.fromarray(array).save(tmp_path / room / name / f"p{number}.png")
            lines.append(f"images/{name}/p{number}.png\tmasks/{name}/p{number}.png\n")
        (tmp_path / f"{name}.txt").write_text("".join(lines))
    return [f"{name}.txt" for name in SETS]


def test_each_is_what_its_name_says(lists):
    assert main(make(lists)) == 0
    for test_set, n in SETS.items():
        for name in TITLES:
            index = index_of("out", name, test_set)
            rows = read_rows(index)
            assert [row["image"] for row in rows] == [f"images/{test_set}/p{i}.png" for i in range(n)]
            for row in rows:
                truth, hole = np.array(Image.open(row["image"])), np.array(Image.open(row["mask"])) == 255
                made = np.array(Image.open(index.parent / row["file"]))
                assert (made[~hole] == truth[~hole]).all()
                if name == "ground_truth":
                    assert (made == truth).all()
                elif name == "masked_input":
                    assert (made[hole] == 0).all()
                elif hole.any():
                    assert (made[hole] == truth[~hole].mean(0).round()).all()


def test_they_are_scored_as_systems_are_and_the_truth_is_perfect(lists):
    assert main(make(lists)) == 0
    tables = []
    for name in TITLES:
        one = {"system": name, "source": CONTROL, "test_sets": list(SETS), "metrics": METRICS}
        indices = [index_of("out", name, test_set) for test_set in SETS]
        files = [f"{name}-{test_set}.parquet" for test_set in SETS]
        assert run_step("score", one, {"pairs": lists, "predictions": indices}, {"scores": files}) == 0
        tables += map(pd.read_parquet, files)
    rows = pd.concat(tables)
    perfect = rows[rows["system"] == "ground_truth"]
    assert perfect.groupby("metric")["value"].agg(["min", "max"]).round(12).to_dict("index") == {
        "psnr": {"min": 100, "max": 100},
        "ssim": {"min": 1, "max": 1},
        "l1": {"min": 0, "max": 0},
        "l2": {"min": 0, "max": 0},
    }
    others = rows[(rows["system"] != "ground_truth") & (rows["region"] == "hole") & (rows["metric"] == "psnr")]
    assert (others["value"] < 20).all() and len(others) == 2 * 2 * 4  # one of five images has no hole
    wide = rows.pivot_table(index=["system", "image", "region", "metric"], columns="prediction", values="value")
    assert (wide["raw"] == wide["composite"]).all()


def test_they_are_made_without_torch(lists):
    program = (
        "import sys; from lacuna.cli import main; assert main(sys.argv[1:]) == 0; assert 'torch' not in sys.modules"
    )
    words = make(lists)
    subprocess.run([sys.executable, "-c", program, *words], check=True)


def test_the_plan_needs_no_numpy_for_their_names():
    program = "import sys, lacuna.controls; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
