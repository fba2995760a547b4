"""Where uncertainty comes from: known variances come back, and what cannot be told apart is not."""

import numpy as np
import pandas as pd
import pytest

from lacuna.reporting import variance
from lacuna.reporting.variance import variances

NAMES = {"source": "place2", "test_set": "a", "prediction": "composite", "region": "image", "metric": "psnr"}


def made(random, photographs=30, crops=3, trainings=4, samples=1, sets=1, **deviations):
    """Rows of one system; deviations of P, M, T, TP, TM, S. Set 1 of the masks is 7 harder than set 0."""
    of = {"P": 0, "M": 0, "T": 0, "TP": 0, "TM": 0, "S": 0} | deviations
    sizes = 1 + np.arange(photographs) % crops if crops > 1 else np.ones(photographs, int)
    photograph = np.repeat(np.arange(photographs), sizes)
    n = len(photograph)
    normal = random.normal
    every = []
    base = normal(0, of["P"], photographs)[photograph][:, None, None] + normal(0, of["T"], trainings)[None, :, None]
    base = base + normal(0, of["TP"], (photographs, trainings))[photograph][:, :, None]
    for number in range(sets):
        values = base + normal(0, of["M"], (n, 1, 1)) + normal(0, of["TM"], (n, trainings, 1))
        values = 20 - 7 * number + values + normal(0, of["S"], (n, trainings, samples))
        image, repeat, sample = (each.ravel() for each in np.indices(values.shape))
        rows = pd.DataFrame({"image": image, "repeat": repeat + 1, "sample": sample + 1, "value": values.ravel()})
        rows["photograph"] = photograph[image]
        rows["mask"] = [f"{number}/{each}" for each in image]
        every.append(rows.assign(test_masks=f"set{number}"))
    return pd.concat(every, ignore_index=True).assign(system="aa", **NAMES)


def found(rows, mask_set="", column="deviation"):
    return variances(rows, mask_set).set_index("factor")[column].to_dict()


def over_experiments(number=150, mask_set="", **settings):
    """Mean squares of the deviations over experiments, as deviations."""
    rows = []
    for seed in range(number):
        made_up = made(np.random.default_rng(seed), **settings)
        if not mask_set:
            made_up = made_up.drop(columns="test_masks")
        rows.append(found(made_up, mask_set))
    return (pd.DataFrame(rows) ** 2).mean() ** 0.5


@pytest.mark.slow
def test_known_deviations_come_back_from_an_unbalanced_set():
    known = {"P": 2.0, "M": 1.0, "T": 1.5, "TP": 0.8, "TM": 0.6}
    back = over_experiments(trainings=7, **known)
    expected = {"photograph": 2.0, "crop and mask": 1.0, "training seed": 1.5, "training seed × image": 1.0}
    assert back.to_dict() == pytest.approx(expected, rel=0.06)


@pytest.mark.slow
def test_samples_are_told_from_what_a_training_does_to_an_image():
    back = over_experiments(P=1.0, M=0.5, T=0.4, TP=0.7, S=2.0, samples=3)
    expected = {
        "photograph": 1.0,
        "crop and mask": 0.5,
        "training seed": 0.4,
        "training seed × image": 0.7,
        "sample": 2.0,
    }
    assert back.to_dict() == pytest.approx(expected, rel=0.15)


@pytest.mark.slow
def test_two_mask_sets_tell_masks_from_photographs():
    one = {"P": 2.0, "M": 1.0, "T": 0.5, "crops": 1}
    alone = over_experiments(40, **one)
    assert set(alone.index) == {"photograph and mask", "training seed", "training seed × image"}
    assert alone["photograph and mask"] == pytest.approx(5**0.5, rel=0.06)
    two = over_experiments(150, mask_set="set1", sets=2, trainings=7, **one)
    assert two[["photograph", "mask", "training seed"]].tolist() == pytest.approx([2.0, 1.0, 0.5], rel=0.06)


@pytest.mark.slow
def test_shares_add_up_to_the_variance_of_the_mean():
    """Over experiments the mean varies by as much as its parts say together."""
    settings = {"P": 1.0, "M": 1.0, "T": 0.5, "TP": 0.5, "S": 1.0, "samples": 2, "photographs": 12}
    rows = [made(np.random.default_rng(seed), **settings).drop(columns="test_masks") for seed in range(300)]
    tables = [variances(each) for each in rows]
    promised = np.mean([(table["of_mean"] ** 2).sum() for table in tables])
    assert np.var([each["value"].mean() for each in rows]) == pytest.approx(promised, rel=0.2)
    assert all(table["share"].sum() == pytest.approx(1) for table in tables)


def test_a_difference_forgets_what_two_systems_share():
    random = np.random.default_rng(4)
    first = made(random, P=3.0, T=0.3).drop(columns="test_masks")
    shared = first.groupby("image")["value"].transform("mean")
    own = random.normal(0, 1.0, 4)[first["repeat"] - 1]
    second = first.assign(system="bb", value=shared + own)
    table = variances(pd.concat([first, second]))
    means, pair = (
        table[(table["compared_with"] == "") == alone].set_index(["system", "factor"]) for alone in (True, False)
    )
    assert means.loc[("aa", "photograph"), "share"] > 0.5 and means.loc[("bb", "training seed"), "deviation"] > 0.3
    assert pair.loc[("aa", "training seed"), "share"] > 0.99
    both = [means.loc[(system, "training seed"), "of_mean"] ** 2 for system in ("aa", "bb")]
    assert pair.loc[("aa", "training seed"), "of_mean"] == pytest.approx(sum(both) ** 0.5)
    decided = variance.decides(table).set_index(["system", "compared_with"])["factor"]
    assert decided["aa", "bb"] == "training seed" and decided["aa", ""] == "photograph"


def test_what_has_one_level_is_not_claimed():
    rows = made(np.random.default_rng(1), trainings=1, P=1.0, M=1.0).drop(columns=["test_masks", "repeat", "sample"])
    assert set(found(rows)) == {"photograph", "crop and mask"}
    untrained = rows.assign(source="untrained", system="telea")
    assert set(variances(pd.concat([rows, untrained]))["source"]) == {"place2", "untrained"}
    assert variances(rows[rows["photograph"] == 2]).empty
    same = rows.assign(value=1.0)
    assert variances(same)["share"].isna().all() and variance.decides(variances(same)).empty
