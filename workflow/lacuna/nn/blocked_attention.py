"""Softmax attention computed a block of queries at a time, so that all its scores never lie in memory at once.

T. Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness", NeurIPS 2022: the backward
pass computes the scores again, from each query's log of the sum of exponentials. PyTorch's own
`scaled_dot_product_attention` gains nothing at the few channels, one to sixteen, that there are here.
"""

import torch
from torch import Tensor

BLOCK = 2**17  # scores at a time: half a mebibyte of float32, which stays in a core's cache


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Query N×C×Q, key N×C×K and value N×D×K → N×D×Q: the values weighted by softmax(queryᵀ·key), not scaled."""
    return _Attention.apply(query, key, value)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        found = query.new_empty(len(query), value.shape[1], query.shape[2])
        log_sum = query.new_empty(len(query), query.shape[2], 1)
        query, value = query.mT.contiguous(), value.mT.contiguous()
        for n, block in _blocks(query, key):
            scores = query[n, block] @ key[n]
            log_sum[n, block] = scores.logsumexp(1, keepdim=True)
            weights = scores.sub_(log_sum[n, block]).exp_()
            found[n, :, block] = (weights @ value[n]).mT
        ctx.save_for_backward(query, key, value, found, log_sum)
        return found

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value, found, log_sum = ctx.saved_tensors
        # the sum over keys of each weight times its gradient
        shared = (gradient * found).sum(1)[..., None]
        gradient = gradient.mT.contiguous()
        to_query, to_key, to_value = torch.empty_like(query), torch.zeros_like(key.mT), torch.zeros_like(value)
        for n, block in _blocks(query, key):
            weights = (query[n, block] @ key[n]).sub_(log_sum[n, block]).exp_()
            to_value[n].addmm_(weights.mT, gradient[n, block])
            to_scores = (gradient[n, block] @ value[n].mT).sub_(shared[n, block]).mul_(weights)
            to_query[n, block] = to_scores @ key[n].mT
            to_key[n].addmm_(to_scores.mT, query[n, block])
        return to_query.mT, to_key.mT, to_value.mT


def _blocks(query: Tensor, key: Tensor):
    """Of query N×Q×C: each picture with each stretch of its queries."""
    length = max(1, BLOCK // key.shape[2])
    for n in range(len(query)):
        for start in range(0, query.shape[1], length):
            yield n, slice(start, start + length)
