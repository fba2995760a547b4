"""LaMa against its authors' network, and its losses against arithmetic done by hand."""

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.nn.losses import gradient_penalty
from lacuna.systems._catalogue import describe
from lacuna.systems.lama import (
    Discriminator,
    FourierUnit,
    Recipe,
    discriminator_loss,
    feature_matching_loss,
    generator_loss,
    known_l1_loss,
)
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, smooth_picture, with_simple_weights

SMALL = {"width": 4, "blocks": 1, "discriminator_width": 4, "image_size": 32}


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_is_the_published_one():
    described = describe("lama")
    assert described["parameters"] == 27_048_835
    # 18 units, 192 maps of 32×32 each, there and back; two operations are one MAC
    fourier = 18 * 192 * 2 * (5 / 2 * 1024 * 10) / 2
    assert round((described["macs_256"] - fourier) / 1e9, 3) == 31.874
    with torch.device("meta"):
        discriminator = Discriminator(64)
    assert described["parts"]["discriminator"] == sum(each.numel() for each in discriminator.parameters())


@pytest.mark.slow
def test_big_lama_has_18_blocks():
    with torch.device("meta"):
        network = systems.create("lama", blocks=18).network.eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256))
    assert sum(each.numel() for each in network.parameters()) == 50_975_875
    assert round(counter.get_total_flops() / 2e9, 3) == 55.061
    assert network.model[34].weight.shape == (3, 64, 7, 7)


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_keys_and_shapes_are_the_authors(part):
    with torch.device("meta"):
        module = systems.create("lama").modules()[part]
    assert shapes(module) == authors_shapes(f"lama.{part}.txt")


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_networks_equal_the_authors(golden, dtype, tolerance):
    authors = golden("lama")
    weights = {f"generator.{key}": value for key, value in authors.weights().items()}
    judging = authors.weights("disc.keys", later=1, gains=[("", 0.7)])
    weights |= {f"discriminator.{key}": value for key, value in judging.items()}
    system = systems.load_released("lama", {"epoch": 3, "state_dict": weights})
    system.load_released({"state_dict": weights}, "discriminator")
    image, mask = authors.inputs(dtype)
    with torch.no_grad():
        raw = system.network.eval().to(dtype)(image, mask).raw
        scores, features = system.discriminator.eval().to(dtype)(image)
    assert authors.difference(raw) <= tolerance
    assert authors.difference(scores, "disc_image") <= tolerance
    assert [feature.shape[-1] for feature in features] == [129, 65, 33, 17, 18]


def test_recorded_output_stays():
    network = with_simple_weights(systems.create("lama", **SMALL).network, 1.0)
    with torch.no_grad():
        raw = network(*smooth_picture(40, 56, slice(5, 20), slice(17))).raw
    assert_as_recorded("lama", raw[0])


@pytest.mark.parametrize("width", [6, 7])
def test_fourier_unit_mixes_real_and_imaginary_parts_of_neighbouring_channels(width):
    torch.manual_seed(0)
    unit = FourierUnit(2).double().eval()
    x = torch.randn(1, 2, 5, width, dtype=torch.float64)
    spectrum = np.fft.rfft2(x[0].numpy(), norm="ortho")
    stacked = np.stack([spectrum[0].real, spectrum[0].imag, spectrum[1].real, spectrum[1].imag])
    weight = unit.conv_layer.weight.detach().numpy()[:, :, 0, 0]
    # a fresh batch norm in evaluation mode divides by √(1 + 1e-5)
    mixed = np.maximum(np.einsum("oi,ihw->ohw", weight, stacked) / np.sqrt(1 + 1e-5), 0)
    expected = np.fft.irfft2(np.stack([mixed[0] + 1j * mixed[1], mixed[2] + 1j * mixed[3]]), s=(5, width), norm="ortho")
    np.testing.assert_allclose(unit(x)[0].detach().numpy(), expected, atol=1e-12)


# ---------------------------------------------------------------------- what it can be told


