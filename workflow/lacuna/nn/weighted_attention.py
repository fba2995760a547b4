"""Self-attention in which some tokens count for more than others, and learned positions.

Blocks of TFill (Zheng et al., CVPR 2022), under its authors' key names.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lacuna.nn.islands import scores, softmax
from lacuna.nn.soft_partial_convolution import PixelNorm

POSITIONS = 32  # rows and columns in the tables of position embeddings


class Attention(nn.Module):
    """Multi-head attention of tokens N×L×C to each other, each heard according to its weight N×L in (0, 1].

    A weight below 1 takes from the logits what speaks for a token and enlarges what speaks against it.
    """

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, position: Tensor | None, weight: Tensor | None) -> Tensor:
        placed = x if position is None else x + position
        query, key, value = (
            each.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for each in (self.to_q(placed), self.to_k(placed), self.to_v(x))
        )
        logits = scores(query / math.sqrt(query.shape[-1]), key.transpose(2, 3))
        if weight is not None:
            weight = weight[:, None, None]
            # one product with what is chosen for each logit: its gradient needs a map of this size fewer at every step
            logits = logits * torch.where(logits > 0, weight, 1 / (weight + 1e-5))
        heard = softmax(logits, -1) @ value
        return self.to_out(heard.transpose(1, 2).flatten(2))


class TransformerLayer(nn.Module):
    """Attention between the pixels of a map N×C×h×w, then a network of two layers at each of them."""

    def __init__(self, channels: int, heads: int, hidden: int):
        super().__init__()
        self.attn = Attention(channels, heads)
        self.conv1 = nn.Conv2d(channels, hidden, 1)
        self.conv2 = nn.Conv2d(hidden, channels, 1)
        self.norm1 = PixelNorm(channels)
        self.norm2 = PixelNorm(channels)

    def forward(self, x: Tensor, position: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
        tokens = self.norm1(x).flatten(2).transpose(1, 2)
        x = x + self.attn(tokens, position, weight).transpose(1, 2).unflatten(2, x.shape[-2:])
        return x + self.conv2(F.gelu(self.conv1(self.norm2(x))))


class PositionEmbedding(nn.Module):
    """A learned vector for each row plus one for each column → 1×(h·w)×C."""

    def __init__(self, channels: int):
        super().__init__()
        self.row_embed = nn.Embedding(POSITIONS, channels)
        self.col_embed = nn.Embedding(POSITIONS, channels)
        for table in (self.row_embed, self.col_embed):
            nn.init.uniform_(table.weight)

    def forward(self, height: int, width: int) -> Tensor:
        rows, columns = self.row_embed.weight[:height, None], self.col_embed.weight[None, :width]
        return (rows + columns).flatten(0, 1)[None]
