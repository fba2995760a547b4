"""Rows of scores into a file, as they come."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from lacuna.cells import cell, printable
from lacuna.errors import LacunaError
from lacuna.files import atomic

AT_ONCE = 1 << 16  # rows held in memory, and of a row group

FORMATS = (".csv", ".parquet")


def check_format(path: str | Path) -> None:
    """A `LacunaError` unless the file's name ends in one of `FORMATS`: asked before an hour's work, not after it."""
    if Path(path).suffix not in FORMATS:
        raise LacunaError(f"scores are written as {' or '.join(FORMATS)}, not as {path}; name the output accordingly")


def write_records(
    path: str | Path, rows: Iterable[dict], columns: list[str], numbers: Iterable[str], whole: Iterable[str] = ()
) -> int:
    """Write the rows as CSV or Parquet, by the name's ending, and return how many there were.

    `numbers` are the columns of floats, `whole` those of whole numbers; all others are text. None is an empty field.
    Equal rows give equal bytes. Text is written as `lacuna.cells` says.
    """
    check_format(path)
    write = _write_csv if Path(path).suffix == ".csv" else _write_parquet
    with atomic(path) as partial:
        return write(partial, iter(rows), columns, set(numbers), set(whole))


def read_records(paths: Iterable[str | Path]) -> Iterator[dict]:
    """The rows of several Parquet files of one form, file after file, a few of them in memory."""
    import pyarrow.parquet as pq

    for path in paths:
        with pq.ParquetFile(path) as table:
            for batch in table.iter_batches(AT_ONCE):
                yield from batch.to_pylist()


def _write_csv(path: Path, rows, columns, numbers, whole) -> int:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        count = 0
        for row in rows:
            writer.writerow({name: cell(value) for name, value in row.items()})
            count += 1
    return count


def _write_parquet(path: Path, rows, columns, numbers, whole) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(whole, pa.int64())
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in columns])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while some := [
            {name: printable(value) if isinstance(value, str) else value for name, value in row.items()}
            for row in islice(rows, AT_ONCE)
        ]:
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
            count += len(some)
    return count
