"""PEN-Net against its authors' network, the laboratory's variant against its report, and losses against arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems.pennet import RELEASED, AttentionTransfer, masked_l1, pyramid_l1
from tests.systems.references import (
    assert_as_recorded,
    authors_shapes,
    difference_but_for_a_factor,
    settled,
    shapes,
    smooth_picture,
    with_simple_weights,
)

SMALL = {"widths": (8, 8, 16), "discriminator_width": 4, "initial_std": 0.1}
BOTH = ("pennet", "pennet_lab")


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_is_the_published_one():
    described = describe("pennet")
    assert described["parameters"] == 10_231_538
    assert round(described["macs_256"] / 1e9, 2) == 25.66
    discriminator = systems.create("pennet", widths=(4, 4)).discriminator
    assert described["parts"]["discriminator"] == sum(each.numel() for each in discriminator.parameters())


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_keys_and_shapes_are_the_authors(part):
    with torch.device("meta"):
        module = systems.create("pennet").modules()[part]
    assert shapes(module) == authors_shapes(f"pennet.{part}.txt")


@pytest.mark.slow
def test_generator_equals_the_authors(golden):
    authors = golden("pennet")
    network = systems.load_released("pennet", {"netG": authors.weights()}).network
    with torch.no_grad():
        made = network(*authors.inputs(torch.float32))
    assert authors.difference(made.raw) <= 1e-4
    assert len(made.pyramid) == 5
    for index, level in enumerate(made.pyramid):
        assert authors.difference(level, f"pyramid{index}") <= 1e-4


@pytest.mark.slow
def test_discriminator_equals_the_authors(golden):
    authors = golden("pennet")
    weights = authors.weights("disc.keys", later=1)
    torch.manual_seed(0)
    system = systems.create("pennet", widths=(4, 4))
    system.load_released(weights, "discriminator")
    (image,) = authors.inputs(torch.float64, "image")
    # the power iteration is over weights: any picture will do
    discriminator = settled(system.discriminator.double(), image[..., :47, :47])
    with torch.no_grad():
        ours = discriminator(image)[0].numpy()
    theirs = authors.expected["disc_image"]
    assert difference_but_for_a_factor(ours, theirs, weights["classifier.bias"][0], 0.05) <= 1e-6


@pytest.mark.parametrize("name", BOTH)
def test_recorded_output_stays(name):
    network = with_simple_weights(systems.create(name, **SMALL).network, 1.2)
    with torch.no_grad():
        raw = network(*smooth_picture(40, 56, slice(5, 20), slice(17))).raw
    assert_as_recorded(name, raw[0])


# ---------------------------------------------------------------------- the laboratory's network


def report_says(weights, x):
    """The report's forward pass, step by step, on the 4-channel input; weights by its names."""

    def layer(name, x, stride=1):
        return F.conv2d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], stride, padding=1)

    skips = []
    for level in range(1, 7):
        x = layer(f"dw_conv0{level}.0", x, stride=2)
        x = F.leaky_relu(x, 0.2) if level < 6 else F.relu(x)
        skips.append(x)
    x6, skips = skips[-1], skips[:-1]
    x = x6
    for level in (5, 4, 3, 2, 1):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        x = F.relu(layer(f"up_conv0{level}.0", x))
        x = torch.cat([x, skips.pop()], 1)
    x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
    return torch.tanh(layer("decoder.2", F.relu(layer("decoder.0", x))))


def test_the_laboratorys_network_is_the_one_of_its_report():
    torch.manual_seed(0)
    network = systems.create("pennet_lab", initial_std=0.04).network
    widths = {
        "dw_conv": [(32, 4), (64, 32), (128, 64), (256, 128), (512, 256), (512, 512)],
        "up_conv": [(32, 128), (64, 256), (128, 512), (256, 1024), (512, 512)],
    }
    expected = {f"{kind}0{i}.0.weight": [*sizes, 3, 3] for kind in widths for i, sizes in enumerate(widths[kind], 1)}
    expected |= {"decoder.0.weight": [32, 64, 3, 3], "decoder.2.weight": [3, 32, 3, 3]}
    state = network.state_dict()
    assert {key: list(value.shape) for key, value in state.items() if key.endswith("weight")} == expected
    assert describe("pennet_lab")["parameters"] == sum(value.numel() for value in state.values()) == 9_441_731

    image, mask = torch.rand(1, 3, 64, 128), (torch.rand(1, 1, 64, 128) > 0.6).float()
    white = 2 * image - 1
    white[:, :, mask[0, 0] == 1] = 1
    with torch.no_grad():
        expected = (report_says(state, torch.cat([white, mask], 1)) + 1) / 2
        raw = network(image, mask).raw
    assert raw.std() > 1e-3
    torch.testing.assert_close(raw, expected, atol=1e-6, rtol=0)


