"""How fast frozen convolutions are by Winograd's tiles beside PyTorch's own: the tables of docs/performance.md.

OMP_NUM_THREADS=1 python -m tests.benchmarks.frozen_convolutions FOLDER   (of pretrained networks)
"""

import sys
import time
from collections.abc import Callable

import torch
from torch.nn import functional as F

from lacuna.nn.vgg import VGGFeatures
from lacuna.nn.winograd import FrozenConvolution

LAYERS = ((64, 64, 128), (128, 128, 64), (256, 256, 32), (256, 512, 16), (512, 512, 16), (512, 512, 8))
NETWORKS = (("pool1", "pool2", "pool3"), ("relu2_2", "relu3_3", "relu4_3", "relu5_2"))  # layers of VGG16
BATCH = 2


def milliseconds(work: Callable[[], object]) -> float:
    """Of processor time, the least of five turns after one that warms up."""
    turns = []
    for _ in range(6):
        began = time.process_time()
        work()
        turns.append(1000 * (time.process_time() - began))
    return min(turns[1:])


def convolutions() -> None:
    for channels, out_channels, side in LAYERS:
        x = torch.randn(BATCH, channels, side, side).contiguous(memory_format=torch.channels_last)
        weight, bias = torch.randn(out_channels, channels, 3, 3) / channels, torch.randn(out_channels)
        plain = weight.contiguous(memory_format=torch.channels_last)
        direct = milliseconds(lambda: F.conv2d(x, plain, bias, padding=1))  # noqa: B023  # called here
        ratios = []
        for tile in (4, 2):
            quick = FrozenConvolution(weight, bias, tile)
            ratios.append(direct / milliseconds(lambda: quick.convolved(x, quick.there, bias)))  # noqa: B023
        print(
            f"{channels} to {out_channels}, {side}x{side}: {direct:.1f} ms; tiles of 4: {ratios[0]:.2f}, of 2:", end=""
        )
        print(f" {ratios[1]:.2f} times as fast")


def networks(folder: str) -> None:
    for layers in NETWORKS:
        network = VGGFeatures("vgg16", folder, layers).to(memory_format=torch.channels_last)
        for side in (64, 128):
            x = torch.rand(BATCH, 3, side, side).contiguous(memory_format=torch.channels_last).requires_grad_()

            def there_and_back() -> None:
                found = network(x)  # noqa: B023
                torch.autograd.grad(torch.stack([each.square().mean() for each in found.values()]).sum(), x)  # noqa: B023

            taken = {}
            for network.quick in (False, True):
                taken[network.quick] = milliseconds(there_and_back)
            print(f"VGG16 to {layers[-1]}, {side}x{side}: {taken[False]:.0f} ms, {taken[True]:.0f} ms by Winograd")


if __name__ == "__main__":
    torch.set_num_threads(1)
    convolutions()
    networks(sys.argv[1])
