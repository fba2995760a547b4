"""Families of masks, each by what makes it this family; bins and determinism of all of them are in test_masks.py."""

import json
from itertools import groupby

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from lacuna.config.consistency import check_consistency
from lacuna.config.reading import read_config
from lacuna.data.masks import border, center, ellipses, half, lama, lattice, noise, objects, scratches, text
from lacuna.data.masks._coco import objects_of
from lacuna.data.masks.building import make_masks, masks
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from tests.data.test_masks import SETTINGS, given_folder

SIZE, TOTAL = (49, 30), 49 * 30  # not square, one side odd


def drawn(family, options, fewest=1, most=TOTAL, seed=0, size=SIZE):
    return family.draw(np.random.default_rng(seed), size, fewest, most, options)


@pytest.mark.parametrize(
    ("family", "options"),
    [
        (ellipses, ellipses.Options(number=3)),
        (text, text.Options(height=0.4, tilt=30)),
        (noise, noise.Options()),
        (scratches, scratches.Options()),
        (border, border.Options()),
        (border, border.Options(window="center")),
        (border, border.Options(side="any")),
        (lama, lama.Options()),
    ],
)
def test_coverage_stays_in_its_range_and_is_spread_over_it(family, options):
    some = [drawn(family, options, 300, 500, seed) for seed in range(40)]
    assert all(
        mask.shape == SIZE[::-1] and mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255} for mask in some
    )
    pixels = [np.count_nonzero(mask) for mask in some]
    assert 300 <= min(pixels) < 340
    assert 460 < max(pixels) <= 500


def test_ellipses_are_ellipses_and_circles_are_circles():
    for seed in range(20):
        mask = drawn(ellipses, ellipses.Options(aspect=1), 200, 260, seed)
        rows, columns = np.nonzero(mask)
        across, down = np.ptp(columns) + 1, np.ptp(rows) + 1
        assert abs(across - down) <= 1
        assert np.count_nonzero(mask) == pytest.approx(np.pi / 4 * across * down, rel=0.1)
    # second moments give the axes: of 40 long ones some are turned anyhow, none is longer than asked
    for seed in range(40):
        rows, columns = np.nonzero(drawn(ellipses, ellipses.Options(aspect=3), 150, 200, seed, (80, 64)))
        short, long = np.sqrt(np.linalg.eigvalsh(np.cov(rows, columns)))
        assert 0.95 <= long / short <= 3.4


def test_words_are_letters_of_their_height():
    size = (300, 90)
    for seed in range(5):
        mask = drawn(text, text.Options(height=0.3), 500, 900, seed, size)
        pieces, number = ndimage.label(mask, np.ones((3, 3)))
        heights = [found[0].stop - found[0].start for found in ndimage.find_objects(pieces)]
        assert number >= 2 and max(heights) <= 1.3 * 27
    words = [text._word(np.random.default_rng(i), size, 900, text.Options(height=0.3, tilt=90)) for i in range(20)]
    assert 3 <= sum(word.shape[0] > word.shape[1] for word in words) <= 17


def test_an_image_smaller_than_a_letter_has_text_too():
    assert 10 <= np.count_nonzero(drawn(text, text.Options(), 10, 12, size=(8, 8))) <= 12


def test_noise_is_exact_and_its_grains_lie_on_a_board():
    assert [np.count_nonzero(drawn(noise, noise.Options(), n, n)) for n in (1, 7, TOTAL)] == [1, 7, TOTAL]
    mask = drawn(noise, noise.Options(grain=4), 400, 420)
    for top in range(0, 30, 4):
        for left in range(0, 49, 4):
            assert len(np.unique(mask[top : top + 4, left : left + 4])) == 1
    assert drawn(noise, noise.Options(grain=8), 1, 5) is None  # the last column's grains have 6 and 8 pixels or more


def test_noise_is_even_over_the_image():
    mean = np.mean([drawn(noise, noise.Options(), 735, 735, seed) > 0 for seed in range(200)], axis=0)
    assert abs(mean - 0.5).max() < 0.17  # nearly five standard errors


def test_scratches_are_long_thin_and_upright_where_asked():
    for seed in range(10):
        mask = drawn(scratches, scratches.Options(spread=5, bend=0, length=0.8, width=0.01), 60, 80, seed, (120, 100))
        pieces, _ = ndimage.label(mask, np.ones((3, 3)))
        for rows, columns in ndimage.find_objects(pieces):
            assert columns.stop - columns.start <= max(3, (rows.stop - rows.start) / 4)


