"""What convolutions that learn would gain from Winograd's tiles: a trial of docs/performance.md, used nowhere.

python -m tests.benchmarks.learned_convolutions

Weights change in every step, so they are transformed anew; the gradient of the weights is made of transformed inputs
and gradients, too. Elapsed times of the way there and back on all cores, batch 2, the median of ten.
"""

import statistics
import time

import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.nn.winograd import both_axes, transforms

LAYERS = ((64, 64, 128), (128, 128, 64), (256, 64, 32), (256, 256, 32), (512, 512, 32), (512, 512, 16))
BATCH = 2


class Learned(torch.autograd.Function):
    """A 3×3 convolution with margin 1 of N×C×H×W by O×C×3×3, whose sides are multiples of the tile."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, tile: int) -> Tensor:  # type: ignore[override]
        output, of_kernel, of_input = map(both_axes, transforms(tile, 3))
        seen = of_input @ _windows(x, tile)
        by_sample = (of_kernel @ weight.permute(2, 3, 1, 0).reshape(9, -1)).view(-1, *weight.shape[1::-1])
        ctx.save_for_backward(seen, weight)
        ctx.tile, ctx.shape = tile, x.shape
        return _picture(output @ _products(seen, by_sample), tile, x.shape, len(weight))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, None]:  # type: ignore[override]
        seen, weight = ctx.saved_tensors
        output, of_kernel, of_input = map(both_axes, transforms(ctx.tile, 3))
        out_channels, channels = weight.shape[:2]
        turned = weight.flip(2, 3).permute(2, 3, 0, 1).reshape(9, -1)
        by_sample = (of_kernel @ turned).view(-1, out_channels, channels)
        of_x = output @ _products(of_input @ _windows(gradient, ctx.tile), by_sample)
        tiles = gradient.permute(0, 2, 3, 1).unfold(1, ctx.tile, ctx.tile).unfold(2, ctx.tile, ctx.tile)
        spread = output.T @ tiles.permute(4, 5, 0, 1, 2, 3).reshape(ctx.tile**2, -1)
        of_samples = torch.bmm(
            seen.view(len(seen), -1, channels).transpose(1, 2), spread.view(len(spread), -1, out_channels)
        )
        of_weight = (of_kernel.T @ of_samples.flatten(1)).view(3, 3, channels, out_channels).permute(3, 2, 0, 1)
        return _picture(of_x, ctx.tile, ctx.shape, channels), of_weight, None


def _windows(x: Tensor, tile: int) -> Tensor:
    """(tile + 2)² samples × (tiles · channels)"""
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    windows = padded.unfold(1, tile + 2, tile).unfold(2, tile + 2, tile)
    return windows.permute(4, 5, 0, 1, 2, 3).reshape((tile + 2) ** 2, -1)


def _products(samples: Tensor, weights: Tensor) -> Tensor:
    return torch.bmm(samples.view(len(samples), -1, weights.shape[1]), weights).flatten(1)


def _picture(samples: Tensor, tile: int, shape: torch.Size, channels: int) -> Tensor:
    number, _, height, width = shape
    tiles = samples.view(tile, tile, number, height // tile, width // tile, channels).permute(2, 3, 0, 4, 1, 5)
    return tiles.reshape(number, height, width, channels).permute(0, 3, 1, 2)


def main() -> None:
    for channels, out_channels, side in LAYERS:
        x, gradient = (
            torch.randn(BATCH, each, side, side).contiguous(memory_format=torch.channels_last)
            for each in (channels, out_channels)
        )
        weight = torch.randn(out_channels, channels, 3, 3) / (3 * channels**0.5)
        weight = weight.contiguous(memory_format=torch.channels_last).requires_grad_()
        x.requires_grad_()

        def direct() -> list[Tensor]:
            made = F.conv2d(x, weight, padding=1)  # noqa: B023  # called here
            return [made.detach(), *torch.autograd.grad(made, (x, weight), gradient)]  # noqa: B023

        def in_tiles(tile: int) -> list[Tensor]:
            made = Learned.apply(x, weight, tile)  # noqa: B023
            return [made.detach(), *torch.autograd.grad(made, (x, weight), gradient)]  # noqa: B023

        expected, usual = direct(), _milliseconds(direct)
        print(f"{channels} to {out_channels}, {side}x{side}: {usual:.1f} ms", end="")
        for tile in (4, 2):
            pairs = zip(in_tiles(tile), expected, strict=True)
            error = max(float((found - right).abs().max() / right.abs().max()) for found, right in pairs)
            faster = usual / _milliseconds(lambda: in_tiles(tile))  # noqa: B023
            print(f"; tiles of {tile}: {faster:.2f} times as fast, error {error:.1e}", end="")
        print()


def _milliseconds(work) -> float:
    turns = []
    for _ in range(10):
        began = time.perf_counter()
        work()
        turns.append(1000 * (time.perf_counter() - began))
    return statistics.median(turns)


if __name__ == "__main__":
    main()
