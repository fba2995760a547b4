"""What cannot be a graph is refused by one sentence, and nothing is written."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna.errors import LacunaError
from lacuna.export.tracing import write_graph


class Complex(nn.Module):
    def forward(self, x):
        return torch.fft.fft(x).real


class Random(nn.Module):
    def forward(self, x):
        return x + torch.randn_like(x)


class FromNumPy(nn.Module):
    def forward(self, x):
        return x + torch.from_numpy(np.sort(x.numpy()))


class Stumbling(nn.Module):
    """As some of the exporter's own translations do, of what they are not made for."""

    def forward(self, x):
        raise TypeError("'NoneType' object\nis not subscriptable")


REASONS = {Complex: "fft", Random: "RandomNormalLike", FromNumPy: "NumPy", Stumbling: "NoneType"}


@pytest.mark.parametrize(("module", "reason"), REASONS.items())
def test_a_step_without_an_operator_is_named(module, reason, tmp_path, capfd):
    record = {"system": "made_up", "opset": 17}
    with pytest.raises(LacunaError, match=rf"^system 'made_up' .*{reason}.*$") as error:
        write_graph(module(), {"x": torch.ones(2, 3)}, "y", {}, tmp_path / "it.onnx", record)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