def test_lamas_masks_have_its_numbers(monkeypatch):
    import cv2

    def recorded(name):
        calls = []
        monkeypatch.setattr(cv2, name, lambda *arguments: calls.append(arguments))
        return calls

    rng, mask = np.random.default_rng(0), np.zeros((256, 256), np.uint8)
    for preset, widths, lengths, segments in [
        ("thin", (5, 14), (10, 49), 250),
        ("medium", (5, 54), (10, 109), 25),
        ("thick", (5, 104), (10, 209), 25),
        ("training", (5, 104), (10, 209), 30),
    ]:
        numbers = lama._PRESETS[preset]
        lines, most = recorded("line"), 0
        for _ in range(300):
            before = len(lines)
            lama._draw_strokes(rng, mask, 1.0, numbers)
            most = max(most, len(lines) - before)
        drawn_widths = [line[4] for line in lines]
        assert (min(drawn_widths), max(drawn_widths)) == widths
        inside = [line for line in lines if all(0 < end < 256 for end in line[2])]
        reach = [np.hypot(*np.subtract(line[2], line[1])) for line in inside]
        assert min(reach) >= lengths[0] - 1.5 and max(reach) <= lengths[1] + 1
        assert 0.6 * segments <= most <= segments


def test_lamas_boxes_keep_their_margin_and_sides():
    sides = []
    for seed in range(200):
        mask = np.zeros((256, 300), np.uint8)
        one = lama._PRESETS["thick"].boxes._replace(most=1)
        lama._draw_boxes(np.random.default_rng(seed), mask, 1.0, one)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert rows[0] >= 10 and rows[-1] < 246 and columns[0] >= 10 and columns[-1] < 290
        assert len(rows) * len(columns) * 255 == mask.sum()
        sides += [len(rows), len(columns)]
    assert 30 <= min(sides) < 35 and 145 < max(sides) <= 150


@pytest.mark.parametrize(
    ("preset", "share"), [("thin", 0), ("medium", 0.3 / 1.3), ("thick", 0.3 / 1.3), ("training", 0.5)]
)
def test_lamas_boxes_are_as_probable_as_its(monkeypatch, preset, share):
    boxes = []

    def counted(rng, mask, scale, numbers):
        boxes.append(numbers)
        mask[0, 0] = 255

    monkeypatch.setattr(lama, "_draw_boxes", counted)
    for seed in range(300):
        drawn(lama, lama.Options(preset=preset), seed=seed)
    assert len(boxes) / 300 == pytest.approx(share, abs=0.09)


def test_the_window_of_outpainting():
    for options, room in [(border.Options(window="center"), True), (border.Options(), False)]:
        places = set()
        for seed in range(20):
            mask = drawn(border, options, 500, 700, seed)
            rows, columns = np.flatnonzero((mask == 0).any(1)), np.flatnonzero((mask == 0).any(0))
            assert not mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].any()
            assert len(columns) / len(rows) == pytest.approx(49 / 30, rel=0.1)
            centred = abs(rows[0] - (29 - rows[-1])) <= 1 and abs(columns[0] - (48 - columns[-1])) <= 1
            assert centred or not room
            places.add(bool(centred))
        assert len(places) == (1 if room else 2)


@pytest.mark.parametrize("side", border.SIDES)
def test_strips_and_halves_lie_where_they_are_said_to(side):
    flips = {"left": lambda a: a, "right": lambda a: a[:, ::-1], "top": lambda a: a.T, "bottom": lambda a: a[::-1].T}
    for mask, most in [
        (drawn(border, border.Options(side=side), 400, 500), 500),
        (drawn(half, half.Options(side=side)), TOTAL / 2),
    ]:
        turned = flips[side](mask)
        thick = np.count_nonzero(turned[0])
        assert turned[:, :thick].all() and not turned[:, thick:].any()
        assert 400 <= thick * len(turned) <= most
    assert {drawn(half, half.Options(), seed=i).tobytes() for i in range(30)} == {
        drawn(half, half.Options(side=each)).tobytes() for each in border.SIDES
    }


@pytest.mark.parametrize(
    ("family", "options"),
    [
        *(
            (lattice, lattice.Options(factor=n, along=along))
            for n in (2, 3, 4)
            for along in ("both", "rows", "columns")
        ),
        *((half, half.Options(side=side)) for side in ("left", "bottom")),
        *((center, center.Options(side=side)) for side in (0.01, 0.5, 1.0)),
    ],
)
def test_what_a_family_fixes_is_what_it_draws(family, options):
    for size in (SIZE, (30, 49), (8, 9)):
        mask = drawn(family, options, 1, size[0] * size[1], size=size)
        assert family.hole_pixels(size, options) == (np.count_nonzero(mask),) * 2
        assert drawn(family, options, 1, np.count_nonzero(mask) - 1, size=size) is None
    assert half.hole_pixels(SIZE, half.Options()) == (24 * 30, 49 * 15)


