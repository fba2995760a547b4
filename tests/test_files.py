import contextlib
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lacuna.errors import LacunaError
from lacuna.files import atomic, disk_full, empty_folder, is_disk_full, naming, read_json, read_rows, sweep, write_rows


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "table.csv"
    write_rows(path, [{"a": 1}], ["a"])
    with pytest.raises(RuntimeError), atomic(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert read_rows(path) == [{"a": "1"}]
    assert [entry.name for entry in tmp_path.iterdir()] == ["table.csv"]


def full_disk():
    """What a write to a full disk raises: it does not say which file."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_an_error_without_a_file_gets_one(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(OSError) as caught, atomic(path):
        raise full_disk()
    assert caught.value.filename == str(path) and is_disk_full(caught.value)
    with pytest.raises(OSError) as caught, atomic(path) as partial:
        (partial / "below").write_text("x")
    assert caught.value.filename == str(partial / "below")
    with pytest.raises(OSError) as caught, atomic(path) as partial:
        partial.read_text()
    assert caught.value.filename == str(path)
    with pytest.raises(OSError) as caught, naming("outer"), naming("inner"):
        raise full_disk()
    assert caught.value.filename == "inner"


def test_a_full_disk_is_named(tmp_path):
    error = full_disk()
    assert disk_full(error).startswith("no space is left on the disk mounted at / for what")
    error.filename = str(tmp_path / "a" / "b.csv")
    assert f" for {tmp_path}/a/b.csv; free some and run" in disk_full(error)
    assert not is_disk_full(OSError(errno.EACCES, "no"))


def test_what_killed_processes_left_half_written_is_swept_away(tmp_path):
    code = "import os, sys; from lacuna.files import atomic\nwith atomic(sys.argv[1]) as p: p.touch(); os._exit(1)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.csv")], check=False)
    (left,) = tmp_path.iterdir()
    elsewhere = tmp_path / left.name.replace(left.name.split(".")[2], "0ther0")  # of another machine
    elsewhere.touch()
    with atomic(tmp_path / "b.csv") as partial:
        partial.touch()
        sweep(tmp_path)
        assert set(tmp_path.iterdir()) == {partial, elsewhere}


def test_the_longest_name_that_a_file_can_have(tmp_path):
    path = tmp_path / f"{'字' * 83}.csv"  # 253 bytes; 255 is the most
    write_rows(path, [{"a": 1}], ["a"])
    assert read_rows(path) == [{"a": "1"}]


def test_rows_with_unknown_columns_are_refused(tmp_path):
    with pytest.raises(ValueError):
        write_rows(tmp_path / "x.csv", [{"a": 1, "b": 2}], ["a"])
    assert not (tmp_path / "x.csv").exists()


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_emptied_folder_is_empty_but_for_its_mark(tmp_path):
    for name in ("0000.png", "index.csv", "card.json"):
        (tmp_path / name).write_text("x")
    assert names(empty_folder(tmp_path)) == [".lacuna"]
    interrupted = empty_folder(tmp_path / "new" / "set")
    (interrupted / "0000.png").write_text("x")
    assert names(empty_folder(interrupted)) == [".lacuna"]


@pytest.mark.parametrize("theirs", [["0000.png", "00001.png"], ["0000.png", "index.csv"], ["card.json", "holiday.png"]])
def test_a_folder_that_may_be_somebodys_is_left_alone(tmp_path, theirs):
    for name in theirs:
        (tmp_path / name).write_text("x")
    with pytest.raises(LacunaError, match=f"holds '({'|'.join(theirs)})', which Lacuna did not make"):
        empty_folder(tmp_path)
    assert names(tmp_path) == sorted(theirs)


def test_what_a_job_reads_is_not_emptied(tmp_path):
    made = empty_folder(tmp_path / "images")
    (made / "0000.png").write_text("x")
    (tmp_path / "link").symlink_to(made)
    for read in (made, made / "0000.png", tmp_path / "link" / "0000.png"):
        with pytest.raises(LacunaError, match="is read, but lies inside"):
            empty_folder(made, [tmp_path / "elsewhere.png", read])
    assert names(made) == [".lacuna", "0000.png"]
    assert names(empty_folder(made, [tmp_path / "images_too", tmp_path])) == [".lacuna"]


def test_a_table_without_the_columns_that_are_read_is_named(tmp_path):
    (tmp_path / "foreign.csv").write_text("name,size\na,1\n")
    assert read_rows(tmp_path / "foreign.csv", "size") == [{"name": "a", "size": "1"}]
    with pytest.raises(LacunaError, match="foreign.csv has no column 'file'"):
        read_rows(tmp_path / "foreign.csv", "name", "file")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xfe\x00\n")
    with pytest.raises(LacunaError, match="picture.csv cannot be read"):
        read_rows(tmp_path / "picture.csv")


def test_missing_and_broken_files_are_named(tmp_path):
    with pytest.raises(LacunaError, match="nothing.json"):
        read_json(tmp_path / "nothing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(LacunaError, match="broken.json"):
        read_json(tmp_path / "broken.json")


def test_who_was_killed_while_emptying_a_folder_can_empty_it(tmp_path, monkeypatch):
    folder, unlink = empty_folder(tmp_path / "set"), Path.unlink
    for name in ("0000.png", "0001.png", "index.csv", ".index.csv.lock"):
        (folder / name).touch()
    for _ in range(3):  # each time killed after one file
        done = []

        def once(path, done=done):
            if done:
                raise KeyboardInterrupt
            done.append(unlink(path))

        with monkeypatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr(Path, "unlink", once)
            empty_folder(folder)
    assert names(empty_folder(folder)) == [".index.csv.lock", ".lacuna"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "holds no object of JSON"),
        ("null", "holds no object of JSON"),
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "nested too deep"),
        ('{"of": {"n": 3}}', "lacks 'm'"),
    ],
)
def test_json_that_is_not_ours_is_one_sentence_at_any_depth(tmp_path, text, sentence):
    path = tmp_path / "record.json"
    path.write_text(text)
    with pytest.raises(LacunaError, match=f"record.json.*{sentence}"):
        read_json(path)["of"]["m"]


def test_a_table_that_is_cut_off_is_not_read(tmp_path):
    path = tmp_path / "index.csv"
    path.write_text("file,origin\n0.png,a\n1.png,b\n")
    assert [row["file"] for row in read_rows(path, "file")] == ["0.png", "1.png"]
    for cut, sentence in (
        ("file,origin\n0.png,a\n1.png,", "is cut off"),
        ("file,origin\n0.png\n", "row 2 of .* is not as"),
    ):
        path.write_text(cut)
        with pytest.raises(LacunaError, match=sentence):
            read_rows(path, "file")
