"""`lacuna bench train`: whole batches alone, several sizes and batches, and their picture."""

import json

import pytest
from PIL import Image

from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.training import benchmark, scaling
from lacuna.training.benchmark import Measured

# without losses on features: no network is fetched
SMALL = {"width": 8, "blocks": 1, "rates": [1, 2], "discriminator_width": 4, "perceptual_weight": 0, "style_weight": 0}


def test_pictures_make_whole_batches():
    """With fewer pictures than a batch the plain loop once took smaller batches, and looked quick."""
    with pytest.raises(LacunaError, match="2 pictures make no whole batches of 4, .* give --images a multiple of 4"):
        Measured("", "aotgan", SMALL, 40, 4, 2, 1)


@pytest.mark.slow
def test_several_sizes_and_batches_are_measured_and_drawn(capsys, tmp_path):
    words = ["bench", "train", "--system", "aotgan", "--settings", json.dumps(SMALL), "--threads", "1", "--json"]
    words += ["--sizes", "40,48", "--batches", "1,3", "--steps", "1", "--repeats", "1", "--precision", "bf16-mixed"]
    assert main([*words, "--plot", str(tmp_path / "speed.png")]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert [(run["size"], run["batch_size"]) for run in runs] == [(40, 1), (40, 3), (48, 1), (48, 3)]
    for run in runs:
        assert run["images"] == 2 * run["batch_size"] and run["precision"] == "bf16-mixed" and run["device"] == "cpu"
        for way in benchmark.WAYS:
            assert run["images_per_cpu_second"][way] == pytest.approx(run["batch_size"] / run["cpu_seconds"][way])
    with Image.open(tmp_path / "speed.png") as drawn:
        assert drawn.width > drawn.height > 300


def test_a_line_for_each_size_and_way(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(scaling.Figure, "savefig", lambda self, path, dpi: drawn.append((path, self.axes[0])))
    common = {"system": "madf", "precision": "32-true", "device": "cuda"}
    rates = [(64, 4, 9.0), (64, 1, 5.0), (128, 1, 2.0)]
    runs = [
        {**common, "size": size, "batch_size": batch, "images_per_second": {"engine": rate, "plain": rate / 2}}
        for size, batch, rate in rates
    ]
    scaling.draw(tmp_path / "a.png", runs)
    ((path, axes),) = drawn
    assert path == tmp_path / "a.png" and axes.get_ylabel() == "pictures a second"
    lines = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.get_lines()}
    assert lines == {
        "64×64, engine": ([1, 4], [5.0, 9.0]),
        "64×64, plain": ([1, 4], [2.5, 4.5]),
        "128×128, engine": ([1], [2.0]),
        "128×128, plain": ([1], [1.0]),
    }


def test_a_device_that_is_not_there_is_one_sentence(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for words in (["train", "--system", "aotgan"], ["predict", "--system", "aotgan"], ["score"]):
        assert main(["bench", *words, "--device", "cuda"]) == 1
        assert "PyTorch finds no device 'cuda' on this machine; choose cpu" in capsys.readouterr().err
