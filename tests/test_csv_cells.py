"""Text that a spreadsheet would run is escaped, and every text comes back."""

import pandas as pd
import pytest

from lacuna.csv_cells import escape_formula, unescape_formula
from lacuna.reporting.aggregation import read_table, write_table


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@sum", "\tx", "\rx", "'=1", "''-1"])
def test_what_begins_a_formula_is_escaped_and_comes_back(text):
    assert escape_formula(text) == f"'{text}"
    assert unescape_formula(escape_formula(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "AOT-GAN", "'quoted'", "–", "1"])
def test_other_text_stays(text):
    assert escape_formula(text) == unescape_formula(text) == text


def test_a_table_escapes_text_and_no_number(tmp_path):
    table = pd.DataFrame(
        {"title": ["=cmd|x", "AOT-GAN", float("nan")], "value": [-1.5, 2.0, float("nan")], "n": [-3, 4, 5]}
    )
    write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text() == "title,value,n\n'=cmd|x,-1.5,-3\nAOT-GAN,2.0,4\n,,5\n"
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv"), table)
