"""StyleGAN2: layers whose weights are scaled at run time, styles that modulate them, noise, residual discriminators.

T. Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020. Weights are drawn from N(0, 1)
and scaled when they are used, so that all of them learn at one speed; what is halved or doubled in size is blurred.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import island


class EqualizedConv2d(nn.Conv2d):
    """A convolution without bias whose weights are divided by √fan-in when they are used."""

    def __init__(self, channels: int, out_channels: int, kernel: int, stride: int = 1, padding: int = 0):
        super().__init__(channels, out_channels, kernel, stride, padding, bias=False)
        self.scale = 1 / math.sqrt(channels * kernel**2)

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.scale, stride=self.stride, padding=self.padding)


class ActiveConv2d(EqualizedConv2d):
    """With a bias and a leaky ReLU after it. resized: `half` or `double` the size, blurred, or as large."""

    bias: nn.Parameter

    def __init__(self, channels: int, out_channels: int, kernel: int = 3, resized: str = ""):
        super().__init__(channels, out_channels, kernel, *((2, 0) if resized == "half" else (1, kernel // 2)))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.resized = resized
        self.blur = Blur(2, persistent=False) if resized == "half" else Blur(1, gain=4, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.resized == "double":
            x = doubled(x, self.weight * self.scale, self.blur)
        else:
            x = super().forward(self.blur(x) if self.resized else x)
        return biased_leaky(x, self.bias)


def doubled(x: Tensor, weight: Tensor, blur: nn.Module) -> Tensor:
    """x N×C×H×W, its pixels far apart among zeros, convolved with D×C×3×3 and blurred by four times a mean.

    N×D×2H×2W; `blur` is a `Blur` of padding 1 and gain 4.
    """
    return blur(F.conv_transpose2d(x, weight.flip(2, 3).transpose(0, 1), stride=2))


class EqualizedLinear(nn.Module):
    """A linear layer with a bias, whose weights are divided by √fan-in when they are used; `active`: leaky after it.

    rate: how fast it learns, as a share of the others' speed.
    """

    def __init__(self, features: int, out_features: int, active: bool = False, rate: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, features) / rate)
        self.bias = nn.Parameter(torch.zeros(out_features))
        self.scale, self.rate = rate / math.sqrt(features), rate
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        x = F.linear(x, self.weight * self.scale, self.bias * self.rate)
        return leaky(x) if self.active else x


class BiasedLeakyReLU(nn.Module):
    """A bias for each channel, then a leaky ReLU (0.2) times √2, which keeps the variance."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return biased_leaky(x, self.bias)


def biased_leaky(x: Tensor, bias: Tensor) -> Tensor:
    """x N×C×H×W with a bias for each channel, then `leaky`."""
    return leaky(x + bias.view(1, -1, 1, 1))


