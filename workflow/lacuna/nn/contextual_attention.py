"""Contextual attention: holes filled with patches of the same picture, chosen by how alike their surroundings are.

J. Yu et al., "Generative Image Inpainting with Contextual Attention", CVPR 2018 (arXiv 1801.07892). The three steps
that its descendants share; what happens to the similarities between them (scale, masking, softmax) is each system's
own. Every step is one batched product, so that no picture ever sees the patches of another.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from lacuna.nn.islands import island


@island("likeness of patches")
def self_similarity(features: Tensor, size: int) -> Tensor:
    """How alike the windows of N×C×h×w features are: N×(h·w keys)×(h·w queries), row-major both.

    size: of the windows, odd, in pixels; outside the picture is zero. Keys are divided by their length, queries not.
    """
    windows = F.unfold(features, size, padding=size // 2)
    # The floor of 1e-4 is put on the square: a root at 0 has no gradient. A root of a sum, not torch's own norm: the
    # similarities are multiplied by 10 in a softmax, and the last bits show.
    length = windows.square().sum(1, keepdim=True).clamp_min(1e-8).sqrt()
    return (windows / length).transpose(1, 2) @ windows


def usable_keys(mask: Tensor, size: int) -> Tensor:
    """N×1×h×w mask, above 0 = hole, 0 outside → N×(h·w)×1: 1 where a key's window has no hole at all, else 0."""
    touched = F.max_pool2d(mask, size, stride=1, padding=size // 2)
    return (touched.flatten(2).transpose(1, 2) == 0).to(mask.dtype)


def paste(weights: Tensor, values: Tensor) -> Tensor:
    """Sums of patches: N×(h·w keys)×(h·w queries) weights, N×C×2h×2w values → N×C×2h×2w.

    The patches are 4×4 pixels, two apart, so that every pixel inside is the sum of four, divided by 4; at the border
    there are fewer, and nothing makes up for it.
    """
    patches = F.unfold(values, 4, stride=2, padding=1)
    return F.fold(torch.bmm(patches, weights), values.shape[-2:], 4, stride=2, padding=1) / 4
