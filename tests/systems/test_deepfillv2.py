"""DeepFillv2's shape, layer by layer; its attention against a loop; its losses against arithmetic."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems.deepfillv2 import ContextualAttention, GatedConv, from_corner_to_corner, fuse
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, sines, smooth_picture

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


@pytest.mark.parametrize("form", ["port", "tensorflow"])
@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_the_ports_keys_and_shapes(part, form):
    with torch.device("meta"):
        system = systems.create("deepfillv2", form=form)
    ours = shapes(system.modules()[part])
    known = {key: ours[own] for key, own in system.released_keys(part).items() if not key.endswith("weight_v")}
    theirs = authors_shapes(f"deepfillv2.{form if part == 'network' else part}.txt")
    assert theirs.pop("stage2.contextual_attention.fuse_weight", [1, 1, 3, 3]) == [1, 1, 3, 3]
    assert known == {key: shape[:1] if key.endswith("weight_u") else shape for key, shape in theirs.items()}
    assert sorted(system.released_keys(part).values()) == sorted(ours)


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
    x = torch.randn(1, 3, 6, 8)
    for layer, borders, stride in (
        (GatedConv(3, 2), (1, 1, 1, 1), 1),
        (GatedConv(3, 2, stride=2), (1, 1, 1, 1), 2),
        (GatedConv(3, 2, stride=2, same=True), (0, 1, 0, 1), 2),
    ):
        padded, (weight, bias) = F.pad(x, borders), layer.conv.parameters()
        features, gates = (F.conv2d(padded, weight[half], bias[half], stride) for half in (slice(2), slice(2, 4)))
        elu = torch.where(features > 0, features, features.exp() - 1)
        torch.testing.assert_close(layer(x), elu / (1 + (-gates).exp()))
        assert layer(x).shape == (1, 2, 6 // stride, 8 // stride)


def port_weights(file: str, width_ratio: int = 6, gain: float = 1.5) -> dict[str, torch.Tensor]:
    """Weights under the port's names, each layer's channels but pictures' divided by a number; sines in their order."""
    weights: dict[str, torch.Tensor] = {}
    kept = {3: 3, 5: 5, 4: 4}
    for key, shape in authors_shapes(file).items():
        if key.endswith("fuse_weight"):
            weights[key] = torch.eye(3).view(1, 1, 3, 3)
            continue
        channels = [kept.get(side, side // width_ratio) for side in shape[:2]]
        parameter = torch.empty(*channels, *shape[2:])
        index = len(weights) - any(name.endswith("fuse_weight") for name in weights)
        weights[key] = gain / parameter[0].numel() ** 0.5 * sines(parameter, index, 0.7).view_as(parameter)
    return weights


@pytest.mark.parametrize("form, recorded", [("port", "deepfillv2"), ("tensorflow", "deepfillv2_tensorflow")])
def test_the_ports_weights_give_the_ports_output(form, recorded):
    """The outputs were recorded from the port's own networks."""
    system = systems.create("deepfillv2", **SMALL, form=form)
    system.network.double().eval()
    system.load_released({"G": port_weights(f"deepfillv2.{form}.txt"), "D": {}, "n_iter": 7})
    with torch.no_grad():
        raw = system.network(*smooth_picture(40, 56, slice(5, 20), slice(17))).raw
    assert_as_recorded(recorded, raw[0])


def test_weights_of_the_other_form_are_refused():
    system = systems.create("deepfillv2", **SMALL)
    with pytest.raises(LacunaError, match=r"missing: stage1\.conv1.*extra: conv1\.conv\.weight"):
        system.load_released({"G": port_weights("deepfillv2.tensorflow.txt")})
    weights = port_weights("deepfillv2.port.txt")
    weights["stage2.contextual_attention.fuse_weight"] = torch.ones(1, 1, 3, 3)
    with pytest.raises(LacunaError, match="extra: stage2.contextual_attention.fuse_weight"):
        system.load_released({"G": weights})
    with pytest.raises(LacunaError, match="no form 'tf'; choose port or tensorflow"):
        systems.create("deepfillv2", form="tf")


@pytest.mark.parametrize("form", ["port", "tensorflow"])
def test_the_discriminators_weights_are_used_as_the_port_keeps_them(form):
    """They are divided by their norm already, and u is at rest: the norm that is divided by is 1 then."""
    torch.manual_seed(0)
    system = systems.create("deepfillv2", **SMALL, form=form)
    kernels, weights = [], {}
    for number, conv in enumerate(system.discriminator.convs, 1):
        kernel, bias = torch.randn_like(conv.weight_orig), torch.randn_like(conv.bias)
        u, values, _ = torch.linalg.svd(kernel.flatten(1))
        kernels.append((kernel / values[0], bias))
        named = {"weight": kernels[-1][0], "bias": bias, "weight_u": u[:, :1]}
        weights |= {f"conv{number}.conv_sn.{kind}": value for kind, value in named.items()}
    system.load_released({"G": {}, "D": weights}, part="discriminator")
    image, mask = torch.rand(2, 3, 40, 56), torch.zeros(2, 1, 40, 56)
    mask[..., 5:20, :17] = 1
    x = torch.cat([2 * image - 1, mask], 1)
    for kernel, bias in kernels:
        height, width = x.shape[-2:]
        if form == "tensorflow":  # kernels of 5, every second pixel: an even length lacks 3, an odd one 4
            pads = [(1, 2) if length % 2 == 0 else (2, 2) for length in (width, height)]
            x = F.pad(x, [*pads[0], *pads[1]])
        x = F.leaky_relu(F.conv2d(x, kernel, bias, 2, 0 if form == "tensorflow" else 2), 0.2)
    with torch.no_grad():
        torch.testing.assert_close(system.discriminator.eval()(image, mask), x, atol=1e-4, rtol=1e-4)


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


@pytest.mark.parametrize(
    "length, n, expected", [(8, 2, [0, 2, 5, 7]), (6, 2, [0, 3, 5]), (24, 8, [0, 12, 23]), (8, 8, [0])]
)
def test_pixels_from_corner_to_corner(length, n, expected):
    x = torch.arange(length * 16.0).view(1, 1, length, 16)
    assert from_corner_to_corner(x, n)[0, 0, :, 0].tolist() == [16.0 * row for row in expected]
    assert from_corner_to_corner(x.transpose(2, 3), n)[0, 0, 0].tolist() == [16.0 * row for row in expected]


@pytest.mark.parametrize("form", ["port", "tensorflow"])
@pytest.mark.parametrize("as_released", [False, True])
def test_contextual_attention_against_a_loop(as_released, form):
    height, width = 3, 4
    x = np.random.default_rng(1).normal(size=(2, 5, 2 * height, 2 * width)) / 4
    mask = np.zeros((2, 1, 8 * height, 8 * width))
    mask[0, 0, :7, :9] = 1
    mask[1, 0, 16:, 20:] = 1
    mask[1, 0, 1:8, 1:8] = 1  # between the pixels that the small mask keeps: not seen
    found = ContextualAttention(form, as_released)(torch.from_numpy(x), torch.from_numpy(mask)).numpy()

    at = [(v, u) for v in range(height) for u in range(width)]
    for picture in range(2):
        kept = mask[0 if as_released else picture, 0]
        small = np.pad(kept[::8, ::8] if form == "port" else kept[[0, 12, 23]][:, [0, 10, 21, 31]], 1)
        tiny = x[picture, :, ::2, ::2] if form == "port" else x[picture][:, [0, 3, 5]][:, :, [0, 2, 5, 7]]
        around = np.pad(tiny, ((0, 0), (1, 1), (1, 1)))
        windows = [around[:, v : v + 3, u : u + 3] for v, u in at]
        usable = np.array([small[v : v + 3, u : u + 3].mean() == 0 for v, u in at], float)
        assert 0 < usable.sum() < len(at)
        scores = np.array([[(k * q).sum() / np.sqrt((k**2).sum()) for q in windows] for k in windows])
        scores = fused_by_loop(scores, height, width) if form == "port" else scores
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
    assert not ContextualAttention("port", False)(x, torch.ones(1, 1, 24, 32)).any()


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
