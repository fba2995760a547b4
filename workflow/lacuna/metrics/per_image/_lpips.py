"""What both forms of LPIPS share."""

import math
from functools import cache

from lacuna.metrics.facts import TILED_FROM

# Pixels that pass the network at once; its first features take 80 (AlexNet) and 5000 bytes (VGG16) a pixel.
_PIXELS = {"alex": 1 << 19, "vgg": 1 << 16}


@cache
def _network(network: str, backbones: str, device: str):
    from lacuna.nn.lpips import LPIPS

    return LPIPS(network, backbones).to(device)


def perceptual_distance(network: str, predictions, truths, backbones, device):
    """Values and maps, as `Metric.measure` returns them, with the features of `alex` or `vgg` on a torch device."""
    import numpy as np
    import torch

    distance = _network(network, str(backbones), str(device))
    size = truths.shape[1:3]
    large = size[0] * size[1] > TILED_FROM
    values = np.empty(predictions.shape[:2])
    maps = np.empty(predictions.shape[:-1], np.float32 if large else float)
    at_once = max(1, _PIXELS[network] // (size[0] * size[1]))
    with torch.inference_mode():
        if large:
            for n, truth in enumerate(truths):
                of_truth, of_predictions = (
                    torch.from_numpy(images).permute(0, 3, 1, 2).to(device)
                    for images in (truth[None], predictions[:, n])
                )
                found = distance.compare_in_tiles(of_predictions, of_truth)
                values[:, n], maps[:, n] = (tensor.cpu().numpy() for tensor in found)
            return values, maps
        for start in range(0, len(truths), at_once):
            some = slice(start, start + at_once)
            of_truths = distance.features(_tensor(truths[some], device))
            for k, each in enumerate(predictions):
                found = distance.compare(distance.features(_tensor(each[some], device)), of_truths, size)
                values[k, some], maps[k, some] = (tensor.cpu().numpy() for tensor in found)
    return values, maps


def _tensor(images, device):
    """uint8 N×H×W×3 → float32 N×3×H×W in [0, 1] on a device, to which the bytes are copied."""
    import torch

    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


def facts(title: str, network: str, minimal_size: int) -> dict:
    """What is known about LPIPS with the features of a network."""
    return {
        "title": f"LPIPS ({title})",
        "unit": "",
        "direction": "lower",
        "range": (0.0, math.inf),
        "space": f"RGB, {title} features",
        "decimals": 4,
        "note": f"Version 0.1, {title} with the learned linear weights. Regions: the mean of the distance map, whose "
        "pixels also see what surrounds the region.",
        "backbones": (f"lpips_{network}",),
        "minimal_size": minimal_size,
    }
