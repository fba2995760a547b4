"""A folder's digest sees names and contents, and neither times nor other files."""

import json
import os
import subprocess
import sys

import pytest

from lacuna.data.fingerprint import fingerprint, matching_files
from lacuna.errors import LacunaError

from .pictures import photographs


def test_contents_and_names_count_and_times_do_not(tmp_path):
    folder, cache = photographs(tmp_path / "photos", 3), tmp_path / "cache.json"
    before = fingerprint(folder, "**/*", cache)
    for path in folder.rglob("*.png"):
        os.utime(path, ns=(1, 1))
    assert fingerprint(folder, "**/*", cache) == fingerprint(folder, "**/*") == before
    (folder / "notes.txt").write_text("not an image")
    assert fingerprint(folder, "**/*", cache) == before

    renamed = (folder / "b/photo_0.png").rename(folder / "b/photo_9.png")
    after_renaming = fingerprint(folder, "**/*", cache)
    assert after_renaming != before
    renamed.write_bytes((folder / "a/photo_1.png").read_bytes())
    assert fingerprint(folder, "**/*", cache) not in (before, after_renaming)


def test_the_cache_spares_reading(tmp_path):
    folder, cache = photographs(tmp_path / "photos", 2), tmp_path / "deep" / "cache.json"
    digest = fingerprint(folder, cache=cache)
    entries = json.loads(cache.read_text())
    assert len(entries) == 2
    # a remembered entry is believed as long as size and time are the same …
    cache.write_text(json.dumps({path: [*entry[:2], "0" * 64] for path, entry in entries.items()}))
    assert fingerprint(folder, cache=cache) != digest
    # … and a broken cache only costs time
    cache.write_text("{")
    assert fingerprint(folder, cache=cache) == digest
    # files that are gone are forgotten
    (folder / "b/photo_0.png").unlink()
    (folder / "a/photo_1.png").write_bytes(b"changed")
    fingerprint(folder, cache=cache)
    assert len(json.loads(cache.read_text())) == 1


def test_patterns_links_and_hidden_files(tmp_path):
    folder = photographs(tmp_path / "photos", 4)
    (folder / ".hidden.png").write_bytes(b"")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/set").symlink_to(folder)
    (folder / "a/notes.txt").write_text("no picture")
    assert matching_files(folder, "a/*.png") == (["a/photo_1.png", "a/photo_3.png"], [])
    assert matching_files(folder, "a/*") == (["a/photo_1.png", "a/photo_3.png"], ["a/notes.txt"])
    assert len(matching_files(tmp_path / "links").pictures) == 4


def test_a_picture_is_known_by_its_suffix_in_capitals_too_or_by_how_it_begins(tmp_path):
    for name in ("a.JFIF", "b.jpe", "c.Mpo", "d.dib", "e.j2k", "f.apng", "g.QOI", "h.dds", "i.jif"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "without").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in ("README", "x.eps", "y.png.txt"):
        (tmp_path / name).write_bytes(b"%!PS")
    found = matching_files(tmp_path)
    assert [*found.pictures[:2], found.pictures[-1]] == ["a.JFIF", "b.jpe", "without"] and len(found.pictures) == 10
    assert found.passed_over == ["README", "x.eps", "y.png.txt"]


def test_folders_linked_into_themselves_are_entered_once(tmp_path):
    folder = photographs(tmp_path / "photos", 2)
    before = fingerprint(folder)
    for link, target in (("a/up", ".."), ("b/up", ".."), ("self", "."), ("b/self", "self")):
        (folder / link).symlink_to(target)
    assert matching_files(folder).pictures == ["a/photo_1.png", "b/photo_0.png"]
    assert fingerprint(folder) == before


def test_a_folder_with_two_names_is_entered_by_the_one_without_links(tmp_path):
    folder = photographs(tmp_path / "photos", 2)
    (folder / "0").symlink_to("b")
    assert matching_files(folder).pictures == ["a/photo_1.png", "b/photo_0.png"]


def test_names_that_are_not_utf8_have_a_fingerprint(tmp_path):
    folder = photographs(tmp_path / "photos", 1)
    before = fingerprint(folder)
    (folder / "b/photo_0.png").rename(folder / "b" / os.fsdecode(b"caf\xe9.png"))
    assert fingerprint(folder) != before


def test_errors_name_folder_pattern_and_what_is_there(tmp_path):
    with pytest.raises(LacunaError, match="nowhere does not exist"):
        matching_files(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(LacunaError, match="empty matches .* the files there are none"):
        matching_files(tmp_path / "empty")
    folder = photographs(tmp_path / "photos", 3)
    (folder / "list.txt").write_text("x")
    with pytest.raises(LacunaError, match=r"photos matches the pattern '\*\*/\*\.JPG': .* 3 x \.png, 1 x \.txt"):
        fingerprint(folder, "**/*.JPG")


def test_only_the_standard_library_is_imported():
    code = "import sys, lacuna.data.fingerprint; print(any(m in sys.modules for m in ('numpy', 'PIL', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
