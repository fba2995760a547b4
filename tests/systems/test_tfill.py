"""TFill against its authors' network, and its losses and blocks against arithmetic done by hand."""

import math
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems.tfill import Recipe, discriminator_loss, reconstruction_loss, valid_at
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, sines, smooth_picture

SMALL = systems.system_class("tfill").small


def picture(height, width, n=1):
    """Smooth pictures, one hole that touches the left edge, no random numbers; float64."""
    image, mask = smooth_picture(height, width, slice(height // 8, height // 2), slice(width // 3))
    return image.repeat(n, 1, 1, 1), mask.repeat(n, 1, 1, 1)


# ---------------------------------------------------------------------- is it the authors' network?


@pytest.mark.slow
def test_size_is_the_published_one():
    described = describe("tfill")
    assert described["parameters"] == 64_179_271
    assert round(described["macs_256"] / 1e9, 2) == 22.65


def test_parts_keys_and_shapes_are_the_authors():
    with torch.device("meta"):
        system = systems.create("tfill")
    counts = {name: sum(each.numel() for each in part.parameters()) for name, part in system.network.named_children()}
    counts["netD"] = sum(each.numel() for each in system.discriminator.parameters())
    assert list(counts.values()) == list(system.facts.parts.values())
    assert list(counts.values()) == [3_328_576, 38_374_912, 22_475_783, 19_048_993]
    assert shapes(system.network) == authors_shapes("tfill.txt")


@pytest.mark.slow
def test_network_equals_the_authors(golden):
    authors = golden("tfill")
    weights = authors.weights()
    for key in weights:
        if ".noise." in key:
            weights[key][:] = 0
    network = systems.load_released("tfill", weights).network.eval()
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-6)):
        with torch.no_grad():
            predicted = network.to(dtype)(*authors.inputs(dtype))
        found = {"raw0": predicted.raw, "encoder_mask": predicted.encoder_mask, "transformer": predicted.tokens}
        for name, tensor in found.items():
            assert authors.difference(tensor, name) <= tolerance, (dtype, name)


def test_recorded_output_stays():
    """The noise's strengths are 0."""
    network = systems.create(
        "tfill", **{**SMALL, "fixed_size": 32, "scales": 3, "transformer_layers": 3, "heads": 2}
    ).network
    with torch.no_grad():
        for index, (name, parameter) in enumerate(network.named_parameters()):
            if parameter.dim() > 1 and not name.endswith("alpha"):
                spread = 2.0 / parameter[0].numel() ** 0.5
                parameter.copy_((spread * sines(parameter, index, 0.7)).view_as(parameter))
            elif ".noise." not in name:
                parameter.copy_((name.endswith("alpha") + 0.3 * sines(parameter, index, 1.0)).view_as(parameter))
        raw = network.double()(*picture(40, 52)).raw
    assert_as_recorded("tfill", raw[0])


@pytest.mark.slow
def test_the_authors_three_files_load_as_one_mapping(tmp_path):
    torch.manual_seed(0)
    system = systems.create("tfill", **SMALL)
    state = system.network.state_dict()
    apart = {
        net: {key.removeprefix(f"{net}."): value for key, value in state.items() if key.startswith(net)}
        for net in ("netE", "netT", "netG")
    }
    other = systems.load_released("tfill", apart, **SMALL).network.state_dict()
    assert all(torch.equal(other[key], value) for key, value in state.items())
    wrapped = {net: {f"module.{key}": value for key, value in inside.items()} for net, inside in apart.items()}
    other = systems.load_released("tfill", {**apart, "netT": wrapped["netT"]}, **SMALL).network.state_dict()
    assert all(torch.equal(other[key], value) for key, value in state.items())
    for net, inside in apart.items():
        torch.save(inside, tmp_path / f"{net}.pth")
    use = (Path(__file__).parents[2] / "docs" / "use.md").read_text()
    line = next(line for line in use.splitlines() if "'netE', 'netT', 'netG'" in line)
    subprocess.run([sys.executable, *shlex.split(line)[1:]], cwd=tmp_path, check=True)
    other = systems.create("tfill", **SMALL)
    other.prepare(tmp_path / "tfill.pth")
    assert all(torch.equal(other.network.state_dict()[key], value) for key, value in state.items())
    del apart["netT"]["token_embed.bias"]
    with pytest.raises(LacunaError, match=r"missing: netT.token_embed.bias"):
        systems.load_released("tfill", apart, **SMALL)