# ---------------------------------------------------------------------- attention


@pytest.mark.parametrize("window", [1, 3])
def test_attention_transfer_against_a_loop(window):
    """Places are rebuilt one by one: similarities, the authors' masking, pasted 4×4 patches."""
    height, width = 3, 4
    draw = np.random.default_rng(0)
    fine, coarse = draw.normal(size=(2, 5, 2 * height, 2 * width)), draw.normal(size=(2, 3, height, width)) / 3
    mask = np.zeros((2, 1, 8 * height, 8 * width))
    mask[0, 0, :7, :9] = 1
    mask[1, 0, 15:, 20:] = 1
    layer = AttentionTransfer(5, window, fuse=False)
    found = layer(*(torch.from_numpy(each) for each in (fine, coarse, mask))).numpy()

    # corners aligned: the small picture's pixels are these of the large one, by bilinear interpolation
    rows, columns = np.linspace(0, 8 * height - 1, height), np.linspace(0, 8 * width - 1, width)
    at = [(y, x) for y in range(height) for x in range(width)]
    reach = window // 2
    for picture in range(2):
        plane = mask[picture, 0]
        small = np.array([[_bilinear(plane, y, x) for x in columns] for y in rows])
        spread = np.pad(small, reach)
        around = np.pad(coarse[picture], ((0, 0), (reach, reach), (reach, reach)))
        keys = [around[:, y : y + window, x : x + window] for y, x in at]
        usable = np.array([spread[y : y + window, x : x + window].mean() == 0 for y, x in at], float)
        assert 0 < usable.sum() < len(at)
        values = np.pad(fine[picture], ((0, 0), (1, 1), (1, 1)))
        canvas = np.zeros_like(values)
        for query, (v, u) in enumerate(at):
            logits = np.array([(key * keys[query]).sum() / np.sqrt((key**2).sum()) for key in keys])
            odds = np.exp(10 * logits * usable)
            weights = np.maximum(odds / odds.sum() * usable, 1e-8)
            for weight, (y, x) in zip(weights, at, strict=True):
                canvas[:, 2 * v : 2 * v + 4, 2 * u : 2 * u + 4] += (
                    weight * values[:, 2 * y : 2 * y + 4, 2 * x : 2 * x + 4] / 4
                )
        np.testing.assert_allclose(found[picture], canvas[:, 1:-1, 1:-1], atol=1e-10)


def _bilinear(plane, y, x):
    top, left = min(int(y), plane.shape[0] - 2), min(int(x), plane.shape[1] - 2)
    down, right = y - top, x - left
    upper = plane[top, left] * (1 - right) + plane[top, left + 1] * right
    lower = plane[top + 1, left] * (1 - right) + plane[top + 1, left + 1] * right
    return upper * (1 - down) + lower * down


def test_fused_attention_has_four_dilations_side_by_side():
    layer = AttentionTransfer(8, 3, fuse=True)
    assert [layer.get_submodule(name)[0].dilation for name in layer.fuses] == [(1, 1), (2, 2), (4, 4), (8, 8)]
    plain = AttentionTransfer(8, 3, fuse=False)
    fine, coarse, mask = torch.randn(1, 8, 8, 12), torch.randn(1, 4, 4, 6), torch.zeros(1, 1, 16, 24)
    pasted = plain(fine, coarse, mask)
    expected = torch.cat([layer.get_submodule(f"conv0{i}")(pasted) for i in range(4)], 1)
    torch.testing.assert_close(layer(fine, coarse, mask), expected)


def test_without_any_valid_key_the_weights_are_the_floor():
    fine, coarse = torch.ones(1, 4, 8, 8), torch.rand(1, 2, 4, 4)
    x = AttentionTransfer(4, 3, fuse=False)(fine, coarse, torch.ones(1, 1, 32, 32))
    # four patches of each key, a quarter of each; along a row their pixels 0 and 2 or 1 and 3, of which 0 and 3 lie
    # outside the picture, in zeros, for one key of four: (3 + 4)² values of 1
    assert x[0, 0, 3, 3].item() == pytest.approx(49 / 4 * 1e-8, rel=1e-4)


