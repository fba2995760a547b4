"""What every system says about itself, whatever it is made of. No torch here: classical systems start without it."""

import dataclasses
from dataclasses import dataclass, field

from lacuna.errors import LacunaError
from lacuna.keys import shown
from lacuna.registry import suggest

MOST = 2**16  # of a setting whose default is small; no setting may be more than FACTOR times its default otherwise
FACTOR = 1000

KINDS = ("deep", "classical", "fitted")


@dataclass(frozen=True)
class Deviation:
    """Where this project and the authors' code differ: the switch of the recipe, what it is set to, and why.

    switch: empty where nothing can be set; default is None then.
    """

    switch: str
    default: object
    what: str


@dataclass(frozen=True)
class Facts:
    """The particulars of a system at its authors' settings. Counts are trainable parameters.

    kind: `deep` is trained on a source, `classical` is an algorithm, `fitted` is fitted to each picture alone.
    authors_mask, authors_range: the convention of the authors' code (ours is 1 = hole and [0, 1]).
    size_multiple, minimal_size: what height and width must be, in pixels; a system's
    `predict` extends pictures of other sizes and crops the result.
    parameters: of everything that predicts; parts: the same by part, with parts that only training uses after them.
    without_gradient: shell patterns of parameters (`network.…`, `discriminator.…`) that are never used in the
    forward pass, or feed no loss: the authors count them, training does not change them. zero_gradient: patterns of
    parameters whose gradient is zero up to rounding, because a later normalisation or softmax cancels them.
    data: how the authors make pictures and masks for training out of their files, in a sentence or two. augmentation:
    what of that can be done here to staged pictures and masks (`flip`, and keys of `lacuna.data.augmentation`); None
    where nothing of it can, or nobody says.
    """

    name: str
    title: str
    paper: str
    year: int
    licence: str
    kind: str
    url: str = ""
    authors_mask: str = "1 = hole"
    authors_range: tuple[float, float] = (0.0, 1.0)
    size_multiple: int = 1
    minimal_size: int = 1
    parameters: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    without_gradient: tuple[str, ...] = ()
    zero_gradient: tuple[str, ...] = ()
    data: str = ""
    augmentation: dict | None = None
    deviations: tuple[Deviation, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {KINDS}, not '{self.kind}'")


def make_recipe(recipe_class: type, settings: dict, system: str):
    """A frozen recipe from settings (as JSON gives them: lists for tuples). Wrong names or types: `LacunaError`.

    A recipe may have a function `implied`: settings → what they set besides, unless it is set, too.
    """
    defaults = {entry.name: getattr(recipe_class(), entry.name) for entry in dataclasses.fields(recipe_class)}
    unknown = sorted(settings.keys() - defaults.keys())
    if unknown:
        raise LacunaError(f"system '{system}' has no setting '{unknown[0]}': {suggest(unknown[0], defaults)}")
    values = {
        name: _converted(value, defaults[name], f"setting '{name}' of system '{system}'")
        for name, value in settings.items()
    }
    implied = recipe_class.implied(values) if hasattr(recipe_class, "implied") else {}
    return recipe_class(**{**implied, **values})


def _converted(value, default, what: str):
    """`value` in the type of `default`; a whole number may stand for a float, nothing else is guessed.

    Numbers are finite, and within bounds that every network of the literature keeps and no machine's memory exceeds.
    """
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not value:
            raise LacunaError(f"{what} must be a list like {list(default)}, not {value!r}")
        return tuple(_converted(item, default[0], what) for item in value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if type(value) is not type(default) and not (isinstance(default, float) and whole):
        raise LacunaError(f"{what} must be of type {type(default).__name__}, not {shown(value)}")
    if isinstance(default, bool) or not isinstance(default, int | float):
        return value
    most = max(MOST, FACTOR * abs(default))
    if not -most <= value <= most:  # neither is not-a-number
        raise LacunaError(f"{what} must be a number from {-most:,} to {most:,}, not {shown(value)}")
    return type(default)(value)
