"""MI-GAN: separable convolutions only, distilled from a larger network; made for telephones.

A. Sargsyan, S. Navasardyan, X. Xu, H. Shi, "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", ICCV
2023. Particular: every convolution is depthwise 3×3 and then 1×1, with weights of norm 1; the decoder's picture is a
sum over all sizes, and each size's share is compared with that of a teacher.
"""

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.errors import LacunaError
from lacuna.files import sha256_of
from lacuna.nn.losses import weighted
from lacuna.nn.stylegan2 import Blur, Doubling, EqualizedLinear, Noisy, leaky, with_batch_deviation
from lacuna.systems import _stylegan2
from lacuna.systems._reading import read_metadata, read_note
from lacuna.systems._stylegan2 import StyleGAN2System, sizes, with_known
from lacuna.systems.base import Deviation, Facts, Prediction, known_at, require_size, where_known

LARGEST = 256.0  # of what an activation returns
SMALLEST = 4  # height and width in pixels of the smallest maps, at the network's own size
GROUP = 4  # pictures of a batch that the discriminator compares
DISTILLED_FROM = 32  # pixels: smaller shares of the picture are not compared
CONSTANTS = re.compile(r"\.(filter\.weight|filter_const|resample_filter)$")  # in the authors' files; not learned


@dataclass(frozen=True)
class Recipe(_stylegan2.Recipe):
    """Hyper-parameters; the defaults are those of the authors' code (github.com/Picsart-AI-Research/MI-GAN) for 256.

    tensors: how many of them the authors add up to a weight in training, see the deviations. unit_rows: weights are
    brought to norm 1 for each output channel when they are used, as in training; released ones have that norm already,
    and `False` takes weights as they are. teacher: a file of weights of this system that Lacuna trained at the same
    resolution, of any widths; its smaller pictures are what `distillation_weight` compares with. Without one there is
    no distillation. teacher_sha256: of that file, so that another teacher is another training. noise_in_prediction:
    noise is drawn when predicting, too, so that every seed has a completion of its own; the authors take the maps
    that are stored with the weights. The authors predict with an average of the weights (half-life: 20,000 pictures).
    """

    tensors: int = 9
    unit_rows: bool = True
    noise_in_prediction: bool = False
    teacher: str = ""
    teacher_sha256: str = ""
    distillation_weight: float = 2.0

    @property
    def teaching(self) -> dict[str, float]:
        return super().teaching | ({"distillation_weight": self.distillation_weight} if self.teacher else {})

    def __post_init__(self):
        super().__post_init__()
        self.require_sound("migan")
        if self.tensors < 1:
            raise LacunaError(f"setting 'tensors' of system 'migan' is at least 1, not {self.tensors}")
        if self.teacher and not self.teacher_sha256:
            raise LacunaError(
                "system 'migan' has a 'teacher' and no 'teacher_sha256'; set it to what `sha256sum` says of the file"
            )


# ---------------------------------------------------------------------- blocks


