"""What systems do to the pixels that they were given: the error of raw predictions outside the hole."""

import pandas as pd

from lacuna.metrics.per_image.psnr import decibels

COLUMNS = ["system", "source", "psnr", "n"]
_IMAGE = ["system", "source", "test_set", "image", "mask"]


def outside(scores: pd.DataFrame) -> pd.DataFrame:
    """PSNR in dB outside the hole, of the squared error's mean over all images with valid pixels: columns `COLUMNS`.

    From the rows of `l2`, else of `psnr`, else nothing: a composite's error is the raw prediction's inside the hole, so
    what the raw one has more lies outside, on 1 − coverage of the image.
    """
    metric = next((name for name in ("l2", "psnr") if name in set(scores["metric"])), None)
    rows = scores[(scores["metric"] == metric) & (scores["region"] == "image") & (scores["coverage"] < 1)]
    if metric == "psnr":
        rows = rows.assign(value=10 ** (-rows["value"] / 10))
    if rows.empty:
        return pd.DataFrame(columns=COLUMNS)
    errors = rows.pivot_table(index=[*_IMAGE, "coverage"], columns="prediction", values="value").reset_index()
    errors["error"] = ((errors["raw"] - errors["composite"]) / (1 - errors["coverage"])).clip(lower=0)
    found = errors.groupby(["system", "source"])["error"].agg(["mean", "size"]).reset_index()
    return found.assign(psnr=found["mean"].map(decibels)).rename(columns={"size": "n"})[COLUMNS]
