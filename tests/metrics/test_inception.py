"""The FID Inception: shape, the scaling it was trained with, and values recorded once."""

from importlib.resources import files

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.errors import LacunaError
from lacuna.metrics.inception import InceptionFID, resize

RECORDED_MEANS = [0.40052, 0.18674]


@pytest.fixture(scope="module")
def images():
    """Photographs inside scikit-image, float32 2×3×299×299 in [0, 255]."""
    crops = []
    for name, left, top in (("astronaut.png", 100, 40), ("coffee.png", 150, 60)):
        with Image.open(files("skimage") / "data" / name) as image:
            crops.append(np.asarray(image.convert("RGB"))[top : top + 299, left : left + 299].transpose(2, 0, 1))
    return torch.from_numpy(np.stack(crops)).float()


@pytest.fixture(scope="module")
def network(backbones):
    return InceptionFID(backbones("inception"))


def test_2048_features_of_each_image_the_same_in_any_batch(network, images):
    features = network(images)
    assert features.shape == (2, 2048) and features.dtype == torch.float32 and not features.requires_grad
    assert (features >= 0).all()
    torch.testing.assert_close(network(images[1:]), features[1:], rtol=1e-3, atol=1e-4)
    assert features.mean(dim=1).tolist() == pytest.approx(RECORDED_MEANS, abs=1e-4)


def test_the_scaling_is_the_one_its_first_batch_normalisation_was_trained_with(network, images):
    layer = network.network.net.layers.conv
    ratios = {}
    for name, scaled in {
        "used": (images - 128) / 128,
        "to one": images / 255,
        "bytes": images,
    }.items():
        responses = torch.nn.functional.conv2d(scaled, layer.weight, stride=2)
        ratios[name] = (responses.std(dim=(0, 2, 3)) / layer.var.sqrt()).median().item()
    assert ratios["used"] == pytest.approx(1, abs=0.25)
    assert ratios["to one"] < 0.65 and ratios["bytes"] > 50


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(1, 3, 299, 299, dtype=torch.uint8),
        torch.zeros(1, 3, 298, 299),
        torch.zeros(1, 3, 331, 331),
        torch.zeros(1, 1, 299, 299),
        torch.zeros(3, 299, 299),
    ],
)
def test_other_types_and_sizes_are_refused(network, images):
    with pytest.raises(ValueError, match="float32 images N×3×299×299"):
        network(images)


def test_other_ranges_are_refused(network):
    for bad in (torch.full((1, 3, 299, 299), 256.0), torch.full((1, 3, 299, 299), -1.0)):
        with pytest.raises(ValueError, match=r"images in \[0, 255\]"):
            network(bad)


def test_resizing_makes_no_aliases_rounds_nothing_and_clips_overshoots():
    stripes = np.zeros((598, 897, 3), np.uint8)
    stripes[:, ::2] = 255, 255, 0  # as fine as pixels go: halved, they are an even grey
    small = resize(stripes)
    assert small.shape == (3, 299, 299) and small.dtype == np.float32
    assert abs(small[:2, :, 5:-5] - 127.5).max() < 3 and small[2].max() == 0
    edge = np.zeros((40, 64, 3), np.uint8)
    edge[:, 30:] = 255
    large = resize(edge)
    assert large.min() == 0 and large.max() == 255  # bicubic filters overshoot on both sides


def test_resizing_is_pillows_on_each_channel():
    picture = np.random.default_rng(4).integers(90, 165, (70, 120, 3), dtype=np.uint8)  # nothing overshoots
    in_bytes = Image.fromarray(picture).resize((299, 299), Image.Resampling.BICUBIC)
    assert abs(resize(picture) - np.asarray(in_bytes, np.float32).transpose(2, 0, 1)).max() < 1.5  # rounded twice
    assert (resize(picture) % 1 != 0).mean() > 0.9
    assert resize(np.stack([picture[..., 0]] * 3, -1))[1] == pytest.approx(resize(picture)[0])


def test_a_missing_file_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(LacunaError, match="lacuna fetch-backbone --name inception"):
        InceptionFID(tmp_path)
