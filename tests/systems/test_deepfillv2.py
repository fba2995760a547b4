"""DeepFillv2's shape, layer by layer; its attention against a loop; its losses against arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems.deepfillv2 import ContextualAttention, GatedConv, fuse
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, smooth_picture, with_simple_weights

SMALL = {"width": 8, "discriminator_width": 4}


# ---------------------------------------------------------------------- is it the published network?


def test_size_is_the_published_one():
    described = describe("deepfillv2")
    assert described["parameters"] == 4_052_478
    discriminator = systems.create("deepfillv2", width=4).discriminator
    assert described["parts"]["discriminator"] == 5_946_816
    assert sum(each.numel() for each in discriminator.parameters()) == 5_946_816
    # the port's joining of neighbouring scores is a 3×3 convolution of the 1024×1024 scores, twice; ours are sums
    joining = 2 * 9 * 1024**2
    assert round((described["macs_256"] + joining) / 1e9, 3) == 27.734


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_keys_and_shapes_stay(part):
    """The names are our own; weights that were trained with them must go on loading."""
    with torch.device("meta"):
        module = systems.create("deepfillv2").modules()[part]
    assert shapes(module) == authors_shapes(f"deepfillv2.{part}.txt")


def layers(module):
    """(channels, out channels, kernel, stride, dilation) of its convolutions; gates count as channels, as stored."""
    return [
        (each.in_channels, each.out_channels, each.kernel_size[0], each.stride[0], each.dilation[0])
        for each in module.modules()
        if isinstance(each, nn.Conv2d)
    ]


def gated(*rows):
    return [(entering, 2 * leaving, *rest) for entering, leaving, *rest in rows]


def test_every_layer_is_the_published_one():
    network = systems.create("deepfillv2").network
    to_picture = [
        *gated((96, 48, 3, 1, 1), (48, 48, 3, 1, 1), (48, 24, 3, 1, 1), (24, 12, 3, 1, 1)),
        (12, 3, 3, 1, 1),
    ]
    coarse = gated((5, 24, 5, 1, 1), (24, 48, 3, 2, 1), (48, 48, 3, 1, 1), (48, 96, 3, 2, 1), (96, 96, 3, 1, 1))
    middle = gated(*((96, 96, 3, 1, dilation) for dilation in (1, 2, 4, 8, 16, 1, 1)))
    assert layers(network.coarse) == coarse + middle + to_picture

    fine = network.fine
    start = gated((3, 24, 5, 1, 1), (24, 24, 3, 2, 1), (24, 48, 3, 1, 1))
    narrow = gated((48, 48, 3, 2, 1), (48, 96, 3, 1, 1))
    assert layers(fine.conv_branch) == start + narrow + middle[:5]
    wide = gated((48, 96, 3, 2, 1), (96, 96, 3, 1, 1), (96, 96, 3, 1, 1))
    assert layers(fine.attention_encoder) == start + wide
    assert fine.attention_encoder[-1].act is F.relu
    assert layers(fine.attention_decoder) == gated((96, 96, 3, 1, 1), (96, 96, 3, 1, 1))
    assert layers(fine.merge) == gated((192, 96, 3, 1, 1), (96, 96, 3, 1, 1))
    assert layers(fine.decoder) == to_picture


def test_both_networks_draw_and_the_second_sees_the_first_in_the_hole():
    torch.manual_seed(0)
    network = systems.create("deepfillv2", **SMALL, initial_gain=2.0).network.eval()
    image, mask = torch.rand(2, 3, 24, 40), torch.zeros(2, 1, 24, 40)
    mask[:, :, 3:11, 5:30] = 1
    seen = []
    network.coarse.register_forward_hook(lambda module, inputs, output: seen.extend([inputs[0], output]))
    network.fine.register_forward_hook(lambda module, inputs, output: seen.extend([inputs[0], output]))
    with torch.no_grad():
        made = network(image, mask)
    first, coarse, second, fine = seen
    scaled = 2 * image - 1
    torch.testing.assert_close(first, torch.cat([scaled * (1 - mask), torch.ones_like(mask), mask], 1))
    torch.testing.assert_close(second, torch.where(mask == 1, coarse, scaled))
    torch.testing.assert_close(made.coarse, (coarse + 1) / 2)
    torch.testing.assert_close(made.raw, (fine + 1) / 2)
    assert made.raw.std() > 1e-4 and made.coarse.std() > 1e-4


def test_a_gated_convolution_is_a_feature_times_its_gate():
    torch.manual_seed(0)
    layer = GatedConv(3, 2, stride=2)
    x = torch.randn(1, 3, 6, 8)
    features = F.conv2d(x, layer.conv.weight[:2], layer.conv.bias[:2], 2, 1)
    gates = F.conv2d(x, layer.conv.weight[2:], layer.conv.bias[2:], 2, 1)
    elu = torch.where(features > 0, features, features.exp() - 1)
    torch.testing.assert_close(layer(x), elu / (1 + (-gates).exp()))


def test_recorded_output_stays():
    network = with_simple_weights(systems.create("deepfillv2", **SMALL).network, 1.5)
    with torch.no_grad():
        raw = network(*smooth_picture(40, 56, slice(5, 20), slice(17))).raw
    assert_as_recorded("deepfillv2", raw[0])


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_weights_in_others_key_names_are_refused_with_the_reason(part, tmp_path):
    system = systems.create("deepfillv2", **SMALL)
    theirs = {f"inpaint_net/{key}": value for key, value in system.modules()[part].state_dict().items()}
    torch.save(theirs, tmp_path / "theirs.pth")
    for given in (theirs, tmp_path / "theirs.pth"):
        with pytest.raises(LacunaError, match="'deepfillv2' cannot take weights that others released"):
            system.load_released(given, part)
    ours = system.modules()[part].state_dict()
    system.load_released({"state_dict": ours}, part)
    del ours[next(iter(ours))]
    with pytest.raises(LacunaError, match="missing"):
        system.load_released(ours, part)


# ---------------------------------------------------------------------- attention


def fused_by_loop(scores, height, width):
    """scores[key, query] joined with both neighbours along the diagonal, in row-major, then in column-major order."""
    places = height * width
    by_rows = list(range(places))
    by_columns = [y * width + x for x in range(width) for y in range(height)]
    for order in (by_rows, by_columns):
        joined = scores.copy()
        for i in range(places):
            for j in range(places):
                for step in (-1, 1):
                    if 0 <= i + step < places and 0 <= j + step < places:
                        joined[order[i], order[j]] += scores[order[i + step], order[j + step]]
        scores = joined
    return scores


def test_fusing_joins_neighbours_in_both_orders():
    scores = np.random.default_rng(0).normal(size=(2, 12, 12))
    found = fuse(torch.from_numpy(scores), (3, 4)).numpy()
    for picture in range(2):
        np.testing.assert_allclose(found[picture], fused_by_loop(scores[picture], 3, 4), atol=1e-12)


@pytest.mark.parametrize("as_released", [False, True])
def test_contextual_attention_against_a_loop(as_released):
    height, width = 3, 4
    x = np.random.default_rng(1).normal(size=(2, 5, 2 * height, 2 * width)) / 4
    mask = np.zeros((2, 1, 8 * height, 8 * width))
    mask[0, 0, :7, :9] = 1
    mask[1, 0, 16:, 20:] = 1
    mask[1, 0, 1:8, 1:8] = 1  # between the pixels that the small mask keeps: not seen
    found = ContextualAttention(as_released)(torch.from_numpy(x), torch.from_numpy(mask)).numpy()

    at = [(v, u) for v in range(height) for u in range(width)]
    for picture in range(2):
        small = np.pad(mask[0 if as_released else picture, 0, ::8, ::8], 1)
        around = np.pad(x[picture, :, ::2, ::2], ((0, 0), (1, 1), (1, 1)))
        windows = [around[:, v : v + 3, u : u + 3] for v, u in at]
        usable = np.array([small[v : v + 3, u : u + 3].mean() == 0 for v, u in at], float)
        assert 0 < usable.sum() < len(at)
        scores = np.array([[(k * q).sum() / np.sqrt((k**2).sum()) for q in windows] for k in windows])
        scores = fused_by_loop(scores, height, width)
        values = np.pad(x[picture], ((0, 0), (1, 1), (1, 1)))
        canvas = np.zeros_like(values)
        for query, (v, u) in enumerate(at):
            odds = np.exp(10 * scores[:, query] * usable)
            for weight, (b, a) in zip(odds / odds.sum() * usable, at, strict=True):
                canvas[:, 2 * v : 2 * v + 4, 2 * u : 2 * u + 4] += (
                    weight * values[:, 2 * b : 2 * b + 4, 2 * a : 2 * a + 4] / 4
                )
        np.testing.assert_allclose(found[picture], canvas[:, 1:-1, 1:-1], atol=1e-10)


def test_attention_to_nothing_is_nothing():
    x = torch.randn(1, 4, 6, 8)
    assert not ContextualAttention(False)(x, torch.ones(1, 1, 24, 32)).any()


# ---------------------------------------------------------------------- what it can be told


@pytest.mark.parametrize("settings", [{"width": 6}, {"width": 0}, {"discriminator_width": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(LacunaError, match="multiple of 4"):
        systems.create("deepfillv2", **settings)


def test_initial_weights_are_uniform_by_what_goes_out():
    torch.manual_seed(0)
    for gain in (1.0, 2.0):
        network = systems.create("deepfillv2", initial_gain=gain).network
        for key, parameter in network.named_parameters():
            if parameter.dim() == 1:
                assert not parameter.any(), key
            else:
                bound = gain * (6 / (parameter.shape[0] * parameter.shape[2] * parameter.shape[3])) ** 0.5
                assert 0.97 * bound < float(parameter.detach().abs().max()) <= bound * (1 + 1e-6), key


# ---------------------------------------------------------------------- discriminator and losses


def test_the_discriminator_judges_every_channel_of_its_last_map():
    discriminator = systems.create("deepfillv2", width=4).discriminator
    assert layers(discriminator) == [
        (entering, leaving, 5, 2, 1) for entering, leaving in ((4, 64), (64, 128), (128, 256), *[(256, 256)] * 3)
    ]
    with torch.no_grad():
        assert discriminator(torch.rand(1, 3, 256, 256), torch.zeros(1, 1, 256, 256)).shape == (1, 256, 4, 4)
        small = systems.create("deepfillv2", **SMALL).discriminator
        image, mask = torch.rand(1, 3, 40, 72), torch.zeros(1, 1, 40, 72)
        logits = small(image, mask)
        assert logits.shape == (1, 16, 1, 2) and (logits < 0).any() and (logits > 0).any()
        assert not torch.equal(logits, small(image, 1 - mask))


class Toy(nn.Module):
    """A discriminator whose logit is a pixel's brightness times a parameter; it notes what it was shown."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0, dtype=torch.float64))
        self.shown = []

    def forward(self, image, mask):
        self.shown.append((image.detach(), mask))
        return image.mean(1, keepdim=True) * self.weight


