"""The loop on a tiny AOT-GAN: it learns, it resumes exactly, it stops when told, it lets nothing broken pass."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from safetensors import safe_open

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from lacuna.training import loop
from lacuna.training.decay import Decay
from tests.training.conftest import SIZE
from tests.training.doubles import AOTGAN, DECLARED, at_step, contents, interrupt


def test_it_learns_and_writes_everything_down(job):
    folder = job("a", {"learning_rate": 0.003, "style_weight": 1.0}, iterations=60, validate_every=25, log_every=10)
    losses, validation = read_rows(folder / "losses.csv"), read_rows(folder / "validation.csv")
    assert [row["step"] for row in losses] == ["10", "20", "30", "40", "50", "60"]
    assert list(losses[0]) == ["step", "l1", "style", "perceptual", "adversarial", "discriminator"]
    assert float(losses[-1]["l1"]) < 0.7 * float(losses[0]["l1"])
    assert [row["step"] for row in validation] == ["0", "25", "50", "60"]
    assert float(validation[-1]["psnr"]) > float(validation[0]["psnr"]) + 1
    assert float(validation[-1]["l1_hole"]) < float(validation[0]["l1_hole"])

    with Image.open(folder / "samples.png") as samples:
        assert samples.size == (4 * SIZE[1], 3 * SIZE[0])
        truth = np.asarray(samples)[: SIZE[0], 3 * SIZE[1] :]
    with Image.open(folder.parent / "held_out" / "0.png") as image:
        assert (np.asarray(image) == truth).all()

    record = read_json(folder / "record.json")
    assert record["steps"] == 60 and record["batch_size"] == 3 and record["images_per_second"] > 0
    made = systems.create("aotgan", **record["recipe"]).modules()
    counts = {name: sum(each.numel() for each in module.parameters()) for name, module in made.items()}
    assert record["parameters"] == {name: {"before_freezing": n, "trainable": n} for name, n in counts.items()}
    assert [path.name for path in (folder / "state").iterdir()] == ["extendable.safetensors"]
    assert list((folder / "tensorboard").iterdir())


def test_weights_carry_what_they_are_and_predict(job):
    folder = job("a", iterations=2)
    with safe_open(folder / "weights.safetensors", framework="pt") as stream:
        assert '"steps":2' in stream.metadata()["lacuna"] and '"source":"place2"' in stream.metadata()["lacuna"]
        assert not [key for key in stream.keys() if key.startswith("conv.")]  # noqa: SIM118
    settings = {"width": 8, "blocks": 1, "rates": (1, 2)}
    system = systems.create("aotgan", **settings)
    assert system.prepare(folder / "weights.safetensors", threads=1) == "cpu"
    with pytest.raises(LacunaError, match="do not fit system 'aotgan'.*misshapen: encoder.1.weight"):
        systems.create("aotgan", **{**settings, "width": 4}).prepare(folder / "weights.safetensors", threads=1)


def test_same_settings_same_bytes(job):
    assert contents(job("a", iterations=5)) == contents(job("b", iterations=5))


@pytest.mark.parametrize("stopped_after", [1, *(pytest.param(step, marks=pytest.mark.slow) for step in (3, 4, 6))])
def test_resuming_equals_going_through(job, monkeypatch, stopped_after):
    """Also where Snakemake deleted the declared outputs of the interrupted job."""
    straight = contents(job("straight", iterations=9, decay_from=0.3))
    with monkeypatch.context() as patch:
        at_step(patch, stopped_after, interrupt)
        with pytest.raises(LacunaError, match=f"interrupted at step {stopped_after}"):
            job("resumed", iterations=9, decay_from=0.3)
    folder = job("x", iterations=1).parent / "resumed"
    assert not (folder / "weights.safetensors").exists()
    for name in DECLARED:
        (folder / name).unlink(missing_ok=True)
    assert contents(job("resumed", iterations=9, decay_from=0.3)) == straight


def test_pictures_that_memory_does_not_hold_are_decoded_once_and_change_nothing(job, monkeypatch, tmp_path):
    straight = contents(job("held", iterations=5))
    monkeypatch.setattr(loop, "HELD_BYTES", 0)
    with monkeypatch.context() as patch:
        at_step(patch, 2, interrupt)
        with pytest.raises(LacunaError, match="interrupted"):
            job("mapped", iterations=5)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mapped" / "decoded").iterdir()}
    assert len(kept) == 2
    with monkeypatch.context() as patch:
        at_step(patch, 2, interrupt)
        with pytest.raises(LacunaError, match="interrupted"):
            job("mapped", iterations=5)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mapped" / "decoded").iterdir()} == kept
    assert contents(job("mapped", iterations=5)) == straight
    assert not (tmp_path / "mapped" / "decoded").exists()
    with monkeypatch.context() as patch:
        at_step(patch, 1, interrupt)
        with pytest.raises(LacunaError, match="interrupted"):
            job("one_pass", iterations=2)
    assert not (tmp_path / "one_pass" / "decoded").exists()


def test_a_crash_goes_on_from_the_last_checkpoint(job, monkeypatch, capsys):
    straight = contents(job("straight", iterations=9))

    def crash(losses):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        at_step(patch, 7, crash)
        with pytest.raises(RuntimeError):
            job("resumed", iterations=9)
    assert contents(job("resumed", iterations=9)) == straight
    assert "going on from step 4" in capsys.readouterr().out


def test_seconds_are_a_budget(job):
    folder = job("a", seconds=0.7)
    record = read_json(folder / "record.json")
    assert 0.7 <= record["seconds"] < 10 and record["steps"] >= 1
    assert read_rows(folder / "validation.csv")[-1]["step"] == str(record["steps"])


def test_a_step_sees_one_share_of_the_budget_below_its_end(job, monkeypatch):
    """With a clock that goes on by a seventh of the budget at every look."""
    looks, shares = itertools.count(), []
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(looks) / 7))
    monkeypatch.setattr(AOTGAN, "before_step", lambda self, step, share, optimizers: shares.append(share))
    monkeypatch.setattr(Decay, "apply", lambda self, optimizers, share: shares.append(share))
    job("a", seconds=2)
    assert shares[::2] == shares[1::2] and max(shares) < 1


def test_a_loss_that_is_not_finite_names_itself_and_the_step(job, monkeypatch, tmp_path):
    at_step(monkeypatch, 3, lambda losses: {**losses, "style": losses["style"] * float("nan")})
    with pytest.raises(LacunaError, match="loss 'style' became nan at step 3"):
        job("a", iterations=9)
    assert not (tmp_path / "a" / "weights.safetensors").exists()


def test_mixed_precision_trains(job):
    folder = job("a", iterations=2, precision="bf16-mixed")
    assert read_json(folder / "record.json")["precision"] == "bf16-mixed"


def test_progress_lines_tell_step_speed_losses_and_time_left(job, capsys):
    job("a", iterations=4)
    lines = capsys.readouterr().out.splitlines()
    line = next(line for line in lines if line.startswith("step 4/4"))
    assert "s/step" in line and "l1 " in line and line.endswith("0:00:00 left")


def test_classical_systems_are_not_trained(job, tmp_path):
    from lacuna.training.loop import train

    settings = {"system": "telea", "settings": {}, "source": "a", "image_size": 16, "seed": 1}
    lists = [tmp_path / "train" / "list.txt"] * 2
    with pytest.raises(LacunaError, match="needs no training"):
        train(settings, *lists, backbones=tmp_path, gpus=0, threads=1, output=tmp_path / "w.safetensors")
