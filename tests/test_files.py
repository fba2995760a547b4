import pytest

from lacuna.errors import LacunaError
from lacuna.files import atomic, empty_folder, read_json, read_rows, write_rows


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "table.csv"
    write_rows(path, [{"a": 1}], ["a"])
    with pytest.raises(RuntimeError), atomic(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert read_rows(path) == [{"a": "1"}]
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def test_rows_with_unknown_columns_are_refused(tmp_path):
    with pytest.raises(ValueError):
        write_rows(tmp_path / "x.csv", [{"a": 1, "b": 2}], ["a"])
    assert not (tmp_path / "x.csv").exists()


def test_an_emptied_folder_is_empty(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "old.png").write_text("x")
    assert list(empty_folder(tmp_path / "set").iterdir()) == []


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(LacunaError, match="nothing.json"):
        read_json(tmp_path / "nothing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(LacunaError, match="broken.json"):
        read_json(tmp_path / "broken.json")
