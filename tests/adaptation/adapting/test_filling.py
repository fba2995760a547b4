"""`lacuna adapt` and `Model.adapt` on somebody's picture."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import lacuna
from lacuna.cli import main
from lacuna.data.tensors import pictures_of
from lacuna.errors import LacunaError
from lacuna.inpainting.models import Model
from lacuna.training.state import State, read, write
from tests.adaptation.adapting.examples import experiment, photograph
from tests.systems.doubles import RandomFeatures
from tests.systems.structures import SMALL, tiny

SETTINGS = {**SMALL, "form": "thesis_small"}
# far faster than any experiment, so that two steps of a tiny network show
FAST = {"steps": 4, "batch_size": 2, "evaluate_every": 2, "fill": "random_pixels", "learning_rate": 1e-2}


def write_weights(folder, state=True):
    """Weights as `lacuna train` leaves them, and the training's state beside them."""
    system = tiny(**SETTINGS)
    folder.mkdir(exist_ok=True)
    note = json.dumps({"system": "structure", "settings": SETTINGS})
    save_file(system.network.state_dict(), folder / "weights.safetensors", {"lacuna": note})
    if state:
        tensors = {
            f"module.{part}.{key}": value
            for part, module in system.modules().items()
            for key, value in module.state_dict().items()
        }
        note = {"parts": list(system.modules())}
        write(folder / "training_state.safetensors", State({**tensors, "random.cpu": torch.zeros(3)}, note))
    return folder / "weights.safetensors"


def pixels(size=(48, 64), content=0):
    image, mask = photograph(size, content=content)
    return (image.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8), mask[0].numpy() > 0


