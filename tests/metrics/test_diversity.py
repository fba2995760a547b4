"""The diversity of samples: the mean over their pairs of LPIPS in the hole."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lacuna.data.compositing import composite_picture
from lacuna.files import write_rows
from lacuna.metrics import diversity as diversities
from lacuna.metrics.diversity import Diversity, diversity
from tests.inpainting.made_up import box, noise
from tests.steps import run_step


def samples(number, height=41, width=67):
    """Composites that differ in the hole alone."""
    hole, photo = box(height, width), noise(height, width)
    return [np.where(hole[..., None], noise(height, width, seed=n), photo) for n in range(1, number + 1)], hole


def test_it_is_the_mean_over_all_pairs(monkeypatch):
    """Hand-made distances: a pair's is the difference of its first pixels."""

    def measured(metrics, predictions, truths, masks, backbones):
        values = [[float(abs(int(each[0, 0, 0, 0]) - int(truths[0, 0, 0, 0])))] for each in predictions]
        return {metrics[0].name: {"hole": values}}

    monkeypatch.setattr(diversities, "score_batch", measured)
    pictures = [np.full((3, 5, 3), value, np.uint8) for value in (0, 1, 5, 21)]
    expected = np.mean([abs(a - b) for a, b in combinations((0, 1, 5, 21), 2)])
    assert diversity(pictures, np.ones((3, 5), bool), "nowhere") == expected


def test_it_is_lpips_of_composites_in_the_hole(backbones):
    """Against the network's own map; equal samples have none, and what the known part holds is compared, too."""
    import torch

    from lacuna.nn.lpips import LPIPS

    pictures, hole = samples(3)
    folder = backbones("lpips_alex")
    network = LPIPS("alex", folder)
    as_tensors = [torch.from_numpy(each).permute(2, 0, 1)[None] / 255 for each in pictures]
    pairs = [network(a, b)[1][0].numpy()[hole].mean() for a, b in combinations(as_tensors, 2)]
    assert diversity(pictures, hole, folder) == pytest.approx(np.mean(pairs), rel=1e-4)
    assert diversity([pictures[0]] * 3, hole, folder) == pytest.approx(0, abs=1e-6)


def test_pictures_that_are_too_small_have_none_and_say_so(monkeypatch):
    monkeypatch.setattr(diversities, "at_hand", lambda *_: None)
    said: list[str] = []
    pictures, hole = samples(2, 30, 67)
    assert Diversity("nowhere", said.append).of(pictures, hole) is None
    assert said == ["the diversity of samples is left out, because the smallest side is 30 pixels"]


def test_the_step_compares_samples_of_every_hole_of_every_test_set(tmp_path, backbones):
    """Two test sets, three samples, of which the first two are equal; a picture without a hole has no row."""
    from PIL import Image

    folder, sets, made = backbones("lpips_alex"), {"one": 3, "two": 2}, {}
    lists, indexes = [], []
    for name, count in sets.items():
        pairs = []
        for number in range(count):
            hole = np.zeros((41, 67), bool) if (name, number) == ("one", 1) else box(41, 67)
            pairs.append((tmp_path / f"{name}{number}.png", tmp_path / f"{name}{number}_mask.png"))
            Image.fromarray(noise(41, 67, seed=number)).save(pairs[-1][0])
            Image.fromarray(hole.astype(np.uint8) * 255).save(pairs[-1][1])
        lists.append(tmp_path / f"{name}.txt")
        lists[-1].write_text("".join(f"{image}\t{mask}\n" for image, mask in pairs))
        for sample in (1, 1, 2):
            index = tmp_path / f"{name}_{len(indexes)}" / "index.csv"
            index.parent.mkdir()
            for number in range(count):
                raw = noise(41, 67, seed=100 * sample + number)
                Image.fromarray(raw).save(index.parent / f"{number}.png")
                made.setdefault((name, number), []).append(raw)
            rows = [{"file": f"{n}.png", "image": str(i), "mask": str(m)} for n, (i, m) in enumerate(pairs)]
            write_rows(index, rows, ["file", "image", "mask"])
            indexes.append(index)
    columns = [{"test_masks": "few", "repeat": 2}, {"test_masks": "lines", "repeat": 2}]
    settings = {"system": "s", "source": "a", "test_sets": ["t", "t"], "columns": columns, "samples": 3}
    inputs = {"pairs": lists, "predictions": indexes, "backbones": folder / "lpips_alex.safetensors"}
    outputs = [tmp_path / "one.parquet", tmp_path / "two.parquet"]
    assert run_step("diversity", settings, inputs, {"diversity": outputs}) == 0
    one, two = map(pd.read_parquet, outputs)
    assert list(one.columns) == [
        *("source", "test_set", "system", "image", "mask", "coverage", "samples", "value", "test_masks", "repeat")
    ]
    assert [Path(path).name for path in one["image"]] == ["one0.png", "one2.png"] and len(two) == 2
    assert set(one["samples"]) == {3} and set(two["test_masks"]) == {"lines"} and set(two["repeat"]) == {2}
    hole = box(41, 67)
    composites = [composite_picture(raw, noise(41, 67, seed=2), hole) for raw in made["one", 2]]
    assert one["value"].iloc[1] == pytest.approx(diversity(composites, hole, folder), rel=1e-6)
    assert one["value"].iloc[1] > 0.01
