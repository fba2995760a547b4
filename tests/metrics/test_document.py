"""docs/metrics.md is what the command makes; its table of parity covers every metric and holds its bounds."""

import json
from pathlib import Path

import pytest

from lacuna.cli import main
from lacuna.commands.metrics import PARITY_HEAD
from lacuna.metrics.per_image import METRICS
from lacuna.metrics.per_set import SET_METRICS

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_document_states_the_facts_as_they_are(capsys):
    assert main(["metrics", "--markdown"]) == 0
    made, committed = capsys.readouterr().out, DOCUMENT.read_text()
    assert made.partition(PARITY_HEAD)[0] == committed.partition(PARITY_HEAD)[0]


def test_every_metric_with_a_counterpart_is_in_the_table_and_within_its_bound():
    lines = DOCUMENT.read_text().partition(PARITY_HEAD)[2].strip().splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {row[0] for row in rows} == {*METRICS, *SET_METRICS} - {"p_ids"}
    for row in rows:
        ours, theirs, difference, allowed = map(float, row[2:6])
        assert difference <= allowed
        assert ours == pytest.approx(theirs, abs=allowed, rel=1e-8)


def test_the_table_of_parity_becomes_rows(tmp_path, capsys):
    path = tmp_path / "parity.csv"
    path.write_text("metric,input,ours,theirs,difference,allowed,their_code\nl1,it,1,2,1e+00,2e+00,theirs\n")
    assert main(["metrics", "--markdown", "--parity", str(path)]) == 0
    assert capsys.readouterr().out.endswith("| l1 | it | 1 | 2 | 1e+00 | 2e+00 | theirs |\n")
    assert main(["metrics", "--parity", str(path)]) == 1
    assert "give --markdown too" in capsys.readouterr().err


def test_json_has_every_fact_of_every_metric(capsys):
    assert main(["metrics", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["of"], row["name"]) for row in rows] == [
        *(("image", name) for name in METRICS),
        *(("set", name) for name in SET_METRICS),
    ]
    assert next(row for row in rows if row["name"] == "lpips_alex")["range"] == [0, None]
