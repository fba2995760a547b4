"""Whether systems err more where contrast around the hole is high."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable
from lacuna.reporting.titles import label_of, titles


def rows(run):
    """`analyses.error_by_contrast` of the systems, for every metric of single pixels."""
    import pandas as pd

    from lacuna.reporting.analyses import contrasts, error_by_contrast

    around = contrasts(run.files("lists"))
    measured = [name for name in run.metrics if name in set(run.scores[run.scores["region"] == "hole"]["metric"])]
    return pd.concat([error_by_contrast(run.scores, around, name) for name in measured], ignore_index=True)


def shown(run, _="") -> list[DisplayTable]:
    """One table, a group for each metric."""
    table, settings = run.table("contrast"), run.settings
    systems, sources = titles(settings["systems"]), titles(settings["sources"])
    groups = []
    for metric, found in table.groupby("metric", sort=False):
        lines = []
        for row in found.itertuples():
            texts = (f"{row.correlation:+.2f}", f"{row.given_coverage:+.2f}", str(row.n))
            lines.append((label_of(systems[row.system], row.source, sources), tuple(map(Cell, texts))))
        groups.append((metric_by_name(metric).label, tuple(lines)))
    head = ("Metric", "System", "Spearman's correlation", "Given coverage", "N")
    return [DisplayTable(title="Contrast around the hole", caption=TABLE.text(n="N"), head=head, groups=tuple(groups))]


TABLE = Table(
    title="contrast around the hole",
    section="coverage",
    place=70,
    caption="Spearman's correlation, over {n} images of all test sets together, of each metric of composites, hole "
    "only, with the contrast around the hole: the standard deviation of the known grey levels next to it, at most two "
    "widths of the boundary band away. Given coverage: after what the size of the hole explains of both is taken off. "
    "Images of one photograph are not independent, so no test stands beside it.",
    columns={"given_coverage": "partial correlation of the ranks, given the ranks of coverage"},
    inputs=("scores", "predictions"),
    config=("analyses",),
    applies=lambda plan: "contrast" in (plan.config.get("analyses") or ()),
    rows=rows,
    shown=shown,
)
