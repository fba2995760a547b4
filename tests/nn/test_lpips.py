"""LPIPS against the authors' published example, their package, and arithmetic written out here."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lacuna.backbones.reading import load
from lacuna.errors import LacunaError
from lacuna.nn.lpips import LPIPS, MINIMUM_SIZE
from tests.official_lpips import no_first_weights

EXAMPLE = Path(__file__).parents[2].parent / "shared" / "data" / "lpips_example"

# Distances of `distorted` from the photographs, from this code once it had reproduced the authors' example.
RECORDED = {
    "alex": {
        "astronaut, blocks": 0.41629,
        "astronaut, hole": 0.35727,
        "astronaut, dark": 0.05416,
        "astronaut, shifted": 0.05544,
        "coffee, blocks": 0.26625,
        "coffee, hole": 0.37229,
        "coffee, dark": 0.08704,
        "coffee, shifted": 0.11106,
        "chelsea, blocks": 0.30384,
        "chelsea, hole": 0.25989,
        "chelsea, dark": 0.03563,
        "chelsea, shifted": 0.05588,
    },
    "vgg": {
        "astronaut, blocks": 0.61565,
        "astronaut, hole": 0.30405,
        "astronaut, dark": 0.06202,
        "astronaut, shifted": 0.24241,
        "coffee, blocks": 0.40184,
        "coffee, hole": 0.38877,
        "coffee, dark": 0.08858,
        "coffee, shifted": 0.25231,
        "chelsea, blocks": 0.57450,
        "chelsea, hole": 0.29976,
        "chelsea, dark": 0.03139,
        "chelsea, shifted": 0.20800,
    },
}


def photograph(name: str, left: int, top: int) -> torch.Tensor:
    """A crop 1×3×80×104 of a photograph inside scikit-image, in [0, 1]."""
    with Image.open(files("skimage") / "data" / name) as image:
        pixels = np.asarray(image.convert("RGB"))[top : top + 80, left : left + 104]
    return tensor(pixels)


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None].float() / 255


def distorted(image: torch.Tensor) -> dict[str, torch.Tensor]:
    """Four damages made with nothing that could change with a library's version."""
    blocks = image[..., ::4, ::4].repeat_interleave(4, -1).repeat_interleave(4, -2)
    hole = image.clone()
    hole[..., 20:50, 30:80] = 0.5
    return {
        "blocks": blocks,
        "hole": hole,
        "dark": image * 0.6,
        "shifted": image.roll((2, 3), dims=(-2, -1)),
    }


@pytest.fixture(scope="module")
def pairs():
    """Photographs N×3×80×104 and damaged versions of them, in the order of RECORDED."""
    images = {
        "astronaut": photograph("astronaut.png", 170, 60),
        "coffee": photograph("coffee.png", 250, 140),
        "chelsea": photograph("chelsea.png", 120, 90),
    }
    return {
        f"{name}, {damage}": (image, other)
        for name, image in images.items()
        for damage, other in distorted(image).items()
    }


@pytest.fixture(scope="module", params=["alex", "vgg"])
def network(request, backbones):
    return LPIPS(request.param, backbones(f"lpips_{request.param}"))


def batch(pairs) -> tuple[torch.Tensor, torch.Tensor]:
    return tuple(torch.cat(side) for side in zip(*pairs.values(), strict=True))


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the authors' example images are not beside the repository")
@pytest.mark.parametrize(("net", "p0", "p1"), [("alex", 0.722, 0.138), ("vgg", 0.569, 0.422)], ids=["alex", "vgg"])
def test_the_authors_example(backbones, net, p0, p1):
    network = LPIPS(net, backbones(f"lpips_{net}"))
    images = {}
    for name in ("ex_ref", "ex_p0", "ex_p1"):
        with Image.open(EXAMPLE / f"{name}.png") as image:
            images[name] = tensor(np.asarray(image.convert("RGB")))
    for name, expected in (("ex_p0", p0), ("ex_p1", p1)):
        distance, _ = network(images["ex_ref"], images[name])
        assert round(distance.item(), 3) == expected


def test_recorded_distances_of_photographs(network, pairs):
    with torch.inference_mode():
        distances, _ = network(*batch(pairs))
    found = dict(zip(pairs, distances.tolist(), strict=True))
    assert found == pytest.approx(RECORDED[network.net], abs=1e-4)


@pytest.fixture(scope="module")
def package(network, backbones):
    """The authors' package with its own linear layers and the trunk's weights, which it would download."""
    import lpips as official  # brings torchvision along, for every worker if it were at the top

    with pytest.warns(UserWarning), no_first_weights():
        whole = official.LPIPS(net=network.net, pnet_rand=True, verbose=False)
    weights = load(f"lpips_{network.net}", backbones(f"lpips_{network.net}"))  # `slice2.3.bias` is `features.3.bias`
    trunk = {key: torch.from_numpy(weights[f"features.{key.partition('.')[2]}"]) for key in whole.net.state_dict()}
    whole.net.load_state_dict(trunk)
    return whole


def test_distance_and_map_are_the_packages(network, package, pairs):
    a, b = (side[[0, 5, 10]] for side in batch(pairs))  # each photograph, each damaged in another way
    with torch.inference_mode():
        distance, spatial = network(a, b)
        assert distance.shape == (3,) and spatial.shape == (3, 80, 104)
        torch.testing.assert_close(distance, package(a, b, normalize=True).flatten(), atol=1e-6, rtol=0)
        package.spatial = True
        torch.testing.assert_close(spatial, package(a, b, normalize=True).squeeze(1), atol=1e-6, rtol=1e-6)
        package.spatial = False