def test_a_lattice_knows_every_few_pixels():
    known = drawn(lattice, lattice.Options(factor=3)) == 0
    assert np.array_equal(np.argwhere(known), [(y, x) for y in range(0, 30, 3) for x in range(0, 49, 3)])
    assert (drawn(lattice, lattice.Options(along="rows")) == 0).all(1).tolist() == [True, False] * 15
    assert (drawn(lattice, lattice.Options(along="columns")) == 0).all(0).tolist() == [True, False] * 24 + [True]


@pytest.mark.parametrize("kind", ["lattice", "half", "center"])
def test_a_fixed_coverage_has_one_bin_and_refuses_another_coverage(kind, tmp_path):
    config = read_config("config/config.yaml")
    name = config["test_masks"]
    count = config["mask_sets"][name]["count"]

    def asked(**changes):
        check_consistency(
            config | {"mask_sets": config["mask_sets"] | {name: {"kind": kind, "count": count, **changes}}}
        )

    with pytest.raises(LacunaError, match=rf"mask_sets.{name}.coverage is \[0.01, 0.2\], but masks of kind {kind}"):
        asked(coverage=[0.01, 0.2])
    asked()
    asked(coverage=[0.2, 0.8])
    settings = SETTINGS | {"kind": kind, "coverage": [0, 1], "bins": 1, "count": 3}
    card = make_masks(settings, tmp_path / "set/index.csv")
    assert card["bins"] == {"0.00-1.00": 3} and card["n"] == 3
    with pytest.raises(LacunaError, match="no mask of set with coverage 0.01-0.10 was found"):
        list(masks(SETTINGS | {"kind": kind}))


# ---------------------------------------------------------------------- objects


def ring(size: int) -> np.ndarray:
    """A ring in a corner: what is pasted keeps its hole."""
    y, x = np.indices((size, size + 7))
    radius = np.hypot(y - size / 3, x - size / 3)
    return (radius < size / 3) & (radius > size / 6)


@pytest.fixture
def label_images(tmp_path):
    folder = tmp_path / "objects"
    (folder / "deep").mkdir(parents=True)
    Image.fromarray(np.where(ring(60), 255, 0).astype(np.uint8)).save(folder / "mask.png")
    labels = np.zeros((40, 50), np.uint8)
    labels[5:20, 5:45], labels[22:38, 3:9], labels[21, :] = 1, 7, 255  # two objects and the void between them
    picture = Image.fromarray(labels).convert("P")
    picture.putpalette([0] * 768)
    picture.save(folder / "deep" / "labels.png")
    return folder


def rle(inside: np.ndarray) -> list[int]:
    """Lengths of the runs down the columns, background first (it is in the upper left corner)."""
    return [len(list(run)) for _, run in groupby(inside.T.ravel())]


def compressed(counts: list[int]) -> str:
    """The chain of characters of COCO's own encoder, by its description."""
    text = ""
    for i, count in enumerate(counts):
        value = count - counts[i - 2] if i > 2 else count
        while True:
            code, value = value & 0x1F, value >> 5
            last = value == (-1 if code & 0x10 else 0)
            text += chr((code if last else code | 0x20) + 48)
            if last:
                break
    return text


def settings_of(**keys) -> dict:
    return SETTINGS | {"kind": "objects", "objects": 100, "least_pixels": 1} | keys


def test_objects_of_a_folder(label_images):
    found = objects.read(settings_of(path=str(label_images)))
    assert sorted(part.shape for part in found) == [(15, 40), (16, 6), (39, 39)]
    assert len(objects.read(settings_of(path=str(label_images), least_pixels=100))) == 2
    assert len(objects.read(settings_of(path=str(label_images), pattern="deep/*"))) == 2
    with pytest.raises(LacunaError, match="no object in .* is large enough for the mask set set"):
        objects.read(settings_of(path=str(label_images), least_pixels=10_000))


