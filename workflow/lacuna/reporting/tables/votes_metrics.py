"""Which metric prefers what people prefer."""

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.descriptions import FIRST, Table
from lacuna.reporting.display import Cell, DisplayTable, numbers_of, sentences, with_interval
from lacuna.reporting.titles import REGIONS
from lacuna.reporting.votes.wording import about


def rows(run):
    """`agreement.metrics_with_votes`."""
    from lacuna.reporting.votes.agreement import metrics_with_votes

    return metrics_with_votes(run.votes, run.firsts)


def shown(run, _="") -> list[DisplayTable]:
    """One table; none where all votes are ties."""
    table = run.table("votes_metrics")
    if table.empty:
        return []
    groups = []
    for (prediction, region), some in table.groupby(["prediction", "region"], sort=False):
        lines = []
        for row in some.itertuples():
            text = with_interval(row.agreement, row.low, row.high, ".0%")
            lines.append((metric_by_name(row.metric).title, (Cell(text), Cell(str(row.n)))))
        groups.append((f"{prediction}, {REGIONS[region]}", tuple(lines)))
    return [
        DisplayTable(
            title="Which metric agrees with the votes",
            caption=sentences(TABLE.text(n=f"N = {numbers_of(table['n'])}"), about(int(table["voters"].max()))),
            head=("Scores of", "Metric", "Agreement ↑", "N"),
            groups=tuple(groups),
        )
    ]


TABLE = Table(
    title="agreement of metrics with votes",
    section="judging",
    place=20,
    caption="Agreement: share of the decided votes ({n}) on composites in which the metric, on the whole image or in "
    "the hole only, prefers the fill that the voter preferred, half where it gives both the same score. A coin "
    "reaches 50 %, and a metric whose interval holds 50 % is not shown to say anything about what people see. Where "
    "all votes agree or all disagree there is no interval.",
    columns={
        "agreement, low, high": "share of the n votes that are not ties in which metric and voter prefer the same "
        "fill, and its interval",
        "voters, photographs": "how many people cast these votes, on images of how many photographs",
    },
    inputs=("scores", "votes"),
    cells=FIRST,
    applies=lambda plan: plan.has_votes(),
    rows=rows,
    shown=shown,
    nothing="All votes are ties, so that no metric could agree with one.",
)
