"""Mask sets: bins, determinism, families, given folders, errors."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from lacuna.data import masks as kinds
from lacuna.data.masks import boxes, random_walk, strokes
from lacuna.data.masks.bins import coverage_bins
from lacuna.data.masks.building import make_masks, masks
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows, sha256_of
from tests.steps import run_step, words_of

from .pictures import snapshot

SETTINGS = {"name": "set", "count": 13, "coverage": [0.01, 0.6], "bins": 6, "image_size": [48, 40], "seed": 3}
FAMILIES = [kind for kind in kinds.names() if not kinds.is_given(kind) and not hasattr(kinds.load(kind), "Keys")]


def test_bins():
    labels = [b.label for b in coverage_bins([0.01, 0.6], 6)]
    assert labels == ["0.01-0.10", "0.10-0.20", "0.20-0.30", "0.30-0.40", "0.40-0.50", "0.50-0.60"]
    assert [b.label for b in coverage_bins([0.3, 0.5], 2)] == ["0.30-0.40", "0.40-0.50"]
    assert [b.label for b in coverage_bins([0, 0.5], 4)] == ["0.000-0.125", "0.125-0.250", "0.250-0.375", "0.375-0.500"]
    # exact at the edges, where floating point is not: 0.3 * 10 pixels belong to the lower bin
    assert [b.pixels(10) for b in coverage_bins([0, 0.6], 2)] == [(1, 3), (4, 6)]
    for wrong in ([0.6, 0.1], [0.1, 0.1], [-0.1, 0.5], [0.5, 1.1]):
        with pytest.raises(LacunaError, match="is not a range"):
            coverage_bins(wrong, 6)


@pytest.mark.parametrize("kind", FAMILIES)
def test_equal_numbers_per_bin_on_a_set_of_odd_size(tmp_path, kind):
    make_masks(SETTINGS | {"kind": kind}, tmp_path / "index.csv")
    rows, card = read_rows(tmp_path / "index.csv"), read_json(tmp_path / "card.json")
    assert [row["file"] for row in rows] == [f"{i:04d}.png" for i in range(13)]
    assert list(card["bins"].values()) == [3, 2, 2, 2, 2, 2]
    for row in rows:
        with Image.open(tmp_path / row["file"]) as image:
            assert (image.mode, image.size) == ("L", (48, 40))
            values = np.asarray(image)
        assert set(np.unique(values)) == {0, 255}
        coverage = np.count_nonzero(values) / values.size
        low, high = map(float, row["bin"].split("-"))
        assert low < coverage <= high
        assert float(row["coverage"]) == pytest.approx(coverage, abs=1e-6)
        assert row["sha256"] == sha256_of(tmp_path / row["file"])
    assert (card["n"], card["size"], card["coverage"]) == (13, [48, 40], [0.01, 0.6])
    assert card["mean_coverage"] == pytest.approx(np.mean([float(row["coverage"]) for row in rows]), abs=1e-5)
    assert len({row["seed"] for row in rows}) == len({row["sha256"] for row in rows}) == 13


@pytest.mark.parametrize("kind", FAMILIES)
def test_rebuilding_gives_the_same_bytes_and_another_seed_others(tmp_path, kind):
    cards = [
        make_masks(SETTINGS | {"kind": kind} | changes, tmp_path / name / "index.csv")
        for name, changes in [("one", {}), ("two", {}), ("seed", {"seed": 4}), ("name", {"name": "other"})]
    ]
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert len({card["digest"] for card in cards}) == 3
    longer = list(masks(SETTINGS | {"kind": kind, "count": 20}))
    shorter = list(masks(SETTINGS | {"kind": kind}))
    assert all((a.values == b.values).all() for a, b in zip(longer, shorter, strict=False))


@pytest.mark.parametrize("family", [strokes, random_walk, boxes])
@pytest.mark.parametrize("pixels", [(1, 1), (7, 9), (900, 901), (1151, 1152)])
def test_narrow_ranges_are_reached(family, pixels):
    for seed in range(5):
        mask = family.draw(np.random.default_rng(seed), (48, 24), *pixels, family.Options())
        assert mask.shape == (24, 48)
        assert pixels[0] <= np.count_nonzero(mask) <= pixels[1]


@pytest.mark.parametrize("family", [strokes, random_walk, boxes])
def test_coverage_is_spread_over_the_bin(family):
    drawn = [family.draw(np.random.default_rng(i), (64, 64), 410, 819, family.Options()) for i in range(60)]
    pixels = [np.count_nonzero(mask) for mask in drawn]
    assert min(pixels) < 500
    assert max(pixels) > 730
    # holes are found in every part of the image
    assert (np.mean(drawn, axis=0) > 0).mean() > 0.9


def test_a_random_walk_is_one_piece_without_wide_areas():
    for seed in range(10):
        mask = random_walk.draw(np.random.default_rng(seed), (40, 30), 200, 200, random_walk.Options())
        assert np.count_nonzero(mask) == 200
        assert ndimage.label(mask)[1] == 1  # 4-neighbours


def test_a_random_walk_is_the_naive_walk_in_law():
    """Visits of a walk that stays where it is at the border, step by step, against the folded cumulative sum."""

    def naive(rng, width, height, target):
        x, y, seen = int(rng.integers(width)), int(rng.integers(height)), set()
        while len(seen) < target:
            step = ((1, 0), (-1, 0), (0, 1), (0, -1))[rng.integers(4)]
            x, y = np.clip(x + step[0], 0, width - 1), np.clip(y + step[1], 0, height - 1)
            seen.add((y, x))
        made = np.zeros((height, width))
        made[tuple(zip(*seen, strict=True))] = 1
        return made

    one = np.mean([naive(np.random.default_rng(i), 7, 5, 12) for i in range(1200)], axis=0)
    two = np.mean(
        [random_walk.draw(np.random.default_rng(i), (7, 5), 12, 12, random_walk.Options()) > 0 for i in range(1200)],
        axis=0,
    )
    assert one.std() > 0.05  # corners are rarer than the middle
    assert np.abs(one - two).max() < 0.07  # more than three standard errors in all 35 pixels


def test_strokes_follow_the_algorithm():
    """One stroke drawn by hand from the same random numbers."""
    options = strokes.Options(max_vertex=4, max_length=0.3, max_brush_width=0.1, max_angle=2.0)
    segments = strokes._stroke(np.random.default_rng(5), (200, 100), 100.0, options)
    number, x, y, width, *rest = np.random.default_rng(5).random(14)
    x, y = x * 200, y * 100
    assert len(segments) == int(number * 4) + 1
    for i, (start, end, brush, _) in enumerate(segments):
        assert brush == max(1, round(width * 10))
        angle = rest[2 * i] * 2.0 if i % 2 else 2 * np.pi - rest[2 * i] * 2.0
        assert start == (int(x), int(y))
        x, y = x + rest[2 * i + 1] * 30 * np.sin(angle), y + rest[2 * i + 1] * 30 * np.cos(angle)
        assert end == (int(x), int(y))


def test_thick_lines_end_in_circles_and_stay_below_their_bound():
    import cv2

    for seed in range(50):
        for start, end, width, bound in strokes._stroke(
            np.random.default_rng(seed), (256, 256), 256, strokes.Options()
        ):
            line = cv2.line(np.zeros((256, 256), np.uint8), start, end, 255, width)
            with_circle = cv2.circle(line.copy(), end, width // 2, 255, cv2.FILLED)
            assert (line == with_circle).all()
            assert np.count_nonzero(line) <= bound


def test_boxes_are_boxes():
    for seed in range(20):
        mask = boxes.draw(np.random.default_rng(seed), (50, 30), 300, 400, boxes.Options(aspect=3))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
    several = [boxes.draw(np.random.default_rng(i), (50, 30), 150, 200, boxes.Options(number=4)) for i in range(20)]
    assert max(ndimage.label(mask)[1] for mask in several) >= 3


def given_folder(folder, inverted=False, number=8):
    """Masks of a blot in the upper left, 10 to 50 % covered, larger than the set's images, as grey or RGB files."""
    folder.mkdir()
    for i in range(number):
        mask = np.zeros((80, 96), np.uint8)
        mask[: 12 + 5 * i, :66] = 255
        mask[1::2, 1::2] = np.where(mask[1::2, 1::2], 128, 127)  # not quite binary where half the size is sampled
        if inverted:
            mask = 255 - mask
        Image.fromarray(mask if i % 2 else np.dstack([mask] * 3)).save(folder / f"m{i}.png")
    return folder


