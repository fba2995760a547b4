"""The expected best of N samples, as numbers."""

from lacuna.reporting.descriptions import DRAWN, Table


def rows(run):
    """`best_of.best_of` of the selected cell."""
    from lacuna.reporting.best_of import best_of

    return best_of(run.replicates)


TABLE = Table(
    title="best of N samples by the truth",
    caption="Expected best of N of the S samples of a system that draws, chosen by the truth, which nobody has who "
    "needs a completion: no score, and no part of any rank. Means over the n images of composites, on the whole image "
    "and in the hole only.",
    columns={
        "best_of, samples": "how many samples the best is chosen from, and how many there are; 1 is the mean over all",
        "mean, low, high": "mean of the expected best (exact, without replacement) over the n images, and its interval",
        "n, photographs": "number of images, and of the photographs that they were cut from",
    },
    inputs=("scores",),
    cells=DRAWN,
    applies=lambda plan: plan.samples > 1 and bool(plan.drawing()),
    rows=rows,
)
