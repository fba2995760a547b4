"""Pictures in Parquet files, as Hugging Face stores data sets: a column of bytes, or of bytes and path."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lacuna.data.image_sources._shards import ShardKeys, check, files
from lacuna.data.origins import Photographs
from lacuna.errors import LacunaError
from lacuna.keys import key

__all__ = ["Keys", "check", "files", "photographs"]

_AT_ONCE = 16  # rows


@dataclass(frozen=True, kw_only=True)
class Keys(ShardKeys):
    """Which files, and which column of them."""

    column: str = key("the column of pictures: bytes, or `{bytes, path}`", "image")


def photographs(settings: dict) -> Photographs:
    """The pictures of all rows, in order; a row without bytes is passed over. A picture is known by its bytes.

    Errors: a `LacunaError` for what is no Parquet file, a column that is not there, and where no picture is left.
    """
    from lacuna.data.image_sources._pictures import pictures_of
    from lacuna.data.image_sources._spool import Spool

    column = settings.get("column") or "image"
    stores = [Spool(path, _rows(path, column)) for path in files(settings)]

    def none_found() -> LacunaError:
        return LacunaError(f"no row of {settings['shards']} holds a picture; name another column than '{column}'")

    return pictures_of(stores, lambda name: True, none_found, by_suffix=False)


def _rows(path: Path, column: str) -> Iterator[tuple[str, bytes | None]]:
    import pyarrow
    from pyarrow import parquet

    from lacuna.registry import suggest

    try:
        with parquet.ParquetFile(path) as table:
            names = table.schema_arrow.names
            if column not in names:
                raise LacunaError(f"{path} has no column '{column}': {suggest(column, names)}")
            number = 0
            for batch in table.iter_batches(_AT_ONCE, columns=[column]):
                for value in batch.column(0).to_pylist():
                    inner, data = _picture(path, column, value)
                    yield f"{path.name}/{number}{inner and f'/{inner}'}", data
                    number += 1
    except (pyarrow.ArrowException, OSError) as error:
        raise LacunaError(f"{path} cannot be read as Parquet ({error}); fetch it again") from None


def _picture(path: Path, column: str, value) -> tuple[str, bytes | None]:
    """The path that a row tells, if it does, and its bytes."""
    if isinstance(value, dict):
        return Path(value.get("path") or "").name, value.get("bytes")
    if value is None or isinstance(value, bytes):
        return "", value
    raise LacunaError(f"the column '{column}' of {path} holds no pictures but {type(value).__name__}; name another one")
