"""The step `adapt`: what it writes, and that it goes on where it stopped."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from lacuna import systems
from lacuna.adaptation import sets
from lacuna.adaptation.experiments import chosen
from lacuna.canonical import canonical_json
from lacuna.data.lists import Pair, write_list
from lacuna.errors import LacunaError
from lacuna.files import write_rows
from lacuna.locking import alone_in
from lacuna.metrics.features import read_features
from lacuna.metrics.per_image import metric_by_name
from tests.adaptation.conftest import lopsided_hole, picture
from tests.steps import run_step

SIZE = (40, 48)
# without features of a pretrained network, and without batch normalisation that one picture would upset
NARROW = {"width": 4, "levels": 3, "perceptual_weight": 0, "style_weight": 0, "learning_rate": 1e-2}
COMMON = {"steps": 3, "evaluate_every": 2, "batch_size": 2}


class Set:
    """Three staged pictures of two photographs under lopsided holes, and weights of a narrow network."""

    def __init__(self, folder):
        self.folder, images, masks = folder, folder / "images" / "few", folder / "masks" / "few"
        images.mkdir(parents=True)
        masks.mkdir(parents=True)
        self.pairs, rows = [], []
        for i in range(3):
            values = (picture(SIZE, i) * (1 - 0.2 * i)).permute(1, 2, 0).numpy()
            Image.fromarray((255 * values).round().astype(np.uint8)).save(images / f"{i:04d}.png")
            hole = lopsided_hole(SIZE)[0].roll(5 * i, 1).numpy()
            Image.fromarray((255 * hole).astype(np.uint8)).save(masks / f"{i:04d}.png")
            rows.append({"file": f"{i:04d}.png", "origin_sha256": f"photograph{i // 2}"})
            self.pairs.append(Pair(str(images / f"{i:04d}.png"), str(masks / f"{i:04d}.png")))
        write_rows(images / "index.csv", rows, ["file", "origin_sha256"])
        self.weights = folder / "weights.safetensors"
        torch.manual_seed(5)
        system = systems.create("partialconv", **NARROW)
        note = {"system": "partialconv", "settings": NARROW}
        save_file(dict(system.network.state_dict()), self.weights, {"lacuna": canonical_json(note)})

    def settings(self, name="baseline", choice=True, images=None, features=False, **differences) -> dict:
        return {
            "system": "partialconv",
            "label": "narrow",
            "settings": NARROW,
            "source": "scenes",
            "test_set": "few",
            "image_size": [SIZE[1], SIZE[0]],
            "seed": 7,
            "name": name,
            "experiment": chosen([name], common={**COMMON, **differences})[name].settings(),
            "losses": None,
            "metrics": ["psnr", "l1"],
            "images": images,
            "choice": choice,
            "features": features,
        }

    def run(self, where="out", pairs=None, **settings) -> int:
        settings = self.settings(**settings)
        listed = self.folder / "few.txt"
        write_list(listed, self.pairs if pairs is None else pairs)
        given = {"pairs": listed, "weights": self.weights, "discriminator": []}
        if chosen([settings["name"]])[settings["name"]].needs_pool:
            given["pool"] = self.folder / "images" / "few" / "index.csv"
        return run_step("adapt", settings, given, self.outputs(where, settings["features"]))

    def outputs(self, where: str, features: bool = False) -> dict:
        adaptation, predictions = self.folder / where / "adaptation", self.folder / where / "predictions"
        return {
            "rows": adaptation / "rows.parquet",
            "choice": adaptation / "choice.parquet",
            "features": [adaptation / "features.safetensors"] if features else [],
            "costs": adaptation / "record.json",
            "index": predictions / "index.csv",
            "record": predictions / "record.json",
        }

    def state(self, where="out"):
        return self.folder / where / "adaptation" / "state"

    def rows(self, where="out", name="rows") -> pd.DataFrame:
        return pd.read_parquet(self.outputs(where)[name])

    def pictures(self, where="out") -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.folder / where / "predictions").glob("*.png"))]


class Inception(torch.nn.Module):
    """Stands for the network of FID: the first pixels are its features."""

    def __init__(self, folder):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    @torch.no_grad()
    def forward(self, images):
        return images.flatten(1)[:, :2048] * self.scale


@pytest.fixture
def few(tmp_path) -> Set:
    return Set(tmp_path)


@pytest.fixture
def stopping(monkeypatch):
    """Stop before the picture after so many; counts how many were adapted to."""

    class Stopping:
        after, done = 99, 0

    whole = sets.adapt

    def adapt(*args, **options):
        if Stopping.done == Stopping.after:
            raise LacunaError("stopped")
        Stopping.done += 1
        return whole(*args, **options)

    monkeypatch.setattr(sets, "adapt", adapt)
    return Stopping


def test_what_is_written(few):
    before = hashlib.sha256(few.weights.read_bytes()).hexdigest()
    assert few.run() == 0
    rows, choice = few.rows(), few.rows(name="choice")
    assert list(rows.columns) == list(sets.ROWS) and list(choice.columns) == list(sets.CHOICES)
    assert sorted(set(rows["step"])) == [0, 2, 3]
    assert len(rows) == 3 * 3 * 2 * 2 and len(choice) == 3 * 2 * 2
    assert list(rows.groupby("image")["photograph"].first()) == ["photograph0", "photograph0", "photograph1"]
    assert set(rows["experiment"]) == {"baseline"} and set(rows["system"]) == {"narrow"}
    record = json.loads((few.folder / "out/adaptation/record.json").read_text())
    assert record["n"] == 3 and record["steps"] == 3 and record["seconds_median"] > 0
    assert record["losses"] == "own" and record["settings"]["batch_size"] == 2
    assert len(few.pictures()) == 3 and not few.state().exists()
    assert hashlib.sha256(few.weights.read_bytes()).hexdigest() == before


@pytest.mark.slow
def test_step_0_is_the_network_as_it_was_and_the_prediction_that_of_the_last_step(few):
    assert few.run() == 0
    predicted = few.folder / "plain" / "index.csv"
    settings = {key: few.settings()[key] for key in ("system", "settings", "source", "test_set", "image_size", "seed")}
    given = {"pairs": few.folder / "few.txt", "weights": few.weights}
    assert run_step("predict", settings, given, {"index": predicted, "record": predicted.parent / "record.json"}) == 0
    rows = few.rows().set_index(["image", "step", "metric", "region"])["value"]
    for pair in few.pairs:
        name = pair.image.rpartition("/")[2]
        truth, hole = (np.asarray(Image.open(path)) for path in pair)
        for step, folder in ((0, predicted.parent), (3, few.folder / "out" / "predictions")):
            made = np.where(hole[..., None] > 0, np.asarray(Image.open(folder / name)), truth)
            whole, maps = metric_by_name("l1").measure(made[None, None], truth[None])
            assert rows[name, step, "l1", "image"] == pytest.approx(whole[0, 0])
            assert rows[name, step, "l1", "hole"] == pytest.approx(maps[0, 0][hole > 0].mean())
    assert few.pictures() != few.pictures("plain")


def test_choices_follow_from_the_rows_and_the_held_out_errors(few):
    assert few.run(evaluate_every=1) == 0
    rows = few.rows().set_index(["image", "metric", "region", "step"])["value"]
    for each in few.rows(name="choice").itertuples():
        values = rows.xs((each.image, each.metric, each.region), level=(0, 1, 2))
        assert each.never == values[0] and each.always == values[3] and each.chosen == values[each.chosen_step]
        assert each.oracle == (values.max() if each.metric == "psnr" else values.min())
        assert each.keep == (each.chosen_step > 0) and each.last_step == 3
        assert each.chosen_step == 0 or each.held_out_before > 0


def test_nothing_is_held_out_where_there_is_no_choice(few):
    assert few.run(choice=False) == 0
    assert few.run("chosen", choice=True) == 0
    assert few.rows(name="choice").empty
    assert few.pictures() != few.pictures("chosen")  # it learned from more


def test_it_goes_on_with_the_next_picture(few, stopping, capsys):
    stopping.after = 2
    assert few.run() != 0
    assert "the network cannot be adapted to" in capsys.readouterr().err
    assert not few.outputs("out")["rows"].exists() and not few.outputs("out")["index"].exists()
    stopping.after, stopping.done = 99, 0
    assert few.run() == 0
    assert stopping.done == 1
    assert capsys.readouterr().out.count("done before") == 2
    assert few.run("straight") == 0
    assert few.pictures() == few.pictures("straight")
    for name in ("rows", "choice"):
        pd.testing.assert_frame_equal(few.rows(name=name), few.rows("straight", name))
    assert not few.state().exists()


def test_a_damaged_picture_is_adapted_to_again(few, stopping, capsys):
    stopping.after = 2
    assert few.run() != 0
    for path in few.state().rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-7] + b"damaged")
    stopping.after, stopping.done = 99, 0
    assert few.run() == 0
    assert stopping.done == 3 and "is adapted again, for it cannot be read" in capsys.readouterr().out


def test_pictures_of_other_settings_are_kept_apart_and_come_back(few, stopping, capsys):
    stopping.after = 2
    assert few.run() != 0
    assert few.run(steps=5) != 0
    said = capsys.readouterr().out
    assert "2 pictures adapted before are not used, for these differ: experiment" in said
    stopping.after, stopping.done = 99, 0
    assert few.run() == 0
    assert stopping.done == 1
    assert few.state().exists()  # of the five steps


@pytest.mark.slow
def test_a_picture_gives_the_same_alone_and_among_others(few):
    assert few.run(name="fill_random_image") == 0
    assert few.run("alone", few.pairs[2:], name="fill_random_image") == 0
    assert few.run("backwards", few.pairs[::-1], name="fill_random_image") == 0
    assert few.pictures("alone")[0] == few.pictures()[2] == few.pictures("backwards")[0]
    assert few.pictures("backwards")[1:] == few.pictures()[1::-1]
    of_last = few.rows()[few.rows()["image"] == "0002.png"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_last, few.rows("alone"))


def test_only_so_many_pictures(few):
    assert few.run(images=2) == 0
    assert sorted(set(few.rows()["image"])) == ["0000.png", "0001.png"]


def test_features_of_every_evaluated_step(few, monkeypatch):
    monkeypatch.setattr("lacuna.metrics.inception.InceptionFID", Inception)
    assert few.run(features=True) == 0
    features = read_features(few.outputs("out", True)["features"][0])
    assert list(features.of) == ["step_00000", "step_00002", "step_00003"]
    assert features.of["step_00003"].shape == (3, 2048)
    assert features.photographs == [0, 0, 1]


@pytest.mark.parametrize(
    ("choice", "reason"), [(True, "leaves no room for a mask"), (False, "of the picture is known")]
)
def test_a_picture_without_room_is_passed_over_by_name(few, choice, reason, capsys):
    """The others are adapted to as without it, and the network as it was completes it."""
    Image.new("L", SIZE[::-1], 255).save(few.pairs[1].mask)
    assert few.run(choice=choice) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("2 of 3")]
    assert "0001.png: passed over" in line and reason in line
    assert "to 2 pictures" in said.splitlines()[-1] and "passed over 0001.png" in said.splitlines()[-1]
    assert (
        sorted(set(few.rows()["image"]))
        == ["0000.png", "0002.png"]
        == sorted(set(few.rows(name="choice")["image"]) or {"0000.png", "0002.png"})
    )
    record = json.loads(few.outputs("out")["costs"].read_text())
    assert record["n"] == 2 and list(record["passed_over"]) == ["0001.png"]
    assert reason in record["passed_over"]["0001.png"]

    settings = {key: few.settings()[key] for key in ("system", "settings", "source", "test_set", "image_size", "seed")}
    given = {"pairs": few.folder / "few.txt", "weights": few.weights}
    predicted = few.folder / "plain" / "predictions" / "index.csv"
    assert run_step("predict", settings, given, {"index": predicted, "record": predicted.parent / "record.json"}) == 0
    assert [a == b for a, b in zip(few.pictures(), few.pictures("plain"), strict=True)] == [False, True, False]
    assert few.run("others", [few.pairs[0], few.pairs[2]], choice=choice) == 0
    pd.testing.assert_frame_equal(few.rows(), few.rows("others"))


def test_pictures_that_are_passed_over_have_no_features(few, monkeypatch):
    monkeypatch.setattr("lacuna.metrics.inception.InceptionFID", Inception)
    Image.new("L", SIZE[::-1], 255).save(few.pairs[0].mask)
    assert few.run(features=True) == 0
    features = read_features(few.outputs("out", True)["features"][0])
    for of in features.of.values():
        assert np.isfinite(of).all(1).tolist() == [False, True, True]


def test_a_set_of_which_no_picture_can_be_adapted_to_is_refused_in_one_line(few, capsys):
    for pair in few.pairs:
        Image.new("L", SIZE[::-1], 255).save(pair.mask)
    assert few.run() != 0
    said = capsys.readouterr().err.strip()
    assert "not one of the 3 pictures of few can be adapted to by baseline" in said and "\n" not in said
    assert not few.outputs("out")["rows"].exists()


def test_a_picture_that_was_passed_over_is_not_asked_again(few, stopping, capsys):
    Image.new("L", SIZE[::-1], 255).save(few.pairs[0].mask)
    stopping.after = 1
    assert few.run() != 0
    capsys.readouterr()
    stopping.after, stopping.done = 99, 0
    assert few.run() == 0
    assert stopping.done == 1
    assert [line.partition(":")[2].endswith("done before") for line in capsys.readouterr().out.splitlines()[:3]] == [
        True,
        True,
        False,
    ]


def test_two_at_once_are_refused(few, capsys):
    with alone_in(few.folder / "out" / "adaptation", "adapting"):
        assert few.run() != 0
    assert "is adapting" in capsys.readouterr().err