# ---------------------------------------------------------------------- what it can be told


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"fixed_size": 96}, "power of two"),
        ({"fixed_size": 8}, "from 16 on, not 8"),
        ({"fixed_size": 256, "scales": 2}, "256 / 2.2 tokens a side"),
        ({"fixed_size": 16, "scales": 5}, "tokens a side"),
        ({"width": 0}, "at least 1"),
        ({"width": 10, "scales": 1, "fixed_size": 32}, "10 channels .* among 8 heads"),
    ],
)
def test_impossible_settings_are_refused(settings, complaint):
    with pytest.raises(LacunaError, match=complaint):
        systems.create("tfill", **settings)


def test_the_backbone_needed_is_lpips():
    assert systems.system_class("tfill").backbones(Recipe()) == ("lpips_vgg",)


# ---------------------------------------------------------------------- sizes, masks, noise


def test_any_size_is_resized_to_the_fixed_one_and_back():
    torch.manual_seed(0)
    system = systems.create("tfill", **{**SMALL, "fixed_size": 32})
    image, mask = picture(40, 52)
    with torch.no_grad():
        predicted = system.network.double()(image, mask)
        again = F.interpolate(predicted.coarse, (40, 52), mode="bicubic", align_corners=True)
    assert predicted.coarse.shape == (1, 3, 32, 32)
    torch.testing.assert_close(predicted.raw, again, atol=0, rtol=0)


def test_valid_is_what_is_valid_nearly_everywhere():
    _, mask = picture(40, 40)
    assert torch.equal(valid_at(mask, 40), 1 - mask)
    lone = torch.zeros(1, 1, 64, 96)
    lone[..., 20:30, 50] = 1
    resized = F.interpolate(1 - lone, (32, 32), mode="bicubic", align_corners=True)
    assert torch.equal(valid_at(lone, 32), (resized > 0.9).float())


def test_the_encoder_mask_is_the_valid_share_of_each_patch():
    system = systems.create("tfill", **{**SMALL, "fixed_size": 32})
    image, mask = picture(32, 32)
    with torch.no_grad():
        shares = system.network.double()(image, mask).encoder_mask
    torch.testing.assert_close(shares, F.avg_pool2d(1 - mask, 4), atol=1e-12, rtol=0)


def test_a_token_sees_its_own_patch_only():
    torch.manual_seed(0)
    encoder = systems.create("tfill", **{**SMALL, "fixed_size": 32}).network.netE.double()
    image, mask = picture(32, 32)
    changed = image.clone()
    changed[:, :, 4:8, 12:16] += 0.5
    with torch.no_grad():
        difference = (encoder(image, 1 - mask)[0] - encoder(changed, 1 - mask)[0]).abs().sum(1)[0]
    assert difference.shape == (8, 8) and difference[1, 3] > 0
    difference[1, 3] = 0
    assert difference.sum() == 0


def noisy(**settings):
    torch.manual_seed(0)
    system = systems.create("tfill", **{**SMALL, "fixed_size": 32, **settings})
    with torch.no_grad():
        for name, parameter in system.network.named_parameters():
            if ".noise." in name:
                parameter.fill_(0.5)
    system.network.double().eval()
    return system


def drawn_twice(system, image, mask):
    torch.manual_seed(1)
    with torch.no_grad():
        return system.network(image, mask).raw, system.network(image, mask).raw


def test_noise_is_drawn_when_predicting_unless_it_is_switched_off():
    image, mask = picture(32, 32)
    one, two = drawn_twice(noisy(), image, mask)
    assert not torch.equal(one, two)
    assert torch.equal(one, drawn_twice(noisy(), image, mask)[0])
    one, two = drawn_twice(noisy(noise_in_prediction=False), image, mask)
    assert torch.equal(one, two)


def test_noise_lies_in_the_hole_and_is_drawn_in_training_whatever_the_switch():
    image, mask = picture(32, 32)
    one, two = drawn_twice(noisy(), image, torch.zeros_like(mask))
    torch.testing.assert_close(one, two, atol=1e-9, rtol=0)
    system = noisy(noise_in_prediction=False)
    system.network.train()
    one, two = drawn_twice(system, image, mask)
    assert not torch.equal(one, two)
    noise = system.network.netG.up[1].noise[0]
    added = noise(torch.zeros(2, 5, 32, 32, dtype=torch.float64), (1 - mask).expand(2, 1, 32, 32))
    assert torch.equal(added != 0, (mask == 1).expand(2, 5, 32, 32))
    assert torch.equal(added[:, :1].expand(2, 5, 32, 32), added) and not torch.equal(added[0], added[1])


# ---------------------------------------------------------------------- losses


