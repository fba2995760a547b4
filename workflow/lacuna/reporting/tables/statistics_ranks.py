"""Mean ranks of the systems with their intervals, as numbers."""

from lacuna.reporting.descriptions import DRAWN, Table


def rows(run):
    """`statistics.ranks` of the systems."""
    from lacuna.reporting.statistics import ranks

    return ranks(run.replicates)


TABLE = Table(
    title="mean ranks",
    caption="Mean rank of every system over the photographs of the N images that all systems of a training source have "
    "(1 is best; ranked are the means over a photograph's images). Composites, on the whole image and in the hole "
    "only. A system alone has no rank and no row.",
    columns={
        "low, high": "95 % interval of the mean rank (bootstrap over photographs)",
        "friedman_p": "p-value of Friedman's test",
    },
    inputs=("scores",),
    cells=DRAWN,
    rows=rows,
)
