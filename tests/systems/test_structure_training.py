"""The structure network's discriminator and losses against arithmetic done by hand, and its training steps."""

from fnmatch import fnmatch

import numpy as np
import pytest
import torch
from torch import nn

from lacuna import systems
from lacuna.adaptation.losses import Regions, Weights, generator_losses, truth_of
from lacuna.adaptation.losses import discriminator_loss as regional_discriminator_loss
from lacuna.errors import LacunaError
from lacuna.nn.edges import canny, sobel
from lacuna.nn.layers import gaussian_blur
from lacuna.systems._structure_training import (
    Discriminator,
    content_loss,
    discriminator_loss,
    low_scale_l1,
    region_l1,
    squared_style_loss,
    structure_losses,
    uniform,
)
from tests.systems.structures import scene, tiny

# ---------------------------------------------------------------------- discriminator


def test_scores_are_an_eighth_of_the_size_rounded_up():
    discriminator = Discriminator((2, 2, 2, 1, 1), 4)
    assert discriminator(torch.rand(1, 3, 256, 256)).shape == (1, 1, 32, 32)
    assert discriminator(torch.rand(1, 3, 33, 50)).shape == (1, 1, 5, 7)
    assert Discriminator((2, 2, 1), 4)(torch.rand(1, 3, 33, 50)).shape == (1, 1, 9, 13)


