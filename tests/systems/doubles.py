"""Stand-ins for the pretrained networks, so that contract tests need no download."""

import torch
from torch import nn
from torch.nn import functional as F


class RandomFeatures(nn.Module):
    """As `lacuna.nn.vgg.VGGFeatures`: any layer of any name, narrow, fixed random weights, any precision."""

    def __init__(self, name, folder, layers, normalise=True):
        super().__init__()
        self.layers = tuple(layers)
        draw = torch.Generator().manual_seed(0)
        for layer in self.layers:
            kernel = torch.randn(4, 3, 3, 3, generator=draw) / 5
            self.register_buffer(layer, kernel)

    def forward(self, images):
        return {layer: F.relu(F.conv2d(images, getattr(self, layer).to(images.dtype))) for layer in self.layers}

    def of_each(self, pictures):
        return [self(each) for each in pictures]


class RandomSimilarity(nn.Module):
    """As `lacuna.nn.lpips_loss.PerceptualSimilarity`: a distance through fixed random weights."""

    def __init__(self, folder, dropout=0.0):
        super().__init__()
        self.dropout = dropout
        self.features = RandomFeatures("vgg16", folder, ["relu1_2"])

    def truth_of(self, images):
        return self.features(images)

    def forward(self, made, truth):
        return F.mse_loss(self.features(made)["relu1_2"], truth["relu1_2"])
