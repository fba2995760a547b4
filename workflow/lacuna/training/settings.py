"""What a training is told: the command's one JSON string, checked."""

import dataclasses
from dataclasses import dataclass, field

from lacuna.data.augmentation import Augmentation
from lacuna.errors import LacunaError
from lacuna.keys import key, verify

# no half precision that needs scaled losses: systems clip their gradients themselves, and the scale is not kept
AUGMENTS = ("authors", "none")
PRECISIONS = ("32-true", "bf16-mixed")
TF32 = ("none", "convolutions", "all")


@dataclass(frozen=True)
class Budget:
    """The `training` part of the settings, and of the config: the budget of a training."""

    iterations: int | None = key(
        "steps to do; only `iterations` gives identical results twice",
        None,
        minimum=1,
        maximum=10**9,
        shown="with neither `iterations` nor `seconds`, the authors'",
    )
    seconds: float | None = key(
        "wall time instead of `iterations`, validations included", None, above=0, maximum=10**8, shown="none"
    )
    batch_size: int | None = key("images a step", None, minimum=1, maximum=4096, shown="the authors'")
    accumulate: int = key(
        "parts in which a step's images are computed, one after the other, so that memory is needed for one part; the "
        "gradients are those of all images together. Batch normalisation (`lama`, `madf`, `partialconv`) normalises "
        "each part by its own statistics, TFill's discriminator compares the images of a part, and losses that divide "
        "by the holes' area do so in each part; other systems learn the same up to rounding",
        1,
        minimum=1,
        maximum=4096,
    )
    devices: int = key(
        "GPUs (without one, processes on the CPU) among which a step's images are divided; each divides its own into "
        "`accumulate` parts, and what is said there holds here, too. The gradients are summed before an update, and "
        "every device keeps the same weights. The job asks for as many GPUs",
        1,
        minimum=1,
        maximum=64,
    )
    validate_every: int = key("steps between two validations", 1000, minimum=1, maximum=10**9)
    checkpoint_every: int = key("steps between two checkpoints", 1000, minimum=1, maximum=10**9)
    log_every: int = key("steps that a logged loss is the mean of", 10, minimum=1, maximum=10**9)
    decay_from: float | None = key(
        "fraction of the budget from which the learning rates fall linearly to zero, on top of the system's own "
        "schedule; a short training ends quieter with it",
        None,
        minimum=0,
        below=1,
        shown="the authors' schedule alone",
    )
    flip: bool = key(
        "images and masks are flipped left to right at random; `false` for authors who do not "
        "([systems.md](../docs/systems.md), training data)",
        True,
    )
    recolour: float = key(
        "how strongly the colours of each training image are changed at random, anew at every step: its channels "
        "change places, and each gets a curve of its own; for photographs too few to teach more than their colours; "
        "0 leaves them alone",
        0.0,
        minimum=0,
        maximum=1,
    )
    negatives: float = key(
        "share of the colour channels of the training images that are turned into their negative, drawn anew at every "
        "step, after `recolour`: channels that rise and fall apart, where those of few photographs move together and "
        "teach brightness alone",
        0.0,
        minimum=0,
        maximum=1,
    )
    augment: str | Augmentation | None = key(
        "what else is done to pictures and masks: `authors` does what the system's authors do, as far as it can be "
        "done here, their flips included ([systems.md](../docs/systems.md), training data); `none` does nothing at "
        "all, flips, `recolour` and `negatives` included; or keys of your own, see below, beside `flip`",
        None,
        choices=AUGMENTS,
        shown="flips, `recolour` and `negatives` alone",
    )
    growing_masks: int = key(
        "steps over which the masks grow: at first only the mask with the smallest hole is drawn, at step s of n the "
        "smallest s/n of the set, and after n steps all; 0 draws all of them from the beginning",
        0,
        minimum=0,
        maximum=10**9,
    )
    feature_losses_every: int = key(
        "the losses that look through a pretrained network (perceptual, style, LPIPS) are computed in every so many "
        "steps, the first included; in the others they rest, and the other losses stay as they are: a reduced budget "
        "for those losses, whose networks take most of a small training's time",
        1,
        minimum=1,
        maximum=10**9,
        shown="1: in every step",
    )
    ema: float | None = key(
        "a moving average of the network's weights is kept, of which this share stays in every step (in step t at most "
        "(1 + t) / (10 + t), so that short trainings have one, too); validation and samples show it, and "
        "`weights.safetensors` holds it. `training_state.safetensors` keeps both",
        None,
        above=0,
        below=1,
        shown="none: the last step's weights",
    )
    precision: str = key(
        "Lightning Fabric's name of the number format. `bf16-mixed` computes networks' products in bfloat16, and what "
        "does not bear it in single precision ([performance.md](../docs/performance.md), number formats)",
        "32-true",
        choices=PRECISIONS,
    )
    tf32: str = key(
        "which products in single precision NVIDIA's GPUs may compute from numbers rounded to TF32's 11 bits: by "
        "PyTorch's default, and the authors', those of convolutions; `all` adds products of matrices, and `none` is "
        "full single precision; the CPU rounds nothing",
        "convolutions",
        choices=TF32,
    )
    compile: bool = key(
        "the network is compiled by PyTorch (`torch.compile`), which takes minutes at the beginning and rounds "
        "otherwise; needs a C++ compiler, or Triton on a GPU",
        False,
    )

    learning_rate: float | None = key(
        "instead of the system's setting of this name; its other rates, and what its schedule makes of them, change by "
        "the same factor",
        None,
        above=0,
        maximum=1000,
        shown="the system's",
    )
    freeze: list[str] = key(
        "patterns of parameters that are not trained, such as `[network.encoder.*, discriminator.*]`; `*` stands for "
        "anything, and a pattern that matches nothing is an error. A layer that is frozen whole keeps the statistics "
        "of its normalisation, too. The names are those in `training_state.safetensors`, without `module.`",
        [],
    )

    def __post_init__(self):
        verify(self, "training")
        self.consistent(vars(self), "training")

    @staticmethod
    def consistent(value: dict, where: str) -> None:
        """One of `iterations` and `seconds` at most, and no part of a step without an image."""
        if value.get("iterations") is not None and value.get("seconds") is not None:
            raise LacunaError(f"{where} has both 'iterations' and 'seconds'; give one of them")
        devices, images = value.get("devices") or 1, value.get("batch_size")
        parts = (value.get("accumulate") or 1) * devices
        if images is not None and images < parts:
            lower = "'accumulate', 'devices'" if devices > 1 else "'accumulate'"
            raise LacunaError(
                f"{where} has images for {images} of {parts} parts of a step; lower {lower} or raise 'batch_size'"
            )


