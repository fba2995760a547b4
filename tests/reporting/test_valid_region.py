import numpy as np
import pandas as pd
import pytest

from lacuna.reporting.tables.valid_region import COLUMNS, outside


def scored(metric: str) -> tuple[pd.DataFrame, float]:
    """Two images of 12×10 with holes of 30 and 50 %, one system that is off everywhere, one outside the hole never."""
    random = np.random.default_rng(4)
    rows, errors = [], []
    for number, columns in enumerate((3, 5)):
        hole = np.zeros((12, 10), bool)
        hole[:, :columns] = True
        squared = random.uniform(0.01, 0.2, hole.shape)
        errors.append(squared[~hole].mean())
        for system, of_raw in (("off", squared), ("good", np.where(hole, squared, 0))):
            for prediction, of in (("raw", of_raw), ("composite", np.where(hole, squared, 0))):
                value = of.mean() if metric == "l2" else -10 * np.log10(of.mean())
                place = (system, "place2", "paris", f"{number}.png", f"m{number}.png", hole.mean())
                rows.append((*place, prediction, "image", metric, value))
    names = ["system", "source", "test_set", "image", "mask", "coverage", "prediction", "region", "metric", "value"]
    return pd.DataFrame(rows, columns=names), -10 * np.log10(np.mean(errors))


@pytest.mark.parametrize("metric", ["l2", "psnr"])
def test_the_error_outside_follows_from_the_whole_images(metric):
    scores, expected = scored(metric)
    found = outside(scores).set_index("system")
    assert found["psnr"].to_dict() == pytest.approx({"off": expected, "good": 100})
    assert set(found["n"]) == {2}


def test_nothing_is_known_without_a_squared_error_or_a_valid_pixel():
    scores, _ = scored("psnr")
    for other in (scores.assign(metric="ssim"), scores.assign(coverage=1.0)):
        assert outside(other).empty and list(outside(other)) == COLUMNS
