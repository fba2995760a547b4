"""TFill's second stage: its layer against a loop, what it is given, what it learns from, and what it refuses."""

import numpy as np
import pytest
import torch
from torch import nn

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.export.network import export_network
from lacuna.systems._tfill_refinement import AttentionAwareLayer, Refiner
from lacuna.systems.tfill import Recipe
from tests.export.running import loaded, responsive, torch_raw
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, smooth_picture, with_simple_weights
from tests.systems.test_contract import pictures

SMALL = {**systems.system_class("tfill").small, "scales": 3, "refinement": True}  # of fewer there is no attention


def made(**settings):
    torch.manual_seed(0)
    return systems.create("tfill", **{**SMALL, **settings})


def picture(height=24, width=40, n=2):
    image, mask = smooth_picture(height, width, slice(3, 15), slice(14))
    return image.repeat(n, 1, 1, 1), mask.repeat(n, 1, 1, 1)


def test_size_is_the_authors():
    with torch.device("meta"):
        plain, system = (systems.create("tfill", refinement=refinement).network for refinement in (False, True))
    counts = [sum(each.numel() for each in network.parameters()) for network in (plain, system)]
    assert counts == [64_179_271, 64_179_271 + 45_268_041]
    (stated,) = (each for each in systems.system_class("tfill").facts.deviations if each.switch == "refinement")
    assert "45,268,041 parameters" in stated.what


def test_the_authors_keys_and_shapes():
    with torch.device("meta"):
        network = systems.create("tfill", refinement=True).network
    assert shapes(network.netG_Ref) == authors_shapes("tfill.netG_Ref.txt")


def test_recorded_output_stays():
    """Recorded from the authors' layers, at an eighth of their width."""
    refiner = with_simple_weights(Refiner(4, 4), 1.0)
    with torch.no_grad():
        for index, (name, parameter) in enumerate(refiner.named_parameters()):
            parameter.add_(float(name.endswith("alpha")) + 0.1 * (index % 3))
        image, mask = smooth_picture(64, 96, slice(9, 40), slice(20, 61))
        assert_as_recorded("tfill_refinement", refiner(image, mask)[0])


def test_the_attention_aware_layer_against_a_loop():
    torch.manual_seed(0)
    layer = AttentionAwareLayer(6).double()
    x, encoded = torch.randn(2, 2, 6, 2, 4, dtype=torch.float64)
    valid = torch.tensor([[1.0, 0.75, 0, 0.0, 0.5, 1.0, 1, 0.25], [0, 0, 0, 0, 0, 0, 0, 0]], dtype=torch.float64)
    heard = []
    layer.to_out.register_forward_pre_hook(lambda _, inputs: heard.append(inputs[0]))
    with torch.no_grad():
        layer(x, encoded, valid.view(2, 1, 2, 4))
        query, key = (each(x).flatten(2).numpy() for each in (layer.query_conv, layer.key_conv))
        weight, bias = layer.weight.weight[:, :, 0, 0].numpy(), layer.weight.bias.numpy()
    found, made, known = heard[0].flatten(2).numpy(), x.flatten(2).numpy(), encoded.flatten(2).numpy()
    for n in range(2):
        share = valid[n].numpy()
        for place in range(8):
            answers, closest = np.zeros((2, 6)), np.zeros((2, 2))
            for head in range(2):
                part = slice(3 * head, 3 * head + 3)
                like = np.array([query[n, part, place] @ key[n, part, other] for other in range(8)]) / 3**0.5
                for kind, (shares, values) in enumerate(((share, known), (1 - share, made))):
                    closest[kind, head] = (like * shares).max()
                    scores = [a * b if a > 0 else a / (b + 1e-8) for a, b in zip(like, shares, strict=True)]
                    odds = np.exp(scores - np.max(scores))
                    answers[kind, part] = values[n, part] @ odds / odds.sum()
            both = np.exp(weight @ closest.ravel() + bias)
            expected = (both[0] * answers[0] + both[1] * answers[1]) / both.sum()
            np.testing.assert_allclose(found[n, :6, place], expected, atol=1e-6)
            np.testing.assert_allclose(found[n, 6:, place], made[n, :, place])


def test_it_is_given_the_composite_and_the_mask_and_draws_the_raw_prediction():
    network = made(noise_in_prediction=False).network.double().eval()
    image, mask = picture()
    given = []
    network.netG_Ref.register_forward_pre_hook(lambda _, inputs: given.extend(inputs))
    with torch.no_grad():
        prediction = network(image, mask)
        first = made(refinement=False, noise_in_prediction=False).network.double().eval()
        first.load_state_dict({k: v for k, v in network.state_dict().items() if not k.startswith("netG_Ref.")})
        coarse = first(image, mask)
        assert torch.equal(prediction.coarse, coarse.coarse)
        torch.testing.assert_close(given[0], torch.where(mask == 1, coarse.raw.clamp(0, 1), image))
        assert torch.equal(given[1], mask)
        torch.testing.assert_close(prediction.raw, network.netG_Ref(given[0], mask))
    assert (prediction.raw - coarse.raw).abs().max() > 0.01


