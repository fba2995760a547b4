"""How many windows of a partial-convolution encoder see no valid pixel, by the size of the hole."""

from lacuna.axes import base_of
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable


def rows(run):
    """`analyses.dead_windows` of all mask sets of the run."""
    from pathlib import Path

    from lacuna.reporting.analyses import dead_windows

    indexes = {base_of(Path(path).parent.name): path for path in run.files("masks")}
    return dead_windows(indexes)


def shown(run, _="") -> list[DisplayTable]:
    """One table, a group for each mask set."""
    from lacuna.reporting.aggregation import bin_title

    table = run.table("dead_windows")
    layers = sorted(set(table["layer"]))
    groups = []
    for mask_set, found in table.groupby("mask_set", sort=True):
        lines = []
        for label, some in found.groupby("bin", sort=True):
            by_layer = some.set_index("layer")["dead"]
            texts = [f"{100 * by_layer[layer]:.1f}" for layer in layers]
            lines.append((f"{bin_title(label)} (N = {some['n'].iloc[0]})", tuple(map(Cell, texts))))
        groups.append((mask_set, tuple(lines)))
    head = ("Mask set", "Hole", *(f"Layer {layer}, %" for layer in layers))
    return [DisplayTable(title="Dead windows", caption=TABLE.text(n="N"), head=head, groups=tuple(groups))]


TABLE = Table(
    title="dead windows",
    section="coverage",
    place=75,
    caption="Share of the windows of each layer of the encoder of partial convolutions, in percent, that see no valid "
    "pixel, so that nothing can be computed there: means over the {n} masks of a bin of coverage, whole masks. They "
    "depend on the mask alone, and on no raw prediction or composite; a network of fewer levels ends at its last one.",
    columns={"dead": "share of the windows of the layer without a valid pixel", "n": "masks behind a mean"},
    inputs=("masks",),
    config=("analyses",),
    applies=lambda plan: "dead_windows" in (plan.config.get("analyses") or ()),
    rows=rows,
    shown=shown,
)
