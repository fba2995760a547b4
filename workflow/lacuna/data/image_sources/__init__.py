"""Kinds of image source: a kind is a file of this folder, and the file's name is the kind's name.

A kind has
* `Keys`, a frozen keyword-only dataclass: the keys of an image set of this kind, besides those that all have;
* `check(entry, where)`, called before anything runs: a `LacunaError` for what the plan can know, quickly;
* where it needs the network, `downloads(entry)`, the addresses of its files (`lacuna.downloading.ADDRESS`) or
  `lacuna.data.cards.File`s, which a rule of its own fetches; `settings["downloaded"]` then lists them as
  `lacuna.data.downloads.fetch` does;
* where it reads files of the user's, `files(entry)`: their paths, quickly, for the plan to see whether they changed.
  A kind with a key `path` and without this function is staged again when the images in that folder change;
* where it is one published data set, its `CARD` (`lacuna.data.cards`);
* `photographs(settings)`, a `lacuna.data.origins.Photographs`. Errors: `LacunaError`.

The plan reads the keys at every start of Snakemake, so heavy libraries are imported inside the functions. The first
line of the file's docstring says in the documents what the kind is.
"""

from types import ModuleType

from lacuna import registry


def names() -> tuple[str, ...]:
    """All kinds, sorted."""
    return registry.names(__name__)


def load(kind: str) -> ModuleType:
    """The file behind a kind; only that one is imported. An unknown kind is a `LacunaError`."""
    return registry.load(__name__, kind, "kind of image source")