def test_given_masks_are_resized_and_binarised_once(tmp_path):
    settings = SETTINGS | {"kind": "folder", "path": str(given_folder(tmp_path / "given")), "count": None}
    card = make_masks(settings, tmp_path / "set/index.csv")
    assert card["n"] == 8
    # the blot's rows of 80 and its 66 of 96 columns, whatever is 127 or 128 in it
    assert sorted(float(row["coverage"]) for row in read_rows(tmp_path / "set/index.csv")) == pytest.approx(
        [(12 + 5 * i) / 80 * 66 / 96 for i in range(8)], abs=0.01
    )
    for row in read_rows(tmp_path / "set/index.csv"):
        values = np.asarray(Image.open(tmp_path / "set" / row["file"]))
        assert values.shape == (40, 48)
        assert set(np.unique(values)) == {0, 255}
        assert values[0, 0] == 255  # white stays hole
        assert values[-1, -1] == 0
        assert 0.09 < float(row["coverage"]) < 0.5


def test_given_masks_in_equal_numbers(tmp_path):
    folder = given_folder(tmp_path / "given")
    settings = SETTINGS | {"kind": "folder", "path": str(folder), "count": 5, "coverage": [0.1, 0.5], "bins": 2}
    card = make_masks(settings, tmp_path / "set/index.csv")
    assert card["bins"] == {"0.10-0.25": 3, "0.25-0.50": 2}
    before = snapshot(tmp_path / "set")
    make_masks(settings, tmp_path / "set/index.csv")
    assert snapshot(tmp_path / "set") == before
    with pytest.raises(LacunaError, match="needs 6 masks with coverage 0.10-0.25 but .* has [345]"):
        make_masks(settings | {"count": 12}, tmp_path / "set/index.csv")
    assert snapshot(tmp_path / "set") == before