def test_reconstruction_counts_the_hole_thrice_over_the_whole_picture():
    made = torch.tensor([[[[0.5, 0.0, 1.0, 0.0]]]])
    true = torch.tensor([[[[0.25, 1.0, 1.0, 0.5]]]])
    valid = torch.tensor([[[[0.0, 1.0, 1.0, 1.0]]]])
    assert float(reconstruction_loss(made, true, valid, 3.0)) == pytest.approx(3 * 0.25 / 4 + (1 + 0 + 0.5) / 4)


def test_discriminator_learns_real_high_and_fake_low():
    real = torch.tensor([[1.0], [-2.0]])
    fake = torch.tensor([[0.5], [3.0]])
    expected = (math.log1p(math.exp(-1)) + math.log1p(math.exp(2))) / 2
    expected += (math.log1p(math.exp(0.5)) + math.log1p(math.exp(3))) / 2
    assert float(discriminator_loss(real, fake)) == pytest.approx(expected)


class Toy(nn.Module):
    """A discriminator that looks at one number: logit = brightness · weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def forward(self, image):
        return image.mean((1, 2, 3))[:, None] * self.weight


def test_a_step_updates_the_discriminator_first_and_logs_weighted_losses(random_backbones):
    torch.manual_seed(0)
    system = systems.create("tfill", **SMALL, hole_weight=2.0, adversarial_weight=0.5)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double()
    system.discriminator = Toy()
    image, mask = picture(16, 16, n=2)
    with torch.no_grad():
        made = system.network(image, mask).coarse
    optimizers = {
        "network": torch.optim.SGD(system.network.parameters(), lr=0.0),
        "discriminator": torch.optim.SGD(system.discriminator.parameters(), lr=10.0),
    }
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())

    weight = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    real, fake = (each.mean((1, 2, 3)) * weight for each in (image, made))
    own = torch.log1p(torch.exp(-real)).mean() + torch.log1p(torch.exp(fake)).mean()
    own.backward()
    stepped = 1 - 10 * weight.grad
    assert list(losses) == ["reconstruction", "perceptual", "adversarial", "discriminator"]
    assert float(losses["discriminator"]) == pytest.approx(own.item(), rel=1e-9)
    # only its own loss moves the discriminator; the generator is then judged by the moved one
    assert system.discriminator.weight.item() == pytest.approx(stepped.item(), rel=1e-9)
    assert float(system.discriminator.weight.grad) == pytest.approx(float(weight.grad), rel=1e-9)
    assert system.discriminator.weight.requires_grad
    fooling = torch.log1p(torch.exp(-made.mean((1, 2, 3)) * stepped)).mean()
    assert float(losses["adversarial"]) == pytest.approx(0.5 * float(fooling), rel=1e-9)
    # the authors' L1 is on the scale [-1, 1]: twice ours
    error = (made - image).abs()
    expected = 10 * 2 * (2 * (error * mask).mean() + (error * (1 - mask)).mean())
    assert float(losses["reconstruction"]) == pytest.approx(float(expected), rel=1e-9)
    assert float(losses["perceptual"]) == pytest.approx(
        10 * float(system.similarity(made, system.similarity.truth_of(image))), rel=1e-6
    )


def test_dropout_in_lpips_is_on_as_released_only(random_backbones):
    for as_released, dropout in ((False, 0.0), (True, 0.5)):
        system = systems.create("tfill", **SMALL, as_released=as_released)
        system.load_backbones(random_backbones, torch.device("cpu"))
        assert system.similarity.dropout == dropout


def test_the_discriminator_learns_four_times_as_fast():
    optimizers = systems.create("tfill", **SMALL).optimizers()
    rates = {name: optimizer.param_groups[0]["lr"] for name, optimizer in optimizers.items()}
    assert rates == {"network": 1e-4, "discriminator": 4e-4}


def test_first_weights():
    torch.manual_seed(0)
    network = systems.create("tfill", **{**SMALL, "width": 32, "scales": 3, "transformer_layers": 2}).network
    layers = network.netT.encoder_trans["layers"]
    assert all(torch.equal(a, b) for a, b in zip(layers[0].parameters(), layers[1].parameters(), strict=True))
    assert layers[0].conv1.weight is not layers[1].conv1.weight
    convolution = network.netG.mid["block1"].conv1
    assert float(convolution.weight.std()) == pytest.approx(math.sqrt(2 / (9 * 256)), rel=0.02)
    assert not convolution.bias.any() and not network.netG.mid["attn"].attn.to_q.bias.any()
    assert float(layers[0].attn.to_q.weight.abs().max()) == pytest.approx(math.sqrt(6 / 512), rel=0.02)
    assert float(network.netT.pos_embed.row_embed.weight.mean()) == pytest.approx(0.5, abs=0.02)
