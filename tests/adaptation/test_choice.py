"""Keeping or discarding an adaptation, and what that is worth."""

import numpy as np
import pandas as pd
import pytest
import torch

from lacuna.adaptation.choice import choose, gains_of, hold_out, policy_gains, share_right
from lacuna.errors import LacunaError


def test_the_smallest_held_out_error_decides_and_a_tie_is_for_fewer_steps():
    assert choose({0: 0.3, 5: 0.2, 10: 0.1, 15: 0.2}).step == 10
    assert choose({10: 0.1, 0: 0.3, 5: 0.1}).step == 5
    kept = choose({0: 0.3, 5: 0.29})
    assert kept.keep and kept.step == 5 and kept.evidence == {0: 0.3, 5: 0.29}
    for errors in ({0: 0.1, 5: 0.2}, {0: 0.1, 5: 0.1}, {0: 0.1}):
        assert choose(errors).step == 0 and not choose(errors).keep
    with pytest.raises(ValueError, match="step 0"):
        choose({5: 0.1})


@pytest.mark.parametrize("size", [(64, 64), (48, 80), (131, 97)])
def test_what_is_held_out_keeps_clear_of_the_users_mask_and_covers_what_is_asked(size):
    user = torch.zeros(1, *size)
    user[:, 5 : size[0] // 2, size[1] // 3 : size[1] - 9] = 1
    found = [hold_out(user, seed) for seed in range(5)]
    for mask in found:
        assert mask.shape == user.shape and set(mask.unique().tolist()) == {0.0, 1.0}
        assert 0.05 <= float(mask.mean()) <= 0.10
        near = torch.nn.functional.max_pool2d(user[None], 3, 1, 1)[0]
        assert not (mask * near).any()
    assert torch.equal(hold_out(user, 3), found[3]) and not torch.equal(found[3], found[4])


def test_no_room_is_said():
    user = torch.ones(1, 40, 50)
    user[:, :3] = 0
    with pytest.raises(LacunaError, match="no room for a mask of 5% to 10% of the picture.*always or never$"):
        hold_out(user, 0)


def table():
    """L1 of four images after 0, 5 and 10 steps."""
    return pd.DataFrame(
        {0: [0.4, 0.4, 0.2, 0.2], 5: [0.3, 0.5, 0.1, 0.3], 10: [0.2, 0.6, 0.3, 0.1]}, index=["a", "b", "c", "d"]
    )


def test_gains_of_the_policies_by_hand():
    chosen = {"a": 5, "b": 0, "c": 5, "d": 5}
    gains = gains_of(table(), chosen, higher_is_better=False)
    np.testing.assert_allclose(gains["always"], [0.2, -0.2, -0.1, 0.1])
    np.testing.assert_allclose(gains["chosen"], [0.1, 0.0, 0.1, -0.1])
    np.testing.assert_allclose(gains["oracle"], [0.2, 0.0, 0.1, 0.1])
    rows = policy_gains(table(), chosen, False, "l1").set_index("policy")
    assert list(rows.index) == ["always", "never", "chosen", "oracle"]
    assert rows.loc["chosen", "gain"] == pytest.approx(0.025) and rows.loc["always", "gain"] == pytest.approx(0)
    assert rows.loc["oracle", "improvement_percent"] == pytest.approx(100 * 0.1 / 0.3)
    assert (rows["n"] == 4).all()
    assert tuple(rows.loc["never", ["gain", "ci_low", "ci_high"]]) == (0, 0, 0)
    assert (rows.drop("never")["ci_low"] < rows.drop("never")["gain"]).all()
    assert (rows.drop("never")["ci_high"] > rows.drop("never")["gain"]).all()


def test_more_is_better_where_the_metric_says_so():
    gains = gains_of(table(), dict.fromkeys("abcd", 10), higher_is_better=True)
    np.testing.assert_allclose(gains["chosen"], [-0.2, 0.2, 0.1, -0.1])
    np.testing.assert_allclose(gains["oracle"], [0, 0.2, 0.1, 0.1])


def test_how_often_the_choice_was_right():
    """a is kept and gains, b is discarded and would lose, c is discarded and would lose, d is kept and loses."""
    share, low, high = share_right(table(), {"a": 5, "b": 0, "c": 0, "d": 5}, False, "l1")
    assert share == 0.75 and 0 <= low < 0.75 < high <= 1
    share, *_ = share_right(table(), {"a": 0, "b": 10, "c": 0, "d": 10}, False, "l1")
    assert share == 0.5  # a would have gained, b loses


def test_intervals_are_over_photographs():
    rng = np.random.default_rng(0)
    per_photograph = np.repeat(rng.normal(0.05, 0.02, 8), 10)
    scores = pd.DataFrame({0: np.full(80, 0.4), 5: 0.4 - per_photograph}, index=[f"i{i}" for i in range(80)])
    chosen = dict.fromkeys(scores.index, 5)
    alone = policy_gains(scores, chosen, False, "l1").set_index("policy").loc["chosen"]
    photographs = [f"p{i // 10}" for i in range(80)]
    together = policy_gains(scores, chosen, False, "l1", photographs=photographs).set_index("policy").loc["chosen"]
    assert together["gain"] == alone["gain"]
    assert together["ci_high"] - together["ci_low"] > 2 * (alone["ci_high"] - alone["ci_low"])
