"""What systems do to the pixels that they were given."""

from lacuna.reporting.descriptions import Table

COLUMNS = ["system", "source", "psnr", "n"]
_IMAGE = ["system", "source", "test_set", "image", "mask"]


def outside(scores):
    """PSNR in dB outside the hole, of the squared error's mean over all images with valid pixels: columns `COLUMNS`.

    scores: of `aggregation.read_scores`. From the rows of `l2`, else of `psnr`, else nothing: a composite's error is
    the raw prediction's inside the hole, so what the raw one has more lies outside, on 1 − coverage of the image.
    """
    from lacuna.metrics.per_image.psnr import decibels

    metric = next((name for name in ("l2", "psnr") if name in set(scores["metric"])), None)
    rows = scores[(scores["metric"] == metric) & (scores["region"] == "image") & (scores["coverage"] < 1)]
    if rows.empty:
        return rows.reindex(columns=COLUMNS)
    if metric == "psnr":
        rows = rows.assign(value=10 ** (-rows["value"] / 10))
    errors = rows.pivot_table(index=[*_IMAGE, "coverage"], columns="prediction", values="value").reset_index()
    errors["error"] = ((errors["raw"] - errors["composite"]) / (1 - errors["coverage"])).clip(lower=0)
    found = errors.groupby(["system", "source"])["error"].agg(["mean", "size"]).reset_index()
    return found.assign(psnr=found["mean"].map(decibels)).rename(columns={"size": "n"})[COLUMNS]


TABLE = Table(
    title="outside the hole",
    caption="PSNR in dB of raw predictions outside the hole, where the image was given. A composite undoes whatever "
    "was changed there.",
    columns={
        "psnr": "of the mean squared error over the N test images of all test sets together; 100 where nothing changed",
        "n": "that N",
    },
    inputs=("scores",),
    rows=lambda run: outside(run.scores),
)