class UnitConv2d(nn.Conv2d):
    """A convolution that keeps height and width, whose weights have norm 1 for each output channel when they are used.

    tensors: of how many the weight is the sum in the authors' training. unit: whether the norm is brought to 1.
    """

    def __init__(
        self, channels: int, out_channels: int, kernel: int, recipe: Recipe, tensors: int | None = None, **options
    ):
        super().__init__(channels, out_channels, kernel, padding=kernel // 2, **options)
        self.tensors = recipe.tensors if tensors is None else tensors
        self.unit = recipe.unit_rows

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        if self.unit:
            norm = torch.linalg.vector_norm(weight, dim=(1, 2, 3), keepdim=True)
            weight = weight / (norm * norm + 1e-8).sqrt()
        x = F.conv2d(x, weight, padding=self.padding, groups=self.groups)
        return x if self.bias is None else x + self.bias.view(1, -1, 1, 1)


def active(x: Tensor, gain: float = 1.0) -> Tensor:
    """Leaky ReLU times √2 times `gain`, within ±256 times `gain`."""
    return (gain * leaky(x)).clamp(-LARGEST * gain, LARGEST * gain)


class Separable(nn.Module):
    """A depthwise 3×3 and a 1×1 convolution, each followed by its activation; half or twice the size between them.

    resized: `half`, `double` or nothing. gain: of both activations.
    """

    def __init__(self, channels: int, out_channels: int, recipe: Recipe, resized: str = "", gain: float = 1.0):
        super().__init__()
        self.conv1 = UnitConv2d(channels, channels, 3, recipe, groups=channels)
        self.shrink = Blur(1, stride=2, persistent=False) if resized == "half" else nn.Identity()
        self.conv2 = UnitConv2d(channels, out_channels, 1, recipe, bias=False)
        self.enlarge = Doubling() if resized == "double" else nn.Identity()
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return active(self.mixed(x), self.gain)

    def mixed(self, x: Tensor) -> Tensor:
        """Before the last activation."""
        return self.enlarge(self.conv2(self.shrink(active(self.conv1(x), self.gain))))


class NoisySeparable(Separable, Noisy):
    """The same with noise before the last activation. size: of the result, at the network's own size."""

    def __init__(self, channels: int, out_channels: int, recipe: Recipe, size: int, resized: str = ""):
        super().__init__(channels, out_channels, recipe, resized)
        self.keep_noise(size, recipe.noise_in_prediction)

    def forward(self, x: Tensor) -> Tensor:
        return active(self.with_noise(self.mixed(x)), self.gain)


# ---------------------------------------------------------------------- generator


@dataclass
class SharedPrediction(Prediction):
    """shares: what each size adds to the picture, N×3×h×w, smallest first, in the network's own range."""

    shares: tuple[Tensor, ...]

    def known_only(self, truth: Tensor, known: Tensor) -> Self:
        shares = (where_known(known_at(known, each.shape[-2:]), each, torch.zeros_like(each)) for each in self.shares)
        return replace(super().known_only(truth, known), shares=tuple(shares))


class EncoderLevel(nn.Module):
    """Features of one size → (what the decoder is given of them, features of half the size or, at the last, as large).

    inputs: channels of the picture, at the first level.
    """

    def __init__(self, size: int, recipe: Recipe, inputs: int = 0):
        super().__init__()
        channels, half = recipe.channels(size), "half" if size > SMALLEST else ""
        # the authors keep this weight whole
        self.fromrgb = UnitConv2d(inputs, channels, 1, recipe, tensors=1) if inputs else None
        self.conv1 = Separable(channels, channels, recipe)
        self.conv2 = Separable(channels, recipe.channels(size // 2 if half else size), recipe, half)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.fromrgb is not None:
            x = active(self.fromrgb(x))
        skip = self.conv1(x)
        return skip, self.conv2(skip)


class DecoderLevel(nn.Module):
    """Features of half the size (at the first level: of the same), the encoder's of this one → features, and a share
    of the picture."""

    def __init__(self, size: int, recipe: Recipe):
        super().__init__()
        channels = recipe.channels(size)
        self.conv1: Separable
        if size > SMALLEST:
            self.conv1 = NoisySeparable(recipe.channels(size // 2), channels, recipe, size, "double")
            self.conv2: Separable = NoisySeparable(channels, channels, recipe, size)
        else:
            self.conv1, self.conv2 = (Separable(channels, channels, recipe) for _ in range(2))
        self.torgb = UnitConv2d(channels, 3, 1, recipe)

    def forward(self, x: Tensor, skip: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv2(self.conv1(x) + skip)
        return x, self.torgb(x)


class Generator(nn.Module):
    """Encoder to 4×4 (at the network's own size), decoder, under the authors' key names."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.multiple = recipe.resolution // SMALLEST
        levels = sizes(recipe.resolution, SMALLEST)
        self.encoder = nn.ModuleDict(
            {f"b{size}": EncoderLevel(size, recipe, 4 * (size == levels[0])) for size in levels}
        )
        self.synthesis = nn.ModuleDict({f"b{size}": DecoderLevel(size, recipe) for size in reversed(levels)})
        self.enlarge = Doubling()

    def forward(self, image: Tensor, mask: Tensor) -> SharedPrediction:
        require_size(image, mask, self.multiple, self.multiple, "migan")
        x, skips = with_known(image, mask), []
        for encode in self.encoder.values():
            skip, x = encode(x)
            skips.append(skip)
        shares: list[Tensor] = []
        for decode in self.synthesis.values():
            x, share = decode(x, skips.pop())
            shares.append(share)
        picture, *larger = shares
        for share in larger:
            picture = self.enlarge(picture) + share
        return SharedPrediction((picture + 1) / 2, tuple(shares))


# ---------------------------------------------------------------------- discriminator and losses


class DiscriminatorLevel(nn.Module):
    """Half the size. As in the authors' code the factor √½ is that of both activations of the second pair."""

    def __init__(self, size: int, recipe: Recipe, inputs: int = 0):
        super().__init__()
        channels, out_channels = recipe.channels(size), recipe.channels(size // 2)
        self.fromrgb = UnitConv2d(inputs, channels, 1, recipe) if inputs else None
        self.conv1 = Separable(channels, channels, recipe)
        self.conv2 = Separable(channels, out_channels, recipe, "half", math.sqrt(0.5))
        self.shrink = Blur(1, stride=2, persistent=False)
        self.skip = UnitConv2d(channels, out_channels, 1, recipe, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        if self.fromrgb is not None:
            x = active(self.fromrgb(x))
        return self.conv2(self.conv1(x)) + self.skip(self.shrink(x)) * math.sqrt(0.5)


class LastLevel(nn.Module):
    """Maps of 4×4 pixels → one logit."""

    def __init__(self, channels: int, recipe: Recipe):
        super().__init__()
        self.conv = Separable(channels + 1, channels, recipe)
        self.fc = EqualizedLinear(channels * SMALLEST**2, channels, active=True)
        self.out = EqualizedLinear(channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        # an activation of linear layers has its bounds, too
        x = self.fc(self.conv(with_batch_deviation(x, GROUP)).flatten(1))
        return self.out(x.clamp(-LARGEST, LARGEST))


class Discriminator(nn.Sequential):
    """What is known N×1×S×S, and a composite N×3×S×S in [−1, 1] → logits N×1, high = real."""

    def __init__(self, recipe: Recipe):
        levels = sizes(recipe.resolution, 2 * SMALLEST)
        super().__init__()
        for size in levels:
            self.add_module(f"b{size}", DiscriminatorLevel(size, recipe, 4 * (size == levels[0])))
        self.add_module(f"b{SMALLEST}", LastLevel(recipe.channels(SMALLEST), recipe))

    def forward(self, known: Tensor, picture: Tensor) -> Tensor:  # type: ignore[override]  # two inputs
        return super().forward(torch.cat([known, picture], 1))


def distillation_loss(made: tuple[Tensor, ...], taught: tuple[Tensor, ...], mask: Tensor) -> Tensor:
    """Sum over the sizes of the mean over all elements of the absolute difference, counted in the hole N×1×H×W."""
    terms = []
    for ours, theirs in zip(made, taught, strict=True):
        hole = F.interpolate(mask, ours.shape[-2:], mode="nearest")
        terms.append(((ours - theirs).abs() * hole).mean())
    return torch.stack(terms).sum()


# ---------------------------------------------------------------------- the system


class MIGAN(StyleGAN2System):
    """Generator, discriminator with the mask for an input, adversarial and distillation loss of the composite.

    Losses are logged with their weights: all but `discriminator` and `gradient_penalty` sum up to what the generator
    minimises. Counted multiply-accumulates are fewer than those of the authors' code, 10.89 G, which blurs after
    enlarging with zeros; here one transposed convolution does both.
    """

    facts = Facts(
        name="migan",
        title="MI-GAN",
        paper="MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices (Sargsyan et al.)",
        year=2023,
        url="https://openaccess.thecvf.com/content/ICCV2023/html/Sargsyan_MI-GAN_A_Simple_Baseline_for_Image_Inpainting_on_Mobile_Devices_ICCV_2023_paper.html",
        licence="MIT; parts of the training code: NVIDIA's, for non-commercial use",
        kind="deep",
        authors_mask="1 = valid",
        authors_range=(-1.0, 1.0),
        size_multiple=64,
        minimal_size=64,
        parameters=5_865_505,
        parts={"generator": 5_865_505, "discriminator": 8_067_723},
        data=(
            "Places: pictures resized to 256 × 256 whatever their shape, flipped. Masks drawn anew: boxes and wide "
            "strokes, many of them, which hide 73 % of a picture on average."
        ),
        augmentation={"flip": True},
        deviations=(
            Deviation(
                "tensors",
                9,
                "The authors train 9 tensors a weight, which is their sum over 3 brought to norm 1, and add them up "
                "when they export. Adam moves all of them alike, since their gradients are the same: here one tensor "
                "stands for the sum, with 3 times the rate and epsilon, which gives the same weights to the last bits.",
            ),
            Deviation(
                "teacher",
                "",
                "The authors' teacher is Co-Mod-GAN, 79 million parameters, of the same resolution; that network is "
                "not here. Without a teacher training has the adversarial loss alone; a wider MI-GAN trained here may "
                "be one.",
            ),
            Deviation(
                "l1_weight",
                0.0,
                "The authors have no such loss; in a short training without a teacher it stands in for distillation.",
            ),
            Deviation(
                "",
                None,
                "The authors' networks take pictures of their own size alone. Here they take any multiple of a quarter "
                "of it over 16, the noise laid side by side; the discriminator sees pictures of other sizes resized.",
            ),
        ),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object]] = {"noise_in_prediction": True}
    small = {
        "resolution": 16,
        "channel_base": 128,
        "channel_max": 8,
        "image_size": 32,
        "l1_weight": 2.0,
        "noise_in_prediction": False,
    }
    penalises_known = True
    teacher: nn.Module

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = Generator(self.recipe)
        self.discriminator = Discriminator(self.recipe)

    @property
    def size_multiple(self) -> int:
        return self.recipe.resolution // SMALLEST

    minimal_size = size_multiple

    def parameter_groups(self, module: nn.Module, rate: float) -> list[dict]:
        """What the authors keep as one tensor, and what they make of several, see the deviations."""
        factor = math.sqrt(self.recipe.tensors)
        sums = {id(each.weight) for each in module.modules() if isinstance(each, UnitConv2d) and each.tensors > 1}
        whole, summed = (
            [each for each in module.parameters() if (id(each) in sums) == apart] for apart in (False, True)
        )
        return [{"params": whole}, {"params": summed, "lr": factor * rate, "eps": factor * 1e-8}]

    # ------------------------------------------------------------------ the teacher

    @property
    def distils(self) -> bool:
        """Whether there is a teacher, and its loss counts."""
        return bool(self.recipe.teacher and self.recipe.distillation_weight)

    def load_backbones(self, folder: str | Path, device: torch.device) -> None:
        """The teacher, which lies where the recipe says; there is nothing in `folder` that this system needs."""
        if self.distils:
            teacher = read_teacher(self.recipe)
            self.teacher = teacher.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it

    def network_losses(self, made: Any, image: Tensor, mask: Tensor) -> dict[str, Tensor]:
        def distilled() -> Tensor:
            with torch.no_grad():
                taught = self.teacher(image, mask)
            first = sizes(self.recipe.resolution, SMALLEST)[::-1].index(min(DISTILLED_FROM, self.recipe.resolution))
            return distillation_loss(made.shares[first:], taught.shares[first:], mask)

        weight = self.recipe.distillation_weight if self.distils else 0.0
        return super().network_losses(made, image, mask) | weighted(distillation=(weight, distilled))

    # ------------------------------------------------------------------ released weights

    def from_released(self, arrays: dict, part: str) -> dict:
        """Files of the authors' training hold several tensors a weight, and the noise one level deeper."""
        found: dict[str, Any] = {}
        tensors: dict[str, dict[str, Any]] = {}
        for key, value in arrays.items():
            weight, _, last = key.rpartition(".")
            if re.fullmatch(r"w\d+", last):
                tensors.setdefault(weight, {})[last] = value
            elif not CONSTANTS.search(f".{key}"):
                found[re.sub(r"(\.conv[12])\.conv2\.noise_", r"\1.noise_", key)] = value
        for weight, each in tensors.items():
            summed = self._summed(each)
            found |= {f"{weight}.{name}": value for name, value in each.items()} if summed is None else {}
            found |= {} if summed is None else {f"{weight}.weight": summed}
        return found

    def _summed(self, tensors: dict[str, Any]) -> Tensor | None:
        """The weight that is made of w0, w1, …; None if they are not as many, or not of one shape."""
        complete = tensors.keys() == {f"w{number}" for number in range(self.recipe.tensors)}
        if not complete or not all(isinstance(each, Tensor) for each in tensors.values()):
            return None
        if len({each.shape for each in tensors.values()}) > 1:
            return None
        return torch.stack(list(tensors.values())).sum(0) / math.sqrt(len(tensors))


def read_teacher(recipe: Recipe) -> nn.Module:
    """The frozen network of the weights that the recipe names; what is no teacher for it is a `LacunaError`."""
    path = Path(recipe.teacher)
    note = read_note(read_metadata(path), path)
    if note is None or note["system"] != "migan" or "settings" not in note:
        raise LacunaError(
            f"the teacher {path} holds no weights of system 'migan' that Lacuna trained; name such a file, or leave "
            "'teacher' out"
        )
    if (found := sha256_of(path)) != recipe.teacher_sha256:
        raise LacunaError(f"the teacher {path} has SHA-256 {found}, not 'teacher_sha256'; correct one of the two")
    settings = {**note["settings"], "teacher": "", "teacher_sha256": ""}
    system = MIGAN(**settings)
    if system.recipe.resolution != recipe.resolution:
        raise LacunaError(
            f"the teacher {path} is made for {system.recipe.resolution} pixels, and its pupil for {recipe.resolution}; "
            "choose one 'resolution'"
        )
    system._load_weights(path)
    return system.network.eval().requires_grad_(False)


SYSTEM = MIGAN
