"""The means of the tidy table for each bin of coverage."""

from lacuna.reporting.descriptions import APART, Table


def rows(run):
    """`aggregation.by_coverage` of the systems."""
    from lacuna.reporting.aggregation import by_coverage

    return by_coverage(run.cells)


TABLE = Table(
    title="by coverage",
    caption="The means of the tidy table (raw and composite, every region) for each bin of coverage, the fraction of "
    "the image that is hole.",
    columns={
        "bin": "a bin such as 0.10-0.20 holds its upper end and not its lower one",
        "n": "number N of images behind a mean; in small bins it is small",
    },
    inputs=("scores",),
    cells=APART,
    rows=rows,
)
