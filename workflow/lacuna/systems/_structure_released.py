"""The names and the layout of the weights that the authors of the structure network save with TensorFlow."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

SCOPES = {"network": "inpaint_net/", "discriminator": "discriminator256/"}
# The first kernel of each part and its input channels, which tell the layout: no side of a kernel is as long.
FIRST_KERNELS = {
    "network": ("inpaint_net/conv2d/kernel:0", 11),
    "discriminator": ("discriminator256/conv1/kernel:0", 3),
}


def network_names(halvings: int, blocks: int) -> dict[str, str]:
    """Authors' name → ours. TensorFlow numbers unnamed layers in the order in which they were made."""
    names: dict[str, str] = {}
    made = {"conv2d": 0, "InstanceNorm": 0}

    def numbered(kind: str) -> str:
        index, made[kind] = made[kind], made[kind] + 1
        return f"{kind}_{index}" if index else kind

    def convolution(theirs: str, ours: str) -> None:
        names.update({f"{theirs}/kernel:0": f"{ours}.weight", f"{theirs}/bias:0": f"{ours}.bias"})

    def normalised(theirs: str, norm: str, ours: str) -> None:
        convolution(theirs, f"{ours}.convolution")
        names.update({f"{norm}/beta:0": f"{ours}.norm.bias", f"{norm}/gamma:0": f"{ours}.norm.weight"})

    def up(theirs: str, ours: str) -> None:
        normalised(f"{theirs}/conv2d_transpose", f"{theirs}/InstanceNorm", ours)

    for index in range(halvings + 1):
        normalised(numbered("conv2d"), numbered("InstanceNorm"), f"encoder.{index}")
    for index in range(blocks):
        for position, part in enumerate(("first", "second")):
            normalised(f"en_64_8_{index}{position}", numbered("InstanceNorm"), f"middle.{index}.{part}")
    for index in range(halvings + 1):
        size, stage = 64 * 2**index, f"stages.{index}"
        if index:
            up(f"de{size}_conv{index + 3}_upsample", f"{stage}.up")
        attention = f"attention_pooling_{size}"
        normalised(f"{attention}/conv2d", f"{attention}/InstanceNorm", f"{stage}.attention.down")
        for theirs, part in (("f", "key"), ("g", "query"), ("h", "value")):
            convolution(f"{attention}/{theirs}_conv/conv2d", f"{stage}.attention.{part}")
        names[f"{attention}/gamma:0"] = f"{stage}.attention.gain"
        up(f"{attention}/attention_down_upsample", f"{stage}.attention.up")
        for part in ("embedding", "gradient", "image"):
            normalised(numbered("conv2d"), numbered("InstanceNorm"), f"{stage}.{part}")
    return {SCOPES["network"] + theirs: ours for theirs, ours in names.items()}


def discriminator_names(layers: int) -> dict[str, str]:
    """Authors' name → ours. The second vector of the power iteration is not saved: it follows from the first."""
    kinds = {"kernel": "weight_orig", "bias": "bias", "u": "weight_u"}
    return {
        f"{SCOPES['discriminator']}conv{index + 1}/{theirs}:0": f"layers.{index}.{ours}"
        for index in range(layers)
        for theirs, ours in kinds.items()
    }


def in_our_layout(arrays: Mapping[str, Any], part: str) -> dict[str, Any]:
    """What a checkpoint holds of one part of the network, in PyTorch's layout.

    Kernels H×W×in×out (transposed ones H×W×out×in) become out×in×H×W (in×out×H×W), and vectors 1×n become n. Arrays
    that somebody has brought into PyTorch's layout already stay as they are; the first kernel tells for all.
    """
    others = tuple(scope for name, scope in SCOPES.items() if name != part)
    tensors = {key: value for key, value in arrays.items() if not key.startswith(others)}
    key, channels = FIRST_KERNELS[part]
    if key not in tensors or tensors[key].dim() != 4 or tensors[key].shape[2] != channels:
        return tensors
    layouts = {4: lambda kernel: kernel.permute(3, 2, 0, 1), 2: lambda vector: vector.squeeze(0)}
    known = {key: value for key, value in tensors.items() if isinstance(value, Tensor)}
    return tensors | {key: layouts.get(each.dim(), lambda same: same)(each) for key, each in known.items()}
