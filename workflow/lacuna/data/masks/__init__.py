"""Kinds of mask set: a kind is a file of this folder, and the file's name is the kind's name.

A family of masks has
* `Options`, a frozen dataclass: the keys of `options` in the config, with their defaults and ranges;
* `draw(rng, size, fewest, most, options)`, one mask (uint8 H×W, 255 = hole) with `fewest` to `most` hole pixels, or
  None where none was found; `size` is (width, height), and `rng` a NumPy generator, the only source of chance;
* where it draws from files, `read(settings)`, what is in them, which `draw` gets as its last argument;
* where its construction fixes the coverage, what `_fixed` says.

Given masks have `GivenMasks`. Any kind may have `Keys`, a frozen keyword-only dataclass: the keys of a mask set of this
kind besides those that all have, or instead of them. The plan reads options and keys at every start of Snakemake, so
heavy libraries are imported inside the functions. The first line of the file's docstring says in the documents what the
family is. `bins` and `building` make sets of every kind.
"""

from types import ModuleType

from lacuna import registry

_APART = ("bins", "building")


def names() -> tuple[str, ...]:
    """All kinds, sorted."""
    return registry.names(__name__, _APART)


def load(kind: str) -> ModuleType:
    """The file behind a kind; only that one is imported. An unknown kind is a `LacunaError`."""
    return registry.load(__name__, kind, "kind of mask set", _APART)


def is_given(kind: str) -> bool:
    """Whether masks of this kind are somebody's, and not drawn."""
    return not hasattr(load(kind), "draw")
