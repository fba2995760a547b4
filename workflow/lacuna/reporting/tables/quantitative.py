"""Every mean of the run in tidy form: what most other tables are derived from."""

from lacuna.reporting.descriptions import APART, Table


def rows(run):
    """`aggregation.quantitative` of the systems."""
    from lacuna.reporting.aggregation import quantitative

    return quantitative(run.cells)


TABLE = Table(
    title="quantitative (tidy)",
    caption="Every mean of the run in tidy form, raw and composite, in every region.",
    columns={
        "prediction": "raw or composite",
        "region": "image (whole), hole or boundary; images whose mask has no hole have no row in the last two",
        "std": "standard deviation over the n images, divided by n − 1",
        "n": "number N of images behind the mean",
    },
    inputs=("scores",),
    cells=APART,
    rows=rows,
)
