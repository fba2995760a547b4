"""The step `predict`: what it reads is not what it empties."""

import numpy as np
from PIL import Image

from tests.steps import run_step


def test_the_listed_images_are_not_emptied(tmp_path, capsys):
    images = tmp_path / "images"
    images.mkdir()
    (images / "card.json").write_text("{}")  # a set of Lacuna's own
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)).save(images / "0000.png")
    mask = np.zeros((6, 9), np.uint8)
    mask[1:3, 5:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    (tmp_path / "list.txt").write_text(f"{images / '0000.png'}\t{tmp_path / 'mask.png'}\n")
    settings = {"system": "telea", "settings": {}, "source": "untrained", "test_set": "t", "image_size": 9, "seed": 1}

    def predict(folder):
        outputs = {"index": folder / "index.csv", "record": folder / "record.json"}
        return run_step("predict", settings, {"pairs": tmp_path / "list.txt"}, outputs)

    assert predict(images) == 1
    assert "0000.png is read, but lies inside" in capsys.readouterr().err
    assert sorted(path.name for path in images.iterdir()) == ["0000.png", "card.json"]
    assert predict(tmp_path / "predicted") == 0
