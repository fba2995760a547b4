import numpy as np
import pytest

from lacuna import systems
from lacuna.inpainting.filling import fill
from tests.inpainting.made_up import box, inverted, local, noise, strokes


def test_outside_the_hole_every_byte_stays_and_inside_is_the_prediction():
    image, hole = noise(203, 317), strokes(203, 317, 7)
    for tile in (None, (64, 48)):
        result = fill(inverted, image, hole, tile, 12)
        assert (result[~hole] == image[~hole]).all()
        assert (result[hole] == (image ^ 255)[hole]).all()


@pytest.mark.parametrize("tile", [(64, 64), (56, 90), (203, 80)])
@pytest.mark.parametrize("hole", [strokes(203, 317, 9), box(203, 317, 50, 61) | box(203, 317, 180, 290)])
def test_tiles_of_a_system_that_looks_near_equal_the_whole_picture(tile, hole):
    image = noise(203, 317)
    whole = fill(local, image, hole, None, 16)
    assert (fill(local, image, hole, tile, 16) == whole).all()
    assert (whole[hole] != image[hole]).any()


def test_a_constant_picture_has_no_seam():
    image, hole = np.full((203, 317, 3), (200, 30, 91), np.uint8), strokes(203, 317, 30)
    smooth = systems.create("navier_stokes")
    result = fill(lambda *pair: smooth.predict_arrays(*([each] for each in pair))[0], image, hole, (96, 96), 24)
    assert (result == image).all()


def test_a_linear_gradient_has_no_seam():
    rows, columns = np.mgrid[:150, :210]
    image = np.stack([columns, rows + 40, 250 - columns // 2 - rows // 2], -1).astype(np.uint8)
    biharmonic = systems.create("biharmonic")
    result = fill(
        lambda *pair: biharmonic.predict_arrays(*([each] for each in pair))[0],
        image,
        strokes(150, 210, 6),
        (70, 64),
        16,
    )
    assert np.abs(result.astype(int) - image).max() <= 1


def test_windows_that_disagree_are_blended_without_a_step():
    hole = box(40, 300, top=15, left=10, down=8, across=280)
    levels = iter(range(60, 255, 40))

    def another_each_time(image, hole):
        return np.full_like(image, next(levels))

    row = fill(another_each_time, noise(40, 300), hole, (40, 100), 40)[20, 10:290, 0].astype(int)
    assert row.min() == 60 and row.max() > 130
    assert np.abs(np.diff(row)).max() <= 2 + 40 / 20  # forty levels over half of an overlap of forty


def test_deep_inside_a_large_hole_all_comes_from_one_view_of_the_whole():
    image = np.full((400, 500, 3), 90, np.uint8)
    hole = box(400, 500, top=60, left=70, down=290, across=330)
    image[hole] = 255  # what lies under the hole must not be seen
    seen = []

    def shaded(view, unknown):
        seen.append((view.shape[:2], unknown))
        outside = (view == 90).all(2)
        from_afar = (view == 55).all(2)
        assert (outside | from_afar)[~unknown].all()
        return np.full_like(view, 55 if len(seen) == 1 else 60)

    result = fill(shaded, image, hole, (96, 128), 16)
    rows, columns = np.mgrid[:400, :500]
    depth = np.minimum.reduce([rows - 59, 350 - rows, columns - 69, 400 - columns])
    assert (result[depth > 32] == 55).all()
    assert (result[(depth > 0) & (depth <= 24)] == 60).all()
    assert result[200, 93:102, 0].tolist() == [60, 59, 59, 58, 58, 57, 56, 56, 55]
    assert (result[~hole] == 90).all()
    first, *others = seen
    assert max(first[0][0] / 96, first[0][1] / 128) <= 1 and 0.2 < first[1].mean() < 0.6
    assert len(others) > 8 and all(size == (96, 128) and unknown.mean() < 0.7 for size, unknown in others)


def test_enlarged_predictions_lie_where_they_belong():
    rows, columns = np.mgrid[:256, :384]
    image = np.stack([columns // 2, rows // 2, np.full_like(rows, 7)], -1).astype(np.uint8)
    hole = box(256, 384, top=40, left=50, down=180, across=290)
    result = fill(lambda view, unknown: view, image, hole, (64, 64), 16)  # "predicts" what it is shown
    assert np.abs(result.astype(int) - image)[hole].max() <= 2


def test_progress_counts_every_window_once():
    calls = []
    fill(local, noise(203, 317), strokes(203, 317, 5), (64, 64), 16, lambda done, of: calls.append((done, of)))
    assert [done for done, _ in calls] == list(range(1, calls[0][1] + 1)) and len(calls) > 5