def test_features_can_be_kept_and_compared_again(network, pairs):
    a, b = (side[:3] for side in batch(pairs))
    with torch.inference_mode():
        of_a, of_b = network.features(a), network.features(b)
        for found, expected in zip(network.compare(of_a, of_b, (80, 104)), network(a, b), strict=True):
            assert torch.equal(found, expected)


def test_arithmetic_written_out_from_the_packages_trunk(network, package, pairs):
    """Layers are brought to unit length, weighted squared differences averaged over pixels and summed over layers."""
    a, b = next(iter(pairs.values()))
    scaled = [package.scaling_layer(2 * image - 1) for image in (a, b)]
    with torch.inference_mode():
        distance, _ = network(a, b)
        sides = [[layer.double().numpy()[0] for layer in package.net(image)] for image in scaled]
    total = 0.0
    for number, (of_a, of_b) in enumerate(zip(*sides, strict=True)):
        unit_a, unit_b = (f / (np.sqrt((f**2).sum(axis=0)) + 1e-10) for f in (of_a, of_b))
        weights = network.linear[number].double().numpy().ravel()
        total += np.einsum("c,chw->hw", weights, (unit_a - unit_b) ** 2).mean()
    assert distance.item() == pytest.approx(total, rel=1e-4)


def test_features_are_relu_outputs_of_the_scaled_image_at_unit_length(network, pairs):
    """The scaling is ImageNet's in other words: (2x − 1 + 0.03) / 0.458 is (x − 0.485) / 0.229."""
    image = next(iter(pairs.values()))[0]
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    depth = {"alex": 2, "vgg": 4}[network.net]
    expected = torch.nn.functional.normalize(network.trunk[:depth]((image - mean) / std), dim=1)
    features = network.features(image)
    torch.testing.assert_close(features[0], expected, rtol=1e-4, atol=1e-4)
    channels = {"alex": [64, 192, 384, 256, 256], "vgg": [64, 128, 256, 512, 512]}[network.net]
    assert [layer.shape[1] for layer in features] == channels


@pytest.mark.slow
def test_neither_torchvision_nor_the_package_is_imported(backbones):
    folder = str(backbones("lpips_alex", "lpips_vgg"))
    code = f"import sys; from lacuna.nn.lpips import LPIPS; [LPIPS(net, {folder!r}) for net in ('alex', 'vgg')]; "
    code += "assert not {'torchvision', 'lpips', 'torch._dynamo'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_equal_images_are_at_no_distance_and_the_map_shows_where_they_differ(network, pairs):
    image = pairs["astronaut, hole"][0]
    distance, spatial = network(image, image)
    assert distance.item() == 0 and not spatial.any()
    corner = image.clone()
    corner[..., :24, 64:] = 0.5
    spatial = network(image, corner)[1][0]
    rows, columns = (slice(20), slice(60, 80)), (slice(30), slice(74, 104))
    left, right, *below = [spatial[row, column].mean() for row in rows for column in columns]
    assert right > 2 * max(left, *below)


def test_gradients_reach_the_image_only(network, pairs):
    a, b = next(iter(pairs.values()))
    b = b.clone().requires_grad_()
    network.train()(a, b)[0].sum().backward()
    assert b.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in network.parameters())


def test_training_mode_is_no_other_metric_and_nothing_random_is_drawn(network, backbones, pairs):
    state = torch.get_rng_state()
    LPIPS(network.net, backbones(f"lpips_{network.net}"))
    a, b = next(iter(pairs.values()))
    assert torch.equal(network.train()(a, b)[0], network.eval()(a, b)[0])
    assert torch.equal(torch.get_rng_state(), state)


def test_ranges_and_shapes_are_checked(network):
    good = torch.full((1, 3, 40, 50), 0.5)
    smallest = MINIMUM_SIZE[network.net]
    assert network(good[..., :smallest, :], good[..., :smallest, :])[0].item() == 0
    for bad in (good * 2 - 1.5, good * 3, good * torch.nan):
        with pytest.raises(ValueError, match=r"in \[0, 1\]"):
            network(good, bad)
    for bad in (good[..., :-1], good[:, :1], good.repeat(2, 1, 1, 1)):
        with pytest.raises(ValueError, match="LPIPS (compares|takes)"):
            network(good, bad)
    with pytest.raises(ValueError, match=f"at least {smallest} pixels"):
        network(good[..., : smallest - 1, :], good[..., : smallest - 1, :])


def test_missing_weights_and_unknown_networks(tmp_path):
    with pytest.raises(LacunaError, match="lacuna fetch-backbone --name lpips_alex"):
        LPIPS("alex", tmp_path)
    with pytest.raises(ValueError, match="not 'squeeze'"):
        LPIPS("squeeze", tmp_path)


@pytest.mark.parametrize(
    ("net", "side"), [("alex", 64), ("alex", 160), pytest.param("vgg", 112, marks=pytest.mark.slow)]
)
def test_tiles_give_the_distances_of_the_whole_image(backbones, monkeypatch, net, side):
    from lacuna.nn import lpips

    monkeypatch.setitem(lpips._TILE, net, side)
    random = np.random.default_rng(8)
    truth = torch.from_numpy(random.integers(0, 256, (1, 3, 363, 437), dtype=np.uint8))
    predictions = torch.from_numpy(random.integers(0, 256, (2, 3, 363, 437), dtype=np.uint8))
    predictions[:, :, 100:, :300] = truth[:, :, 100:, :300]
    network = LPIPS(net, backbones(f"lpips_{net}"))
    with torch.inference_mode():
        distance, maps = network.compare_in_tiles(predictions, truth)
        whole = [network(each[None].float() / 255, truth.float() / 255) for each in predictions]
    for k, (value, its) in enumerate(whole):
        assert distance[k] == pytest.approx(float(value), abs=1e-6)
        assert (maps[k] - its[0]).abs().max() < 1e-5