def test_inverted_sets_are_noticed_and_inverted_on_demand(tmp_path):
    black_holes = SETTINGS | {"kind": "folder", "path": str(given_folder(tmp_path / "black", True)), "count": None}
    white_holes = black_holes | {"path": str(given_folder(tmp_path / "white"))}
    with pytest.raises(LacunaError, match="looks inverted.*set invert to true"):
        make_masks(black_holes, tmp_path / "set/index.csv")
    with pytest.raises(LacunaError, match="looks inverted.*set invert to false"):
        make_masks(white_holes | {"invert": True}, tmp_path / "set/index.csv")
    make_masks(black_holes | {"invert": True}, tmp_path / "set/index.csv")
    make_masks(white_holes, tmp_path / "other/index.csv")
    pixels = [
        {(folder / row["file"]).read_bytes() for row in read_rows(folder / "index.csv")}
        for folder in (tmp_path / "set", tmp_path / "other")
    ]
    assert pixels[0] == pixels[1]


def test_strokes_on_a_transparent_layer_are_no_mask(tmp_path):
    folder = given_folder(tmp_path / "given", number=2)
    layer = np.full((80, 96, 4), 255, np.uint8)
    layer[20:, :, 3] = 0
    Image.fromarray(layer).save(folder / "layer.png")
    with pytest.raises(LacunaError, match="layer.png has transparent pixels"):
        make_masks(SETTINGS | {"kind": "folder", "path": str(folder), "count": None}, tmp_path / "set/index.csv")


def test_a_misspelt_option_costs_no_earlier_set(tmp_path):
    make_masks(SETTINGS | {"kind": "strokes"}, tmp_path / "set/index.csv")
    before = snapshot(tmp_path / "set")
    for wrong in ({"kind": "strokes", "options": {"max_angel": 1}}, {"kind": "folder", "path": str(tmp_path / "no")}):
        with pytest.raises(LacunaError):
            make_masks(SETTINGS | wrong, tmp_path / "set/index.csv")
    assert snapshot(tmp_path / "set") == before


