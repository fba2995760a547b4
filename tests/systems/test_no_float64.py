"""Apple's GPUs have no numbers of double precision: here no network makes one, on a machine that has them."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lacuna.systems import structure
from tests.systems.test_contract import WITH_NETWORK, pictures, small, tried


class NoDoubles(TorchDispatchMode):
    """Refuses tensors of double precision, as Apple's GPUs do, while it is not told that the CPU computes."""

    on_cpu = False

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        made = operation(*args, **(kwargs or {}))
        doubles = {torch.float64, torch.complex128}
        if not self.on_cpu and any(
            isinstance(each, torch.Tensor) and each.dtype in doubles for each in tree_leaves(made)
        ):
            raise TypeError(f"{operation} computes in double precision")
        return made


@pytest.mark.parametrize("case", tried(WITH_NETWORK))
def test_predictions_take_no_double_precision(case, monkeypatch):
    system, mode = small(case), NoDoubles()

    def canny(*given, _canny=structure.canny):
        """Edges are found on the CPU, wherever the picture is, and come back in the picture's precision."""
        mode.on_cpu = True
        found = _canny(*given)
        mode.on_cpu = False
        return found

    monkeypatch.setattr(structure, "canny", canny)
    image, mask = pictures((48, 64), n=1)
    with mode:
        raw = system.predict(image, mask)
    assert raw.shape == image.shape and raw.dtype == torch.float32


def test_the_stand_in_refuses_doubles():
    with pytest.raises(TypeError, match="double precision"), NoDoubles():
        torch.ones(2).double()
