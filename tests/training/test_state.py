"""The file of a state: whole, finite, read without pickles; a changed bit is seen."""

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from lacuna.errors import LacunaError
from lacuna.training.state import DamagedState, State, capture, read, read_parts, restore, write
from tests.training.doubles import contents, stopped_at

NOTE = {"system": "aotgan", "identity": {}, "given": {}}


def modules():
    torch.manual_seed(1)
    convolution = torch.nn.Conv2d(3, 5, (3, 1)).to(memory_format=torch.channels_last)
    return {"network": torch.nn.Sequential(convolution, torch.nn.BatchNorm2d(5)), "average": torch.nn.Linear(2, 1)}


def optimizers(parts):
    return {name: torch.optim.Adam(each.parameters(), 0.1, (0.5, 0.9)) for name, each in parts.items()}


def steps(parts, made, count):
    for _ in range(count):
        loss = parts["network"](torch.randn(2, 3, 4, 5)).square().mean() + parts["average"](torch.randn(3, 2)).sum()
        loss.backward()
        for each in made.values():
            each.step()
            each.zero_grad()
    return parts["network"][0].weight.detach().clone()


def progress(step):
    rows = [{"step": 1, "l1": 0.1 + 0.2}, {"step": step, "l1": 1e-17}]
    return {"step": step, "elapsed": 1.5, "losses": rows, "validation": [], "pending": [{"l1": 2.0}]}


def test_what_is_read_goes_on_as_if_never_written(tmp_path):
    parts = modules()
    made = optimizers(parts)
    steps(parts, made, 3)
    write(tmp_path / "s.safetensors", capture(parts, made, progress(3), NOTE))
    straight = steps(parts, made, 2)

    other = modules()
    other_made = optimizers(other)
    state = read(tmp_path / "s.safetensors")
    restore(state, other, other_made)
    assert state.step == 3 and state.progress() == progress(3)
    moment = next(iter(other_made["network"].state.values()))["exp_avg"]
    assert moment.stride() == other["network"][0].weight.stride()
    assert torch.equal(steps(other, other_made, 2), straight)


@pytest.mark.slow
def test_a_changed_bit_anywhere_is_seen(tmp_path):
    parts = modules()
    made = optimizers(parts)
    steps(parts, made, 1)
    path = tmp_path / "s.safetensors"
    write(path, capture(parts, made, progress(1), NOTE))
    whole, state = path.read_bytes(), read(path)
    refused = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 64
        path.write_bytes(damaged)
        try:
            again = read(path)
        except DamagedState:
            refused += 1
        else:  # blank space between the header and the tensors
            assert again.note == state.note
            assert all(torch.equal(again.tensors[name], tensor) for name, tensor in state.tensors.items())
    assert refused > len(whole) / 7 - 4


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_neither_written_nor_read(tmp_path, value, monkeypatch):
    parts = modules()
    with torch.no_grad():
        parts["average"].weight[0, 1] = value
    state = capture(parts, optimizers(parts), progress(1), NOTE)
    path = tmp_path / "s.safetensors"
    with pytest.raises(LacunaError, match=r"not finite \(average.weight\)"):
        write(path, state)
    assert not path.exists()
    monkeypatch.setattr("lacuna.training.state._require_finite", lambda tensors: None)
    write(path, state)
    monkeypatch.undo()
    with pytest.raises(DamagedState, match="not finite"):
        read(path)


def test_a_training_leaves_all_parts_under_their_names(job):
    folder = job("a", iterations=3, log_every=1)
    path = folder / "training_state.safetensors"
    parts = read_parts(path)
    assert list(parts) == ["network", "discriminator"]
    weights = load_file(folder / "weights.safetensors")
    assert weights.keys() == parts["network"].keys()
    assert all(torch.equal(weights[key], parts["network"][key]) for key in weights)
    with safe_open(path, framework="pt") as stream:
        names, note = set(stream.keys()), json.loads(stream.metadata()["lacuna"])
    assert {f"module.discriminator.{key}" for key in parts["discriminator"]} <= names
    assert {"optimizer.network.0.exp_avg", "random.cpu", "rows.losses"} <= names
    assert note["steps"] == 3 and note["settings"]["width"] == 8 and note["system"] == "aotgan"
    assert note["identity"]["settings"]["training.iterations"] == 3
    assert [row["step"] for row in State({**read(path).tensors}, note).progress()["losses"]] == [1, 2, 3]


def test_what_is_no_state_is_one_sentence(tmp_path, job):
    with pytest.raises(LacunaError, match="does not exist"):
        read_parts(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("words")
    with pytest.raises(LacunaError, match="text.safetensors is not used as a training state"):
        read_parts(tmp_path / "text.safetensors")
    with pytest.raises(LacunaError, match="weights.safetensors is not used as a training state"):
        read_parts(job("a", iterations=1) / "weights.safetensors")


def test_a_damaged_slot_is_said_and_the_other_one_used(job, monkeypatch, capsys):
    straight = contents(job("straight", iterations=9))
    stopped_at(monkeypatch, 6, job, "a", iterations=9)  # slots of steps 4 and 6
    folder = job("x", iterations=1).parent / "a" / "state"
    newest = folder / "slot_1.safetensors"
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 64
    newest.write_bytes(damaged)
    capsys.readouterr()
    assert contents(job("a", iterations=9)) == straight
    said = capsys.readouterr().out
    assert f"the state {newest} is not used: it is damaged" in said and "going on from step 4 " in said


def test_a_training_that_diverged_saves_nothing_of_it(job, monkeypatch, capsys, tmp_path):
    """The weights become NaN in the step before a checkpoint, whose losses are still finite."""
    from tests.training.doubles import AOTGAN

    original = AOTGAN.training_step

    def training_step(self, *args):
        losses = original(self, *args)
        training_step.done += 1
        if training_step.done == 8:
            with torch.no_grad():
                next(self.network.parameters())[0] = float("nan")
        return losses

    training_step.done = 0
    with monkeypatch.context() as patch:
        patch.setattr(AOTGAN, "training_step", training_step)
        with pytest.raises(LacunaError, match="step 8 is not saved: .*not finite.*step 4 is kept in .*lower the"):
            job("a", iterations=9, validate_every=100)
    job("a", iterations=9, validate_every=100)
    assert "going on from step 4 " in capsys.readouterr().out