def test_objects_are_laid_whole_and_scaled(label_images):
    shapes = [part for part in objects.read(settings_of(path=str(label_images))) if part.shape == (39, 39)]
    for seed in range(10):
        mask = objects.draw(np.random.default_rng(seed), (90, 70), 560, 640, objects.Options(), shapes)
        rows, columns = np.nonzero(mask)
        part = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert 560 <= np.count_nonzero(mask) <= 640
        assert abs(part.shape[0] - part.shape[1]) <= 1
        assert part[len(part) // 2, len(part) // 2] == 0  # the ring's hole


def test_bins_are_filled_from_objects(label_images, tmp_path):
    card = make_masks(settings_of(path=str(label_images), count=12), tmp_path / "set/index.csv")
    assert list(card["bins"].values()) == [2] * 6
    before = [row["sha256"] for row in read_rows(tmp_path / "set/index.csv")]
    make_masks(settings_of(path=str(label_images), count=12), tmp_path / "again/index.csv")
    assert [row["sha256"] for row in read_rows(tmp_path / "again/index.csv")] == before
    with pytest.raises(LacunaError, match="is read, but lies inside"):
        make_masks(settings_of(path=str(label_images)), label_images / "index.csv")


def test_objects_of_annotations(tmp_path):
    blot = np.zeros((33, 47), bool)
    blot[4:30, 9:12], blot[8, 2:40] = True, True
    polygon = [10.0, 5.0, 30.5, 5.0, 30.5, 25.0, 10.0, 25.0]
    counts = rle(blot)
    path = tmp_path / "instances.json"
    base = {"category_id": 3, "iscrowd": 0}
    found = {
        "categories": [{"id": 3, "name": "cat"}, {"id": 5, "name": "cup"}],
        "annotations": [
            base | {"id": 1, "segmentation": [polygon]},
            base | {"id": 2, "segmentation": {"size": [33, 47], "counts": counts}},
            base | {"id": 3, "segmentation": {"size": [33, 47], "counts": compressed(counts)}, "category_id": 5},
            base | {"id": 4, "segmentation": {"size": [33, 47], "counts": counts}, "iscrowd": 1},
        ],
    }
    path.write_text(json.dumps(found))
    square, plain, packed = (each()[0] for each in objects_of(path, []))
    assert square.shape in {(21, 21), (21, 22)} and square.all()
    assert np.array_equal(plain > 0, blot[4:30, 2:40]) and np.array_equal(plain, packed)
    assert len(objects_of(path, ["cup"])) == 1
    with pytest.raises(LacunaError, match="has no category 'cats': did you mean 'cat'"):
        objects_of(path, ["cats"])
    for wrong, sentence in [
        ({"size": [3, 3], "counts": [4]}, "the annotation 9 in .* cannot be drawn"),
        ({"size": [3, 3], "counts": "0"}, "the annotation 9 in .* cannot be drawn"),
        ([[1, 2, 3]], "the annotation 9 in .* cannot be drawn"),
        ([[1, 2, 1e12, 3]], "the annotation 9 in .* cannot be drawn"),
        ("", "the annotation 9 in .* cannot be drawn"),
    ]:
        path.write_text(json.dumps({"annotations": [base | {"id": 9, "segmentation": wrong}]}))
        with pytest.raises(LacunaError, match=sentence):
            objects.read(settings_of(annotations=str(path)))
    for text_of_file, sentence in [("[", "cannot be read as JSON"), ("[]", "not of COCO's format"), ("{}", "COCO")]:
        path.write_text(text_of_file)
        with pytest.raises(LacunaError, match=sentence):
            objects_of(path, [])


def test_files_that_are_no_label_images(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 9, (9, 8, 3), np.uint8)).save(tmp_path / "photo.png")
    with pytest.raises(LacunaError, match="photo.png is in colour"):
        objects.read(settings_of(path=str(tmp_path)))
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    with pytest.raises(LacunaError, match="photo.png cannot be read as a mask"):
        objects.read(settings_of(path=str(tmp_path)))


def test_keys_of_objects_go_together():
    for keys, sentence in [
        ({}, "needs either 'path', a folder, or 'annotations'"),
        ({"path": "a", "annotations": "b"}, "needs either"),
        ({"path": "a", "categories": ["cat"]}, "masks of a folder have no categories"),
    ]:
        with pytest.raises(LacunaError, match=sentence):
            objects.Keys.consistent(keys, "mask_sets.some")


# ---------------------------------------------------------------------- NVIDIA's sets


@pytest.mark.parametrize(("name", "black_is_hole"), [("testing_mask_dataset", False), ("irregular_mask", True)])
def test_nvidias_sets_have_six_bins_and_two_polarities(tmp_path, name, black_is_hole):
    """Of the test set white is hole, of the training set black; the default bins are those of its paper."""
    folder = given_folder(tmp_path / name, inverted=black_is_hole, number=6)
    settings = SETTINGS | {"kind": "folder", "path": str(folder), "count": None}
    with pytest.raises(LacunaError, match=f"set invert to {str(black_is_hole).lower()}"):
        make_masks(settings | {"invert": not black_is_hole}, tmp_path / "set/index.csv")
    make_masks(settings | {"invert": black_is_hole}, tmp_path / "set/index.csv")
    assert list(read_json(tmp_path / "set/card.json")["bins"]) == [
        "0.01-0.10", "0.10-0.20", "0.20-0.30", "0.30-0.40", "0.40-0.50", "0.50-0.60"
    ]  # fmt: skip