@pytest.mark.parametrize(("stride", "size", "before"), [(1, (6, 9), 1), (2, (6, 10), 1), (2, (7, 9), 1)])
def test_padding_puts_the_odd_pixel_after(stride, size, before):
    """A kernel with its one at a corner shows which pixel the first and the last output look at."""
    discriminator = Discriminator((stride,), 4).double().eval()
    layer = discriminator.layers[0]
    image = torch.rand(1, 3, *size, dtype=torch.float64)
    picture = (2 * image - 1).sum(1)[0].numpy()
    rows, columns = (-(-side // stride) for side in size)
    after = [
        max(0, (count - 1) * stride + 4 - side - before) for count, side in zip((rows, columns), size, strict=True)
    ]
    assert after == ([2, 2] if stride == 1 or size[0] % 2 else [1, 1])
    padded = np.pad(picture, ((before, after[0]), (before, after[1])))
    for corner in (0, 3):
        with torch.no_grad():
            layer.weight_orig.zero_()
            layer.weight_orig[0, :, corner, corner] = 1
            scale = layer.weight_orig.flatten(1).mv(layer.weight_v) @ layer.weight_u
            scores = discriminator(image)[0, 0] * scale
        seen = padded[corner:, corner:][::stride, ::stride][:rows, :columns]
        np.testing.assert_allclose(scores, seen, atol=1e-9)


def test_every_convolution_is_divided_by_its_spectral_norm():
    torch.manual_seed(0)
    discriminator = Discriminator((2, 2, 2, 1, 1), 4).double()
    with torch.no_grad():
        for _ in range(150):
            discriminator(torch.rand(1, 3, 16, 16, dtype=torch.float64))
    for layer in discriminator.layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_initial_weights_are_normal_with_deviation_0_02():
    torch.manual_seed(0)
    for layer in Discriminator((2, 2, 2, 1, 1), 64).layers[1:]:
        assert float(layer.weight_orig.detach().std()) == pytest.approx(0.02, rel=0.05)
        assert not layer.bias.any()


# ---------------------------------------------------------------------- losses


def test_hinge_by_hand():
    real, fake = torch.tensor([2.0, 0.5, -1.0]), torch.tensor([-3.0, 0.0, 1.0])
    assert float(discriminator_loss(real, fake)) == pytest.approx((0 + 0.5 + 2) / 3 + (0 + 1 + 2) / 3)


def test_l1_of_a_region_is_averaged_over_its_places():
    raw, image = torch.zeros(1, 3, 2, 3), torch.zeros(1, 3, 2, 3)
    raw[0, :, 0, 0] = torch.tensor([0.1, 0.2, 0.3])
    raw[0, :, 1, 2] = 5
    region = torch.tensor([[[[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]])
    # twice, for the authors' scale; two places
    assert float(region_l1(raw, image, region)) == pytest.approx(2 * 0.6 / 2)
    assert float(region_l1(raw, image, torch.zeros_like(region))) == 0


def features(seed):
    draw = np.random.default_rng(seed)
    names = [f"relu{stage}_1" for stage in range(1, 6)]
    return {name: torch.from_numpy(draw.standard_normal((2, 3 + i, 4, 5 - i // 2))) for i, name in enumerate(names)}


def test_content_loss_is_a_fifth_of_each_layers_mean_square():
    of, to = features(0), features(1)
    expected = sum(0.2 * ((of[key] - to[key]).numpy() ** 2).mean() for key in of)
    assert float(content_loss(of, to)) == pytest.approx(expected)


def test_style_loss_by_loops():
    of, to = features(0), features(1)
    expected = 0.0
    for key in of:
        a, b = of[key].numpy(), to[key].numpy()
        n, channels, height, width = a.shape
        for picture in range(n):
            for i in range(channels):
                for j in range(channels):
                    difference = (a[picture, i] * a[picture, j] - b[picture, i] * b[picture, j]).sum()
                    expected += 0.2 * (difference / (height * width * channels)) ** 2 / a.size
    assert float(squared_style_loss(of, to)) == pytest.approx(expected)


def test_structure_losses_by_hand():
    """One scale at half the size and one at the whole: their means and their means near edges."""
    image, _ = scene((32, 48), dtype=torch.float64)
    draw = torch.Generator().manual_seed(3)
    sizes = ((16, 24), (32, 48))
    gradients = tuple(torch.randn(2, 6, *size, generator=draw, dtype=torch.float64) for size in sizes)
    mean, near = 0.0, 0.0
    for gradient, small in zip(gradients, (image[..., ::2, ::2], image), strict=True):
        error = (gradient - sobel(2 * small - 1)).abs().numpy()
        edge = canny(small, 1.5)
        assert edge.any() and not edge.all()
        weight = 20 * gaussian_blur(gaussian_blur(edge, 2, 1.0), 2, 1.0).numpy()
        mean += error.mean()
        near += (weight * error).sum() / weight.sum() / 6
    found = structure_losses(gradients, image)
    assert [float(loss) for loss in found] == pytest.approx([mean, near])
    assert mean != pytest.approx(near, rel=0.01)


def test_structure_losses_of_a_flat_picture_are_finite():
    found = structure_losses((torch.ones(1, 6, 8, 12),), torch.full((1, 3, 16, 24), 0.3))
    assert [float(loss) for loss in found] == [1, 0]


def test_low_scale_l1_takes_the_first_of_neighbouring_pixels():
    image = torch.arange(2 * 3 * 8 * 8.0).view(2, 3, 8, 8)
    assert float(low_scale_l1((image[..., ::4, ::4], image[..., ::2, ::2] + 0.25), image)) == pytest.approx(0.5)


class Toy(nn.Module):
    """A discriminator that looks at one number: score = brightness · weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, image):
        return image.mean(1, keepdim=True) * self.weight


def toy_step(random_backbones, **settings):
    """One training step with the toy discriminator and steps of size zero."""
    system = tiny(**settings)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double()
    system.discriminator = Toy()
    optimizers = {name: torch.optim.SGD(module.parameters(), lr=0.0) for name, module in system.modules().items()}
    image, mask = scene(dtype=torch.float64)
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    with torch.no_grad():
        prediction = system.network(image, mask)
    return system, losses, image, mask, prediction


def test_logged_losses_carry_the_authors_weights(random_backbones):
    system, losses, image, mask, prediction = toy_step(random_backbones)
    raw = prediction.raw
    made = mask * raw + (1 - mask) * image
    assert list(losses) == ["hole", "valid", "content", "style", "gradient", "edge", "adversarial", "discriminator"]
    error = 2 * (raw - image).abs()
    true, of = system.features(image), [system.features(made), system.features(raw)]
    everywhere, near = structure_losses(prediction.gradients, image)
    expected = {
        "hole": (error * mask).sum() / mask.sum(),
        "valid": (error * (1 - mask)).sum() / (1 - mask).sum(),
        "content": 0.1 * sum(content_loss(each, true) for each in of),
        "style": 250 * sum(squared_style_loss(each, true) for each in of),
        "gradient": 0.1 * everywhere,
        "edge": near,
        "adversarial": -0.4 * 2 * made.mean(),
        "discriminator": torch.relu(1 - 2 * image.mean(1)).mean() + torch.relu(1 + 2 * made.mean(1)).mean(),
    }
    assert {key: float(loss) for key, loss in losses.items()} == pytest.approx(
        {k: float(v) for k, v in expected.items()}
    )


def test_the_discriminator_learns_from_its_own_loss_only(random_backbones):
    system, _, image, mask, prediction = toy_step(random_backbones)
    made = mask * prediction.raw + (1 - mask) * image
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    discriminator_loss(image.mean(1) * weight, made.mean(1) * weight).backward()
    assert float(system.discriminator.weight.grad) == pytest.approx(float(weight.grad), rel=1e-9)


def test_the_thesis_forms_learn_by_the_thesis_losses_of_both_regions(random_backbones):
    system, losses, image, mask, prediction = toy_step(random_backbones, form="thesis_small")
    regions = Regions(mask, torch.ones_like(mask))
    truth = truth_of(image, regions, system.features)
    judged = prediction.raw, image, regions
    expected = generator_losses(*judged, truth, system.features, system.discriminator, Weights(), background=True)
    expected["discriminator"] = regional_discriminator_loss(*judged, system.discriminator, background=True)
    assert list(losses) == list(expected)
    assert {key: float(loss) for key, loss in losses.items()} == pytest.approx(
        {key: float(loss.detach()) for key, loss in expected.items()}
    )


def test_the_thesis_forms_imply_the_thesis_rate_and_refuse_a_style_loss():
    assert tiny(form="thesis_small").recipe.learning_rate == 1e-6
    assert tiny(form="thesis_small", learning_rate=1e-4).recipe.learning_rate == 1e-4
    assert (tiny().recipe.learning_rate, tiny().recipe.style_weight) == (1e-5, 250)
    with pytest.raises(LacunaError, match="no style loss in form 'thesis'"):
        tiny(form="thesis", style_weight=1.0)


def inert(key):
    """Whether nothing can be learned there, rounding apart."""
    patterns = systems.system_class("structure").facts.zero_gradient
    return any(fnmatch(f"network.{key}", pattern) for pattern in patterns)


@pytest.mark.parametrize("form", ["thesis", "thesis_small"])
def test_a_step_teaches_every_parameter_of_the_thesis_forms(form, random_backbones):
    system = tiny(form=form)
    system.load_backbones(random_backbones, torch.device("cpu"))
    before = {key: value.clone() for key, value in system.network.state_dict().items()}
    system.training_step(*scene(), system.optimizers(), lambda loss: loss.backward())
    for key, value in system.network.state_dict().items():
        assert inert(key) or (value != before[key]).any(), key


def test_frozen_parameters_stay(random_backbones):
    system = tiny(form="thesis", freeze="encoder_and_half_of_blocks")
    system.load_backbones(random_backbones, torch.device("cpu"))
    before = {key: value.clone() for key, value in system.network.state_dict().items()}
    system.training_step(*scene(), system.optimizers(), lambda loss: loss.backward())
    for key, value in system.network.state_dict().items():
        frozen = key.startswith(("encoder.", "middle.0", "middle.1", "middle.2", "middle.3"))
        assert torch.equal(value, before[key]) == frozen or (inert(key) and not frozen), key


def test_pictures_of_which_nothing_is_seen_teach_nothing(random_backbones):
    image, mask = scene()
    hidden, flat = torch.ones_like(mask), torch.full_like(image, 0.4)
    assert uniform(torch.cat([image, image, flat, flat]), torch.cat([mask, hidden, mask, 0 * mask])).tolist() == (
        [False] * 2 + [True] * 2 + [False] * 2 + [True] * 2
    )
    system = tiny()
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.training_step(image, hidden, system.optimizers(), lambda loss: loss.backward())
    gradients = [each.grad for each in system.network.parameters() if each.grad is not None]
    assert len(gradients) > 100 and not any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_smaller_pictures_heads_learn_only_if_their_loss_is_weighed(weight, random_backbones):
    system = tiny(low_scale_weight=weight)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.training_step(*scene(), system.optimizers(), lambda loss: loss.backward())
    left = [f"network.{key}" for key, parameter in system.network.named_parameters() if parameter.grad is None]
    assert bool(left) == (weight == 0)
    for key, _ in system.network.named_parameters():
        listed = any(fnmatch(f"network.{key}", pattern) for pattern in system.without_gradient)
        assert (f"network.{key}" in left) == listed, key
