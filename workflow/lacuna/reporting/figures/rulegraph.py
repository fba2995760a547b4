"""The rules of the workflow; the rule `rulegraph` draws them."""

from lacuna.reporting.descriptions import Figure

FIGURE = Figure(
    title="rulegraph",
    section="provenance",
    category="Provenance",
    caption="The rules that made the results, from left to right. Arrows that a longer way implies are left out.",
    alt="Directed graph of the workflow's rules.",
    path="figures/rulegraph.svg",
    demonstration="",
)
