"""The command that predicts a list."""

import numpy as np
import pytest
from PIL import Image

from lacuna.files import read_json, read_rows
from tests.steps import run_step
from tests.training.conftest import SIZE, write_pairs


def predict(tmp_path, system, settings=None, weights=()):
    text = {"system": system, "settings": settings or {}, "source": "s", "test_set": "t", "image_size": 16, "seed": 1}
    inputs = {"pairs": tmp_path / "data" / "list.txt", "weights": weights}
    outputs = {"index": tmp_path / "out" / "index.csv", "record": tmp_path / "out" / "record.json"}
    return run_step("predict", text, inputs, outputs)


def test_a_classical_system_predicts_a_list_over_several_batches(tmp_path):
    listed = write_pairs(tmp_path / "data", 11, seed=3).read_text().splitlines()
    assert predict(tmp_path, "telea") == 0
    rows = read_rows(tmp_path / "out" / "index.csv")
    assert [f"{row['image']}\t{row['mask']}" for row in rows] == listed
    for row in rows:
        image, mask, raw = (
            np.asarray(Image.open(path)) for path in (row["image"], row["mask"], tmp_path / "out" / row["file"])
        )
        assert raw.shape == (*SIZE, 3) and (raw[mask == 0] == image[mask == 0]).all()
        assert (raw[mask == 255] != 0).any()
    assert read_json(tmp_path / "out" / "record.json")["n"] == 11


def test_files_of_an_earlier_prediction_go_and_a_failure_leaves_no_index(tmp_path, monkeypatch):
    write_pairs(tmp_path / "data", 2, seed=3)
    assert predict(tmp_path, "telea") == 0
    (tmp_path / "out" / "9999.png").touch()
    assert predict(tmp_path, "telea") == 0
    assert not (tmp_path / "out" / "9999.png").exists()
    from lacuna.systems.telea import Telea

    def broken(self, image, mask):
        raise RuntimeError

    monkeypatch.setattr(Telea, "fill", broken)
    with pytest.raises(RuntimeError):
        predict(tmp_path, "telea")
    assert not (tmp_path / "out" / "index.csv").exists()


def test_a_deep_system_predicts_with_the_weights_it_was_trained_to(tmp_path, job):
    write_pairs(tmp_path / "data", 5, seed=3)
    settings = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 8}
    weights = job("trained", {"initial_std": 0.1}, iterations=2) / "weights.safetensors"
    pictures = []
    for _ in range(2):
        assert predict(tmp_path, "aotgan", settings, [weights]) == 0
        pictures.append([(tmp_path / "out" / f"{index:04d}.png").read_bytes() for index in range(5)])
    assert pictures[0] == pictures[1] and len(set(pictures[0])) == 5


def test_mistakes_are_one_sentence(tmp_path, capsys):
    write_pairs(tmp_path / "data", 2, seed=3)
    assert predict(tmp_path, "aotgan") == 1
    assert "predicts only with weights" in capsys.readouterr().err
    assert predict(tmp_path, "telea", weights=[tmp_path / "w.safetensors"]) == 1
    assert "has no weights" in capsys.readouterr().err
    assert predict(tmp_path, "telea", {"radios": 3}) == 1
    assert "no setting 'radios'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