@dataclass(frozen=True)
class Settings:
    """Everything that a training job depends on, its data apart. settings: overrides of the system's recipe.

    image_size: of the run, in pixels; a number or [width, height].
    """

    system: str
    settings: dict
    source: str
    image_size: int | list[int]
    seed: int
    training: Budget = field(default_factory=Budget)

    def with_numbers_of(self, recipe) -> "Settings":
        """The same with the system's own numbers where the run has none; what does not fit them is a `LacunaError`."""
        budget = self.training
        iterations = budget.iterations or (None if budget.seconds else recipe.iterations)
        batch_size = budget.batch_size or recipe.batch_size
        training = dataclasses.replace(budget, iterations=iterations, batch_size=batch_size)
        return dataclasses.replace(self, training=training)


def parse(value: dict) -> Settings:
    """Settings from a JSON object; unknown or missing keys are a `LacunaError` that names the known ones."""
    checked = dict(_known(Settings, value, "the settings of train"))
    checked["training"] = Budget(**_known(Budget, checked.get("training", {}), "`training`"))
    return Settings(**checked)


def _known(cls: type, value: dict, what: str) -> dict:
    fields = {entry.name: entry for entry in dataclasses.fields(cls)}
    unknown = sorted(value.keys() - fields.keys())
    if unknown:
        raise LacunaError(f"{what} have no key '{unknown[0]}'; the known ones are {', '.join(fields)}")
    required = {
        name
        for name, entry in fields.items()
        if entry.default is dataclasses.MISSING and entry.default_factory is dataclasses.MISSING
    }
    if missing := sorted(required - value.keys()):
        raise LacunaError(f"{what} lack the key '{missing[0]}'; add it")
    return value
