"""Snakemake's dot text: what is read, how it is laid out, and the same drawing twice."""

import networkx as nx
import pytest

from lacuna.errors import LacunaError
from lacuna.reporting.rulegraph import draw, layers_of, parse_dot, places_of
from tests.reporting.made_up import DOT
from tests.steps import run_step


def test_nodes_and_edges_are_read():
    graph = parse_dot(DOT)
    assert len(graph) == 11
    assert graph.has_edge("stage", "pair")
    assert graph.has_edge("train", "plot_training")
    assert nx.has_path(graph, "fetch_backbone", "score")
    # implied by train → predict
    assert not graph.has_edge("pair", "score")


def test_rules_lie_left_of_what_uses_them():
    graph = parse_dot(DOT)
    layer = {node: number for number, nodes in enumerate(layers_of(graph)) for node in nodes}
    assert all(layer[start] < layer[end] for start, end in graph.edges)
    assert layer["fetch_backbone"] == layer["pair"]  # beside what uses it, not at the far left


def test_long_arrows_hold_a_place_in_every_layer_they_pass():
    graph = parse_dot(DOT)
    layers = layers_of(graph)
    layer = {node: number for number, nodes in enumerate(layers) for node in nodes}
    for start, end in graph.edges:
        passed = [node for node in layer if isinstance(node, tuple) and node[:2] == (start, end)]
        assert sorted(layer[node] for node in passed) == list(range(layer[start] + 1, layer[end]))


def test_order_avoids_crossings():
    crossed = nx.DiGraph([("a", "z"), ("b", "y"), ("c", "x")])
    first, second = layers_of(crossed)
    assert [second[first.index(start)] for start in "abc"] == ["z", "y", "x"]


def test_nothing_overlaps():
    places = places_of(parse_dot(DOT))
    rules = {node: place for node, place in places.items() if isinstance(node, str)}
    for node, (x, y) in rules.items():
        assert all(abs(y - v) >= 0.99 for other, (u, v) in rules.items() if other != node and u == x)


@pytest.mark.parametrize(
    "text, message",
    [
        ("digraph {}", "holds no rules"),
        ('0[label = "a"]\n0 -> 1', "joins node 1"),
        ('0[label = "a"]\n1[label = "b"]\n0 -> 1\n1 -> 0', "has a cycle"),
    ],
)
def test_what_is_no_rulegraph_is_refused(text, message):
    with pytest.raises(LacunaError, match=message):
        parse_dot(text)


def test_the_drawing_is_deterministic_and_undated(tmp_path):
    for name in ("a", "b"):
        draw(parse_dot(DOT), tmp_path / f"{name}.svg")
    drawn = (tmp_path / "a.svg").read_bytes()
    assert drawn == (tmp_path / "b.svg").read_bytes()
    assert b"<dc:date>" not in drawn


def test_a_single_rule_can_be_drawn(tmp_path):
    draw(parse_dot('0[label = "all"]'), tmp_path / "one.svg")
    assert (tmp_path / "one.svg").stat().st_size > 0


def test_a_config_that_snakemake_cannot_read_is_one_sentence(tmp_path, capsys):
    assert run_step("rulegraph", {}, {"config": tmp_path / "none.yaml"}, {"figure": tmp_path / "n.svg"}) == 1
    error = capsys.readouterr().err
    assert error.startswith("lacuna step rulegraph: Snakemake cannot draw the rules (") and error.count("\n") == 1
    assert not (tmp_path / "n.svg").exists()
