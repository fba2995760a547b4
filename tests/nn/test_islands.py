"""What stays in single precision does, under autocast, and nothing changes without it."""

from pathlib import Path

import pytest
import torch

from lacuna.nn import islands
from lacuna.nn.islands import ISLANDS, in_bfloat16, island, scores, softmax, spectrally_normalised
from lacuna.nn.losses import gram_matrix
from lacuna.nn.soft_partial_convolution import PixelNorm


def bfloat16():
    return torch.autocast("cpu", torch.bfloat16)


def test_in_an_island_nothing_is_rounded():
    seen = []

    @island("attention")
    def spied(a, number, b=None):
        seen.append((a.dtype, number, torch.is_autocast_enabled("cpu"), (a @ a).dtype))
        return a

    a = torch.randn(3, 3)
    with bfloat16():
        assert spied((a @ a), 5).dtype == torch.float32
        assert torch.is_autocast_enabled("cpu")
    assert seen == [(torch.float32, 5, False, torch.float32)]


def test_elsewhere_the_function_gets_what_it_was_given():
    given = []
    spied = island("attention")(lambda *args, **kwargs: given.append((args, kwargs)))
    for a in (torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.float64), torch.ones(2, device="meta")):
        spied(a, 1, other=a)
        assert given.pop() == ((a, 1), {"other": a})


def test_an_island_without_a_reason_is_none():
    with pytest.raises(AssertionError, match="'tea' has no reason"):
        island("tea")


def test_large_scores_are_told_apart():
    """Two keys whose scores differ by less than bfloat16 sees there."""
    query, key = torch.tensor([[1.0, 1.0]]), torch.tensor([[16.0, 16.0], [0.0, 0.03]])
    with bfloat16():
        plain, kept = (query @ key).softmax(-1), softmax(scores(query, key), -1)
    assert plain[0, 0] == plain[0, 1]
    torch.testing.assert_close(kept, torch.tensor([[16.0, 16.03]]).softmax(-1), atol=3e-4, rtol=0)


def test_gram_matrices_and_sizes_are_those_of_single_precision():
    draw = torch.Generator().manual_seed(0)
    maps = (1 + torch.randn(1, 5, 40, 24, generator=draw) / 100).bfloat16()
    with bfloat16():
        found, normed = gram_matrix(maps), PixelNorm(5)(maps)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, gram_matrix(maps.float()), rtol=1e-6, atol=0)
    torch.testing.assert_close(normed, PixelNorm(5)(maps.float()), rtol=1e-6, atol=0)


def test_spectral_norms_are_those_of_single_precision():
    found = []
    for context in (torch.no_grad, bfloat16):
        torch.manual_seed(0)
        layer = spectrally_normalised(torch.nn.Conv2d(3, 40, 3))
        with context():
            for _ in range(3):
                layer(torch.ones(1, 3, 7, 5))
        found.append((layer.weight.detach().clone(), layer.weight_u.clone()))
    for plain, mixed in zip(*found, strict=True):
        assert mixed.dtype == torch.float32 and torch.equal(plain, mixed)


@pytest.mark.parametrize("norm", [torch.nn.BatchNorm2d(4), torch.nn.InstanceNorm2d(4, affine=True)])
def test_pytorchs_own_norms_take_statistics_in_single_precision(norm):
    """Of a map whose mean is large beside its deviation: only the result is rounded."""
    maps = (20 + torch.randn(2, 4, 48, 40, generator=torch.Generator().manual_seed(0))).bfloat16()
    with bfloat16():
        found = norm(maps)
    torch.testing.assert_close(found.float(), norm(maps.float()), rtol=2**-8, atol=1e-3)
    for name, value in norm.named_buffers():
        assert name == "num_batches_tracked" or value.dtype == torch.float32


def test_frozen_networks_are_mixed_only_if_wanted():
    a = torch.ones(2, 2)
    with in_bfloat16(False, a):
        assert (a @ a).dtype == torch.float32
    with in_bfloat16(True, a):
        assert (a @ a).dtype == torch.bfloat16 and islands.mixed("cpu")


def test_every_island_is_in_the_document():
    text = " ".join(Path("docs/performance.md").read_text(encoding="utf-8").split())
    for name, reason in ISLANDS.items():
        assert f"| {name} | {reason} |" in text
