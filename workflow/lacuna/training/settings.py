"""What a training is told: the command's one JSON string, checked."""

import dataclasses
import math
from dataclasses import dataclass, field

from lacuna.errors import LacunaError

# no half precision that needs scaled losses: systems clip their gradients themselves, and the scale is not kept
PRECISIONS = ("32-true", "bf16-mixed")


@dataclass(frozen=True)
class Budget:
    """The `training` part of the settings.

    iterations: steps to do; or seconds: of wall time, validations included (then two runs differ). With neither, the
    system's own number of iterations. batch_size: images a step; the system's own if none. validate_every,
    checkpoint_every, log_every: in steps; a logged loss is the mean over its interval. decay_from: the fraction of the
    budget from which learning rates fall linearly to zero; none: only the system's own schedule. flip: images and masks
    left to right at random. precision: Lightning Fabric's name of it. learning_rate: instead of the system's setting of
    this name; its other rates, and what its schedule makes of them, change by the same factor. freeze: patterns of
    names of parameters (`network.encoder.*`) that stay as they are, see `lacuna.training.freezing`.
    """

    iterations: int | None = None
    seconds: float | None = None
    batch_size: int | None = None
    validate_every: int = 1000
    checkpoint_every: int = 1000
    log_every: int = 10
    decay_from: float | None = None
    flip: bool = True
    precision: str = "32-true"
    learning_rate: float | None = None
    freeze: list[str] = field(default_factory=list)

    def __post_init__(self):
        if self.iterations is not None and self.seconds is not None:
            raise LacunaError("training has both `iterations` and `seconds`; give one of them")
        for name in ("iterations", "batch_size", "validate_every", "checkpoint_every", "log_every"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise LacunaError(f"training's `{name}` must be a whole number of at least 1, not {value!r}")
        if self.seconds is not None and not (isinstance(self.seconds, int | float) and self.seconds > 0):
            raise LacunaError(f"training's `seconds` must be a number above 0, not {self.seconds!r}")
        if self.decay_from is not None and not 0 <= self.decay_from < 1:
            raise LacunaError(
                f"training's `decay_from` must be a fraction of at least 0 and below 1, not {self.decay_from!r}"
            )
        if not isinstance(self.flip, bool):
            raise LacunaError(f"training's `flip` is true or false, not {self.flip!r}")
        rate = self.learning_rate
        number = isinstance(rate, int | float) and not isinstance(rate, bool)
        if rate is not None and not (number and 0 < rate < math.inf):
            raise LacunaError(f"training's `learning_rate` must be a number above 0, not {rate!r}")
        if not isinstance(self.freeze, list) or not all(isinstance(each, str) for each in self.freeze):
            raise LacunaError(f"training's `freeze` must be a list of patterns of names, not {self.freeze!r}")
        if self.precision not in PRECISIONS:
            raise LacunaError(f"training's `precision` is one of {', '.join(PRECISIONS)}, not {self.precision!r}")


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
