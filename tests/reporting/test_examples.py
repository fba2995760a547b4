"""Which images stand for a system: by rule, in both directions of a metric, with ties and small N."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.reporting.examples import how_many, middling, ordered, prediction_files, worst
from lacuna.reporting.figures.examples import draw_examples
from lacuna.reporting.figures.failures import draw_failures
from lacuna.reporting.strips import Example, draw_strips
from lacuna.reporting.style import HOLE
from tests.reporting.test_quality_cost import rows


@pytest.mark.parametrize("n, expected", [(1, 1), (2, 2), (3, 3), (144, 3), (300, 3), (301, 4), (1800, 18)])
def test_one_percent_is_rounded_up_and_at_least_three(n, expected):
    assert how_many(n) == expected


def test_the_worst_come_first_whatever_direction_is_better():
    values = [14.0, 11.0, 19.0, 12.5, 30.0]
    for metric, first in (("psnr", ["1.png", "3.png", "0.png"]), ("l1", ["4.png", "2.png", "0.png"])):
        scores = pd.concat([rows("one", "place2", values, metric), rows("one", "place2", [0.0] * 5, metric, "image")])
        files = {("one", "place2", "a_test", f"{i}.png", f"m{i}.png"): f"{i}.png" for i in range(5)}
        found = worst(scores, metric, files)
        assert found["image"].tolist() == first
        assert found["rank"].tolist() == [1, 2, 3]
        assert set(found["n"]) == {5}
        assert set(found["region"]) == {"hole"}


def test_equal_scores_go_by_name_and_not_by_the_order_of_the_rows():
    scores = rows("one", "place2", [10.0] * 4)
    for some in (scores, scores[::-1]):
        assert ordered(some, "psnr")["image"].tolist() == ["0.png", "1.png", "2.png", "3.png"]


def test_the_fixed_image_has_the_hole_of_median_size():
    table = rows("one", "place2", [1.0, 2.0, 3.0, 4.0]).assign(coverage=[0.4, 0.1, 0.3, 0.2])
    assert middling(pd.concat([table, table.assign(system="two")])) == ("a_test", "3.png", "m3.png")


def test_an_image_without_a_prediction_is_named():
    with pytest.raises(LacunaError, match=r"0\.png was scored for 'one'.*predict again"):
        worst(rows("one", "place2", [1.0]), "psnr", {})


def photograph(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return str(path)


@pytest.fixture
def example(tmp_path):
    """30×44 pixels, a hole on the left, a prediction that is wrong everywhere."""
    truth = np.full((30, 44, 3), (10, 200, 30), np.uint8)
    mask = np.zeros((30, 44), np.uint8)
    mask[5:25, 2:12] = 255
    raw = np.full((30, 44, 3), (250, 240, 0), np.uint8)
    files = (("t.png", truth), ("m.png", mask), ("p/one/place2/a_test/0000.png", raw))
    return Example(tuple(photograph(tmp_path / name, array) for name, array in files), "worst", "PSNR 3.00 dB")


def colours(path) -> list[tuple]:
    """How much of a picture has each of the four colours of the example."""
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3).astype(int)
    wanted = (HOLE, (10, 200, 30), (250, 240, 0))
    return [int((abs(pixels - np.array(colour)).sum(1) < 12).sum()) for colour in wanted]


def test_a_strip_shows_hole_composite_and_truth_and_raw_only_where_asked(tmp_path, example):
    draw_strips([("One", [example])], tmp_path / "without.png", raw=False)
    draw_strips([("One", [example])], tmp_path / "with.png", raw=True)
    hole, truth, filled = colours(tmp_path / "without.png")
    assert hole > 0 and filled == pytest.approx(hole, rel=0.1)  # the composite alone shows the prediction
    share = 200 / (30 * 44)
    assert truth == pytest.approx(hole * (3 - 2 * share) / share, rel=0.2)  # edges are blended
    _, _, with_raw = colours(tmp_path / "with.png")
    assert with_raw == pytest.approx(hole * (1 + 1 / share), rel=0.2)


def test_both_figures_and_the_list_are_written(tmp_path, example):
    index = tmp_path / "p/one/place2/a_test/index.csv"
    index.write_text(f"file,image,mask\n0000.png,{example.files[0]},{example.files[1]}\n")
    assert prediction_files([index]) == {("one", "place2", "a_test", *example.files[:2]): index.parent / "0000.png"}
    scores = rows("one", "place2", [3.0]).assign(image=example.files[0], mask=example.files[1])
    settings = {"systems": [["one", "One"]], "sources": [["place2", "Place2"]], "metrics": ["psnr"]}
    draw_examples(settings, scores, [index], tmp_path / "e.png")
    draw_failures(settings, scores, [index], tmp_path / "f.png")
    assert Image.open(tmp_path / "e.png").width > Image.open(tmp_path / "f.png").width > 200
    assert pd.read_csv(tmp_path / "f.csv")["image"].tolist() == [example.files[0]]
    for draw in (draw_examples, draw_failures):
        with pytest.raises(LacunaError, match="give masks that have holes"):
            draw(settings, scores.assign(region="image"), [index], tmp_path / "x.png")