def test_nothing_reaches_back_into_the_first_stage():
    network = made().network
    network(*(each.float() for each in picture())).raw.square().sum().backward()
    reached = {key: each.grad for key, each in network.named_parameters() if each.grad is not None}
    assert set(reached) == {key for key, _ in network.named_parameters() if key.startswith("netG_Ref.")}
    assert all(gradient.isfinite().all() and gradient.any() for gradient in reached.values())
    assert "netG_Ref.up.0.attn.weight.weight" in reached


@pytest.mark.parametrize("coverage", [0.0, 1.0])
def test_extreme_masks_leave_it_finite(coverage):
    network, (image, mask) = made().network, picture()
    raw = network(image.float(), torch.full_like(mask, coverage).float()).raw
    raw.square().sum().backward()
    gradients = [each.grad for each in network.netG_Ref.parameters()]
    assert raw.isfinite().all() and all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.slow
def test_the_graph_is_the_same_in_onnx_runtime(tmp_path):
    system = responsive("tfill", **SMALL)
    export_network(system, tmp_path / "model.onnx", 48, 64)
    for size in ((48, 64), (72, 40)):
        image, mask = pictures(size, n=2)
        found = loaded(tmp_path / "model.onnx")(image=image.numpy(), mask=mask.numpy())
        assert abs(found - torch_raw(system, image, mask)).max() <= 5e-5


@pytest.mark.parametrize(("image_size", "judged"), [(8, 8), (96, 64), (256, 256), (511, 256)])
def test_the_second_discriminator_has_a_power_of_two(image_size, judged):
    assert Recipe(refinement=True, image_size=image_size).refined_size == judged


def test_sizes_are_the_second_stages():
    system = made()
    assert system.size_multiple == system.minimal_size == 8
    assert made(refinement=False).size_multiple == 1
    image, mask = picture(22, 37, n=1)
    with pytest.raises(LacunaError, match="multiples of 8, not 22×37"):
        system.network(image.float(), mask.float())
    assert system.predict(image.float(), mask.float()).shape == image.shape
    with pytest.raises(LacunaError, match="refines pictures from 8 pixels on, and its 'image_size' is 7"):
        made(image_size=7)


class Toy(nn.Module):
    """A discriminator that looks at one number, brightness · weight; it notes what it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.shown = []

    def forward(self, image):
        self.shown.append(tuple(image.shape[-2:]))
        return image.mean((1, 2, 3))[:, None] * self.weight


def test_the_second_stage_learns_by_the_same_losses_at_its_own_size(random_backbones):
    system = made(noise_in_prediction=False, hole_weight=2.0, adversarial_weight=0.5)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double().eval()
    system.discriminator, system.refined_discriminator = Toy(), Toy()
    image, mask = picture()
    with torch.no_grad():
        raw = system.network(image, mask).raw
    optimizers = {name: torch.optim.SGD(each.parameters(), lr=0.0) for name, each in system.modules().items()}
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())

    terms = ["reconstruction", "perceptual", "adversarial"]
    names = [*terms, *(f"refined_{term}" for term in terms), "discriminator", "refined_discriminator"]
    assert list(losses) == names
    assert set(system.discriminator.shown) == set(system.refined_discriminator.shown) == {(16, 16)}
    error = (raw - image).abs()
    expected = 10 * 2 * (2 * (error * mask).mean() + (error * (1 - mask)).mean())
    assert float(losses["refined_reconstruction"]) == pytest.approx(float(expected), rel=1e-9)
    assert float(losses["refined_perceptual"]) == pytest.approx(
        10 * float(system.similarity(raw, system.similarity.truth_of(image))), rel=1e-6
    )
    at_16 = nn.functional.interpolate(raw, (16, 16), mode="bicubic", align_corners=True).mean((1, 2, 3))
    assert float(losses["refined_adversarial"]) == pytest.approx(0.5 * float(torch.log1p(torch.exp(-at_16)).mean()))
    for discriminator in (system.discriminator, system.refined_discriminator):
        assert discriminator.weight.requires_grad and discriminator.weight.grad != 0


def test_the_authors_files_load_with_the_second_stages(tmp_path):
    system = made()
    state = system.network.state_dict()
    apart = {
        net: {key.removeprefix(f"{net}."): value + 1 for key, value in state.items() if key.startswith(f"{net}.")}
        for net in ("netE", "netT", "netG", "netG_Ref")
    }
    torch.save(apart, tmp_path / "tfill.pth")
    for given in (apart, tmp_path / "tfill.pth", {f"module.{key}": value + 1 for key, value in state.items()}):
        other = made()
        other.load_released(given)
        assert all(torch.equal(value, state[key] + 1) for key, value in other.network.state_dict().items())
    del apart["netG_Ref"]
    with pytest.raises(LacunaError, match=r"\(missing: netG_Ref\.encode\.weight"):
        system.load_released(apart)
