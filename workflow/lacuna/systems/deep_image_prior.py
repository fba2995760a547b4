"""Deep image prior: the structure of an untrained network is what fills the hole.

D. Ulyanov, A. Vedaldi, V. Lempitsky, "Deep Image Prior", CVPR 2018 (arXiv 1711.10925). Particular: no training set. For
each picture a new random network is fitted, from a fixed random input, to the valid pixels alone; what it draws in the
hole meanwhile is the result. The network is the paper's hour-glass for inpainting: five scales of 128 channels, and
no skip connections, which the paper finds harmful for holes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.canonical import digest, seed_of
from lacuna.errors import LacunaError
from lacuna.nn.devices import in_words, make_deterministic, named_device
from lacuna.nn.layers import ReflectionPad2d
from lacuna.systems.base import Deviation, Facts, Prediction, System, require_size

INPUTS = ("noise", "meshgrid")


@dataclass(frozen=True)
class Recipe:
    """Hyper-parameters; the defaults are the paper's for inpainting.

    iterations: steps of Adam for each picture. width, levels: channels of every layer, and scales. skip_channels: of
    each skip connection, 0 = none. input: `noise`, `input_channels` of uniform noise in [0, 0.1], or `meshgrid`, two
    channels of coordinates in [0, 1]. input_noise: deviation of the normal noise added to the input at every step.
    """

    iterations: int = 5000
    learning_rate: float = 0.01
    width: int = 128
    levels: int = 5
    skip_channels: int = 0
    input: str = "noise"
    input_channels: int = 32
    input_noise: float = 0.03

    def __post_init__(self):
        if self.input not in INPUTS:
            raise LacunaError(
                f"setting 'input' of system 'deep_image_prior' is one of {', '.join(INPUTS)}, not '{self.input}'"
            )
        if min(self.iterations, self.width, self.levels, self.input_channels) < 1 or self.learning_rate <= 0:
            raise LacunaError(
                "system 'deep_image_prior' needs iterations, width, levels and input_channels of at least 1 and a "
                "learning_rate above 0"
            )
        if self.skip_channels < 0 or self.input_noise < 0:
            raise LacunaError("settings 'skip_channels' and 'input_noise' of system 'deep_image_prior' are at least 0")


# ---------------------------------------------------------------------- network


def convolution(channels: int, out_channels: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """Reflection padding, convolution, batch normalisation by the batch at hand, leaky ReLU."""
    return [
        ReflectionPad2d(kernel // 2) if kernel > 1 else nn.Identity(),
        nn.Conv2d(channels, out_channels, kernel, stride),
        # there is one picture, and no statistics to carry over to another
        nn.BatchNorm2d(out_channels, track_running_stats=False),
        nn.LeakyReLU(0.2, True),
    ]


class Scale(nn.Module):
    """Down to half the size, through the scales below (if there are any), and up again."""

    def __init__(self, channels: int, recipe: Recipe, below: nn.Module | None):
        super().__init__()
        width, skip = recipe.width, recipe.skip_channels
        self.skip = nn.Sequential(*convolution(channels, skip, 1)) if skip else None
        self.down = nn.Sequential(*convolution(channels, width, 3, 2), *convolution(width, width, 3))
        self.below = below
        self.up = nn.Sequential(
            nn.BatchNorm2d(width + skip, track_running_stats=False),
            *convolution(width + skip, width, 3),
            *convolution(width, width, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        down = self.down(x)
        deep = F.interpolate(down if self.below is None else self.below(down), scale_factor=2, mode="nearest")
        return self.up(deep if self.skip is None else torch.cat([self.skip(x), deep], 1))


class HourGlass(nn.Module):
    """Draws a picture out of a fixed input. Image and mask tell it nothing but the size.

    seed: of the input `noise`.
    """

    def __init__(self, recipe: Recipe, seed: int = 0):
        super().__init__()
        self.recipe, self.seed = recipe, seed
        channels = [2 if recipe.input == "meshgrid" else recipe.input_channels] + [recipe.width] * recipe.levels
        scale: Any = None
        for level in reversed(range(recipe.levels)):
            scale = Scale(channels[level], recipe, scale)
        self.scales = scale
        self.last = nn.Sequential(nn.Conv2d(recipe.width, 3, 1), nn.Sigmoid())

    def fixed_input(self, like: Tensor) -> Tensor:
        """1×C×H×W of the size, type and device of `like`, always the same."""
        height, width = like.shape[-2:]
        if self.recipe.input == "meshgrid":
            sides = (torch.linspace(0, 1, side, device=like.device, dtype=like.dtype) for side in (width, height))
            return torch.stack(torch.meshgrid(*sides, indexing="xy"))[None]
        draw = torch.Generator("cpu").manual_seed(self.seed)
        noise = torch.rand(1, self.recipe.input_channels, height, width, generator=draw, device="cpu")
        return (noise / 10).to(like)

    def draw(self, x: Tensor) -> Tensor:
        """An input N×C×H×W → pictures N×3×H×W in [0, 1]."""
        return self.last(self.scales(x))

    def forward(self, image: Tensor, mask: Tensor) -> Prediction:
        levels = self.recipe.levels
        require_size(image, mask, 2**levels, minimal_size(levels), "deep_image_prior")
        return Prediction(raw=self.draw(self.fixed_input(image)).expand(len(image), -1, -1, -1))


def minimal_size(levels: int) -> int:
    """Reflection at the lowest scale needs a map of two pixels."""
    return 2 ** (levels + 1)


def valid_loss(raw: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """Mean over all elements of the squared difference, counted outside the hole only."""
    return ((1 - mask) * (raw - image)).square().mean()


# ---------------------------------------------------------------------- the system


class DeepImagePrior(System):
    """A network fitted anew to every picture.

    What it draws depends on the settings, the seed, and the picture's own valid pixels and mask: not on other pictures.
    """

    facts = Facts(
        name="deep_image_prior",
        title="Deep image prior",
        paper="Deep Image Prior (Ulyanov, Vedaldi, Lempitsky)",
        year=2018,
        url="https://arxiv.org/abs/1711.10925",
        licence="Apache-2.0",
        kind="fitted",
        authors_mask="0 = hole",
        size_multiple=32,
        minimal_size=64,
        parameters=2_192_515,
        parts={"generator": 2_192_515},
        deviations=(
            Deviation(
                "input",
                "noise",
                "Fixed random noise, as in the paper's formula; for one of its large holes the authors feed pixel "
                "coordinates, here `meshgrid`.",
            ),
        ),
    )
    Recipe = Recipe
    drawing: ClassVar[dict[str, object]] = {}  # every fit begins from a network and an input of its own
    small = {"iterations": 2, "width": 4, "levels": 2, "input_channels": 3}

    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = HourGlass(self.recipe)
        self.seed = 0

    @property
    def size_multiple(self) -> int:
        return 2**self.recipe.levels

    @property
    def minimal_size(self) -> int:
        return minimal_size(self.recipe.levels)

    def load_released(self, mapping_or_path, part: str = "network") -> None:
        """Always a `LacunaError`: nothing is kept from one picture to the next."""
        raise LacunaError("system 'deep_image_prior' has no weights, it is fitted to each picture; leave them out")

    def prepare(self, weights: str | Path | None = None, device: str = "cpu", threads: int = 2, seed: int = 0) -> str:
        """Get ready to predict; returns the device in words. Weights are a `LacunaError`."""
        if weights is not None:
            self.load_released(weights)
        make_deterministic(threads)
        chosen = named_device(device)
        self.network.to(chosen)
        self.draw_from(seed)
        return in_words(chosen)

    def draw_from(self, seed: int) -> None:
        self.seed = seed

    def predict(self, image: Tensor, mask: Tensor) -> Tensor:
        """The raw prediction N×3×H×W: one fit for each picture. Where nothing is known the result is mid-grey."""
        return torch.cat([self.fit(*pair) for pair in zip(image.split(1), mask.split(1), strict=True)])

    def fit(self, image: Tensor, mask: Tensor) -> Tensor:
        """What a new network draws, 1×3×H×W, once it was fitted to the valid pixels of 1×3×H×W under 1×1×H×W."""
        *_, (_, raw, _) = self.fitting(image, mask, every=self.recipe.iterations)
        return raw

    def fitting(
        self, image: Tensor, mask: Tensor, every: int, rate: Callable[[int], float] | None = None
    ) -> Iterator[tuple[int, Tensor, float]]:
        """A fit as it goes on: steps done, what the network draws by then, and the mean of the losses since.

        After every `every` steps from the first on, before it too, and at the end. rate: the learning rate of a step,
        the first of which is 0; None: the recipe's. Where nothing is known the network draws mid-grey without a step.
        """
        recipe, (height, width) = self.recipe, image.shape[-2:]
        if mask.all():
            yield 0, torch.full_like(image, 0.5), 0.0
            return
        content = digest(*((tensor.cpu().numpy().tobytes()) for tensor in (image * (1 - mask), mask)))
        seed = seed_of("deep_image_prior", self.seed, content)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = HourGlass(recipe, seed)
        network.to(image)
        # sizes that the scales do not divide are drawn larger, and cropped
        fixed = network.fixed_input(image.new_empty(1, 1, self.padded_size(height), self.padded_size(width)))
        noise = torch.Generator(image.device).manual_seed(seed)
        optimizer = torch.optim.Adam(network.parameters(), recipe.learning_rate)
        losses: list[Tensor] = []
        for step in range(recipe.iterations + 1):
            if step % every == 0 or step == recipe.iterations:
                with torch.no_grad():
                    raw = network.draw(fixed)[..., :height, :width]
                if not raw.isfinite().all():
                    raise LacunaError("a fit of system 'deep_image_prior' diverged; lower its setting 'learning_rate'")
                yield step, raw, float(torch.stack(losses).mean()) if losses else 0.0
                losses = []
            if step == recipe.iterations:
                return
            if rate is not None:
                for group in optimizer.param_groups:
                    group["lr"] = rate(step)
            shaken = torch.randn(fixed.shape, generator=noise, device=fixed.device, dtype=fixed.dtype)
            raw = network.draw(fixed + recipe.input_noise * shaken)[..., :height, :width]
            optimizer.zero_grad()
            loss = valid_loss(raw, image, mask)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())


SYSTEM = DeepImagePrior