def test_logged_losses_carry_the_authors_weights_and_the_discriminator_moves_first():
    torch.manual_seed(0)
    system = systems.create("deepfillv2", **SMALL, initial_gain=2.0)
    system.network.double()
    system.discriminator = Toy()
    rates = {"network": 0.0, "discriminator": 1.0}
    optimizers = {part: torch.optim.SGD(module.parameters(), rates[part]) for part, module in system.modules().items()}
    image = torch.rand(2, 3, 24, 40, dtype=torch.float64)
    mask = torch.zeros(2, 1, 24, 40, dtype=torch.float64)
    mask[:, :, 4:20, :15] = 1
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    with torch.no_grad():
        made = system.network(image, mask)
    composite = mask * made.raw + (1 - mask) * image

    (real, _), *fakes = system.discriminator.shown
    assert torch.equal(real, image) and len(fakes) == 2
    for fake, _ in fakes:
        torch.testing.assert_close(fake, composite)
    assert all(torch.equal(shown, mask) for _, shown in system.discriminator.shown)

    assert list(losses) == ["coarse_l1", "fine_l1", "adversarial", "discriminator"]
    assert float(losses["coarse_l1"]) == pytest.approx(2 * float((made.coarse - image).abs().mean()))
    assert float(losses["fine_l1"]) == pytest.approx(2 * float((made.raw - image).abs().mean()))
    # every real logit is below 1 and every fake one above -1 while the weight is 1
    expected = ((1 - image.mean()) + (1 + composite.mean())) / 2
    assert float(losses["discriminator"]) == pytest.approx(float(expected))
    moved = 1 - float(composite.mean() - image.mean()) / 2
    assert float(system.discriminator.weight.detach()) == pytest.approx(moved)
    assert float(losses["adversarial"]) == pytest.approx(-moved * float(composite.mean()))
