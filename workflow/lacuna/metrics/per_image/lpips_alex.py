"""LPIPS with AlexNet."""

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._lpips import facts, perceptual_distance


@metric(**facts("AlexNet", "alex", minimal_size=31))
def lpips_alex(predictions, truths, *, backbones, device="cpu"):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return perceptual_distance("alex", predictions, truths, backbones, device)
