"""VGG features against torchvision's own network with the same weights."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from lacuna.backbones.reading import load, tensors_sha256
from lacuna.errors import LacunaError
from lacuna.files import write_json
from lacuna.nn.vgg import VGGFeatures

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


@pytest.fixture(scope="module")
def images():
    return torch.rand(2, 3, 35, 50, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def drawn_vgg19(tmp_path_factory):
    """A folder with a VGG19 of random weights: its published file cannot be had everywhere."""
    from torchvision import models  # here and not at the top: every worker reads this file, one runs it

    folder = tmp_path_factory.mktemp("backbones")
    random = np.random.default_rng(19)
    tensors = {}
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in models.vgg19(weights=None).features.state_dict().items()}
    for key, shape in shapes.items():
        values = random.standard_normal(shape, dtype=np.float32)
        tensors[f"features.{key}"] = values * np.float32(np.sqrt(2 / (shape[1] * 9)) if len(shape) == 4 else 0.1)
    save_file(tensors, folder / "vgg19.safetensors")
    write_json(folder / "vgg19.json", {"weights_sha256": tensors_sha256(tensors)})
    return folder


def torchvisions(name, folder):
    """torchvision's `features`, with the weights of the folder."""
    from torchvision import models

    with torch.device("meta"):
        features = getattr(models, name)(weights=None).features
    weights = {key.removeprefix("features."): torch.from_numpy(value) for key, value in load(name, folder).items()}
    features.load_state_dict(weights, strict=True, assign=True)
    return features


def check(name, folder, images, positions):
    network = VGGFeatures(name, folder, list(positions))
    quick = network(images)
    network.quick = False
    features = network(images)
    assert list(features) == list(quick) == list(positions)
    reference = torchvisions(name, folder)
    for layer, position in positions.items():
        expected = reference[: position + 1]((images - MEAN) / STD).clone()  # the next ReLU works in place
        torch.testing.assert_close(features[layer], expected, rtol=0, atol=0)
        assert expected.std() > 0
        torch.testing.assert_close(quick[layer], expected, rtol=0, atol=2e-5 * float(expected.detach().abs().max()))


# the positions of torchvision's layers, counted by hand; neither sorted nor complete
def test_vgg16_is_torchvisions(backbones, images):
    check("vgg16", backbones("vgg16"), images, {"relu3_3": 15, "relu1_1": 1, "relu5_1": 25, "pool2": 9, "relu4_1": 18})


def test_vgg19_is_torchvisions(drawn_vgg19, images):
    check("vgg19", drawn_vgg19, images, {"relu2_2": 8, "relu3_4": 17, "relu4_4": 26, "relu5_2": 31, "pool4": 27})


def test_features_before_a_relu_of_the_next_layer_are_not_overwritten(drawn_vgg19, images):
    alone = VGGFeatures("vgg19", drawn_vgg19, ["relu1_1"])(images)["relu1_1"]
    together = VGGFeatures("vgg19", drawn_vgg19, ["relu1_1", "relu2_1"])(images)["relu1_1"]
    assert torch.equal(alone, together) and (alone >= 0).all() and alone.shape == (2, 64, 35, 50)


def test_gradients_of_wide_convolutions_are_autograds_to_rounding(drawn_vgg19, images):
    network = VGGFeatures("vgg19", drawn_vgg19, ["relu3_2", "relu4_2", "pool2"])
    assert [each.tile for each in network._quick.values()] == [4, 4, 4, 4, 2, 2]
    found = []
    for network.quick in (True, False):
        inputs = images.clone().requires_grad_()
        torch.stack([each.square().mean() for each in network(inputs).values()]).sum().backward()
        found.append(inputs.grad)
    # a ReLU whose input is 0 but for rounding lets the gradient through, or not
    assert (found[0] - found[1]).norm() < 0.01 * found[1].norm()
    assert not torch.equal(*found)


def test_double_precision_is_kept(drawn_vgg19, images):
    network = VGGFeatures("vgg19", drawn_vgg19, ["relu3_2"]).double()
    assert network(images.double())["relu3_2"].dtype == torch.float64


def test_gradients_reach_the_images_and_no_weight(drawn_vgg19, images):
    network = VGGFeatures("vgg19", drawn_vgg19, ["relu2_1"])
    inputs = images.clone().requires_grad_()
    network(inputs)["relu2_1"].square().mean().backward()
    assert (inputs.grad.abs().amax(dim=(0, 2, 3)) > 0).all()
    assert not list(filter(lambda weight: weight.requires_grad, network.parameters()))


def test_training_mode_changes_nothing_and_nothing_random_is_drawn(drawn_vgg19, images):
    state = torch.get_rng_state()
    network = VGGFeatures("vgg19", drawn_vgg19, ["relu3_1"])
    assert torch.equal(torch.get_rng_state(), state) and not network.training
    assert torch.equal(network(images)["relu3_1"], network.train()(images)["relu3_1"])


def test_without_normalisation_the_images_are_taken_as_they_are(drawn_vgg19, images):
    plain = VGGFeatures("vgg19", drawn_vgg19, ["relu1_2"], normalise=False)((images - MEAN) / STD)["relu1_2"]
    assert torch.equal(plain, VGGFeatures("vgg19", drawn_vgg19, ["relu1_2"])(images)["relu1_2"])


@pytest.mark.parametrize(("layer", "size"), [("relu1_2", 1), ("relu3_1", 4), ("relu5_1", 16), ("pool5", 32)])
def test_the_smallest_image(drawn_vgg19, layer, size):
    network = VGGFeatures("vgg19", drawn_vgg19, [layer])
    assert network.minimum_size == size
    assert min(network(torch.rand(1, 3, size, size + 3))[layer].shape) > 0
    for shape in ((1, 3, size - 1, 40), (1, 3, 40, size - 1), (1, 4, 40, 40), (3, 40, 40)):
        with pytest.raises(ValueError, match=f"at least {size} pixels"):
            network(torch.zeros(shape))


def test_wrong_names_are_answered_with_the_right_ones(drawn_vgg19):
    with pytest.raises(ValueError, match=r"vgg19 has no layer relu3_5; it has relu1_1, .*pool5"):
        VGGFeatures("vgg19", drawn_vgg19, ["relu1_1", "relu3_5"])
    with pytest.raises(ValueError, match="no layer to return"):
        VGGFeatures("vgg19", drawn_vgg19, [])
    with pytest.raises(ValueError, match="not 'vgg13'"):
        VGGFeatures("vgg13", drawn_vgg19, ["relu1_1"])


def test_missing_weights_name_the_command_that_fetches_them(tmp_path):
    with pytest.raises(LacunaError, match="lacuna fetch-backbone --name vgg16"):
        VGGFeatures("vgg16", tmp_path, ["relu1_1"])
