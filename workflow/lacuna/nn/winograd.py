"""Convolutions of stride 1 with fewer multiplications: Winograd's minimal filtering, on the BLAS of PyTorch.

Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for convolutional neural
networks" (CVPR 2016). A tile of m×m outputs with a kernel of r×r takes (m + r − 1)² products a channel instead of
m²·r²: 25 instead of 81 at m = r = 3, 64 instead of 400 at m = 4, r = 5. PyTorch's own convolutions on x86 without
AVX-512 have nothing like it.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

# Kernel's side → tile's side. Larger tiles save more products and lose more digits; these keep float32's errors
# within four times those of the direct sum, and 3 divides the 15 pixels of AlexNet's last layers at 256×256.
TILES = {3: 3, 5: 4}
LEAST_PAIRS = 128 * 256  # of channels, for a frozen convolution of 3×3
AT_ONCE = 256  # tiles that a frozen convolution takes through at a time
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


def tile_of(channels: int, out_channels: int) -> int | None:
    """The side of the tiles that a frozen convolution of 3×3 is quickest with on a CPU; None: PyTorch's own is.

    Measured beside oneDNN with AVX-512 (docs/performance.md). With fewer channels the transforms take what the products
    save. The widest layers see the smallest maps, and reading 36 products' weights takes longer there than 16.
    """
    if channels * out_channels < LEAST_PAIRS:
        return None
    return 4 if channels * out_channels < 256 * 512 else 2


def both_axes(matrix: np.ndarray) -> Tensor:
    """A transform of one axis of a tile as one of both at once, which is one product of matrices."""
    return torch.from_numpy(np.kron(matrix, matrix)).float()


def transformed(weight: Tensor, of_kernel: np.ndarray) -> Tensor:
    """O×C×k×k → samples²×C×O, computed in double precision."""
    along = torch.from_numpy(of_kernel)
    return torch.einsum("ia,jb,ocab->ijco", along, along, weight.double()).flatten(0, 1).float().contiguous()


class FrozenConvolution:
    """What a convolution of 3×3, margin 1, stride 1, with constant weights computes, to float32's rounding.

    N×C×H×W → N×O×H×W, float32 on the CPU, in channels-last memory. The gradient of its input is written out: the same
    with the weights turned around. The transformed weights take 4 (tiles of 4) or 1.8 times (of 2) the memory of the
    plain ones, and as much again once a gradient is asked for.
    """

    def __init__(self, weight: Tensor, bias: Tensor, tile: int):
        self.weight, self.bias, self.tile = weight.detach(), bias.detach(), tile
        output, self.of_kernel, of_input = transforms(tile, 3)
        self.input, self.output = both_axes(of_input), both_axes(output)

    def __call__(self, x: Tensor) -> Tensor:
        return _Frozen.apply(x, self)

    @cached_property
    def there(self) -> Tensor:
        """(tile + 2)²×C×O"""
        return transformed(self.weight, self.of_kernel)

    @cached_property
    def back(self) -> Tensor:
        """(tile + 2)²×O×C"""
        return transformed(self.weight.flip(2, 3).transpose(0, 1), self.of_kernel)

    def convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The convolution by transformed weights, some hundred tiles at a time, which the processor's cache holds."""
        tile, samples, out_channels = self.tile, self.tile + 2, weight.shape[2]
        x = x.permute(0, 2, 3, 1)
        number, height, width, channels = x.shape
        down, across = -(-height // tile), -(-width // tile)
        x = nn.functional.pad(x, (0, 0, 1, across * tile + 1 - width, 1, down * tile + 1 - height)).contiguous()
        tiles = x.unfold(1, samples, tile).unfold(2, samples, tile)
        size = (number, out_channels, down * tile, across * tile)
        made = torch.empty(size, memory_format=torch.channels_last)
        places = made.permute(0, 2, 3, 1).view(number, down, tile, across, tile, out_channels).permute(2, 4, 0, 1, 3, 5)
        rows = min(down, max(1, AT_ONCE // across))
        pictures = max(1, AT_ONCE // (down * across)) if rows == down else 1
        for first in range(0, number, pictures):
            for row in range(0, down, rows):
                some = tiles[first : first + pictures, row : row + rows]
                taken = self.input @ some.permute(4, 5, 0, 1, 2, 3).reshape(samples**2, -1)
                products = torch.bmm(taken.view(samples**2, -1, channels), weight)
                there = places[:, :, first : first + pictures, row : row + rows]
                found = (self.output @ products.flatten(1)).view(there.shape)
                if bias is None:
                    there.copy_(found)
                else:
                    torch.add(found, bias, out=there)
        if size[2:] == (height, width):
            return made
        return made[..., :height, :width].clone(memory_format=torch.channels_last)


def frozen(convolutions: Mapping[int, tuple[Tensor, Tensor | None]]) -> dict[int, FrozenConvolution]:
    """What stands in for the convolutions of a network, weight and bias by position, where that is the quicker."""
    found = {}
    for position, (weight, bias) in convolutions.items():
        if tile := tile_of(weight.shape[1], weight.shape[0]):
            assert bias is not None, "VGG's convolutions have one"
            found[position] = FrozenConvolution(weight, bias, tile)
    return found


def suits(x: Tensor) -> bool:
    """Whether a frozen convolution takes a tensor, or weights, like this: float32 on the CPU."""
    return x.device.type == "cpu" and x.dtype == torch.float32


class _Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, convolution: FrozenConvolution) -> Tensor:
        ctx.convolution = convolution
        return convolution.convolved(x, convolution.there, convolution.bias)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.convolution.convolved(gradient, ctx.convolution.back, None), None


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
        self.register_buffer("input", both_axes(of_input))
        self.register_buffer("output", both_axes(output))
        self.register_buffer("weight", transformed(convolution.weight.detach(), of_kernel))
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
