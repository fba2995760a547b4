"""A drawing of the rules, from the text of `snakemake --rulegraph dot`, without Graphviz."""

import itertools
import re
from pathlib import Path
from typing import Any

import networkx as nx
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path as MplPath

from lacuna.errors import LacunaError
from lacuna.reporting.style import PALETTE, written_to

Waypoint = tuple[str, str, int]  # (from, to, layer): where a long arrow passes a layer

NODE = re.compile(r'^\s*(\w+)\s*\[\s*label\s*=\s*"((?:[^"\\]|\\.)*)"')
EDGE = re.compile(r"^\s*(\w+)\s*->\s*(\w+)")
SWEEPS = 24  # of the ordering and of the alignment; a dozen rules settle after three or four


def parse_dot(text: str, name: str = "the dot file") -> nx.DiGraph:
    """The graph in Snakemake's dot text: nodes are rule names, edges point from what is made first.

    Arrows that a longer way implies are left out. Raises `LacunaError` where there is no rule, where an edge joins
    unknown nodes and where there is a cycle.
    """
    names, edges = {}, []
    for line in text.splitlines():
        if node := NODE.match(line):
            names[node[1]] = node[2].split("\\n")[0]
        elif edge := EDGE.match(line):
            edges.append(edge.groups())
    if not names:
        raise LacunaError(f"{name} holds no rules; write it with 'snakemake --rulegraph dot'")
    unknown = [end for edge in edges for end in edge if end not in names]
    if unknown:
        raise LacunaError(f"{name} joins node {unknown[0]}, which it does not define; write it again")
    graph = nx.DiGraph()
    graph.add_nodes_from(names.values())
    graph.add_edges_from((names[start], names[end]) for start, end in edges if names[start] != names[end])
    if not nx.is_directed_acyclic_graph(graph):
        raise LacunaError(f"{name} has a cycle, so it is not a graph of rules; write it again")
    return nx.transitive_reduction(graph)


def layers_of(graph: nx.DiGraph) -> list[list[str | Waypoint]]:
    """Rules by layer, left to right, each just before the first that uses it; long arrows hold a waypoint in every
    layer they pass. Within a layer, the order has few crossings: barycentre sweeps to the right and back (Sugiyama,
    Tagawa, Toda 1981), of which the best order met is kept.
    """
    height: dict[str, int] = {}
    for node in reversed(list(nx.lexicographical_topological_sort(graph))):
        height[node] = max((height[user] + 1 for user in graph.successors(node)), default=0)
    last = max(height.values())
    layers: list[list] = [[] for _ in range(last + 1)]
    for node in sorted(height):
        layers[last - height[node]].append(node)
    for start, end in sorted(graph.edges):
        for number in range(last - height[start] + 1, last - height[end]):
            layers[number].append((start, end, number))
    steps = _steps(graph, layers)
    best, fewest = layers, _crossings(steps, layers)
    for sweep in range(SWEEPS):
        layers = [list(layer) for layer in layers]
        rightwards = sweep % 2 == 0
        for number in range(1, len(layers)) if rightwards else reversed(range(len(layers) - 1)):
            beside = layers[number - 1 if rightwards else number + 1]
            around = _neighbours(steps, beside)
            order = {node: position for position, node in enumerate(layers[number])}
            centre = {node: _mean(around.get(node, [])) for node in layers[number]}
            wanted = {node: (order[node] if at is None else at, order[node]) for node, at in centre.items()}
            layers[number].sort(key=wanted.__getitem__)
        crossings = _crossings(steps, layers)
        if crossings < fewest:
            best, fewest = layers, crossings
    return best


def _steps(graph: nx.DiGraph, layers: list[list]) -> list[tuple]:
    """Arrows cut at their waypoints, so that every piece joins two layers side by side."""
    passing: dict[tuple[str, str], list] = {}
    for layer in layers:
        for node in layer:
            if isinstance(node, tuple):
                passing.setdefault(node[:2], []).append(node)
    steps: list[tuple] = []
    for start, end in sorted(graph.edges):
        way = [start, *passing.get((start, end), []), end]
        steps += itertools.pairwise(way)
    return steps


