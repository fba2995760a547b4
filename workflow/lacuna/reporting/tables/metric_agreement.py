"""Which metrics say the same."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import Table
from lacuna.reporting.display import Cell, DisplayTable, images_of, with_interval
from lacuna.reporting.titles import REGIONS


def rows(run):
    """`agreement.metrics_with_metrics`."""
    from lacuna.reporting.votes.agreement import metrics_with_metrics

    return metrics_with_metrics(run.scores)


def shown(run, _="") -> list[DisplayTable]:
    """One table, the metrics across and down; none of one metric or one system."""
    table = run.table("metric_agreement")
    if table.empty:
        return []
    groups = []
    for (prediction, region), some in table.groupby(["prediction", "region"], sort=False):
        of = {frozenset((row.metric_a, row.metric_b)): row for row in some.itertuples()}
        lines = [
            (metric_by_name(name).title, tuple(_cell(of.get(frozenset((name, other)))) for other in run.metrics))
            for name in run.metrics
            if any(name in pair for pair in of)
        ]
        groups.append((f"{prediction}, {REGIONS[region]}", tuple(lines)))
    n = images_of(table)
    return [
        DisplayTable(
            title="Which metrics say the same",
            caption=TABLE.text(n=n),
            head=("Scores of", "Metric", *(metric_by_name(name).title for name in run.metrics)),
            groups=tuple(groups),
        )
    ]


def _cell(row) -> Cell:
    return Cell("–" if row is None else with_interval(row.agreement, row.low, row.high, ".0%"))


TABLE = Table(
    title="agreement of metrics",
    section="judging",
    place=40,
    caption="Agreement: share of all pairs of systems on all images ({n}) in which two metrics, of composites on the "
    "whole image or in the hole only, prefer the same of two fills, half where one of them gives both the same score; "
    "95 % intervals by bootstrap over photographs. Metrics that always agree hold one opinion between them.",
    columns={"agreement, low, high, n": "of the two metrics, over n images and all pairs of systems, and its interval"},
    inputs=("scores",),
    rows=rows,
    shown=shown,
    nothing="There is one metric or one system only, so that no two metrics could agree.",
)
