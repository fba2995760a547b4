"""Partial convolutions as residuals: what a layer made of the picture reaches the next one, whatever the mask says.

An improvement that a re-implementer of partial convolutions proposed after training them: "the simplest step should be
to add the partial convolution to the encoder as a residual", because each layer multiplies what the layer before made
by that layer's mask, which wipes out values in the hole, and what is dead in the deepest layer can never be repaired.
Nobody had built it; the design is ours, and this is the reasoning behind it.

What is lost in the plain encoder. A window is dead if no pixel in its receptive field is known, so there a convolution
has nothing to say, and 0 is right. What the next layer loses is something else:

* whatever the layer before wrote where its own windows were dead, its prior for "nothing known here" that batch norm
  and activation make of 0, is multiplied by 0 again;
* how much was known: a window with 1 known pixel of 147 and one with all 147 are scaled to the same strength, and both
  are called valid from then on;
* what was filled last must pass through one more renormalised convolution at each level, and has no other way down.

The design. Beside the partial convolution of every encoder stage runs a shortcut without mask or renormalisation:

    y = relu(batch_norm(partial_convolution(x, valid))) + projection(mean of 2×2(x))

with a 1×1 projection without bias. A dead window still adds nothing of its own, but no longer erases: the values of
the layer before arrive, dead or alive, and averaging them in plain fashion keeps how much was known. The masks, the
decoder, the losses and the recipe are those of the plain network; so values in a dead window count where a later
window is alive, and in the decoder the masks have the last word, as before. What lies under the hole cannot leak, for
the shortcut begins at the masked image.

The projections begin at 0. So the network begins as the plain one, with the same first weights from the same seed;
weights released for the plain network load here, to go on from; and all that is learned is a correction. The price is
3.7 % more parameters and 1.3 % more work. docs/experiments/partialconv_residual.md compares the two.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.systems import partialconv
from lacuna.systems.base import Facts
from lacuna.systems.partialconv import PartialConv


class Shortcut(nn.Module):
    """Half the size by plain means of 2×2, mixed by a 1×1 projection that begins at 0."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.projection = nn.Conv2d(channels, out_channels, 1, bias=False)
        nn.init.zeros_(self.projection.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(F.avg_pool2d(x, 2))


class Generator(partialconv.Generator):
    """The U-Net with a shortcut past every encoder stage: `shortcut_1` … `shortcut_L`."""

    system = "partialconv_residual"

    def __init__(self, width: int, levels: int):
        super().__init__(width, levels)  # draws its weights first, so that they are the plain network's
        for level in self.levels:
            self.add_module(f"shortcut_{level}", Shortcut(*self.channels[level - 1 : level + 1]))

    def encode(self, level: int, x: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        filled, valid_below = super().encode(level, x, valid)
        return filled + getattr(self, f"shortcut_{level}")(x), valid_below


class PartialConvResidual(PartialConv):
    """As the plain system, but for the generator."""

    facts = Facts(
        name="partialconv_residual",
        title="Partial convolutions, residual",
        paper="Image Inpainting for Irregular Holes Using Partial Convolutions (Liu et al.), with residual stages",
        year=2018,
        url="https://arxiv.org/abs/1804.07723",
        licence="none: a design of this project",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-2.118, 2.64),
        size_multiple=128,
        minimal_size=128,
        parameters=26_738_452,
        parts={"generator": 26_738_452},
        data=PartialConv.facts.data,
        augmentation=PartialConv.facts.augmentation,
        deviations=PartialConv.facts.deviations,
    )
    Generator = Generator
    # weights of the plain network have no shortcuts; they stay at 0, which is that network
    released_optional = ("projection.weight",)


SYSTEM = PartialConvResidual
