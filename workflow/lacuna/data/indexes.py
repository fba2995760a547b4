"""The index of a folder of pictures: what is in it, a row each, as CSV; beyond 10,000 pictures as Parquet beside it.

Jobs know an index by the path of its CSV, whatever its number of rows. A long one's CSV has a single row that says
which file beside it holds the rows, how many there are, and that file's SHA-256.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from lacuna.cells import cell, uncell
from lacuna.errors import LacunaError
from lacuna.files import atomic, read_rows, sha256_of, write_rows

MOST_IN_CSV = 10_000
TABLE = "index.parquet"
POINTER = ["table", "rows", "sha256"]  # columns of the CSV of a long index
_AT_ONCE = 1 << 11  # rows held in memory, and of a row group


def write_index(path: str | Path, rows: Iterable[dict], columns: list[str], number: int) -> None:
    """Write an index; number: of its rows, which may come one after the other.

    Other columns than `columns` are an error. Equal rows give equal bytes.
    """
    table = Path(path).with_name(TABLE)
    if number <= MOST_IN_CSV:
        table.unlink(missing_ok=True)
        write_rows(path, rows, columns)
        return
    written = _write_table(table, iter(rows), columns)
    write_rows(path, [{"table": TABLE, "rows": written, "sha256": sha256_of(table)}], POINTER)


def read_index(path: str | Path, *columns: str) -> list[dict[str, str]]:
    """The rows of an index, short or long, every value a string.

    Errors: a `LacunaError` without `columns`, as `read_rows` says it; for a table that is missing, or not the one that
    the index was written with.
    """
    if not _is_long(path):
        return read_rows(path, *columns)
    pointer = read_rows(path, *POINTER)[0]
    table = Path(path).with_name(Path(pointer["table"]).name)
    if not table.is_file() or sha256_of(table) != pointer["sha256"]:
        raise LacunaError(
            f"{table}, which holds the {pointer['rows']} rows of {path}, is missing or another one; make the set again"
        )
    rows = list(_read_table(table))
    missing = [name for name in columns if name not in rows[0]]
    if missing:
        raise LacunaError(f"{table} has no column '{missing[0]}', so it is not from Lacuna; name or make the right one")
    return rows


def _is_long(path: str | Path) -> bool:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as stream:
            return stream.readline().rstrip("\r\n") == ",".join(POINTER)
    except OSError:
        return False  # it is said where it is read


def _write_table(path: Path, rows: Iterator[dict], columns: list[str]) -> int:
    """How many rows there are. Values are as they would be in the CSV."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, written = pa.schema([(name, pa.string()) for name in columns]), 0
    with atomic(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        while some := [_texts(row, columns) for row in islice(rows, _AT_ONCE)]:
            writer.write_table(pa.Table.from_arrays([_array(some, name) for name in columns], schema=schema))
            written += len(some)
    return written


def _array(rows: list[dict[str, str]], name: str):
    """A column of texts, without `pyarrow.array`, which imports pandas and with it 50 MB."""
    from pyarrow.lib import StringBuilder

    builder = StringBuilder()
    builder.append_values([row[name] for row in rows])
    return builder.finish()


def _texts(row: dict, columns: list[str]) -> dict[str, str]:
    if unknown := row.keys() - set(columns):
        raise ValueError(f"an index has no columns {sorted(unknown)}")
    return {name: "" if (value := row.get(name)) is None else str(cell(value)) for name in columns}


def _read_table(path: Path) -> Iterator[dict[str, str]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(_AT_ONCE):
            for row in batch.to_pylist():
                yield {name: uncell(text) for name, text in row.items()}
