from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lacuna.data.given_predictions import paired_predictions
from lacuna.errors import LacunaError
from tests.steps import run_step


def save(path: Path, value: int, size=(7, 5)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 255 - value)).save(path)
    return path


@pytest.fixture
def images(tmp_path):
    return [save(tmp_path / "images" / f"{i:04d}.png", i) for i in (2, 0, 1)]


def test_files_are_found_by_stem_whatever_lies_between_them(images, tmp_path):
    theirs = tmp_path / "theirs"
    for i in range(3):
        save(theirs / f"{i:04d}.png", 10 + i)
        save(theirs / f"{i:04d}_masked.png", 99)
    values = [int(prediction[0, 0, 0]) for prediction, _ in paired_predictions(images, theirs)]
    assert values == [12, 10, 11]
    assert next(paired_predictions(images, theirs))[0].shape == (5, 7, 3)


def test_predictions_may_be_called_as_the_masks_are(images, tmp_path):
    for i in range(3):
        save(tmp_path / "theirs" / f"{i:04d}_mask{i:03d}.png", 10 + i)
    values = [int(prediction[0, 0, 0]) for prediction, _ in paired_predictions(images, tmp_path / "theirs")]
    assert values == [12, 10, 11]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_alpha_is_dropped_and_said(images, tmp_path, mode, capsys):
    colours = np.random.default_rng(3).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    clear = np.full((5, 7), 255, np.uint8)
    clear[:3, :2] = 0
    grey = Image.fromarray(colours).convert("L")
    picture = {
        "RGBA": lambda: Image.fromarray(np.dstack([colours, clear])),
        "LA": lambda: Image.merge("LA", [grey, Image.fromarray(clear)]),
        "P": lambda: Image.fromarray(colours).quantize(8),
    }[mode]()
    options = {"transparency": picture.getpixel((0, 0))} if mode == "P" else {}
    (tmp_path / "theirs").mkdir()
    for image in images:
        picture.save(tmp_path / "theirs" / image.name, **options)
    wanted = np.asarray(grey.convert("RGB") if mode == "LA" else picture.convert("RGB"))
    for prediction, transparent in paired_predictions(images, tmp_path / "theirs"):
        assert transparent and (prediction == wanted).all()
    Image.new("L", (7, 5)).save(tmp_path / "mask.png")
    (tmp_path / "list.txt").write_text("".join(f"{image}\t{tmp_path / 'mask.png'}\n" for image in images))
    settings = {"system": "theirs", "folder": str(tmp_path / "theirs")}
    outputs = {"index": tmp_path / "new/index.csv", "record": tmp_path / "new/record.json"}
    assert run_step("import_predictions", settings, {"pairs": tmp_path / "list.txt"}, outputs) == 0
    assert "3 of the predictions have transparent pixels" in capsys.readouterr().out


def test_what_does_not_pair_is_refused(images, tmp_path):
    theirs = tmp_path / "theirs"
    with pytest.raises(LacunaError, match="does not exist"):
        paired_predictions(images, theirs)
    save(theirs / "0000.png", 1)
    with pytest.raises(LacunaError, match="lacks 2 of 3 images, such as '0002'"):
        paired_predictions(images, theirs)
    for i in (1, 2):
        save(theirs / f"{i:04d}.png", 1)
    save(theirs / "0001.bmp", 1)
    with pytest.raises(LacunaError, match="0001.bmp and 0001.png, which have one file stem"):
        paired_predictions(images, theirs)


def test_another_size_is_refused(images, tmp_path):
    theirs = tmp_path / "theirs"
    for i in range(3):
        save(theirs / f"{i:04d}.png", 1, size=(5, 7))
    with pytest.raises(LacunaError, match="is 5x7 but its image .* is 7x5"):
        list(paired_predictions(images, theirs))


def test_grey_predictions_become_rgb(images, tmp_path):
    for i in range(3):
        (tmp_path / "grey").mkdir(exist_ok=True)
        Image.fromarray(np.full((5, 7), 40 + i, np.uint8)).save(tmp_path / "grey" / f"{i:04d}.png")
    first, _ = next(paired_predictions(images, tmp_path / "grey"))
    assert first.shape == (5, 7, 3) and (first == 42).all()


def test_one_prediction_is_not_given_to_two_images(images, tmp_path):
    for i in range(3):
        save(tmp_path / "theirs" / f"{i:04d}.png", i)
    twice = [*images, save(tmp_path / "other" / "0000.png", 9)]
    with pytest.raises(LacunaError, match="several of the images have one file stem"):
        paired_predictions(twice, tmp_path / "theirs")


def test_predictions_are_not_imported_into_their_own_folder(images, tmp_path):
    theirs = tmp_path / "theirs"
    for i in range(3):
        save(theirs / f"{i:04d}.png", i)
    Image.new("L", (7, 5)).save(tmp_path / "mask.png")
    (tmp_path / "list.txt").write_text("".join(f"{image}\t{tmp_path / 'mask.png'}\n" for image in images))
    given = ("import_predictions", {"system": "theirs", "folder": str(theirs)}, {"pairs": tmp_path / "list.txt"})
    for output in (theirs, tmp_path / "images"):
        outputs = {"index": output / "index.csv", "record": output / "record.json"}
        assert run_step(*given, outputs) == 1
        assert len(list(output.iterdir())) == 3
    assert run_step(*given, {"index": tmp_path / "new/index.csv", "record": tmp_path / "new/record.json"}) == 0
