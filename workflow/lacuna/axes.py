"""The axes of a run: what it has several values of, and how these stand in names of paths and in columns of rows.

A name of the config holds letters, digits, `_` and `-`. Where an axis has more than one value, its value stands behind
the name, after a `~`: `place2~strokes~64~repeat2`. Where every axis has one value, names are the config's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from lacuna.data.sizes import size_label

MARK = "~"  # which no name of a config holds
TRAIN_MASKS, TEST_MASKS, IMAGE_SIZE = CONDITIONS = ("train_masks", "test_masks", "image_size")
REPEAT, SAMPLE = REPLICATES = ("repeat", "sample")
AXES = (*CONDITIONS, *REPLICATES)
WHOLE = REPLICATES  # columns of whole numbers; all others are text
NOT_TRAINED = ""  # the mask set of training of what is not trained, which stands beside every one
# What a row has where an axis says nothing of it: not trained here, or not drawn.
NOTHING: Mapping[str, str | int] = {TRAIN_MASKS: NOT_TRAINED, TEST_MASKS: "", IMAGE_SIZE: "", REPEAT: 0, SAMPLE: 0}


@dataclass(frozen=True)
class Variant:
    """Something of the config with one value of every axis that it has; `name` stands in paths."""

    base: str
    name: str
    values: Mapping[str, str | int]

    @property
    def size(self) -> str:
        """The label of its size, of what has one."""
        return str(self.values[IMAGE_SIZE])


@dataclass(frozen=True)
class Axes:
    """values: axis → all its values, one at least: names of mask sets, labels of sizes, numbers from 1 on."""

    values: Mapping[str, Sequence[str | int]]

    @property
    def several(self) -> dict[str, list[str | int]]:
        """The axes with more than one value."""
        return {axis: list(self.values[axis]) for axis in AXES if len(self.values[axis]) > 1}

    def variants(self, base: str, *axes: str) -> list[Variant]:
        """Every combination of the values of these axes, in the order of the config."""
        combinations = product(*(self.values[axis] for axis in axes))
        return [self.variant(base, dict(zip(axes, each, strict=True))) for each in combinations]

    def variant(self, base: str, values: Mapping[str, str | int]) -> Variant:
        """One combination."""
        said = [_in_path(axis, value) for axis, value in values.items() if len(self.values[axis]) > 1]
        return Variant(base, MARK.join([base, *said]), values)

    def columns(self, *variants: Variant) -> dict[str, str | int]:
        """What rows of scores say of the axes with more than one value, for what these variants are together."""
        known = {axis: value for each in variants for axis, value in each.values.items()}
        return {axis: known.get(axis, NOTHING[axis]) for axis in self.several}


def placed(settings: Mapping, kind: str, *names: str) -> str:
    """The name in paths of what is shown of a name of the config, the last of `names`.

    settings: of a job that shows; its `places`, only there where some axis has several values, are kind (`images`,
    `masks`, `lists`, `training` by source, `predictions` by system and source) → names → the name in paths.
    """
    found = settings.get("places", {}).get(kind, {})
    for name in names:
        found = found.get(name, {})
    return found or names[-1]


def as_list(value: str | list[str]) -> list[str]:
    """The values of a key that takes one or several."""
    return [value] if isinstance(value, str) else list(value)


def sizes_of(config: Mapping) -> dict[str, int | list[int]]:
    """Label → size, of all sizes of a config."""
    given = config["image_size"]
    if isinstance(given, int) or isinstance(given[0], int):
        return {size_label(given): given}
    return {size_label(each): each[0] if each[0] == each[1] else list(each) for each in given}


def axes_of(config: Mapping) -> Axes:
    """The axes of a config."""
    return Axes(
        {
            TRAIN_MASKS: as_list(config[TRAIN_MASKS]),
            TEST_MASKS: as_list(config[TEST_MASKS]),
            IMAGE_SIZE: list(sizes_of(config)),
            REPEAT: range(1, (config.get("repeats") or 1) + 1),
            SAMPLE: range(1, (config.get("samples") or 1) + 1),
        }
    )


def selection_of(config: Mapping) -> dict[str, str]:
    """The value of every axis of masks and sizes that the leaderboard and what is printed are of: the first, or the
    one that the config names."""
    named = {axis: value for axis, value in (config.get("leaderboard") or {}).items() if value is not None}
    if IMAGE_SIZE in named:
        named[IMAGE_SIZE] = size_label(named[IMAGE_SIZE])
    axes = axes_of(config)
    return {axis: named.get(axis, str(axes.values[axis][0])) for axis in CONDITIONS}


def _in_path(axis: str, value: str | int) -> str:
    return f"{axis}{value}" if axis in REPLICATES else str(value)


def columns_in(settings: Mapping) -> list[str]:
    """What the setting `columns` of a step adds to rows, in the order of `AXES`, which JSON does not keep."""
    return [axis for axis in AXES if axis in settings.get("columns", ())]


def base_of(name: str) -> str:
    """The config's name in a name of a path."""
    return name.partition(MARK)[0]
