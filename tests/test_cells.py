"""Names and text that tables and terminals can hold, and that come back as they were."""

import os

import pytest

from lacuna.cells import cell, shown, uncell
from lacuna.files import read_rows, write_rows

NAMES = [
    "plain.png",
    "é.png",
    os.fsdecode(b"caf\xe9.png"),
    r"caf\xe9.png",
    r"caf\\xe9.png",
    r"a\b\x41.png",
    os.fsdecode(b"\\\xe9.png"),
    "=cmd|_C calc!A0.png",
    "'=1.png",
    "'quoted'.png",
    "+1+1.png",
    "-rf.png",
    "@home.png",
    "\tx",
    "-0.5",
    "+1e3",
    "",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_utf8_no_formula_and_comes_back(name):
    written = cell(name)
    written.encode()
    assert uncell(written) == name
    assert not written.startswith(("=", "@", "\t")) and (written[:1] not in "+-" or written in ("-0.5", "+1e3", ""))


def test_no_two_names_are_written_alike():
    assert len({shown(name) for name in NAMES}) == len({cell(name) for name in NAMES}) == len(NAMES)
    assert shown(os.fsdecode(b"caf\xe9.png")) == r"caf\xe9.png"
    assert shown("é.png") == "é.png"


def test_tables_hold_them(tmp_path):
    rows = [{"file": name, "n": str(i)} for i, name in enumerate(NAMES)]
    write_rows(tmp_path / "x.csv", [{**row, "n": int(row["n"])} for row in rows], ["file", "n"])
    assert read_rows(tmp_path / "x.csv") == rows
    assert "\n'=cmd|_C calc!A0.png,7\n" in (tmp_path / "x.csv").read_text()
