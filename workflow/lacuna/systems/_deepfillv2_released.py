"""The names of DeepFillv2's released weights, in the order of its convolutions.

github.com/nipponjo/deepfillv2-pytorch has two networks: its own (`port`), and the authors' as TensorFlow computes it
(`tensorflow`), into whose names their published weights for Places2 and CelebA-HQ were converted.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def _numbered(name: str, first: int, last: int) -> list[str]:
    return [f"{name}{number}" for number in range(first, last + 1)]


def _downs(prefix: str) -> list[str]:
    blocks = (f"{prefix}down_block1", f"{prefix}down_block2")
    return [f"{block}.{layer}" for block in blocks for layer in ("conv1_downsample", "conv2")]


_PORT_PICTURE = [
    *[f"up_block{block}.{layer}" for block in (1, 2) for layer in ("conv1_upsample.conv", "conv2")],
    "conv_to_rgb",
]
_PORT = [
    *(f"stage1.{name}" for name in ("conv1", *_downs(""), *_numbered("conv_bn", 1, 7), *_PORT_PICTURE)),
    *(f"stage2.conv_{name}" for name in ("conv1", *_downs(""), *_numbered("conv_bn", 1, 5))),
    *(f"stage2.ca_{name}" for name in ("conv1", *_downs(""), "conv_bn1", "conv_bn4", "conv_bn5")),
    *(f"stage2.{name}" for name in ("conv_bn6", "conv_bn7", *_PORT_PICTURE)),
]
_FUSING = "stage2.contextual_attention.fuse_weight"
_IDENTITY = torch.eye(3, dtype=torch.float64).flatten()


def _start(prefix: str) -> list[str]:
    return [f"{prefix}{name}" for name in ("conv1", "conv2_downsample", "conv3", "conv4_downsample", "conv5", "conv6")]


def _atrous(prefix: str) -> list[str]:
    return [f"{prefix}conv{number}_atrous" for number in range(7, 11)]


def _end(prefix: str) -> list[str]:
    names = ("conv11", "conv12", "conv13_upsample.conv", "conv14", "conv15_upsample.conv", "conv16", "conv17")
    return [f"{prefix}{name}" for name in names]


_TENSORFLOW = [
    *(*_start(""), *_atrous(""), *_end("")),
    *(*_start("x"), *_atrous("x")),
    *(*_start("pm"), "pmconv9", "pmconv10"),
    *_end("all"),
]
NETWORKS = {"port": _PORT, "tensorflow": _TENSORFLOW}


def released_names(part: str, module: nn.Module, form: str) -> dict[str, str]:
    """Released key → ours, of `network` or `discriminator`."""
    ours = [name for name, each in module.named_modules() if isinstance(each, nn.Conv2d)]
    if part == "network":
        both = zip(NETWORKS[form], ours, strict=True)
        return {f"{theirs}.conv.{kind}": f"{name}.{kind}" for theirs, name in both for kind in ("weight", "bias")}
    kinds = {"weight": "weight_orig", "bias": "bias", "weight_u": "weight_u", "weight_v": "weight_v"}
    theirs = [f"conv{number}.conv_sn" for number in range(1, len(ours) + 1)]
    both = zip(theirs, ours, strict=True)
    return {f"{each}.{kind}": f"{name}.{known}" for each, name in both for kind, known in kinds.items()}


def in_our_layout(arrays: dict, part: str) -> dict:
    """Without the constant kernel that joins scores, and with both vectors of the power iteration as vectors.

    The port keeps the first of them as a column, and the weights divided by their norm already; the second follows
    from the first.
    """
    if part == "network":
        kernel = arrays.get(_FUSING)
        constant = isinstance(kernel, Tensor) and torch.equal(kernel.flatten().cpu().double(), _IDENTITY)
        return {key: value for key, value in arrays.items() if key != _FUSING or not constant}
    found = dict(arrays)
    for key, first in arrays.items():
        kernel = arrays.get(key.removesuffix("_u"))
        if key.endswith(".weight_u") and isinstance(kernel, Tensor) and first.numel() == len(kernel):
            found[key] = first.flatten()
            found[key.removesuffix("_u") + "_v"] = F.normalize(kernel.flatten(1).T @ found[key], dim=0)
    return found
