"""Small structure networks and a picture with an edge for their tests."""

import torch

from lacuna import systems

SMALL = {"width": 4, "discriminator_width": 4, "initial_gain": 0.5, "feature_network": "vgg16"}


def tiny(seed=0, **settings):
    torch.manual_seed(seed)
    return systems.create("structure", **{**SMALL, **settings})


def scene(size=(32, 48), n=2, dtype=torch.float32):
    """A dark and a bright half with a little noise, and a hole that the border between them runs through."""
    draw = torch.Generator().manual_seed(1)
    image = 0.1 * torch.rand(n, 3, *size, generator=draw)
    image[..., size[1] // 2 :] += 0.8
    mask = torch.zeros(n, 1, *size)
    mask[..., 4 : size[0] // 2, size[1] // 4 : size[1] // 2 + 3] = 1
    return image.to(dtype), mask.to(dtype)
