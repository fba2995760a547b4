"""Kinds of contestant from outside: a kind is a file of this folder, and the file's name is the kind's name.

A kind has
* `Keys`, a frozen keyword-only dataclass: the keys of a contestant of this kind, besides those that all have;
* where there is more to know beforehand, `check(entry, where)`: a `LacunaError` for a contradiction of the keys;
* `pinned(entry)`, the files and folders of the user's that make it what it is: their contents are in the digest;
* but for folders of predictions, `answers(entry, pictures, setting, files)`: one uint8 H×W×3 for each of the `pictures`
  (`_setting.Pictures`), in order, after a trial; what it cost goes into `setting.measured`. files: those of `pinned`,
  or the file that the run itself made. Errors: `LacunaError`.

The plan reads the keys at every start of Snakemake, so heavy libraries are imported inside the functions. The first
line of the file's docstring says in the documents what the kind is. Files with a leading underscore are parts.
"""

from types import ModuleType

from lacuna import registry

PREDICTIONS = "predictions"  # a folder of them: nothing is run


def names() -> tuple[str, ...]:
    """All kinds, sorted."""
    return registry.names(__name__)


def load(kind: str) -> ModuleType:
    """The file behind a kind; only that one is imported. An unknown kind is a `LacunaError`."""
    return registry.load(__name__, kind, "kind of contestant")
