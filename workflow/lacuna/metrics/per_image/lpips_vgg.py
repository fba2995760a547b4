"""LPIPS with VGG16."""

from lacuna.metrics.facts import metric
from lacuna.metrics.per_image._lpips import facts, perceptual_distance


@metric(**facts("VGG16", "vgg", minimal_size=16))
def lpips_vgg(predictions, truths, *, backbones, device="cpu"):
    """Learned perceptual distance (Zhang et al.: The Unreasonable Effectiveness of Deep Features, CVPR 2018)."""
    return perceptual_distance("vgg", predictions, truths, backbones, device)
