"""Indexes, short and long: the same rows by one function, whatever file they lie in."""

import csv
from pathlib import Path

import pytest

from lacuna.cells import cell
from lacuna.data import indexes
from lacuna.data.indexes import MOST_IN_CSV, TABLE, read_index, write_index
from lacuna.data.masks.building import make_masks
from lacuna.data.near_duplicates import near_duplicates
from lacuna.data.pairing import pair
from lacuna.data.photographs import photographs_of
from lacuna.data.splits import check_splits
from lacuna.data.staging import stage
from lacuna.errors import LacunaError
from lacuna.files import empty_folder, read_rows, sha256_of, write_rows
from lacuna.metrics.triples import paired_files
from lacuna.plan import STAGES

COLUMNS = ["file", "origin", "left"]
AWKWARD = ["=1+1", 'a,b"c', "über\nzwei", "caf\udce9.png", r"\xe9", "'=x", "+5", "-5.5", ""]


def rows_of(number: int) -> list[dict]:
    rows = [{"file": f"{i:05d}.png", "origin": f"o{i}", "left": i % 7} for i in range(number)]
    for i, name in enumerate(AWKWARD):
        rows[i]["origin"] = name
    rows[20]["left"] = None
    return rows


@pytest.mark.parametrize("number", [MOST_IN_CSV, MOST_IN_CSV + 1, 70_001])
def test_rows_are_those_of_a_csv_in_either_form(tmp_path, number):
    rows = rows_of(number)
    write_index(tmp_path / "index.csv", iter(rows), COLUMNS, number)
    write_rows(tmp_path / "plain.csv", rows, COLUMNS)
    assert read_index(tmp_path / "index.csv", "file", "origin") == read_rows(tmp_path / "plain.csv")
    is_short = (tmp_path / "index.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()
    assert is_short == (number <= MOST_IN_CSV) == (not (tmp_path / TABLE).exists())
    if not is_short:
        with (tmp_path / "index.csv").open() as stream:
            said = list(csv.DictReader(stream))
        assert said == [{"table": TABLE, "rows": str(number), "sha256": sha256_of(tmp_path / TABLE)}]
        (tmp_path / "again").mkdir()
        write_index(tmp_path / "again/index.csv", rows, COLUMNS, number)
        assert (tmp_path / "again" / TABLE).read_bytes() == (tmp_path / TABLE).read_bytes()


def test_a_table_can_be_read_by_other_programs(tmp_path):
    import pandas as pd

    rows = rows_of(MOST_IN_CSV + 1)
    write_index(tmp_path / "index.csv", rows, COLUMNS, len(rows))
    table = pd.read_parquet(tmp_path / TABLE)
    assert list(table.columns) == COLUMNS and len(table) == MOST_IN_CSV + 1
    assert table["origin"][0] == cell("=1+1") and table["origin"][3] == r"caf\xe9.png"


def long(path: Path) -> Path:
    rows = rows_of(MOST_IN_CSV + 1)
    write_index(path, rows, COLUMNS, len(rows))
    return path


@pytest.mark.parametrize("damage", ["missing", "other"])
def test_a_table_that_is_not_the_index_s_is_one_sentence(tmp_path, damage):
    index = long(tmp_path / "index.csv")
    if damage == "missing":
        (tmp_path / TABLE).unlink()
    else:
        (tmp_path / TABLE).write_bytes(b"PAR1")
    with pytest.raises(LacunaError, match="which holds the 10001 rows of .*index.csv, is missing or another one"):
        read_index(index, "file")


def test_a_column_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(LacunaError, match="index.parquet has no column 'mask'"):
        read_index(long(tmp_path / "index.csv"), "file", "mask")
    with pytest.raises(LacunaError, match=r"nowhere.csv cannot be read \(No such file"):
        read_index(tmp_path / "nowhere.csv", "file")


def test_a_shorter_index_leaves_no_table_and_a_folder_with_one_can_be_emptied(tmp_path):
    empty_folder(tmp_path)
    index = long(tmp_path / "index.csv")
    write_index(index, rows_of(30), COLUMNS, 30)
    assert not (tmp_path / TABLE).exists() and len(read_index(index)) == 30
    long(index)
    empty_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lacuna"]


def test_other_columns_are_an_error_in_either_form(tmp_path):
    for number in (1, MOST_IN_CSV + 1):
        with pytest.raises(ValueError, match="not in fieldnames|no columns"):
            write_index(tmp_path / "index.csv", ({"file": "a", "mine": 1} for _ in range(number)), COLUMNS, number)


def test_tables_belong_to_the_results_of_their_jobs():
    """Otherwise `lacuna check` would not see that one is gone."""
    for stage_of in ("stage", "make_masks", "predict", "predict_part", "import_predictions", "controls", "adapt"):
        assert TABLE in STAGES[stage_of].beside, stage_of


def test_everything_that_reads_an_index_takes_a_long_one(tmp_path, monkeypatch):
    """The same sets with a CSV and with a table: equal lists, photographs, splits, near duplicates and pairs."""
    monkeypatch.chdir(tmp_path)

    def made(folder: str, most: int) -> tuple:
        monkeypatch.setattr(indexes, "MOST_IN_CSV", most)
        images, others, masks = (Path(folder, name, "index.csv") for name in ("images", "others", "masks"))
        leaves = {"kind": "dead_leaves", "drawn_size": [40, 30], "seed": 1, "image_size": [24, 20], "crop": "center"}
        stage({**leaves, "name": "i", "number": 7}, images, 1)
        stage({**leaves, "name": "i", "number": 7, "first": 20}, others, 1)
        few = {"name": "m", "kind": "boxes", "count": 7, "bins": 2, "coverage": [0.1, 0.5], "seed": 1}
        make_masks({**few, "image_size": [24, 20]}, masks)
        assert (images.with_name(TABLE).exists(), masks.with_name(TABLE).exists()) == (most < 7, most < 7)
        pairs, _ = pair({"name": "p", "mode": "paired", "seed": 2}, images, masks)
        lines = "".join(f"{each.image}\t{each.mask}\n" for each in pairs)
        Path(folder, "list.txt").write_text(lines)
        rows = [{"file": Path(each.image).name, **each._asdict()} for each in pairs]
        write_index(Path(folder, "index.csv"), rows, ["file", "image", "mask"], 7)
        return (
            lines.replace(folder, ""),
            photographs_of([each.image for each in pairs]),
            check_splits([images], [others]),
            near_duplicates([images], [others]),
            [str(each[1]) for each in paired_files(Path(folder, "list.txt"), Path(folder, "index.csv"))],
        )

    short, table = made("short", 7), made("table", 6)
    assert short[:4] == table[:4]
    assert [each.replace("short", "") for each in short[4]] == [each.replace("table", "") for each in table[4]]
