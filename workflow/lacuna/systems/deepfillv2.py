"""DeepFillv2: free-form inpainting with gated convolution.

J. Yu, Z. Lin, J. Yang, X. Shen, X. Lu, T. Huang, "Free-Form Image Inpainting with Gated Convolution", ICCV 2019 (arXiv
1806.03589). Particular: every convolution learns, for every pixel and channel, how much of what it found to let
through, instead of being told by a mask; a coarse network draws first, and a fine one redraws with contextual
attention; and the discriminator's whole last feature map is judged, position by position and channel by channel
(SN-PatchGAN).

The network is that of the PyTorch port github.com/nipponjo/deepfillv2-pytorch, in both of its forms: its own, whose
paddings are symmetric, and the authors', as TensorFlow computes it, for which there are published weights. The
discriminator's spectral norm is the standard one; the port divides the stored weights by it and passes no gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.nn.contextual_attention import paste, self_similarity, usable_keys
from lacuna.nn.islands import softmax, spectrally_normalised
from lacuna.nn.losses import discriminator_loss, generator_loss, weighted
from lacuna.nn.same_padding import same_padding
from lacuna.systems import base
from lacuna.systems._deepfillv2_released import NETWORKS, in_our_layout, released_names
from lacuna.systems.base import Deviation, Facts, System, require_size, where_known

SOFTMAX_SCALE = 10


@dataclass(frozen=True)
class Recipe(base.Recipe):
    """Hyper-parameters; the defaults are those of the paper's port (github.com/nipponjo/deepfillv2-pytorch).

    form: `port`, or `tensorflow`, the authors' network, which pads and samples as TensorFlow does and joins no scores.
    width: channels at half the size; there are half as many at the full size, twice as many at a quarter.
    discriminator_width: channels after its first convolution. initial_gain: factor of the first weights; with the
    authors' 1 a gated convolution passes on about 0.4 of its signal, so that the first pictures are plain grey, and
    a short training profits from 2.4. coarse_weight, fine_weight: of the L1 losses.
    as_released: see the deviations.
    """

    image_size: int = 256
    batch_size: int = 16
    iterations: int = 1_000_000
    form: str = "port"
    width: int = 48
    discriminator_width: int = 64
    initial_gain: float = 1.0
    coarse_weight: float = 1.0
    fine_weight: float = 1.0
    adversarial_weight: float = 1.0
    learning_rate: float = 1e-4
    betas: tuple[float, ...] = (0.5, 0.999)
    as_released: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.form not in NETWORKS:
            raise LacunaError(f"system 'deepfillv2' has no form '{self.form}'; choose {' or '.join(NETWORKS)}")
        if self.width < 4 or self.width % 4 or self.discriminator_width < 1:
            raise LacunaError(
                "system 'deepfillv2' needs a `width` that is a multiple of 4 and a `discriminator_width` of at least "
                f"1, not {self.width} and {self.discriminator_width}"
            )


@dataclass
class Prediction(base.Prediction):
    """raw: the fine network's picture. coarse: the coarse network's, N×3×H×W in [0, 1]."""

    coarse: Tensor

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        return replace(super().known_only(truth, known), coarse=where_known(known, self.coarse, truth))


# ---------------------------------------------------------------------- blocks


class GatedConv(nn.Module):
    """A convolution that makes features and their gates: activation(feature)·sigmoid(gate).

    same: pad as TensorFlow does, which with a stride is not alike on both sides.
    """

    def __init__(
        self, channels: int, out_channels: int, size: int = 3, stride: int = 1, dilation: int = 1, act=F.elu, same=False
    ):
        super().__init__()
        padding = 0 if same else dilation * (size - 1) // 2
        self.conv = nn.Conv2d(channels, 2 * out_channels, size, stride, padding, dilation)
        self.act, self.same = act, same

    def forward(self, x: Tensor) -> Tensor:
        x = same_padding(x, self.conv) if self.same else x
        feature, gate = self.conv(x).chunk(2, 1)
        return self.act(feature) * torch.sigmoid(gate)


def down(channels: int, hidden: int, out_channels: int, form: str) -> nn.Sequential:
    """Half the size."""
    return nn.Sequential(
        GatedConv(channels, hidden, stride=2, same=form == "tensorflow"), GatedConv(hidden, out_channels)
    )


def up(channels: int, hidden: int, out_channels: int) -> nn.Sequential:
    """Twice the size."""
    return nn.Sequential(nn.Upsample(scale_factor=2), GatedConv(channels, hidden), GatedConv(hidden, out_channels))


def dilated(channels: int, dilations: tuple[int, ...]) -> nn.Sequential:
    return nn.Sequential(*(GatedConv(channels, channels, dilation=dilation) for dilation in dilations))


def to_picture(width: int) -> nn.Sequential:
    """From features at a quarter of the size to a picture in [−1, 1]."""
    return nn.Sequential(
        up(2 * width, width, width),
        up(width, width // 2, width // 4),
        nn.Conv2d(width // 4, 3, 3, padding=1),
        nn.Tanh(),
    )


class ContextualAttention(nn.Module):
    """Features N×C×h×w rebuilt from their own patches outside the hole; mask N×1×4h×4w, 1 = hole. No parameters."""

    def __init__(self, form: str, as_released: bool):
        super().__init__()
        self.form, self.as_released = form, as_released

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        sampled = from_corner_to_corner if self.form == "tensorflow" else every
        small = sampled(x, 2)
        scores = self_similarity(small, 3)
        if self.form == "port":
            scores = fuse(scores, small.shape[-2:])
        usable = usable_keys(sampled(mask, 8), 3)
        if self.as_released:
            usable = usable[:1]
        # a key that touches a hole gets logit 0, not −∞, then weight 0; the weights do not sum up to 1 again
        return paste(softmax(SOFTMAX_SCALE * scores * usable, 1) * usable, x)


def every(x: Tensor, n: int) -> Tensor:
    """Every n-th pixel of N×C×H×W, from the first."""
    return x[..., ::n, ::n]


def from_corner_to_corner(x: Tensor, n: int) -> Tensor:
    """H/n×W/n pixels of N×C×H×W, evenly spread with the first and the last, as TensorFlow's `align_corners` has it."""
    rows, columns = (_spread(length, length // n, x.device) for length in x.shape[-2:])
    return x[:, :, rows][..., columns]


def _spread(length: int, number: int, device: torch.device) -> Tensor:
    """`number` of the indices 0 … length−1; halves are rounded up."""
    places = torch.arange(number, device=device)
    gaps = places[-1].clamp_min(1)  # a tensor, since in an exported graph the size is not known yet
    return (2 * (length - 1) * places + gaps) // (2 * gaps)


def fuse(scores: Tensor, size: Sequence[int]) -> Tensor:
    """Scores N×(h·w keys)×(h·w queries), each with those of its neighbours, so that patches are taken from one place.

    A score is joined by those of the key before at the query before, and of the key after at the query after; first in
    row-major order, then in column-major order. As in the authors' code, the end of a row is next to the following one.
    """
    height, width = size
    for rows, columns in ((height, width), (width, height)):
        padded = F.pad(scores, (1, 1, 1, 1))
        scores = padded[:, :-2, :-2] + scores + padded[:, 2:, 2:]
        scores = scores.unflatten(2, (rows, columns)).unflatten(1, (rows, columns))
        scores = scores.permute(0, 2, 1, 4, 3).flatten(3).flatten(1, 2)
    return scores


# ---------------------------------------------------------------------- generator


class CoarseNetwork(nn.Module):
    """Draws from image, a plane of ones (where the authors' users may sketch) and mask, 5 channels in all."""

    def __init__(self, width: int, form: str):
        super().__init__()
        self.encoder = nn.Sequential(
            GatedConv(5, width // 2, 5),
            down(width // 2, width, width, form),
            down(width, 2 * width, 2 * width, form),
        )
        self.middle = dilated(2 * width, (1, 2, 4, 8, 16, 1, 1))
        self.decoder = to_picture(width)

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.middle(self.encoder(x)))


class FineNetwork(nn.Module):
    """Redraws a composite along two branches, one of dilated convolutions and one of contextual attention."""

    def __init__(self, width: int, form: str, as_released: bool):
        super().__init__()
        self.conv_branch = nn.Sequential(
            GatedConv(3, width // 2, 5),
            down(width // 2, width // 2, width, form),
            down(width, width, 2 * width, form),
            dilated(2 * width, (1, 2, 4, 8, 16)),
        )
        self.attention_encoder = nn.Sequential(
            GatedConv(3, width // 2, 5),
            down(width // 2, width // 2, width, form),
            down(width, 2 * width, 2 * width, form),
            GatedConv(2 * width, 2 * width, act=F.relu),
        )
        self.attention = ContextualAttention(form, as_released)
        self.attention_decoder = dilated(2 * width, (1, 1))
        self.merge = nn.Sequential(GatedConv(4 * width, 2 * width), GatedConv(2 * width, 2 * width))
        self.decoder = to_picture(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        attended = self.attention_decoder(self.attention(self.attention_encoder(x), mask))
        return self.decoder(self.merge(torch.cat([self.conv_branch(x), attended], 1)))


class Generator(nn.Module):
    """Coarse, then fine."""

    def __init__(self, width: int, initial_gain: float, form: str, as_released: bool):
        super().__init__()
        self.coarse = CoarseNetwork(width, form)
        self.fine = FineNetwork(width, form, as_released)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, mode="fan_out", nonlinearity="relu")
                with torch.no_grad():
                    module.weight.mul_(initial_gain)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        require_size(image, mask, 8, 8, "deepfillv2")
        x = 2 * image - 1  # the authors' range
        coarse = self.coarse(torch.cat([x * (1 - mask), torch.ones_like(mask), mask], 1))
        fine = self.fine(composite(coarse, x, mask), mask)
        return Prediction(raw=(fine + 1) / 2, coarse=(coarse + 1) / 2)


# ---------------------------------------------------------------------- discriminator


class Discriminator(nn.Module):
    """Image N×3×H×W in [0, 1] and mask → logits N×C×h×w (256×4×4 of 256×256), high = real, all of them judged alike."""

    def __init__(self, width: int, form: str):
        super().__init__()
        self.same = form == "tensorflow"
        padding = 0 if self.same else 2
        channels = (4, width, 2 * width, 4 * width, 4 * width, 4 * width, 4 * width)
        self.convs: Any = nn.ModuleList(
            spectrally_normalised(nn.Conv2d(entering, leaving, 5, 2, padding))
            for entering, leaving in zip(channels, channels[1:], strict=False)
        )

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        x = torch.cat([2 * image - 1, mask], 1)
        for conv in self.convs:
            x = F.leaky_relu(conv(same_padding(x, conv) if self.same else x), 0.2)
        return x


# ---------------------------------------------------------------------- the system


class DeepFillv2(System):
    """Coarse and fine generator, SN-PatchGAN; L1 of both pictures, everywhere, and a hinge loss.

    Losses are logged with their weights, so that all but `discriminator` sum up to what the generator minimises.
    """

    facts = Facts(
        name="deepfillv2",
        title="DeepFillv2",
        paper="Free-Form Image Inpainting with Gated Convolution (Yu et al.)",
        year=2019,
        url="https://arxiv.org/abs/1806.03589",
        licence="none stated (the PyTorch port)",
        kind="deep",
        authors_mask="1 = hole",
        authors_range=(-1.0, 1.0),
        size_multiple=8,
        minimal_size=8,
        parameters=4_052_478,
        parts={"generator": 4_052_478, "discriminator": 5_946_816},
        data=(
            "Pictures resized or cropped at random to 256 pixels, not flipped. One mask for a whole batch: a box of "
            "about 128 pixels together with strokes."
        ),
        augmentation={"flip": False},
        deviations=(
            Deviation(
                "as_released",
                False,
                "Attention keeps clear of each picture's own hole; the released code uses the first mask of a batch "
                "for all its pictures (it trains with one mask per batch).",
            ),
            Deviation(
                "",
                None,
                "The discriminator's spectral norm is the standard one; the port divides the stored weights by it and "
                "passes no gradient.",
            ),
            Deviation(
                "form",
                "port",
                "The port's own network, which joins the attention's scores of neighbouring places. `tensorflow` is "
                "the authors', as their published weights need it: zeros after an even size only, pixels sampled from "
                "corner to corner, no joining. Their TensorFlow files are not read, but the port's conversion is.",
            ),
        ),
    )
    Recipe = Recipe
    forms = {"tensorflow": {"form": "tensorflow"}}
    small = {"width": 8, "discriminator_width": 4, "initial_gain": 0.6, "image_size": 48}
    # the vectors of the power iteration settle again by themselves in training mode
    released_optional = ("weight_u", "weight_v")
    discriminator: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        recipe = self.recipe
        self.network = Generator(recipe.width, recipe.initial_gain, recipe.form, recipe.as_released)
        self.discriminator = Discriminator(recipe.discriminator_width, recipe.form)

    def optimizers(self) -> dict[str, torch.optim.Optimizer]:
        rate, betas = self.recipe.learning_rate, self.recipe.betas
        return {
            "network": torch.optim.Adam(self.network.parameters(), rate, betas),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas),
        }

    def learn(self, image, mask, optimizers, backward):
        recipe = self.recipe
        made = self.network(image, mask)
        filled = composite(made.raw, image, mask)

        optimizers["discriminator"].zero_grad()
        real, fake = self.discriminator(image, mask), self.discriminator(filled.detach(), mask)
        discriminator = discriminator_loss(real, fake, "hinge")
        backward(discriminator)
        optimizers["discriminator"].step()

        optimizers["network"].zero_grad()
        losses = weighted(
            # on the authors' [−1, 1] scale, differences are twice ours
            coarse_l1=(recipe.coarse_weight, lambda: 2 * F.l1_loss(made.coarse, image)),
            fine_l1=(recipe.fine_weight, lambda: 2 * F.l1_loss(made.raw, image)),
            adversarial=(
                recipe.adversarial_weight,
                lambda: generator_loss(self.discriminator(filled, mask), "hinge"),
            ),
        )
        backward(torch.stack(list(losses.values())).sum())
        optimizers["network"].step()

        losses["discriminator"] = discriminator
        return {name: loss.detach() for name, loss in losses.items()}

    def released_keys(self, part: str = "network") -> dict[str, str]:
        """The port's names for its own network or, in that form, for the authors'."""
        return released_names(part, self.modules()[part], self.recipe.form)

    def from_released(self, arrays: dict, part: str) -> dict:
        return in_our_layout(arrays, part)


SYSTEM = DeepFillv2
