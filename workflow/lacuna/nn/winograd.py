"""Convolutions of stride 1 with fewer multiplications: Winograd's minimal filtering, on the BLAS of PyTorch.

Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for convolutional neural
networks" (CVPR 2016). A tile of m×m outputs with a kernel of r×r takes (m + r − 1)² products a channel instead of
m²·r²: 25 instead of 81 at m = r = 3, 64 instead of 400 at m = 4, r = 5. PyTorch's own convolutions on x86 without
AVX-512 have nothing like it.
"""

from fractions import Fraction
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

# Kernel's side → tile's side. Larger tiles save more products and lose more digits; these keep float32's errors
# within four times those of the direct sum, and 3 divides the 15 pixels of AlexNet's last layers at 256×256.
TILES = {3: 3, 5: 4}
# Where polynomials are evaluated, infinity besides: small numbers and their inverses keep the transforms' terms even.
_POINTS = (0, 1, -1, 2, -2, Fraction(1, 2), Fraction(-1, 2))


def transforms(tile: int, kernel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Matrices (output, kernel, input) of sizes m×n, n×r and n×n, n = m + r − 1, in float64.

    For n samples d and r taps g: `output @ ((kernel @ g) * (input @ d))` are the m sums Σⱼ d[i + j]·g[j].
    The product of two polynomials of m and r terms is known from its values at n points; transposing that algorithm
    gives the one for filters.
    """
    samples = tile + kernel - 1

    def values(terms: int) -> np.ndarray:
        rows = [[Fraction(point) ** power for power in range(terms)] for point in _POINTS[: samples - 1]]
        rows.append([Fraction(power == terms - 1) for power in range(terms)])  # at infinity the last term alone counts
        return np.array(rows, np.float64)

    back = np.linalg.inv(values(samples)).T
    size = np.abs(back).sum(axis=1, keepdims=True)  # moved into the kernel, which is transformed in float64
    return values(tile).T, values(kernel) * size, back / size


class BiasedConv2d(nn.Conv2d):
    """For the type checker: a convolution as `fits` finds it."""

    bias: nn.Parameter
    padding: tuple[int, int]


class WinogradConv2d(nn.Module):
    """What `convolution` (3×3 or 5×5, stride 1, bias) computes, to float32's rounding, from transformed weights.

    N×C×H×W → N×O×H'×W' (float32, quickest and returned in channels-last memory), any size that the convolution takes.
    The weights are constants; gradients flow to the input. `ValueError` for other kinds of convolution.
    """

    input: Tensor
    output: Tensor
    weight: Tensor
    bias: Tensor

    def __init__(self, convolution: nn.Module):
        super().__init__()
        if not fits(convolution):
            raise ValueError(f"not a convolution for Winograd's tiles: {convolution}")
        (kernel, _), (self.padding, _) = convolution.kernel_size, convolution.padding
        self.tile = TILES[kernel]
        self.samples = self.tile + kernel - 1
        output, of_kernel, of_input = transforms(self.tile, kernel)
        # Both axes of a tile at once: one product of matrices each.
        self.register_buffer("input", torch.from_numpy(np.kron(of_input, of_input)).float())
        self.register_buffer("output", torch.from_numpy(np.kron(output, output)).float())
        along = torch.from_numpy(of_kernel)
        weight = torch.einsum("ia,jb,ocab->ijco", along, along, convolution.weight.detach().double())
        self.register_buffer("weight", weight.flatten(0, 1).float().contiguous())
        self.register_buffer("bias", convolution.bias.detach())

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        number, *sides, channels = x.shape
        kernel = self.samples - self.tile + 1
        sizes = [side + 2 * self.padding - kernel + 1 for side in sides]
        tiles = [-(-size // self.tile) for size in sizes]
        beyond = [
            count * self.tile + kernel - 1 - side - self.padding for count, side in zip(tiles, sides, strict=True)
        ]
        x = nn.functional.pad(x, (0, 0, self.padding, beyond[1], self.padding, beyond[0]))
        x = x.unfold(1, self.samples, self.tile).unfold(2, self.samples, self.tile)
        x = self.input @ x.permute(4, 5, 0, 1, 2, 3).reshape(self.samples**2, -1)
        x = torch.bmm(x.view(self.samples**2, -1, channels), self.weight)
        x = self.output @ x.flatten(1)
        x = x.view(self.tile, self.tile, number, *tiles, -1).permute(2, 3, 0, 4, 1, 5)
        x = x.reshape(number, tiles[0] * self.tile, tiles[1] * self.tile, -1)[:, : sizes[0], : sizes[1]]
        return (x + self.bias).permute(0, 3, 1, 2)


def fits(convolution: nn.Module) -> TypeGuard[BiasedConv2d]:
    """Whether a module is a convolution that `WinogradConv2d` stands in for, and quickly (from 16 channels on)."""
    if not isinstance(convolution, nn.Conv2d) or isinstance(convolution.padding, str) or convolution.bias is None:
        return False
    kernel, padding = convolution.kernel_size, convolution.padding
    square = kernel[0] == kernel[1] in TILES and padding[0] == padding[1] and convolution.padding_mode == "zeros"
    plain = convolution.stride == convolution.dilation == (1, 1) and convolution.groups == 1
    return square and plain and convolution.in_channels >= 16
