"""The bars of the coverage figure are the report's intervals, and one photograph has none."""

import numpy as np
import pandas as pd
import pytest

from lacuna.reporting.bootstrap import intervals
from lacuna.reporting.figures.metric_by_coverage import by_bin


def test_points_and_bars_of_a_bin():
    values = np.random.default_rng(2).normal(20, 3, 16)
    photographs = [*"aabbccddeeffgghh"]
    scores = pd.DataFrame(
        {
            "system": "telea",
            "bin": ["0.10-0.20"] * 14 + ["0.20-0.30"] * 2,
            "test_set": "paris",
            "image": [f"{i:02d}.png" for i in range(16)],
            "mask": "m.png",
            "value": values,
            "photograph": photographs,
        }
    )
    many, one = by_bin(scores.sample(frac=1, random_state=1), "place2", "composite", "image").to_dict("records")
    low, high = intervals(values[:14, None], "place2", "composite", "image", "0.10-0.20", photographs=photographs[:14])
    assert many == {"system": "telea", "bin": "0.10-0.20"} | {
        "mean": pytest.approx(values[:14].mean()),
        "low": pytest.approx(low.item()),
        "high": pytest.approx(high.item()),
    }
    assert one["mean"] == pytest.approx(values[14:].mean()) and np.isnan([one["low"], one["high"]]).all()
