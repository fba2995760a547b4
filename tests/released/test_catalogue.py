"""The catalogue of released weights: complete, consistent, and the same as its document."""

import re
from pathlib import Path

import pytest

from lacuna import systems
from lacuna.cli import main
from lacuna.errors import LacunaError
from lacuna.released.catalogue import RELEASED, released
from lacuna.systems._facts import make_recipe

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", RELEASED)
def test_an_entry_is_whole_and_its_system_takes_its_settings(name):
    entry = RELEASED[name]
    system = systems.system_class(entry.system)
    assert name.startswith(f"{entry.system}/") and re.fullmatch(r"[a-z0-9_]+/[a-z0-9-]+", name)
    assert system.facts.kind == "deep" and entry.data and entry.licence and (entry.file or not entry.urls)
    assert not entry.note.endswith(".")
    assert make_recipe(system.Recipe, entry.settings, entry.system)
    assert entry.origin.startswith("https://") and all(url.startswith("https://") for url in entry.urls)
    assert bool(entry.urls) == bool(entry.sha256) == entry.fetched
    assert not entry.sha256 or re.fullmatch("[0-9a-f]{64}", entry.sha256)


def test_every_file_has_a_place_and_a_hash_of_its_own():
    for values in ([each.stored for each in RELEASED.values()], [e.sha256 for e in RELEASED.values() if e.sha256]):
        assert len(set(values)) == len(values)


def test_the_document_is_made_from_the_catalogue(capsys):
    """Else: `lacuna weights --markdown > docs/weights.md`."""
    assert main(["weights", "--markdown"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs" / "weights.md").read_text(encoding="utf-8")


def test_the_list_says_what_can_be_fetched_and_what_is_here(tmp_path, capsys):
    (tmp_path / "lama").mkdir()
    (tmp_path / RELEASED["lama/places2"].stored).write_bytes(b"x")
    assert main(["weights", "--system", "lama", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"^lama/places2 +here +381.0 MB  Places Challenge", said, re.M)
    assert re.search(r"^lama/celebahq +by hand ", said, re.M) and "aotgan" not in said
    assert main(["weights", "--folder", str(tmp_path)]) == 0
    assert re.search(r"^aotgan/places2 +fetched +60.8 MB  Places2; Apache-2.0$", capsys.readouterr().out, re.M)
    assert main(["weights", "--json", "--system", "mat"]) == 0
    assert '"sha256": "0512e37e' in capsys.readouterr().out


def test_a_wrong_name_is_one_sentence(capsys):
    for name in ("lama/place2", "catalogue:lama/place2"):
        with pytest.raises(LacunaError, match="no released weights 'lama/place2': did you mean 'lama/places2'"):
            released(name)
    assert released("catalogue:lama/places2") is released("lama/places2")
    assert main(["weights", "--system", "lamma"]) == 1
    assert "did you mean 'lama'" in capsys.readouterr().err
