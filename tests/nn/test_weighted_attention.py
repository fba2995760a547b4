"""Weighted attention against torch's own where it is plain, and against loops where it is not."""

import torch
from torch.nn import functional as F

from lacuna.nn.weighted_attention import Attention, PositionEmbedding, TransformerLayer


def layer(channels=8, heads=2):
    torch.manual_seed(0)
    return Attention(channels, heads).double()


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def heads_of(x, heads):
    return x.unflatten(2, (heads, -1)).transpose(1, 2)


def test_without_weights_it_is_torchs_with_positions_in_query_and_key_only():
    attention, x, position = layer(), drawn(2, 5, 8), drawn(1, 5, 8, seed=1)
    query, key, value = attention.to_q(x + position), attention.to_k(x + position), attention.to_v(x)
    heard = F.scaled_dot_product_attention(*(heads_of(each, 2) for each in (query, key, value)))
    expected = attention.to_out(heard.transpose(1, 2).flatten(2))
    torch.testing.assert_close(attention(x, position, None), expected, atol=1e-12, rtol=0)


def test_a_weight_belongs_to_the_token_that_is_heard():
    attention, x = layer(heads=1), 3 * drawn(1, 3, 8)
    weight = torch.tensor([[1.0, 0.25, 0.01]], dtype=torch.float64)
    query, key, value = attention.to_q(x)[0], attention.to_k(x)[0], attention.to_v(x)[0]
    rows = []
    for i in range(3):
        logits = []
        for j in range(3):
            logit, w = query[i] @ key[j] / 8**0.5, weight[0, j]
            logits.append(logit * w if logit > 0 else logit / (w + 1e-5))
        rows.append(torch.stack(logits).softmax(0) @ value)
    expected = attention.to_out(torch.stack(rows))
    torch.testing.assert_close(attention(x, None, weight)[0], expected, atol=1e-9, rtol=0)


def test_weights_of_one_change_nothing_and_lesser_ones_do():
    attention, x = layer(), drawn(2, 5, 8)
    torch.testing.assert_close(
        attention(x, None, torch.ones(2, 5).double()), attention(x, None, None), atol=1e-4, rtol=0
    )
    assert (attention(x, None, torch.full((2, 5), 0.1).double()) - attention(x, None, None)).abs().max() > 1e-2


def test_tokens_are_read_row_by_row():
    """Without a position a permutation of the pixels permutes the result; rows and columns must not be mixed up."""
    torch.manual_seed(0)
    block, x = TransformerLayer(8, 2, 16).double(), drawn(1, 8, 3, 5)
    weight = drawn(1, 15, seed=2).sigmoid()
    flipped = block(x.flip(3), None, weight.unflatten(1, (3, 5)).flip(2).flatten(1)).flip(3)
    torch.testing.assert_close(block(x, None, weight), flipped, atol=1e-10, rtol=0)


def test_a_position_is_its_row_plus_its_column():
    position = PositionEmbedding(4)
    found = position(3, 5)
    assert found.shape == (1, 15, 4)
    expected = position.row_embed.weight[2] + position.col_embed.weight[1]
    torch.testing.assert_close(found[0, 2 * 5 + 1], expected)
