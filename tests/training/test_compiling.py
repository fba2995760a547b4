"""A compiled network learns what the network as it is written does."""

import pytest
import torch

from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from lacuna.training import compiling
from lacuna.training.compiling import compile_network, require_compiler
from lacuna.training.state import read_parts
from tests.training.doubles import AOTGAN

CPU = torch.device("cpu")


@pytest.mark.slow
def test_twenty_steps_have_the_losses_of_the_network_as_it_is_written(job):
    try:
        require_compiler(CPU)
    except LacunaError as error:
        pytest.skip(str(error))
    budget = {"iterations": 20, "log_every": 1, "validate_every": 20, "settings": {"learning_rate": 1e-5}}
    written, compiled = (job(str(way), compile=way, **budget) for way in (False, True))
    rows = [read_rows(folder / "losses.csv") for folder in (written, compiled)]
    for row, like in zip(*rows, strict=True):
        whole = sum(abs(float(value)) for name, value in like.items() if name != "step")
        for name, value in like.items():
            assert abs(float(row[name]) - float(value)) <= 1e-5 * whole, (row["step"], name)
    states = [read_parts(folder / "training_state.safetensors") for folder in (written, compiled)]
    assert [{part: list(weights) for part, weights in each.items()} for each in states][0] == {
        part: list(weights) for part, weights in states[1].items()
    }
    assert [read_json(folder / "record.json")["compile"] for folder in (written, compiled)] == [False, True]


def test_only_training_is_compiled(monkeypatch):
    asked = []

    def compile_(function, options):
        assert options == {"fallback_random": True}

        def compiled(*given):
            asked.append(given)
            return function(*given)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_)
    system = AOTGAN(**AOTGAN.small)
    names, image, mask = list(system.network.state_dict()), torch.rand(1, 3, 24, 32), torch.zeros(1, 1, 24, 32)
    expected = system.predict(image, mask)
    monkeypatch.setattr(compiling, "require_compiler", lambda device: None)
    compile_network(system.network, CPU)
    assert torch.equal(system.predict(image, mask), expected) and not asked
    system.network.train()(image, mask)
    assert len(asked) == 1 and list(system.network.state_dict()) == names


def test_without_a_compiler_it_is_said_at_once(job, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(LacunaError, match="compile needs a C\\+\\+ compiler, and 'no-such-compiler' is not there"):
        job("a", iterations=1, compile=True)
