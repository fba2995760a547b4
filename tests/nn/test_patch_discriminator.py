"""Patch discriminators: sizes by trial, spectral norms by a decomposition."""

import pytest
import torch
from torch import nn

from lacuna.errors import LacunaError
from lacuna.nn.patch_discriminator import patch_layers, require_patch, smallest_picture


@pytest.mark.parametrize(("kernel", "smallest"), [(4, 24), (5, 47)])
def test_the_smallest_picture_gives_one_patch_and_a_smaller_one_is_refused(kernel, smallest):
    layers = patch_layers(4, kernel, 0.02)
    assert smallest_picture(kernel) == smallest
    assert layers(torch.rand(2, 3, smallest, smallest + 8)).shape == (2, 1, 1, 2)
    require_patch(torch.rand(1, 3, smallest, smallest + 8), kernel, "system 'x'")
    with pytest.raises(LacunaError, match=f"of system 'x' takes .* at least {smallest} pixels, not 90×{smallest - 1}"):
        require_patch(torch.rand(1, 3, 90, smallest - 1), kernel, "system 'x'")


def test_all_convolutions_but_the_last_have_spectral_norm_1_and_no_bias():
    torch.manual_seed(0)
    layers = patch_layers(4, 5, 0.3)
    with torch.no_grad():
        for _ in range(100):
            layers(torch.rand(1, 3, 47, 47))
    *normalised, last = (layer for layer in layers if isinstance(layer, nn.Conv2d))
    assert [layer.out_channels for layer in normalised] == [4, 8, 16, 32] and last.out_channels == 1
    for layer in normalised:
        assert layer.bias is None
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    assert torch.linalg.matrix_norm(last.weight.flatten(1), 2).item() != pytest.approx(1, abs=0.1)
    assert not last.bias.any()
