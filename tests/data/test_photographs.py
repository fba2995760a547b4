import pytest

from lacuna.data.photographs import photographs_of
from lacuna.errors import LacunaError
from lacuna.files import write_rows


def write_index(folder, hashes):
    """Equal names everywhere, as two data sets may have them; the hash decides."""
    folder.mkdir()
    rows = [{"file": f"{i}.png", "origin": f"{i}.jpg", "origin_sha256": each} for i, each in enumerate(hashes)]
    write_rows(folder / "index.csv", rows, ["file", "origin", "origin_sha256"])


def test_the_hash_of_the_origin_decides_and_not_its_name(tmp_path, monkeypatch):
    write_index(tmp_path / "paris", "aab")
    write_index(tmp_path / "rome", "ba")
    (tmp_path / "own").mkdir()
    names = ("rome/0.png", "./paris/1.png", "paris//2.png", "own/7.png", "rome/0.png", "paris/0.png")
    monkeypatch.chdir(tmp_path)
    assert photographs_of(names) == ["b", "a", "b", "own/7.png", "b", "a"]


def test_what_is_not_known_is_an_error_and_no_narrow_interval(tmp_path):
    write_index(tmp_path / "rome", "ba")
    with pytest.raises(LacunaError, match=r"rome/index\.csv does not know 2\.png; run the rules 'stage' and 'score'"):
        photographs_of([tmp_path / "rome/0.png", tmp_path / "rome/2.png"])
    with pytest.raises(LacunaError, match="elsewhere is missing, so the photographs behind these scores are unknown"):
        photographs_of([tmp_path / "elsewhere/0.png"])
    (tmp_path / "rome/index.csv").write_text("file,size\n0.png,3\n")
    with pytest.raises(LacunaError, match=r"rome/index\.csv has no column 'origin_sha256', so it is not from"):
        photographs_of([tmp_path / "rome/0.png"])
