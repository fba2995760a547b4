"""The distance between the features of two pictures in a frozen VGG, with the gradient written out.

What autograd would compute, to float32's rounding: one pass takes both pictures, only the first is followed back,
activations are changed in place, and where there are many channels convolutions are Winograd's, forwards and backwards.
"""

import weakref
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.vgg import VGGFeatures
from lacuna.nn.winograd import frozen, suits

_made: "weakref.WeakKeyDictionary[VGGFeatures, FeatureDistance]" = weakref.WeakKeyDictionary()


class Known:
    """A picture N×3×H×W to which others are compared; its features are computed with the first of them."""

    def __init__(self, picture: Tensor):
        self.picture = picture
        self.features: dict[str, Tensor] | None = None


class FeatureDistance:
    """The mean over layers of the mean absolute difference between features."""

    def __init__(self, features: VGGFeatures):
        self.mean, self.std, self.normalise = features.mean, features.std, features.normalise
        self.layers = features.layers
        # (convolution, the same backwards, the name of what is taken after its ReLU or None), or None for a pooling
        self.steps: list[tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor], str | None] | None] = []
        names, modules = features.taken, list(features.features)
        if any(not isinstance(modules[position], nn.ReLU) for position in names):
            raise ValueError("a distance is between features that a ReLU returned")
        for position, module in enumerate(modules):
            if isinstance(module, nn.Conv2d):
                self.steps.append((*_both_ways(module), names.get(position + 1)))
            elif isinstance(module, nn.MaxPool2d):
                self.steps.append(None)

    @classmethod
    def of(cls, features: VGGFeatures) -> "FeatureDistance":
        """The one of these features, made once."""
        if features not in _made:
            _made[features] = cls(features)
        return _made[features]

    def known(self, picture: Tensor) -> Known:
        """What others are compared to."""
        return Known(picture.detach())

    def __call__(self, picture: Tensor, known: Known) -> Tensor:
        """A scalar, for pictures N×3×H×W in [0, 1]; gradients flow to `picture` alone."""
        return _Distance.apply(picture, known, self)


class _Distance(torch.autograd.Function):
    @staticmethod
    def forward(ctx, picture: Tensor, known: Known, distance: FeatureDistance) -> Tensor:
        number, others = len(picture), {} if known.features is None else known.features
        # Where the pictures agree as far as a feature sees, its difference is 0. Rounding would give it a sign, and the
        # sign is the gradient.
        changed = (picture != known.picture).any(1, keepdim=True).to(picture)
        x = picture if known.features is not None else torch.cat([picture, known.picture])
        if distance.normalise:
            x = (x - distance.mean) / distance.std
        x = x.contiguous(memory_format=torch.channels_last)
        kept: list[tuple[Tensor, Tensor | None]] = []
        values = []
        for step in distance.steps:
            if step is None:
                before = x
                x, indices = F.max_pool2d(x, 2, return_indices=True)
                kept.append((before[:number], indices[:number]))
                changed = F.max_pool2d(changed, 2)
                continue
            convolution, _, name = step
            x = convolution(x).relu_()
            changed, difference = F.max_pool2d(changed, 3, 1, 1), None
            if name is not None:
                if known.features is None:
                    others[name] = x[number:]
                difference = (x[:number] - others[name]).mul_(changed)
                values.append(difference.abs().mean())
            kept.append((x[:number], difference))
        known.features = others
        ctx.kept, ctx.distance = kept, distance
        return torch.stack(values).mean()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        distance, kept = ctx.distance, ctx.kept
        if kept is None:
            raise RuntimeError("the gradient of a distance between features is taken once")
        ctx.kept, share, x = None, float(gradient) / len(distance.layers), None
        for step, (result, difference) in zip(reversed(distance.steps), reversed(kept), strict=True):
            if step is None:
                x = torch.ops.aten.max_pool2d_with_indices_backward(
                    x, result, [2, 2], [2, 2], [0, 0], [1, 1], False, difference
                )
                continue
            _, backwards, _ = step
            if difference is not None:
                own = difference.sign_().mul_(share / difference.numel())
                x = own if x is None else x.add_(own)
            assert x is not None, "the last convolution's features are taken"
            x = backwards(x.mul_(result > 0))
        assert x is not None, "there is a convolution"
        return (x / distance.std if distance.normalise else x).contiguous(), None, None


def _both_ways(convolution: nn.Conv2d) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """The convolution, and what takes gradients of its results to gradients of what came in; both the quickest."""
    quick = frozen({0: (convolution.weight, convolution.bias)}) if suits(convolution.weight) else {}
    if not quick:
        return convolution, _backwards(convolution)
    return quick[0], lambda gradient: quick[0].convolved(gradient, quick[0].back, None)


def _backwards(convolution: nn.Conv2d) -> nn.Conv2d:
    """The convolution that takes gradients of the results (3×3, margin 1, stride 1) to gradients of what came in."""
    if (convolution.kernel_size, convolution.padding, convolution.stride) != ((3, 3), (1, 1), (1, 1)):
        raise ValueError(f"not one of VGG's convolutions: {convolution}")
    weight = convolution.weight.detach().flip(2, 3).transpose(0, 1).contiguous(memory_format=torch.channels_last)
    with torch.device("meta"):
        back = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
    back.weight = nn.Parameter(weight, requires_grad=False)
    back.bias = nn.Parameter(weight.new_zeros(len(weight)), requires_grad=False)
    return back
