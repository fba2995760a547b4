"""What the automatic choice to keep or discard an adaptation is worth, and how often it was right."""

import numpy as np
import pandas as pd

from lacuna.reporting.adaptation.improvement import percent, sign_of
from lacuna.reporting.adaptation.rows import JOB, POLICIES
from lacuna.reporting.bootstrap import intervals

COLUMNS = [
    *(*JOB, "metric", "region", "policy", "gain", "ci_low", "ci_high", "improvement_percent"),
    *("right_percent", "right_low", "right_high", "kept_percent", "n"),
]


def choice(rows: pd.DataFrame) -> pd.DataFrame:
    """Gains of every policy over never adapting, from `rows.read_choices`: columns `COLUMNS`, sorted.

    gain: mean over images in the metric's unit, its sign such that more is better; improvement_percent: the ratio of
    means. Of the policy *chosen* also how often it was right by this metric, with its interval, and how often it kept
    the adapted network. Keeping is right where it gains, discarding is right where the last step would not.
    """
    found = []
    for key, mine in rows.groupby([*JOB, "metric", "region"]):
        names = dict(zip([*JOB, "metric", "region"], key, strict=True))
        found += _of_metric(mine.dropna(subset=POLICIES), names)
    return pd.DataFrame(found, columns=COLUMNS)


def _of_metric(rows: pd.DataFrame, names: dict) -> list[dict]:
    if rows.empty:
        return []
    sign, photographs = sign_of(names["metric"]), rows["photograph"].to_numpy()
    gains = sign * rows[POLICIES].sub(rows["never"], axis=0) + 0.0
    right = 100.0 * np.where(rows["keep"], gains["chosen"] > 0, gains["always"] <= 0)
    draws = names["system"], names["test_set"]
    low, high = intervals(gains.to_numpy(), *draws, photographs=photographs)
    (right_low,), (right_high,) = intervals(right[:, None], *draws, photographs=photographs, within=(0, 100))
    improved = percent(rows["never"].mean(), rows[POLICIES].mean(), sign)
    of_choice = {"right_percent": right.mean(), "right_low": right_low, "right_high": right_high}
    of_choice["kept_percent"] = 100 * rows["keep"].mean()
    return [
        {**names, "policy": policy, "gain": gains[policy].mean(), "ci_low": low[i], "ci_high": high[i]}
        | {"improvement_percent": improved[i], "n": len(rows)}
        | (of_choice if policy == "chosen" else {})
        for i, policy in enumerate(POLICIES)
    ]