def leaky(x: Tensor) -> Tensor:
    """A leaky ReLU (0.2) times √2."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


class Blur(nn.Module):
    """Every channel blurred by [1, 3, 3, 1] in both directions, which sums to `gain`; zeros outside.

    persistent: whether the kernel is part of the state, as in files of weights that hold it.
    """

    kernel: Tensor

    def __init__(self, padding: int, stride: int = 1, gain: float = 1.0, persistent: bool = True):
        super().__init__()
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("kernel", torch.outer(row, row) * gain, persistent)
        self.padding, self.stride = padding, stride

    def forward(self, x: Tensor) -> Tensor:
        channels = int(x.shape[1])
        kernel = self.kernel.expand(channels, 1, 4, 4)
        return F.conv2d(x, kernel, stride=self.stride, padding=self.padding, groups=channels)


class Doubling(Blur):
    """N×C×H×W → N×C×2H×2W: the pixels far apart among zeros, blurred; not part of the state."""

    def __init__(self):
        super().__init__(padding=1, stride=2, gain=4, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        channels = int(x.shape[1])
        kernel = self.kernel.expand(channels, 1, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=self.stride, padding=self.padding, groups=channels)


# ---------------------------------------------------------------------- noise and styles


class Noisy(nn.Module):
    """What adds noise of a learned strength, the same for all channels; its constructor ends with `keep_noise`.

    It is drawn anew in training, and with `in_prediction` always; else it is the map that is kept, laid side by side
    where more is needed.
    """

    noise_const: Tensor

    def keep_noise(self, size: int, in_prediction: bool = False) -> None:
        """Draw the map of size × size pixels; the strength begins at 0."""
        self.register_buffer("noise_const", torch.randn(size, size))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.in_prediction = in_prediction

    def with_noise(self, x: Tensor) -> Tensor:
        """x N×C×H×W and its noise."""
        n, _, height, width = x.shape
        if self.training or self.in_prediction:
            noise = torch.randn(n, 1, height, width, device=x.device, dtype=x.dtype)
        else:
            size = len(self.noise_const)
            rows, columns = (torch.arange(side, device=x.device) % size for side in (height, width))
            noise = self.noise_const[rows][:, columns]
        return x + noise * self.noise_strength


class Mapping(nn.Module):
    """Latent vectors N×F → styles N×F, by linear layers that learn a hundred times as slowly as others.

    w_avg: F, the running mean of styles, which `track` moves.
    """

    w_avg: Tensor

    def __init__(self, features: int, layers: int = 8):
        super().__init__()
        self.layers = [f"fc{number}" for number in range(layers)]
        for name in self.layers:
            self.add_module(name, EqualizedLinear(features, features, active=True, rate=0.01))
        self.register_buffer("w_avg", torch.zeros(features))

    def forward(self, z: Tensor) -> Tensor:
        x = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for name in self.layers:
            x = self.get_submodule(name)(x)
        return x

    @torch.no_grad()
    def track(self, styles: Tensor) -> None:
        """Move the mean by 0.5 % towards that of styles N×F."""
        self.w_avg.copy_(_between(self.w_avg, styles.mean(0), 0.005))

    def towards(self, styles: Tensor, share: float) -> Tensor:
        """Styles N×…×F nearer to the mean, at this share of the way to themselves."""
        return _between(self.w_avg, styles, share)


@island("mean style")
def _between(mean: Tensor, styles: Tensor, share: float) -> Tensor:
    return mean.lerp(styles, share)


class ModulatedConv2d(nn.Conv2d):
    """A convolution without bias whose input channels a style scales; with `doubled`, to twice the size, then blurred.

    demodulate: output channels are divided by the norm of their scaled weights, so that no style changes how much they
    vary. Weights are not scaled for each picture: the features are, before and after, which is the same.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int,
        style: int,
        doubled: bool = False,
        demodulate: bool = True,
    ):
        super().__init__(channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.scale = 1 / math.sqrt(channels * kernel**2)
        self.affine = EqualizedLinear(style, channels)
        nn.init.ones_(self.affine.bias)
        self.blur = Blur(1, gain=4, persistent=False) if doubled else None
        self.demodulate = demodulate

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:  # type: ignore[override]  # a style comes with it
        """x N×C×H×W, style N×F."""
        scales, weight = self.affine(style), self.weight * self.scale
        x = x * scales[:, :, None, None]
        x = F.conv2d(x, weight, padding=self.padding) if self.blur is None else doubled(x, weight, self.blur)
        if not self.demodulate:
            return x
        return x * _strengths(scales, weight)[:, :, None, None]


@island("demodulation")
def _strengths(scales: Tensor, weight: Tensor) -> Tensor:
    return (scales.square() @ weight.square().sum((2, 3)).t() + 1e-8).rsqrt()


class StyledConv2d(nn.Module):
    """A modulated 3×3 convolution, a bias and a leaky ReLU."""

    def __init__(self, channels: int, out_channels: int, style: int, doubled: bool = False):
        super().__init__()
        self.conv = ModulatedConv2d(channels, out_channels, 3, style, doubled)
        self.bias = nn.Parameter(torch.zeros(out_channels))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return biased_leaky(self.conv(x, style), self.bias)


class NoisyStyledConv2d(StyledConv2d, Noisy):
    """The same with noise before the bias; size: of the result, in pixels, at the size that a network is made for."""

    def __init__(self, channels: int, out_channels: int, style: int, size: int, doubled: bool = False):
        super().__init__(channels, out_channels, style, doubled)
        self.keep_noise(size)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return biased_leaky(self.with_noise(self.conv(x, style)), self.bias)


class StyledRGB(nn.Module):
    """Features N×C×H×W, a style, and the picture at half the size if there is one → the picture N×3×H×W."""

    def __init__(self, channels: int, style: int):
        super().__init__()
        self.conv = ModulatedConv2d(channels, 3, 1, style, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(3))
        self.enlarge = Doubling()

    def forward(self, x: Tensor, style: Tensor, smaller: Tensor | None) -> Tensor:
        picture = self.conv(x, style) + self.bias.view(1, -1, 1, 1)
        return picture if smaller is None else picture + self.enlarge(smaller)


# ---------------------------------------------------------------------- discriminators


class ResidualBlock(nn.Module):
    """Half the height and width; both branches are scaled so that their sum keeps the variance."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.conv1 = nn.Sequential(EqualizedConv2d(channels, channels, 3, padding=1), BiasedLeakyReLU(channels))
        self.conv2 = nn.Sequential(
            Blur(2), EqualizedConv2d(channels, out_channels, 3, stride=2), BiasedLeakyReLU(out_channels)
        )
        # the blur's own stride computes only those pixels that a 1×1 convolution with stride 2 would look at
        self.skip = nn.Sequential(Blur(1, stride=2), EqualizedConv2d(channels, out_channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        return (self.conv2(self.conv1(x)) + self.skip(x)) / math.sqrt(2)


class ResidualJudge(nn.Module):
    """Maps N×C×S×S → logits N×1, high = real. S, a power of two of at least 8, is `size`.

    inputs: C. channels: at S, S/2, …, 4 pixels. group: how many pictures of a batch are compared, see
    `with_batch_deviation`.
    """

    def __init__(self, size: int, inputs: int, channels: Sequence[int], group: int):
        super().__init__()
        if len(channels) != size.bit_length() - 2:
            raise ValueError(f"{size} pixels have {size.bit_length() - 2} sizes down to 4, not {len(channels)}")
        first, last = channels[0], channels[-1]
        self.group = group
        self.convs = nn.Sequential(
            nn.Sequential(EqualizedConv2d(inputs, first, 1), BiasedLeakyReLU(first)),
            *(ResidualBlock(*pair) for pair in pairwise(channels)),
        )
        self.final_conv = nn.Sequential(EqualizedConv2d(last + 1, last, 3, padding=1), BiasedLeakyReLU(last))
        self.final_linear = nn.Sequential(EqualizedLinear(16 * last, last, active=True), EqualizedLinear(last, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = with_batch_deviation(self.convs(x), self.group)
        return self.final_linear(self.final_conv(x).flatten(1))


class Discriminator(ResidualJudge):
    """Images N×3×S×S in [0, 1] → logits N×1, high = real.

    width: channels at full size; they double whenever the size is halved, up to 16 × width; the last map is 4×4.
    """

    def __init__(self, size: int, width: int):
        super().__init__(size, 3, [min(2**level, 16) * width for level in range(size.bit_length() - 2)], group=4)

    def forward(self, image: Tensor) -> Tensor:
        return super().forward(2 * image - 1)


def with_batch_deviation(x: Tensor, most: int = 4) -> Tensor:
    """x N×C×H×W with one more channel: how much a group of pictures differs, so that sameness gives fakes away.

    Pictures i, i + N/g, i + 2N/g, … form a group of g; its (biased) standard deviation is averaged over everything.
    g is the largest divisor of N up to `most`; Karras et al. take min(N, 4), which must divide N.
    """
    n, _, height, width = x.shape
    group = max(size for size in range(1, min(n, most) + 1) if n % size == 0)
    deviation = _deviation(x.unflatten(0, (group, n // group)))
    return torch.cat([x, deviation.repeat(group).view(n, 1, 1, 1).expand(n, 1, height, width)], 1)


@island("group deviation")
def _deviation(grouped: Tensor) -> Tensor:
    return (grouped.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))
