"""DISTS."""

from functools import cache

from lacuna.metrics.facts import metric

_PIXELS = 1 << 16  # that pass the network at once


@cache
def _network(backbones: str, device: str):
    from lacuna.nn.dists import DISTS

    return DISTS(backbones).to(device)


@metric(
    title="DISTS",
    unit="",
    direction="lower",
    range=(0.0, 1.2),
    space="RGB, VGG16 features",
    decimals=4,
    note="VGG16 with blurred poolings and the authors' learned weights, at the images' own size (the authors' script "
    "can make the shorter side 256 first). Textures of one kind are near each other without being equal. It has no "
    "value for regions, because means and covariances are of the whole image.",
    backbones=("dists", "vgg16"),
    minimal_size=16,
)
def dists(predictions, truths, *, backbones, device="cpu"):
    """Likeness of structure and texture (Ding, Ma, Wang, Simoncelli: Unifying structure and texture, TPAMI 2022)."""
    import numpy as np
    import torch

    network = _network(str(backbones), str(device))
    values = np.empty(predictions.shape[:2])
    at_once = max(1, _PIXELS // (truths.shape[1] * truths.shape[2]))

    def tensor(images):
        return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255

    with torch.inference_mode():
        for start in range(0, len(truths), at_once):
            some = slice(start, start + at_once)
            of_truths = network.features(tensor(truths[some]))
            for k, each in enumerate(predictions):
                values[k, some] = network.compare(network.features(tensor(each[some])), of_truths).cpu().numpy()
    return values, None