@pytest.mark.parametrize("settings", [{"perceptual_network": "resnet50"}, {"width": 0}, {"gradient_norm": 0.0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(LacunaError, match="lama"):
        systems.create("lama", **settings)


def test_the_perceptual_network_is_the_backbone_needed():
    cls = systems.system_class("lama")
    assert cls.backbones(Recipe()) == ("vgg16",)
    assert cls.backbones(Recipe(perceptual_network="vgg19")) == ("vgg19",)


@pytest.mark.parametrize("wrap", ["plain", "prefixed", "module", "file"])
def test_authors_checkpoints_hold_both_networks(wrap, tmp_path):
    torch.manual_seed(1)
    source, target = (systems.create("lama", **SMALL) for _ in range(2))
    parts = {"network": "generator.", "discriminator": "discriminator."}
    states = {part: source.modules()[part].state_dict() for part in parts}
    both = {prefix + key: value for part, prefix in parts.items() for key, value in states[part].items()}
    both["loss_resnet_pl.impl.weight"] = torch.ones(2)
    for part, state in states.items():
        arrays = {
            "plain": dict(state),
            "prefixed": {"state_dict": both, "epoch": 5},
            "module": {f"module.{key}": value for key, value in state.items()},
        }.get(wrap)
        if wrap == "file":
            arrays = tmp_path / "best.ckpt"
            torch.save({"state_dict": both, "epoch": 5}, arrays)
        target.load_released(arrays, part)
        loaded = target.modules()[part].state_dict()
        assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_a_key_too_few_or_too_many_is_named():
    system = systems.create("lama", **SMALL)
    state = {f"generator.{key}": value for key, value in system.network.state_dict().items()}
    state["generator.extra"] = state.pop("generator.model.17.bias")
    state["generator.model.5.conv1.bn_l.weight"] = torch.ones(3)
    with pytest.raises(LacunaError) as error:
        system.load_released({"state_dict": state})
    for complaint in ("missing: model.17.bias", "extra: extra", "misshapen: model.5.conv1.bn_l.weight ([3]"):
        assert complaint in str(error.value)


def test_odd_sizes_are_padded_as_the_authors_pad():
    torch.manual_seed(0)
    system = systems.create("lama", **SMALL)
    image = torch.rand(1, 3, 21, 35)
    mask = torch.zeros(1, 1, 21, 35)
    mask[..., 12:, 20:] = 1
    padded = (np.pad(t.numpy(), ((0, 0), (0, 0), (0, 3), (0, 5)), "symmetric") for t in (image, mask))
    system.network.eval()
    with torch.no_grad():
        expected = system.network(*map(torch.from_numpy, padded)).raw[..., :21, :35]
        torch.testing.assert_close(system.predict(image, mask), expected)


# ---------------------------------------------------------------------- losses


def test_known_l1_counts_outside_the_hole_and_averages_over_everything():
    raw = torch.tensor([[[[0.5, 0.1, 0.9]], [[0.0, 0.3, 0.2]], [[1.0, 1.0, 1.0]]]])
    image = torch.zeros(1, 3, 1, 3)
    mask = torch.tensor([[[[0.0, 1.0, 1.0]]]])
    assert float(known_l1_loss(raw, image, mask)) == pytest.approx((0.5 + 0.0 + 1.0) / 9)


def test_feature_matching_is_the_mean_of_squared_differences():
    made = [torch.tensor([1.0, 3.0]), torch.tensor([[2.0]])]
    true = [torch.tensor([0.0, 1.0]), torch.tensor([[5.0]])]
    assert float(feature_matching_loss(made, true)) == pytest.approx(((1 + 4) / 2 + 9) / 2)


def test_generator_is_pushed_towards_high_logits():
    logits = torch.tensor([[[[-1.0, 2.0]]]], requires_grad=True)
    loss = generator_loss(logits)
    assert float(loss.detach()) == pytest.approx((np.log1p(np.exp(1)) + np.log1p(np.exp(-2))) / 2)
    loss.backward()
    assert (logits.grad < 0).all()


def test_discriminator_takes_only_patches_in_the_hole_for_fake():
    real = torch.zeros(1, 1, 1, 3, requires_grad=True)
    fake = torch.tensor([[[[0.5, -0.5, 1.0]]]], requires_grad=True)
    mask = torch.zeros(1, 1, 2, 6)
    mask[..., :2] = 1
    loss = discriminator_loss(real, fake, mask)

    def softplus(x):
        return np.log1p(np.exp(x))

    assert float(loss.detach()) == pytest.approx(np.log(2) + (softplus(0.5) + softplus(0.5) + softplus(-1.0)) / 3)
    loss.backward()
    assert (real.grad < 0).all()
    assert fake.grad.sign().flatten().tolist() == [1, -1, -1]


def test_gradient_penalty_is_the_squared_norm_per_picture():
    """Of logits Σ w·x² the gradient is 2·w·x."""
    image = torch.rand(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(1, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    penalty = gradient_penalty((weight * image**2).sum(1, keepdim=True), image)
    expected = ((2 * weight * image) ** 2).sum((1, 2, 3)).mean()
    assert float(penalty.detach()) == pytest.approx(float(expected.detach()))
    penalty.backward()
    expected_gradient = (8 * weight * image**2).mean(0, keepdim=True)
    torch.testing.assert_close(weight.grad, expected_gradient)


class Spy(nn.Module):
    """A discriminator with one parameter that remembers what it saw, and whether it was being trained."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))
        self.seen = []

    def forward(self, image):
        self.seen.append((image.detach().clone(), self.weight.requires_grad))
        scores = image.mean(1, keepdim=True) * self.weight
        return scores, [scores]


def stepped(random_backbones, discriminator=None, **settings):
    """A small system after one training step at learning rate 0, its losses and pictures."""
    torch.manual_seed(0)
    system = systems.create("lama", **{**SMALL, **settings})
    system.load_backbones(random_backbones, torch.device("cpu"))
    if discriminator is not None:
        system.discriminator = discriminator
    optimizers = {name: torch.optim.SGD(module.parameters(), lr=0.0) for name, module in system.modules().items()}
    image = torch.rand(2, 3, 32, 40)
    mask = torch.zeros(2, 1, 32, 40)
    mask[:, :, 4:20, :15] = 1
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    return system, losses, image, mask


def test_the_discriminator_sees_the_raw_prediction_and_learns_in_its_own_step_only(random_backbones):
    spy = Spy()
    system, losses, image, mask = stepped(random_backbones, spy)
    with torch.no_grad():
        raw = system.network.train()(image, mask).raw
    pictures = [seen for seen, _ in spy.seen]
    assert [trained for _, trained in spy.seen] == [False, False, True, True]
    for seen, expected in zip(pictures, (image, raw, image, raw), strict=True):
        torch.testing.assert_close(seen, expected)

    scores_real, scores_fake = 2 * image.mean(1, keepdim=True), 2 * raw.mean(1, keepdim=True)
    softplus = nn.functional.softplus
    names = ("l1", "adversarial", "feature_matching", "perceptual", "discriminator", "gradient_penalty")
    assert tuple(losses) == names
    assert float(losses["l1"]) == pytest.approx(10 * float(((raw - image).abs() * (1 - mask)).mean()), rel=1e-5)
    assert float(losses["adversarial"]) == pytest.approx(10 * float(softplus(-scores_fake).mean()), rel=1e-5)
    matching = 100 * float(((scores_fake - scores_real) ** 2).mean())
    assert float(losses["feature_matching"]) == pytest.approx(matching, rel=1e-4)
    # the gradient of Σ 2·mean over channels is 2/3 at each of 3·32·40 numbers
    assert float(losses["gradient_penalty"]) == pytest.approx(0.001 * (2 / 3) ** 2 * 3 * 32 * 40, rel=1e-5)


def test_gradients_are_clipped_to_the_norm_given(random_backbones):
    for norm in (1e-3, 2e-3):
        system, *_ = stepped(random_backbones, gradient_norm=norm)
        for module in system.modules().values():
            squares = [each.grad.square().sum() for each in module.parameters()]
            assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(norm, rel=1e-2)


def test_half_precision_trains_with_the_gradient_penalty(random_backbones):
    """Fabric refuses backward passes past its own; the penalty's is taken in single precision on the bare module."""
    torch.manual_seed(0)
    system = systems.create("lama", **SMALL)
    system.load_backbones(random_backbones, torch.device("cpu"))
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    optimizers = {name: fabric.setup_optimizers(each) for name, each in system.optimizers().items()}
    for name, module in system.modules().items():
        setattr(system, name, fabric.setup_module(module))
    image, mask = torch.rand(2, 3, 32, 40), torch.zeros(2, 1, 32, 40)
    mask[..., :9] = 1
    losses = system.training_step(image, mask, optimizers, fabric.backward)
    assert all(loss.isfinite() for loss in losses.values()) and losses["gradient_penalty"] > 0