def _neighbours(steps: list[tuple], beside: list) -> dict:
    """Node → the positions of its neighbours in the layer `beside`."""
    position = {node: float(number) for number, node in enumerate(beside)}
    around: dict = {}
    for start, end in steps:
        if start in position:
            around.setdefault(end, []).append(position[start])
        if end in position:
            around.setdefault(start, []).append(position[end])
    return around


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _crossings(steps: list[tuple], layers: list[list]) -> int:
    place = {node: (number, position) for number, layer in enumerate(layers) for position, node in enumerate(layer)}
    ends = [(*place[start], place[end][1]) for start, end in steps]
    return sum(
        a == c and (left - other_left) * (right - other_right) < 0
        for (a, left, right), (c, other_left, other_right) in itertools.combinations(ends, 2)
    )


def places_of(graph: nx.DiGraph) -> dict[str | Waypoint, tuple[float, float]]:
    """Rule or waypoint → (layer, height); neighbours lie level where the order of the layers allows it."""
    layers = layers_of(graph)
    steps = _steps(graph, layers)
    around: dict = {}
    for start, end in steps:
        around.setdefault(start, []).append(end)
        around.setdefault(end, []).append(start)
    height = {node: (len(layer) - 1) / 2 - i for layer in layers for i, node in enumerate(layer)}
    for _ in range(SWEEPS):
        for layer in layers:
            means = [_mean([height[other] for other in around.get(node, [])]) for node in layer]
            wanted = [height[n] if w is None else w for n, w in zip(layer, means, strict=True)]
            height.update(zip(layer, _apart(layer, wanted), strict=True))
    return {node: (float(number), height[node]) for number, layer in enumerate(layers) for node in layer}


def _apart(layer: list, wanted: list[float]) -> list[float]:
    """Heights near the wanted ones, falling, with room for two boxes between boxes and for less beside waypoints."""
    gaps = [0.55 if isinstance(a, tuple) or isinstance(b, tuple) else 1.0 for a, b in itertools.pairwise(layer)]
    heights = wanted[:1]
    for gap, value in zip(gaps, wanted[1:], strict=True):
        heights.append(min(value, heights[-1] - gap))
    shift = (sum(wanted) - sum(heights)) / len(heights)
    return [value + shift for value in heights]


def label_of(rule: str) -> str:
    """The name of a rule; a long one on two lines, broken after the underscore that leaves them most alike."""
    breaks = [at + 1 for at, letter in enumerate(rule) if letter == "_"]
    if len(rule) <= 14 or not breaks:
        return rule
    at = min(breaks, key=lambda place: max(place, len(rule) - place))
    return f"{rule[:at]}\n{rule[at:]}"


def draw(graph: nx.DiGraph, output: str | Path) -> None:
    """Write the graph, left to right, as SVG or PNG."""
    places = places_of(graph)
    across = max(x for x, _ in places.values())
    low, high = (extreme(y for _, y in places.values()) for extreme in (min, max))
    size = (1.6 * (across + 1), max(1.2, 0.62 * (high - low + 1)))
    box = {"boxstyle": "round,pad=0.5", "facecolor": "#f4f8fb", "edgecolor": PALETTE[0], "linewidth": 1.4}
    text = {"ha": "center", "va": "center", "fontsize": 10, "color": "#111111", "bbox": box, "zorder": 3}
    with written_to(output, figsize=size) as (figure, axis):
        axis.set_axis_off()
        figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
        axis.set(xlim=(-0.5, across + 0.5), ylim=(low - 0.5, high + 0.5))
        boxes = {}
        for node in graph:
            boxes[node] = axis.text(*places[node], label_of(node), **text)
        figure.canvas.draw()  # the boxes' widths are known only now
        extents = {
            node: drawn.get_bbox_patch().get_window_extent().transformed(axis.transData.inverted())
            for node, drawn in boxes.items()
        }
        for start, end in sorted(graph.edges):
            between = [place for node, place in places.items() if isinstance(node, tuple) and node[:2] == (start, end)]
            points = [(extents[start].x1, places[start][1]), *between, (extents[end].x0, places[end][1])]
            look: dict[str, Any] = {
                "arrowstyle": "-|>,head_width=2.5,head_length=5",
                "color": "#777777",
                "linewidth": 1.2,
            }
            axis.add_patch(FancyArrowPatch(path=_smooth(points), shrinkA=0, shrinkB=0, zorder=2, **look))


def _smooth(points: list[tuple[float, float]]) -> MplPath:
    """A curve through the points that is level at each of them."""
    vertices, codes = [points[0]], [MplPath.MOVETO]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        bend = (x1 - x0) / 2
        vertices += [(x0 + bend, y0), (x1 - bend, y1), (x1, y1)]
        codes += [MplPath.CURVE4] * 3
    return MplPath(vertices, codes)