# ---------------------------------------------------------------------- what it can be told


def test_released_weights_have_their_authors_settings():
    assert set(RELEASED) == {"celebahq", "dtd", "facade", "places2"}
    for name, released in RELEASED.items():
        recipe = systems.create("pennet", widths=(4, 4), discriminator_width=4, released=name).recipe
        assert released.settings.items() <= vars(recipe).items()
    assert RELEASED["places2"].settings.items() <= vars(systems.system_class("pennet").Recipe()).items()
    assert [name for name in sorted(RELEASED) if RELEASED[name].settings["gan_type"] == "nsgan"] == ["dtd", "facade"]


def test_settings_go_before_those_of_the_released_weights():
    recipe = systems.create("pennet", **SMALL, released="dtd", gan_type="hinge", decay_until=7).recipe
    assert (recipe.gan_type, recipe.decay_until, recipe.iterations) == ("hinge", 7, 330_000)
    assert systems.create("pennet", **vars(recipe)).recipe == recipe
    with pytest.raises(LacunaError, match="'released' of system 'pennet' is one of celebahq, .*, not 'coco'"):
        systems.create("pennet", released="coco")


@pytest.mark.parametrize(
    ("name", "tenths"),
    [
        ("celebahq", {0: 0, 99_999: 0, 100_000: 0, 330_000: 0}),
        ("places2", {0: 0, 99_999: 0, 100_000: 1, 200_000: 1, 999_999: 1}),
        ("dtd", {99_999: 0, 100_000: 1, 250_000: 2, 300_000: 3, 330_000: 3}),
        ("facade", {50_000: 0, 200_000: 0}),
    ],
)
def test_the_learning_rate_falls_as_the_authors_let_it(name, tenths):
    system = systems.create("pennet", **SMALL, released=name)
    optimizers = system.optimizers()
    for step, power in tenths.items():
        system.before_step(step, 0.5, optimizers)
        for optimizer in optimizers.values():
            assert optimizer.param_groups[0]["lr"] == pytest.approx(1e-4 * 10**-power)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("settings", [{"gan_type": "wgan"}, {"widths": [8]}, {"decay_every": 0}, {"widths": [0, 4]}])
def test_impossible_settings_are_refused(name, settings):
    with pytest.raises(LacunaError, match="PEN-Net's systems"):
        systems.create(name, **settings)


def test_widths_must_be_shareable_only_where_they_are_shared():
    with pytest.raises(LacunaError, match="divide evenly"):
        systems.create("pennet", widths=(6, 8, 8))
    systems.create("pennet", widths=(8, 6, 6))
    systems.create("pennet_lab", widths=(6, 8, 8))


@pytest.mark.parametrize("name", BOTH)
def test_sizes_follow_the_levels(name):
    assert systems.create(name).size_multiple == systems.create(name).minimal_size == 64
    system = systems.create(name, **SMALL)
    assert system.size_multiple == system.minimal_size == 8
    with pytest.raises(LacunaError, match=f"system '{name}' takes sizes .* multiples of 8, not 36×40"):
        system.network(torch.zeros(1, 3, 36, 40), torch.zeros(1, 1, 36, 40))


def test_the_discriminator_refuses_what_it_cannot_take():
    discriminator = systems.create("pennet", **SMALL).discriminator
    assert discriminator(torch.zeros(1, 3, 47, 48)).shape == (1, 1, 1, 1)
    with pytest.raises(LacunaError, match="at least 47 pixels, not 46×80"):
        discriminator(torch.zeros(1, 3, 46, 80))


def test_initial_weights_are_normal_with_deviation_0_02():
    torch.manual_seed(0)
    for module in systems.create("pennet").modules().values():
        for key, parameter in module.named_parameters():
            if parameter.dim() > 1 and parameter.numel() > 5000:
                assert float(parameter.detach().std()) == pytest.approx(0.02, rel=0.05), key
            elif parameter.dim() == 1:
                assert not parameter.any(), key


# ---------------------------------------------------------------------- losses


