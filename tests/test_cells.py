"""Names and text that tables and terminals can hold, and that come back as they were."""

import os

import pandas as pd
import pytest

from lacuna.cells import cell, printable, uncell
from lacuna.files import read_rows, write_rows
from lacuna.reporting.aggregation import read_table, write_table

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
    assert len({printable(name) for name in NAMES}) == len({cell(name) for name in NAMES}) == len(NAMES)
    assert printable(os.fsdecode(b"caf\xe9.png")) == r"caf\xe9.png"
    assert printable("é.png") == "é.png"


def test_tables_hold_them(tmp_path):
    rows = [{"file": name, "n": str(i)} for i, name in enumerate(NAMES)]
    write_rows(tmp_path / "x.csv", [{**row, "n": int(row["n"])} for row in rows], ["file", "n"])
    assert read_rows(tmp_path / "x.csv") == rows
    assert "\n'=cmd|_C calc!A0.png,7\n" in (tmp_path / "x.csv").read_text()


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@sum", "\tx", "\rx", "'=1", "''-1"])
def test_what_begins_a_formula_is_escaped_and_comes_back(text):
    assert cell(text) == f"'{text}"
    assert uncell(cell(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "AOT-GAN", "'quoted'", "–", "1"])
def test_other_text_stays(text):
    assert cell(text) == uncell(text) == text


def test_a_table_escapes_text_and_no_number(tmp_path):
    table = pd.DataFrame(
        {"title": ["=cmd|x", "AOT-GAN", float("nan")], "value": [-1.5, 2.0, float("nan")], "n": [-3, 4, 5]}
    )
    write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text() == "title,value,n\n'=cmd|x,-1.5,-3\nAOT-GAN,2.0,4\n,,5\n"
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)
