"""Does adaptation bridge domains? Networks of two training sources on the same pictures, adapted and as they were.

Of two sources the one whose network does better on a test set before any adaptation is called near, the other far. The
gap between them is positive; adaptation bridges it as far as it becomes smaller, or as far as the far network, adapted,
comes up to the near one as it was.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from lacuna.metrics.per_image import metric_by_name
from lacuna.reporting.adaptation.improvement import percent, sign_of
from lacuna.reporting.bootstrap import intervals_of

NUMBERS = ["near_before", "near_after", "far_before", "far_after"]
GAPS = ["gap_before", "gap_after", "closed", "still_behind"]
COLUMNS = [
    *("experiment", "system", "test_set", "metric", "region", "near", "far", "n", "photographs", *NUMBERS),
    *(f"{name}{end}" for name in GAPS for end in ("", "_low", "_high")),
    "closed_percent",
]
POOLED = "all test sets"


def domains(rows: pd.DataFrame) -> pd.DataFrame:
    """Every two sources of a system on every test set, and on all of them together: columns `COLUMNS`.

    rows: of `rows.read_rows`. Paired by image; intervals are 95 % bootstrap ones over photographs. Gaps are in the
    metric's unit, positive where the near source is better; closed: gap_before − gap_after; still_behind: by how much
    the far source, adapted, stays behind the near one as it was. No rows where no system was adapted from two sources.
    """
    found = []
    for (experiment, system, metric, region), mine in rows.groupby(["experiment", "system", "metric", "region"]):
        names = {"experiment": experiment, "system": system, "metric": metric, "region": region}
        ends = mine[mine["step"].isin({0, mine["step"].max()})]
        wide = ends.pivot_table(index=["test_set", "image", "photograph"], columns=["source", "step"], values="value")
        for a, b in combinations(sorted(set(mine["source"])), 2):
            both = wide[[a, b]].dropna()
            parts = [_oriented(part, a, b, metric) for _, part in both.groupby("test_set")]
            found += [_row(part, names) for part in parts]
            if len(parts) > 1:  # a pooled line names no near source, because each test set has its own
                found.append(_row(pd.concat(parts), names | {"test_set": POOLED, "near": "", "far": ""}))
    return pd.DataFrame(found, columns=COLUMNS)


def _oriented(wide: pd.DataFrame, a: str, b: str, metric: str) -> pd.DataFrame:
    """Columns `NUMBERS` of the pictures of one test set, with the near and the far source in `attrs`."""
    start, last = sorted(wide.columns.get_level_values("step").unique())
    near, far = (b, a) if metric_by_name(metric).is_better(wide[b, start].mean(), wide[a, start].mean()) else (a, b)
    values = {"near_before": (near, start), "near_after": (near, last)}
    values |= {"far_before": (far, start), "far_after": (far, last)}
    table = pd.DataFrame({name: wide[column] for name, column in values.items()})
    table.attrs = {"test_set": wide.index.get_level_values("test_set")[0], "near": near, "far": far}
    return table


def _row(values: pd.DataFrame, names: dict) -> dict:
    index, sign = values.index.to_frame(), sign_of(names["metric"])
    photographs = (index["test_set"] + "/" + index["photograph"].astype(str)).to_numpy()
    row = {**values.attrs, **names, "n": len(values), "photographs": len(set(photographs))}

    def gaps(means: np.ndarray) -> np.ndarray:
        near_before, near_after, far_before, far_after = np.moveaxis(means, -1, 0)
        before, after = sign * (near_before - far_before), sign * (near_after - far_after)
        return np.stack([before, after, before - after, sign * (near_before - far_after)], axis=-1) + 0.0

    means = values[NUMBERS].mean().to_numpy()
    low, high = intervals_of(gaps, values[NUMBERS].to_numpy(), row["system"], row["test_set"], photographs=photographs)
    row |= dict(zip(NUMBERS, means, strict=True))
    for name, *three in zip(GAPS, gaps(means), low, high, strict=True):
        row |= dict(zip((name, f"{name}_low", f"{name}_high"), three, strict=True))
    return row | {"closed_percent": float(percent(row["gap_before"], row["gap_after"], -1))}
