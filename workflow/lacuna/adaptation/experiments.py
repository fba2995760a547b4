"""The experiments of test-time training as data: each is its difference from another one.

The defaults are the baseline of a thesis on test-time training (2022, section 4.1). What it gives in pixels of 256×256
pictures is here a share of the picture's short side, and its learning rates are multiples of the rate that the network
was trained with, so that an experiment keeps its meaning at another size and for another network.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lacuna.adaptation.settings import (
    built,
    choice,
    flag,
    interval,
    merged,
    number,
    optional,
    part,
    probability,
    setting,
    several,
    text,
    whole,
)
from lacuna.errors import LacunaError
from lacuna.registry import suggest

BASELINE = "baseline"
FILLS = ("random_pixels", "black", "grey", "random_image", "similar_image", "current_prediction")
FROM_POOL = ("random_image", "similar_image")
LEARNS = ("all", "generator_only", "generator_without_discriminator", "adapters")


@dataclass(frozen=True)
class Masks:
    """How finetuning masks F come about.

    kind: `strokes` are free-form; `user_mask` is the user's mask flipped, shifted and rotated; `full_image` deals 16
    roughened tiles out to the samples of a batch, which together hide everything. least_coverage, greatest_coverage:
    share of the picture that strokes must cover once the user's mask is cut away; the other kinds are what they are.
    dilation: how far around the user's mask nothing is hidden; at least one pixel. shift: largest shift of the user's
    mask, and roughness: largest displacement of a tile's edge. Lengths are shares of the picture's short side.
    """

    kind: str = setting("strokes", choice("strokes", "user_mask", "full_image"))
    least_coverage: float = setting(0.15, number(0, 1, above=0))
    greatest_coverage: float = setting(0.25, number(0, 1))
    dilation: float = setting(2 / 256, number(0, 1, above=0))
    shift: float = setting(1 / 4, number(0, 1))
    roughness: float = setting(10 / 256, number(0, 1 / 8))

    def __post_init__(self):
        if self.least_coverage > self.greatest_coverage:
            raise ValueError(
                f"least_coverage {self.least_coverage:g} is above greatest_coverage {self.greatest_coverage:g}; "
                "exchange them"
            )


@dataclass(frozen=True)
class Brightness:
    """All values times a factor, cut to [0, 1]."""

    p: float = setting(0.0, probability)
    factor: tuple[float, float] = setting((0.7, 1.3), interval(0))


@dataclass(frozen=True)
class Blur:
    """A Gaussian whose window and sigma are drawn from ranges, as shares of the short side; one number is fixed."""

    p: float = setting(0.0, probability)
    kernel: tuple[float, float] = setting((5 / 256, 8 / 256), interval(0, 1))
    sigma: tuple[float, float] = setting((3 / 256, 6 / 256), interval(1e-6, 1))


@dataclass(frozen=True)
class Noise:
    """Normal noise of mean 0 and deviation `sigma`, for values in [0, 1]."""

    p: float = setting(0.0, probability)
    sigma: float = setting(0.2, number(0))


@dataclass(frozen=True)
class Crop:
    """A window enlarged by nearest neighbours, kept if F alone and F with U cover enough and not too much of it.

    side: the window's, as a share of the picture's. least_finetuning, greatest_holes: exclusive limits.
    """

    p: float = setting(0.0, probability)
    side: float = setting(0.5, number(0, 1, above=0))
    least_finetuning: float = setting(0.1, number(0, 1))
    greatest_holes: float = setting(0.65, number(0, 1, above=0))


@dataclass(frozen=True)
class Flip:
    """One of the kinds, equally likely: `lr` exchanges left and right, `ud` up and down. both: chance of the other."""

    p: float = setting(0.0, probability)
    kinds: tuple[str, ...] = setting(("lr",), several(choice("lr", "ud")))
    both: float = setting(0.0, probability)

    def __post_init__(self):
        if not self.kinds:
            raise ValueError("kinds is empty; name lr, ud or both")


@dataclass(frozen=True)
class Translation:
    """A shift by whole pixels; the uncovered border keeps the unshifted values. Never together with a crop.

    p: of the samples without a crop. reach: largest shift along each axis, as a share of the short side.
    """

    p: float = setting(0.0, probability)
    reach: float = setting(12 / 256, number(0, 1))


@dataclass(frozen=True)
class Rotation90:
    """About the centre by 0, 90, 180 or 270 degrees."""

    p: float = setting(0.0, probability)


@dataclass(frozen=True)
class Rotation30:
    """About the centre by 30, 60, … or 330 degrees."""

    p: float = setting(0.0, probability)


@dataclass(frozen=True)
class Shear:
    """About the centre; each of the two factors is at most `reach`."""

    p: float = setting(0.0, probability)
    reach: float = setting(0.2, number(0, 0.9))


@dataclass(frozen=True)
class OneOf:
    """With probability `p` one of the named augmentations, equally likely, whatever their own probabilities."""

    p: float = setting(0.0, probability)
    of: tuple[str, ...] = setting((), several(choice("flip", "translation", "rotation_90", "rotation_30", "shear")))

    def __post_init__(self):
        if self.p and not self.of:
            raise ValueError("of is empty; name the augmentations to choose from")


@dataclass(frozen=True)
class Augment:
    """What happens to a sample, in this order. outer: chance that anything does; the others are conditional on it.

    empty_pixels: what lies where a rotation or a shear finds nothing.
    """

    outer: float = setting(1.0, probability)
    brightness: Brightness = part(Brightness)
    blur: Blur = part(Blur)
    noise: Noise = part(Noise)
    crop: Crop = part(Crop)
    flip: Flip = part(Flip)
    translation: Translation = part(Translation)
    rotation_90: Rotation90 = part(Rotation90)
    rotation_30: Rotation30 = part(Rotation30)
    shear: Shear = part(Shear)
    one_of: OneOf = part(OneOf)
    empty_pixels: str = setting("zero", choice("zero", "random"))


@dataclass(frozen=True)
class Losses:
    """Weights of the losses on F, and with `background` on B as well.

    structural_form: `code` is 0.1 times the mean and the mean over edges, as the network's authors compute it; `print`
    is the thesis' equation 2.16 with alpha 0.1, term by term.
    """

    background: bool = setting(False, flag)
    l1: float = setting(1.0, number(0))
    structural: float = setting(1.0, number(0))
    perceptual: float = setting(0.1, number(0))
    adversarial: float = setting(0.4, number(0))
    structural_form: str = setting("code", choice("code", "print"))


@dataclass(frozen=True)
class Experiment:
    """One way to adapt a network to a picture.

    fill: what training shows in the user's hole; similar_among: `similar_image` draws from that many of the most
    similar pictures; prediction_every: steps between two refreshments of `current_prediction`. augment_finetuning_mask:
    whether F moves with the picture (combinations A–F) or is drawn afterwards, cut where empty pixels lie, and must
    still cover `least_coverage_after_cut` (G–J).
    learns: `generator_only` keeps the adversarial loss of a discriminator that stays as it is,
    `generator_without_discriminator` drops it, `adapters` are low-rank additions (of `adapter_rank`) to the
    convolutions. freeze: parts that stay as they are, by the system's own name for them; `none` for no part.
    learning_rate: absolute; or learning_rate_factor: a multiple of the rate that the network was trained with. One of
    them is None. halve_every: steps; or halve_at: the numbers of the steps before which the rate is halved.
    optimizer_state: `fresh` for each picture, or what training ended with. evaluate_every: steps. init: weights to
    start from. network: form of the system's network, None for the one that was trained. method: `deep_image_prior`
    fits a network of its own instead, and only `steps`, the rates and `evaluate_every` count. mode: `fast` is the same
    mathematics as `reference`, rounded otherwise (docs/performance.md). seed: of this experiment,
    one of several to repeat it with.
    """

    masks: Masks = part(Masks)
    fill: str = setting("random_pixels", choice(*FILLS))
    similar_among: int = setting(4, whole(1))
    prediction_every: int = setting(1, whole(1))
    augment: Augment = part(Augment)
    augment_finetuning_mask: bool = setting(True, flag)
    least_coverage_after_cut: float = setting(0.1, number(0, 1))
    learns: str = setting("all", choice(*LEARNS))
    adapter_rank: int = setting(4, whole(1))
    freeze: str = setting("none", text)
    losses: Losses = part(Losses)
    steps: int = setting(150, whole(0))
    batch_size: int = setting(4, whole(1))
    learning_rate_factor: float | None = setting(1.0, optional(number(0, above=0)))
    learning_rate: float | None = setting(None, optional(number(0, above=0)))
    halve_every: int | None = setting(50, optional(whole(1)))
    halve_at: tuple[int, ...] = setting((), several(whole(1)))
    optimizer_state: str = setting("fresh", choice("fresh", "trained"))
    evaluate_every: int = setting(5, whole(1))
    init: str = setting("pretrained", choice("pretrained", "random"))
    network: str | None = setting(None, optional(text))
    method: str = setting("adapt", choice("adapt", "deep_image_prior"))
    mode: str = setting("reference", choice("reference", "fast"))
    seed: int = setting(0, whole(0))

    def __post_init__(self):
        if (self.learning_rate is None) == (self.learning_rate_factor is None):
            raise ValueError("learning_rate and learning_rate_factor exclude each other; give one of them")
        if self.halve_every is not None and self.halve_at:
            raise ValueError("halve_every and halve_at exclude each other; give one of them")
        if self.masks.kind == "full_image" and self.batch_size > 16:
            raise ValueError(f"a batch of {self.batch_size} is larger than the 16 tiles of full-image masks; reduce it")
        if not self.augment_finetuning_mask and self.least_coverage_after_cut > self.masks.greatest_coverage:
            raise ValueError("least_coverage_after_cut is above masks.greatest_coverage; lower it")

    def rate(self, step: int, trained_with: float) -> float:
        """The learning rate of step `step` (the first is 0), for a network that was trained with `trained_with`."""
        start = trained_with * (self.learning_rate_factor or 0) if self.learning_rate is None else self.learning_rate
        halvings = step // self.halve_every if self.halve_every else sum(step >= at for at in self.halve_at)
        return start * 0.5**halvings

    @property
    def needs_pool(self) -> bool:
        """Whether the hole is filled from pictures of the training source."""
        return self.method == "adapt" and self.fill in FROM_POOL

    def settings(self) -> dict:
        """Everything as plain values, as JSON holds them; `read_experiment` takes it back."""
        return _plain(dataclasses.asdict(self))


# what is unset where its rival is set: they are two spellings of one setting
_RIVALS: dict[str, object] = {"learning_rate": None, "learning_rate_factor": None, "halve_every": None, "halve_at": []}
_PAIRS = (("learning_rate", "learning_rate_factor"), ("halve_every", "halve_at"))


def read_experiment(settings: Mapping, name: str = "the experiment") -> Experiment:
    """The experiment of a mapping with nothing to refer to, such as `Experiment.settings` returns."""
    return built(Experiment, dict(settings), name)


def read_experiments(mapping: Mapping[str, Mapping | None]) -> dict[str, Experiment]:
    """Experiments by name, from their differences.

    An entry differs from its `base`, from `baseline` if it names none; `augment_of` takes another one's augmentations
    as a whole. Parts such as `augment` are merged key by key; `learning_rate` replaces `learning_rate_factor`, and
    `halve_at` replaces `halve_every`, and the other way round. Errors: a `LacunaError` for an unknown key or name (with
    the nearest valid one), a base that leads back to where it started, a value that a setting does not take.
    """
    return {name: built(Experiment, _resolved(name, mapping, ()), name) for name in mapping}


def shipped() -> dict[str, dict]:
    """The differences of `experiments.yaml`: every experiment of the thesis, and what goes further."""
    import yaml

    return yaml.safe_load(Path(__file__).with_name("experiments.yaml").read_text(encoding="utf-8"))


def chosen(
    names: Iterable[str], changes: Mapping | None = None, common: Mapping | None = None
) -> dict[str, Experiment]:
    """The named experiments of `experiments.yaml`, in the order of `names`.

    changes: name → differences, laid over the entry of that name or added as a new one. common: differences that each
    chosen experiment gets in the end, such as fewer steps. Errors: as in `read_experiments`.
    """
    entries = shipped()
    for name, change in (changes or {}).items():
        entries[name] = _laid_over(entries.get(name) or {}, change or {}, name)
    names = list(names)
    for name in names:
        if name not in entries:
            raise LacunaError(f"there is no experiment '{name}': {suggest(name, entries).rstrip('.')}")
    resolved = {name: _laid_over(_resolved(name, entries, ()), common or {}, name) for name in names}
    return {name: built(Experiment, values, name) for name, values in resolved.items()}


def _resolved(name: str, mapping: Mapping, asked_by: tuple[str, ...]) -> dict:
    """All settings of an entry that differ from the defaults, as plain values."""
    if name in asked_by:
        raise LacunaError(f"the experiments {' -> '.join((*asked_by, name))} are based on each other; break the circle")
    if name not in mapping and name == BASELINE:
        return {}
    if name not in mapping:
        raise LacunaError(
            f"{asked_by[-1]} refers to '{name}', which is not there: {suggest(name, mapping).rstrip('.')}"
        )
    entry = mapping[name] if mapping[name] is not None else {}
    if not isinstance(entry, Mapping):
        raise LacunaError(f"{name} must be a mapping of settings, not {entry!r}")
    entry, way = dict(entry), (*asked_by, name)
    base = entry.pop("base", None if name == BASELINE else BASELINE)
    values = _resolved(base, mapping, way) if base is not None else {}
    if "augment_of" in entry:
        values = {**values, "augment": _resolved(entry.pop("augment_of"), mapping, way).get("augment", {})}
    return _laid_over(values, entry, name)


def _laid_over(below: Mapping, above: Mapping, name: str) -> dict:
    if not isinstance(above, Mapping):
        raise LacunaError(f"{name} must be a mapping of settings, not {above!r}")
    above = dict(above)
    known = {field.name for field in dataclasses.fields(Experiment)} | {"base", "augment_of"}
    for key in above:
        if key not in known:
            raise LacunaError(f"unknown key '{key}' at {name}: {suggest(key, known).rstrip('.')}")
    for pair in _PAIRS:
        for one, other in (pair, pair[::-1]):
            if one in above and other not in above:
                above[other] = _RIVALS[other]
    return merged(Experiment, below, above)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value