class Toy(nn.Module):
    """A discriminator whose logit is the brightness of each pixel times a parameter; it notes what it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.shown = []

    def forward(self, image):
        self.shown.append(image.detach())
        return image.mean(1, keepdim=True) * self.weight


def test_region_losses_are_means_over_the_pixels_of_the_batch():
    raw, image = np.random.default_rng(0).random((2, 2, 3, 4, 5))
    mask = np.zeros((2, 1, 4, 5))
    mask[0, 0, 1:3, :2] = 1
    mask[1, 0, 3, 4] = 1
    holes = [abs(raw[n, :, y, x] - image[n, :, y, x]).mean() for n, _, y, x in np.argwhere(mask)]
    assert float(masked_l1(*(torch.from_numpy(each) for each in (raw, image, mask)))) == pytest.approx(np.mean(holes))
    assert float(masked_l1(*(torch.from_numpy(each) for each in (raw, image, 0 * mask)))) == 0


def test_pyramid_loss_compares_every_level_with_the_shrunken_image():
    # where brightness grows evenly, interpolation between aligned corners gives an even ramp of any size
    image = torch.linspace(0, 1, 13).expand(1, 3, 9, 13)
    levels = tuple(torch.linspace(0, 1, width).expand(1, 3, 4, width) + off for width, off in ((6, 0.25), (3, -0.5)))
    assert float(pyramid_l1(levels, image)) == pytest.approx(0.75, abs=1e-6)


def toy_step(name, gan_type, fixed=True):
    """A training step with the toy discriminator, in steps of size zero unless not fixed."""
    torch.manual_seed(0)
    system = systems.create(name, **SMALL, gan_type=gan_type)
    system.network.double()
    system.discriminator = Toy()
    rates = {"network": 0.0, "discriminator": 0.0 if fixed else 1.0}
    optimizers = {part: torch.optim.SGD(module.parameters(), rates[part]) for part, module in system.modules().items()}
    image = torch.rand(2, 3, 24, 40, dtype=torch.float64)
    mask = torch.zeros(2, 1, 24, 40, dtype=torch.float64)
    mask[:, :, 4:20, :15] = 1
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    with torch.no_grad():
        made = system.network(image, mask)
    return system, losses, image, mask, made


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("gan_type", ["hinge", "nsgan"])
def test_logged_losses_carry_the_authors_weights_and_scale(name, gan_type):
    _, losses, image, mask, made = toy_step(name, gan_type)
    difference = 2 * (made.raw - image).abs()  # the authors' scale is [-1, 1]
    assert float(losses["hole_l1"]) == pytest.approx(6 * float(difference[mask.expand_as(image) == 1].mean()))
    assert float(losses["valid_l1"]) == pytest.approx(float(difference[mask.expand_as(image) == 0].mean()))
    if name == "pennet":
        assert float(losses["pyramid_l1"]) == pytest.approx(0.5 * 2 * float(pyramid_l1(made.pyramid, image)))
    real, fake = image.mean(1), (mask * made.raw + (1 - mask) * image).mean(1)
    if gan_type == "hinge":
        expected = -fake.mean(), ((1 - real).clamp(0).mean() + (1 + fake).clamp(0).mean()) / 2
    else:
        p, q = torch.sigmoid(real), torch.sigmoid(fake)
        expected = -q.log().mean(), (-p.log().mean() - (1 - q).log().mean()) / 2
    assert float(losses["adversarial"]) == pytest.approx(0.1 * float(expected[0]))
    assert float(losses["discriminator"]) == pytest.approx(float(expected[1]))
    named = ["hole_l1", "valid_l1", "pyramid_l1", "adversarial", "discriminator"]
    assert list(losses) == [each for each in named if each != "pyramid_l1" or name == "pennet"]


def test_the_discriminator_sees_the_composite_and_moves_first():
    system, losses, image, mask, made = toy_step("pennet", "hinge", fixed=False)
    composite = mask * made.raw + (1 - mask) * image
    real, *fakes = system.discriminator.shown
    assert torch.equal(real, image) and len(fakes) == 2
    for fake in fakes:
        torch.testing.assert_close(fake, composite)
    # the hinge's slope at weight 1, where every real logit is below 1 and every fake one above -1
    moved = 1 - float(composite.mean() - image.mean()) / 2
    assert float(system.discriminator.weight.detach()) == pytest.approx(moved)
    assert float(losses["adversarial"]) == pytest.approx(-0.1 * moved * float(composite.mean()))