def test_given_files_that_are_no_masks(tmp_path):
    folder = given_folder(tmp_path / "given", number=2)
    settings = SETTINGS | {"kind": "folder", "path": str(folder), "count": None}
    Image.fromarray(np.eye(50, dtype=np.uint8)).save(folder / "zero_one.png")
    with pytest.raises(LacunaError, match="zero_one.png holds 0 and 1"):
        make_masks(settings, tmp_path / "set/index.csv")
    (folder / "zero_one.png").write_bytes(b"\x89PNG")
    with pytest.raises(LacunaError, match="zero_one.png cannot be read"):
        make_masks(settings, tmp_path / "set/index.csv")
    (folder / "zero_one.png").unlink()
    with pytest.raises(LacunaError, match="is read, but lies inside"):
        make_masks(settings, folder / "index.csv")
    assert (folder / "m0.png").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "stroke"}, "no kind of mask set 'stroke': did you mean 'strokes'"),
        (
            {"options": {"max_vertices": 3}},
            "unknown key 'max_vertices' at .*: did you mean 'max_vertex'",
        ),
        ({"options": {"max_vertex": 2.5}}, "max_vertex is 2.5; give a whole number from 0 to 1,000"),
        ({"options": {"max_length": -1}}, "max_length is -1; give a number above 0 and at most 100"),
        ({"kind": "random_walk", "options": {"steps": 3}}, "unknown key 'steps' at .*: known are: none"),
        ({"kind": "boxes", "options": {"number": 0}}, "number is 0; give a whole number from 1 to 1,000"),
        ({"count": 0}, "ask for at least one"),
        ({"count": None}, "ask for at least one"),
        ({"image_size": 8, "bins": 100}, "no mask of 8x8 pixels has a coverage in"),
        ({"image_size": [8, 8, 8]}, "one positive number or"),
    ],
)
def test_errors_are_one_sentence(tmp_path, changes, sentence):
    with pytest.raises(LacunaError, match=sentence):
        make_masks(SETTINGS | {"kind": "strokes"} | changes, tmp_path / "set/index.csv")
    assert not (tmp_path / "set/index.csv").exists()


def test_a_bin_that_cannot_be_filled_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(strokes, "_MOST_STROKES", 0)
    with pytest.raises(LacunaError, match="no mask of set with coverage 0.01-0.10 was found"):
        make_masks(SETTINGS | {"kind": "strokes"}, tmp_path / "index.csv")


def test_command(tmp_path, capsys):
    assert run_step("make_masks", SETTINGS | {"kind": "strokes"}, {}, {"index": tmp_path / "set/index.csv"}) == 0
    assert "set: 13 masks (strokes)" in capsys.readouterr().out


def test_staging_masks_and_pairing_do_not_import_torch(tmp_path):
    masks, images = SETTINGS | {"kind": "strokes"}, {"kind": "package", "images": ["skimage:data/coffee.png"]}
    images |= {"name": "images", "count": 1, "crop": "center", "image_size": 16, "seed": 1}
    of_masks, of_images = str(tmp_path / "masks/index.csv"), str(tmp_path / "images/index.csv")
    pair, indexes = {"name": "list", "mode": "drawn"}, {"images": of_images, "masks": of_masks}
    outputs = {"card": tmp_path / "card.json", "quarantine": tmp_path / "quarantine.csv"}
    commands = [
        words_of("make_masks", masks, {}, {"index": of_masks, **outputs}),
        words_of("stage", images, {}, {"index": of_images, **outputs}),
        words_of("pair", pair, indexes, {"list": tmp_path / "list.txt"}),
    ]
    program = (
        "import json, sys\n"
        "from lacuna.cli import main\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    assert main(command) == 0 and 'torch' not in sys.modules, command\n"
    )
    subprocess.run([sys.executable, "-c", program, json.dumps(commands)], check=True)
    assert (tmp_path / "list.txt").is_file()
