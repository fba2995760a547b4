import re

import pytest

from lacuna.backbones.catalogue import BACKBONES, LPIPS_LINEAR_SHA256, backbone
from lacuna.errors import LacunaError


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(LacunaError, match="'vgg11'.*inception.*vgg16"):
        backbone("vgg11")


@pytest.mark.parametrize("entry", BACKBONES.values(), ids=BACKBONES)
def test_every_origin_is_pinned(entry):
    assert entry.licence and entry.origins
    for origin in entry.origins:
        assert re.fullmatch("[0-9a-f]{64}", origin.sha256)
        assert bool(origin.package) != bool(origin.torchvision)
        if origin.package:
            assert re.fullmatch(r"[\w-]+==[\d.]+", origin.package)
            assert re.fullmatch("[0-9a-f]{64}", origin.member_sha256)


def test_the_official_address_is_that_of_the_file_whose_name_carries_the_hash():
    from torchvision.models import get_weight

    for entry in BACKBONES.values():
        for origin in entry.origins:
            if origin.torchvision:
                assert get_weight(origin.torchvision).url.endswith("/" + origin.file)
                assert origin.file.endswith(f"-{origin.sha256[:8]}.pth")


def test_every_lpips_network_has_pinned_linear_layers():
    assert {entry.linear for entry in BACKBONES.values() if entry.linear} == set(LPIPS_LINEAR_SHA256)


def test_convolutions_stand_where_torchvision_has_them():
    import torch
    from torchvision import models

    with torch.device("meta"):
        for name in ("alexnet", "vgg16", "vgg19"):
            features = getattr(models, name)(weights=None).features
            positions = tuple(i for i, module in enumerate(features) if isinstance(module, torch.nn.Conv2d))
            assert BACKBONES[name].convolutions == positions
