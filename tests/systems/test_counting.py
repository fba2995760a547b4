"""Counts by hand, and the published Table 3: right and wrong rules of counting side by side.

What every authors' network costs stands in its own test file.
"""

import math

import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lacuna import systems
from lacuna.plan.describing import PUBLISHED
from lacuna.systems._counting import Part, count, parameters_of

aten = torch.ops.aten


class Hourglass(nn.Module):
    """One of everything that is counted, and a number in the names that is not."""

    def __init__(self):
        super().__init__()
        self.down_1 = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.down_2 = nn.Conv2d(6, 8, (1, 5), padding=(0, 2), groups=2, bias=False)
        self.up = nn.ConvTranspose2d(8, 3, 4, 2, 1)
        self.mixed = nn.Linear(8, 8)
        self.frozen = nn.Conv2d(3, 3, 1).requires_grad_(False)

    def forward(self, image, mask):
        x = self.down_2(self.down_1(torch.cat([image, mask], 1)))
        x = x + torch.fft.irfft2(torch.fft.rfft2(x), s=x.shape[-2:])
        tokens = self.mixed(x.flatten(2).transpose(1, 2))
        tokens = (tokens @ tokens.transpose(1, 2)).softmax(-1) @ tokens
        return self.up(tokens.transpose(1, 2).unflatten(2, x.shape[-2:]))


def test_every_operator_is_counted_as_by_hand():
    height, width = 12, 20
    places = height // 2 * (width // 2)
    down = places * (6 * 4 * 9 + 8 * 3 * 5)
    up = places * 8 * 3 * 16  # each input value meets each element of its kernels once
    attention = places * 8 * 8 + 2 * places * places * 8
    # 5/2 N log2 N operations for N real points, there and back, 8 channels; a MAC is two operations
    fourier = 2 * 8 * 5 / 2 * places * math.log2(places) / 2
    with torch.device("meta"):
        counts = count(Hourglass(), height, width)
    assert counts.macs == pytest.approx(down + up + attention + fourier, abs=2)
    assert counts.fourier_macs == pytest.approx(fourier, abs=2)
    parameters = {"down": 4 * 6 * 9 + 6 + 8 * 3 * 5, "up": 8 * 3 * 16 + 3, "mixed": 8 * 8 + 8}
    assert counts.parameters == sum(parameters.values())
    assert {name: part.parameters for name, part in counts.parts.items()} == parameters | {"frozen": 0}
    assert counts.parts["down"].macs == down
    assert counts.parts["frozen"] == Part(0, 0)
    assert count(Hourglass(), height, width) == counts  # with numbers as without


def test_a_network_of_odd_size_and_one_point_has_no_transform_to_count():
    class Point(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Conv2d(3, 3, 1)

        def forward(self, image, mask):
            return self.scale(torch.fft.irfft2(torch.fft.rfft2(image.mean((2, 3), keepdim=True)), s=(1, 1)))

    counts = count(Point(), 7, 5)
    assert (counts.macs, counts.fourier_macs) == (9, 0)


def authors(name: str) -> nn.Module:
    """The network at its authors' settings, shapes without numbers."""
    with torch.device("meta"):
        return systems.create(name).network.eval()


def test_tfill_by_part():
    parts = count(authors("tfill"), 256, 256).parts
    assert {name: round(part.macs / 1e9, 2) for name, part in parts.items()} == {
        "netE": 1.75,
        "netT": 10.60,
        "netG": 10.29,
    }
    assert round(parts["netG"].parameters / 1e6, 2) == 22.48  # published as if it were all


# ---------------------------------------------------------------------- how the published numbers come about


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(PUBLISHED / "complexity.csv").set_index("system")


def elements(*_, out_shape=None, **__) -> int:
    """Operations of an operator that is taken for one multiply-accumulate an element."""
    return 2 * math.prod(out_shape if isinstance(out_shape, torch.Size) else out_shape[0])


def at_its_output(x, weight, bias, stride, padding, dilation, transposed, *_, out_shape=None, **__) -> int:
    """Every output value of any convolution costs a whole kernel, and one more for its bias: wrong if transposed."""
    kernel = weight[0] * math.prod(weight[2:]) if transposed else math.prod(weight[1:])
    return 2 * math.prod(out_shape) * (kernel + (bias is not None))


WRONG_ABOUT_TRANSPOSED = {
    aten.convolution: at_its_output,
    **dict.fromkeys((aten.relu, aten.relu_, aten.leaky_relu, aten.leaky_relu_), elements),
    aten._native_batch_norm_legit_no_training: lambda *_, **facts: 2 * elements(**facts),
}


def counted_wrong(network, rule, *inputs) -> float:
    with torch.device("meta"), FlopCounterMode(display=False, custom_mapping=rule) as counter, torch.no_grad():
        network(*(torch.zeros(shape) for shape in inputs))
    return counter.get_total_flops() / 2


def test_46_33_counts_transposed_convolutions_at_their_output(published):
    network = authors("madf")
    wrong = counted_wrong(network, WRONG_ABOUT_TRANSPOSED, (1, 3, 256, 256), (1, 1, 256, 256))
    # the authors' network adds a bias to every generated kernel, which ours, never making the kernels, does not
    generators = [getattr(network, f"filter_gen_{level}").conv1[0] for level in range(1, 8)]
    biases = sum(each.bias.numel() * (256 >> level) ** 2 for level, each in enumerate(generators, 1))
    assert wrong + biases == pytest.approx(published["macs"]["madf"], rel=2e-3)
    right = count(network, 256, 256).macs
    assert right == pytest.approx(28.26e9, rel=1e-3)
    assert "by its input it is 28.2" in published["note"]["madf"]


def test_72_97_counts_biases_and_activations(published):
    network = authors("aotgan")
    wrong = counted_wrong(network, WRONG_ABOUT_TRANSPOSED, (1, 3, 256, 256), (1, 1, 256, 256))
    assert wrong == pytest.approx(published["macs"]["aotgan"], rel=1e-3)


def test_0_016_is_the_decoder_without_convolutions_on_3_times_3(published):
    decoder = authors("tfill").netG
    assert parameters_of(decoder) == pytest.approx(published["parameters"]["tfill"], rel=5e-4)
    products = 0

    def with_masks(module, inputs, output):
        """A counter that knows no partial convolution sees only its products with masks, and a linear layer's bias."""
        nonlocal products
        features = output[0] if isinstance(output, tuple) else output
        masked = len(inputs) > 1 and inputs[1] is not None
        linear = isinstance(module, nn.Linear)
        products += features.numel() if linear else 2 * features.numel() + masked * inputs[0].numel()

    for module in decoder.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(with_masks)
    blind = {aten.convolution: lambda *_, **__: 0, aten.leaky_relu: elements, aten.gelu: elements}
    blind |= {aten._softmax: elements, aten.upsample_bilinear2d: elements}
    wrong = counted_wrong(decoder, blind, (1, 512, 3, 3), (1, 1, 256, 256)) + products
    assert round(wrong / 1e9, 3) == published["macs"]["tfill"] / 1e9 == 0.016
    for number in ("64.18 M", "10.29", "22.65"):
        assert number in published["note"]["tfill"]
