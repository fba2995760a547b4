"""What systems are compared with: their authors' key names and outputs, and our own outputs of the time they agreed."""

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

HERE = Path(__file__).parent
GOLDEN = Path(__file__).parents[3] / "shared" / "golden"


class Golden:
    """The authors' own network on one picture; its weights are not stored but made anew, under the authors' names.

    expected: the arrays of the file, `image`, `hole`, `raw0` and more.
    """

    def __init__(self, name: str):
        spec = importlib.util.spec_from_file_location("fill", GOLDEN / "fill.py")
        self._fill = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self._fill)
        self._name = name
        self.expected = dict(np.load(GOLDEN / f"{name}.npz"))

    def weights(self, file: str = "keys", later: int = 0, gains: list | None = None) -> dict[str, np.ndarray]:
        """Of the keys in `<name>.<file>.txt`, drawn with the file's seed + `later`; gains: None for the network's."""
        keys = self._fill.read_spec(GOLDEN / f"{self._name}.{file}.txt")
        gains = self._fill.GAINS[self._name] if gains is None else gains
        return self._fill.fill(keys, seed=int(self.expected["seed"]) + later, gains=gains)

    def gains(self, name: str) -> list:
        """The factors of the random weights of another network than the file's own."""
        return self._fill.GAINS[name]

    def inputs(self, dtype: torch.dtype, *names: str) -> list[Tensor]:
        """Arrays by name, as a batch of one; without names: the image and the mask."""
        return [torch.from_numpy(self.expected[name])[None].to(dtype) for name in names or ("image", "hole")]

    def difference(self, found: Tensor, name: str = "raw0") -> float:
        """Largest absolute difference of a batch of one to the array called `name`."""
        return float(np.abs(found[0].numpy() - self.expected[name]).max())


def authors_shapes(file: str) -> dict[str, list[int]]:
    """{key: shape} of a file in `keys/`: `name<TAB>d0,d1,…` a line; '-' is a scalar."""
    lines = (line.split("\t") for line in (HERE / "keys" / file).read_text().splitlines())
    return {key: [] if dims == "-" else [int(side) for side in dims.split(",")] for key, dims in lines}


def shapes(module: nn.Module) -> dict[str, list[int]]:
    """{key: shape} of a module's state."""
    return {key: list(value.shape) for key, value in module.state_dict().items()}


def settled(discriminator: nn.Module, image: Tensor) -> nn.Module:
    """In evaluation mode, after 50 passes in training mode: the power iteration has found the spectral norms."""
    with torch.no_grad():
        discriminator.train()
        for _ in range(50):
            discriminator(image)
    return discriminator.eval()


def difference_but_for_a_factor(ours: np.ndarray, theirs: np.ndarray, bias: float, tolerance: float) -> float:
    """Largest absolute difference of two discriminators' logits, up to one factor within `tolerance` of 1.

    The authors' power iteration began at random vectors that are not on record. All layers but the last have no bias
    and leaky ReLUs are homogeneous, so their spectral norms are one factor; `bias` is the last layer's.
    """
    ours, theirs = ours - bias, theirs - bias
    factor = (ours * theirs).sum() / (ours**2).sum()
    assert abs(factor - 1) < tolerance
    return float(np.abs(factor * ours - theirs).max())


def with_simple_weights(network: nn.Module, gain: float) -> nn.Module:
    """The network in double precision and evaluation mode with sines for weights: no random numbers of any library."""
    with torch.no_grad():
        for index, parameter in enumerate(network.parameters()):
            spread = gain / (parameter[0].numel() if parameter.dim() else 1) ** 0.5
            parameter.copy_((spread * sines(parameter, index, 0.7)).view_as(parameter))
    return network.double().eval()


def sines(parameter: Tensor, index: int, frequency: float) -> Tensor:
    """As many numbers as the parameter has, float64, in one dimension."""
    return torch.sin((torch.arange(parameter.numel(), dtype=torch.float64) + index) * frequency)


def smooth_picture(height: int, width: int, rows: slice, columns: slice) -> tuple[Tensor, Tensor]:
    """A picture without random numbers and a mask whose hole is a box; float64."""
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 2, width), indexing="ij")
    image = torch.stack([x / 2, y, (x * y).sin().abs()])[None].double()
    mask = torch.zeros(1, 1, height, width, dtype=torch.float64)
    mask[..., rows, columns] = 1
    return image, mask


def assert_as_recorded(name: str, output: Tensor) -> None:
    """Compare with `recorded/<name>.npy`: made by this code when it equalled the authors' (the golden tests)."""
    assert output.std() > 0.01
    np.testing.assert_allclose(output.numpy(), np.load(HERE / "recorded" / f"{name}.npy"), atol=1e-6, rtol=1e-6)
