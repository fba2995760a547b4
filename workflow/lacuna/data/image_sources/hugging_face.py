"""A data set of the Hugging Face hub, or a folder of one, by the package `datasets`."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lacuna.data.origins import Photographs
from lacuna.data.walking import files_below
from lacuna.errors import LacunaError
from lacuna.keys import FilePath, key


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Which data set, and which part and column of it."""

    dataset: FilePath = key("a folder, or the name at the hub, `owner/name`")
    revision: str = key(
        "the commit at the hub, 40 hexadecimal digits: a name alone is another data set tomorrow; none for a folder",
        None,
        form=("[0-9a-f]{40}", "the 40 hexadecimal digits of a commit"),
    )
    subset: str = key("the data set's own name of a part (`name` of `load_dataset`)", None)
    split: str = key("the split", "train")
    column: str = key("the column of pictures", "image")


def check(entry: dict, where: str) -> None:
    """The package is installed, and the data set is named exactly."""
    if find_spec("datasets") is None:
        raise LacunaError(f"{where} takes the package datasets, which is not installed; pip install datasets")
    local = Path(entry["dataset"]).is_dir()
    if not local and entry.get("revision") is None:
        raise LacunaError(
            f"{where}.dataset is {entry['dataset']}, which is not a folder here; correct it, or give the hub's "
            "'revision'"
        )


def files(entry: dict) -> list[Path]:
    """What of a folder decides the set; of the hub the revision says it."""
    folder = Path(entry["dataset"])
    return [folder / name for name in files_below(folder)] if folder.is_dir() else []


def photographs(settings: dict) -> Photographs:
    """The pictures of all rows of the split, in order. A picture is known by its bytes.

    Errors: a `LacunaError` in the words of the package, for a column that is not there, and where no picture is left.
    """
    from lacuna.data.image_sources._pictures import pictures_of
    from lacuna.data.image_sources._spool import Spool

    def none_found() -> LacunaError:
        return LacunaError(f"no row of {settings['dataset']} holds a picture; name another column or split")

    store = Spool(Path(settings["dataset"]), _rows(settings))
    return pictures_of([store], lambda name: True, none_found, by_suffix=False)


def _rows(settings: dict) -> Iterator[tuple[str, bytes | None]]:
    import datasets

    from lacuna.registry import suggest

    name, column, split = settings["dataset"], settings.get("column") or "image", settings.get("split") or "train"
    try:
        rows = datasets.load_dataset(
            name, settings.get("subset"), split=split, revision=settings.get("revision"), streaming=True
        )
        known = rows.features or {}
    except Exception as error:  # the package raises errors of many libraries below it
        raise LacunaError(f"the data set {name} cannot be loaded ({error}); correct the keys, or fetch it") from None
    if column not in known:
        raise LacunaError(f"the data set {name} has no column '{column}': {suggest(column, known)}")
    for number, row in enumerate(rows.cast_column(column, datasets.Image(decode=False))):
        value = row[column] or {}
        data, path = value.get("bytes"), value.get("path")
        if data is None and path and Path(path).is_file():
            data = Path(path).read_bytes()
        yield f"{split}/{number}{path and f'/{Path(path).name}' or ''}", data