@pytest.fixture
def given(tmp_path, monkeypatch, random_backbones):
    """A picture, its mask and weights in the working directory."""
    monkeypatch.chdir(tmp_path)
    image, mask = pixels()
    Image.fromarray(image).save("photo.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save("mask.png")
    write_weights(tmp_path / "trained")
    return tmp_path


def run(*words, weights="trained/weights.safetensors", differences=FAST):
    words = ("photo.png", "mask.png", "-o", "out.png", "--weights", weights, *words)
    common = ("--threads", "1", "--device", "cpu", "--differences", json.dumps(differences))
    return main(["adapt", *map(str, words), *common])


def model():
    return lacuna.load("structure", weights="trained/weights.safetensors", device="cpu", threads=1)


# ---------------------------------------------------------------------- in Python


def test_a_picture_is_completed_by_the_adapted_network_and_kept_outside_the_hole(given):
    image, mask = pixels()
    loaded = model()
    plain = loaded.inpaint(image, mask)
    adapted = loaded.adapt(image, mask, experiment=experiment(**FAST), keep="always")
    assert adapted.shape == image.shape and adapted.dtype == np.uint8
    assert (adapted[~mask] == image[~mask]).all() and (adapted[mask] != plain[mask]).any()
    assert (loaded.inpaint(image, mask) == plain).all()  # the model stays as it was
    assert (loaded.adapt(image, mask, experiment=experiment(**FAST), keep="never") == plain).all()
    other, _ = pixels(content=1)
    assert (loaded.adapt(other, mask, experiment=experiment(**FAST), keep="always")[mask] == adapted[mask]).all()


@pytest.mark.slow
def test_the_choice_is_made_by_what_is_held_out(given):
    from lacuna.adaptation import filling

    image, mask = pixels()
    picture = filling.Picture(image, image)
    loaded, plain = model(), model().inpaint(image, mask)
    done = filling.adapt_picture(loaded, picture, mask, experiment(**FAST), "auto")
    errors = done.choice.evidence
    assert list(errors) == [0, 2, 4] and errors == done.adapted.held_out
    assert done.choice.step == min(errors, key=errors.get)
    raw = done.adapted.predictions[done.choice.step]
    expected = (raw.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    assert (done.picture.rgb[mask] == expected[mask]).all()
    # a network that gets worse at what is held out is not kept
    worse = experiment(**{**FAST, "learning_rate": 1.0, "evaluate_every": 4})
    done = filling.adapt_picture(loaded, picture, mask, worse, "auto")
    assert not done.choice.keep and (done.picture.rgb == plain).all()


def test_a_picture_larger_than_a_tile_is_learned_from_where_its_hole_is(given):
    from lacuna.adaptation import filling

    image, _ = pixels((70, 96))
    mask = np.zeros(image.shape[:2], bool)
    mask[48:60, 70:85] = True
    mask[5:8, 5:8] = True
    loaded, picture = model(), filling.Picture(image, image)
    done = filling.adapt_picture(loaded, picture, mask, experiment(**FAST), "always", tile=48, overlap=8)
    assert (done.window.height, done.window.width) == (48, 48)
    assert mask[done.window.slices].sum() == 12 * 15
    assert next(iter(done.adapted.predictions.values())).shape == (3, 48, 48)
    plain = loaded.fill(picture, mask, tile=48, overlap=8).rgb
    assert (done.picture.rgb[~mask] == image[~mask]).all()
    for hole in (np.s_[48:60, 70:85], np.s_[5:8, 5:8]):  # both are completed by the adapted weights
        assert (done.picture.rgb[hole] != plain[hole]).any()


def test_the_deep_image_prior_completes_a_picture_too(given):
    image, mask = pixels()
    how = experiment(method="deep_image_prior", steps=2, learning_rate=0.01)
    loaded = lacuna.load("deep_image_prior", settings={"width": 4, "levels": 2}, device="cpu", threads=1)
    result = loaded.adapt(image, mask, experiment=how, keep="always")
    assert (result[~mask] == image[~mask]).all() and (result[mask] != image[mask]).any()


def test_a_network_does_not_learn_on_a_device_that_nobody_tried(given):
    loaded = model()
    loaded.system.network.to("meta")  # stands for an Apple GPU: a device that is neither the CPU nor CUDA's
    with pytest.raises(LacunaError, match="learn on the CPU or a CUDA GPU, not on 'meta'"):
        loaded.adapt(*pixels(), experiment=experiment())


def test_a_graph_cannot_learn():
    graph = Model(lambda image, hole: image, "aotgan", "cpu", None)
    with pytest.raises(LacunaError, match="exported graph, which cannot learn"):
        graph.adapt(*pixels(), experiment=experiment())


# ---------------------------------------------------------------------- the command


def test_the_command_writes_the_result_and_a_strip_of_the_steps(given, capsys):
    assert run("--keep", "always", "--strip", "strip.png") == 0
    said = capsys.readouterr()
    assert "out.png: structure adapted in " in said.out and "kept after 4 of 4 steps" in said.out and said.err == ""
    image, mask = pixels()
    out = np.asarray(Image.open("out.png"))
    assert (out[~mask] == image[~mask]).all()
    width, height = Image.open("strip.png").size
    assert (width, height) == (4 * 196 - 4, 144 + 16)  # input and steps 0, 2 and 4
    assert (model().adapt(image, mask, keep="always", differences=FAST) == out).all()


def test_the_command_says_on_what_grounds_it_chose(given, capsys):
    assert run() == 0
    assert "held-out error 0." in capsys.readouterr().out
    assert run("--keep", "never") == 0
    assert "nothing was adapted" in capsys.readouterr().out
    assert (np.asarray(Image.open("out.png")) == model().inpaint(*pixels())).all()
    assert run("--keep", "never", "--strip", "strip.png") == 0
    assert "discarded, filled as it was" in capsys.readouterr().out
    assert (np.asarray(Image.open("out.png")) == model().inpaint(*pixels())).all()


def test_weights_without_a_discriminator_are_one_line_and_nothing_is_written(given, capsys):
    weights = write_weights(given / "bare", state=False)
    assert run(weights=weights) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and "lies no training_state.safetensors" in said.err and said.out == ""
    assert not (given / "out.png").exists()
    assert (
        run("--keep", "always", weights=weights, differences={**FAST, "learns": "generator_without_discriminator"}) == 0
    )


@pytest.mark.slow
def test_the_discriminator_of_the_training_judges(given):
    assert run("--keep", "always") == 0
    first = np.asarray(Image.open("out.png"))
    path = Path("trained/training_state.safetensors")
    state = read(path)
    changed = {key: -3 * value if "discriminator" in key else value for key, value in state.tensors.items()}
    write(path, State(changed, state.note))
    assert run("--keep", "always") == 0
    assert (np.asarray(Image.open("out.png")) != first).any()


@pytest.mark.parametrize(
    ("box", "says"),
    [((0, 0, 62, 48), "is known, which is too little"), ((0, 0, 58, 48), "no room for")],
)
def test_a_picture_without_room_is_one_line_and_nothing_is_written(given, capsys, box, says):
    mask = np.zeros((48, 64), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 255
    Image.fromarray(mask).save("mask.png")
    keep = "always" if "little" in says else "auto"
    assert run("--keep", keep, "--strip", "strip.png") == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and says in said.err
    assert not (given / "out.png").exists() and not (given / "strip.png").exists()


def test_what_cannot_be_adapted_is_one_line(given, capsys):
    assert main(["adapt", "photo.png", "mask.png", "-o", "out.png", "--system", "telea"]) == 1
    assert "algorithm without weights" in capsys.readouterr().err
    assert run("--strip", "nowhere/strip.png") == 1
    assert "the folder nowhere for the strip does not exist" in capsys.readouterr().err
    assert run("--strip", "out.png") == 1
    assert "name two files" in capsys.readouterr().err
    assert not (given / "out.png").exists()


def test_the_pool_leaves_the_picture_itself_out(given):
    """Whatever its name, and even with another content in the hole."""
    from lacuna.adaptation.filling import Picture, _pool

    image, mask = pixels()
    other, _ = pixels(content=1)
    (given / "pool").mkdir()
    for name, values in (("a", image), ("b", other), ("c", image[::-1]), ("d", image[:40])):
        Image.fromarray(np.ascontiguousarray(values)).save(given / "pool" / f"{name}.png")
    how = experiment(fill="random_image")
    kept = _pool(how, given / "pool", Picture(image, image), given)
    assert sorted(path.name for path in kept.pool.paths) == ["c.png", "d.png"]
    assert len(_pool(how, None, Picture(image, image), given).pool.paths) == 3
    assert _pool(experiment(), None, Picture(image, image), given) is None


def test_pictures_like_the_known_part_fill_the_hole(given, monkeypatch):
    """What the pool's pictures look like is found out for the occasion."""
    monkeypatch.setattr("lacuna.adaptation.similarity.VGGFeatures", RandomFeatures)
    image, mask = pixels()
    (given / "pool").mkdir()
    for name in range(3):
        other, _ = photograph((48, 64), seed=30 + name)
        Image.fromarray(pictures_of(other)).save(given / "pool" / f"{name}.png")
    how = {**FAST, "fill": "similar_image"}
    results = [
        model().adapt(content, mask, differences=how, pool="pool", keep="always")
        for content in (image, pixels(content=1)[0])
    ]
    assert np.array_equal(results[0][mask], results[1][mask])
