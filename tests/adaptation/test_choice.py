"""Keeping or discarding an adaptation."""

import pytest
import torch

from lacuna.adaptation.choice import choose, hold_out
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
