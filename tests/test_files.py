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
    for name in ("0000.png", "index.csv", "card.json"):
        (tmp_path / name).write_text("x")
    assert list(empty_folder(tmp_path).iterdir()) == []
    assert empty_folder(tmp_path / "new" / "set").is_dir()


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "0000.png").write_text("x")
    (tmp_path / "holiday.png").write_text("x")
    with pytest.raises(LacunaError, match="holiday.png"):
        empty_folder(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(LacunaError, match="nothing.json"):
        read_json(tmp_path / "nothing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(LacunaError, match="broken.json"):
        read_json(tmp_path / "broken.json")
