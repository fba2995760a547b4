"""Attention in blocks against all scores at once."""

import pytest
import torch

from lacuna.nn import blocked_attention
from lacuna.nn.blocked_attention import attend
from lacuna.nn.pooled_attention import PooledAttention


@pytest.mark.parametrize("block", [1, 60, 10**6])  # one query, several with a shorter block at the end, all
def test_it_is_softmax_attention_and_so_is_its_gradient(block, monkeypatch):
    monkeypatch.setattr(blocked_attention, "BLOCK", block)
    draw = torch.Generator().manual_seed(0)
    shapes = (2, 3, 17), (2, 3, 11), (2, 5, 11)
    inputs = [torch.randn(shape, generator=draw, dtype=torch.float64, requires_grad=True) for shape in shapes]
    query, key, value = inputs
    expected = value @ torch.softmax(query.mT @ key, -1).mT
    torch.testing.assert_close(attend(*inputs), expected)
    weight = torch.randn(expected.shape, generator=draw, dtype=torch.float64)
    found, wanted = (torch.autograd.grad((each * weight).sum(), inputs) for each in (attend(*inputs), expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_large_scores_stay_finite():
    query = torch.tensor([[[200.0, -300.0]]], requires_grad=True)
    found = attend(query, torch.tensor([[[1.0, 2.0, -1.0]]]), torch.tensor([[[5.0, 7.0, 9.0]]]))
    assert found.tolist() == [[[7.0, 9.0]]]
    assert torch.autograd.grad(found.sum(), query)[0].isfinite().all()


def test_the_layer_gives_the_same_in_blocks():
    torch.manual_seed(0)
    layer = PooledAttention(32, 0.75).double()
    x = torch.randn(2, 32, 10, 12, dtype=torch.float64)  # half of 10 is odd
    expected = layer(x)
    layer.in_blocks = True
    torch.testing.assert_close(layer(x), expected)
