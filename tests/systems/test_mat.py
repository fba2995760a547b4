"""MAT against its authors' network, and its blocks and losses against arithmetic done by hand."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lacuna import systems
from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems._mat_first_stage import (
    MaskedConv2d,
    TransformerBlock,
    WindowAttention,
    apart,
    joined,
    windows,
)
from lacuna.systems._mat_first_stage import with_noise as in_part
from lacuna.systems.mat import Recipe, half
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, sines, smooth_picture

SMALL = systems.system_class("mat").small


def small(**settings):
    torch.manual_seed(0)
    return systems.create("mat", **{**SMALL, **settings})


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# ---------------------------------------------------------------------- is it the authors' network?


@pytest.mark.slow
def test_size_is_the_published_one():
    described = describe("mat")
    assert described["parameters"] == 59_779_834
    assert round(described["macs_256"] / 1e9, 1) == 140.1
    with torch.device("meta"):
        larger = systems.create("mat", resolution=512)
        reduced = systems.create(
            "mat", resolution=64, grid=16, windows=[8, 4, 4, 4, 8], dim=64, heads=4, latent=128,
            channel_base=2048, channel_max=128,
        )  # fmt: skip
    counts = [
        sum(each.numel() for each in module.parameters())
        for system in (larger, reduced)
        for module in system.modules().values()
    ]
    assert counts == [61_562_518, 36_231_618, 2_926_420, 1_479_586]


def authors_named(system, part):
    """Shapes under the authors' names, without what is constant."""
    ours = shapes(system.modules()[part])
    return {key: ours[own] for key, own in system.released_keys(part).items() if not key.endswith(".kernel")}


def test_parts_keys_and_shapes_are_the_authors():
    with torch.device("meta"):
        system = systems.create("mat")
    synthesis = system.network.synthesis
    counts = {
        "first_stage": synthesis.first_stage,
        "mapping": system.network.mapping,
        "discriminator": system.discriminator,
    }
    for name, module in counts.items():
        assert sum(each.numel() for each in module.parameters()) == system.facts.parts[name]
    assert sum(system.facts.parts.values()) - system.facts.parts["discriminator"] == system.facts.parameters
    flat = {
        key: shape[1:] if len(shape) == 5 else shape  # modulated weights have a first side of 1
        for key, shape in authors_shapes("mat.network.txt").items()
    }
    assert authors_named(system, "network") == flat
    assert authors_named(system, "discriminator") == authors_shapes("mat.discriminator.txt")


@pytest.mark.slow
def test_networks_equal_the_authors(golden):
    authors = golden("mat")
    unread = {"synthesis.enc.EncConv_Block_64x64.conv0.resample_filter": np.ones((4, 4))}
    unread["synthesis.first_stage.tran.0.blocks.1.attn_mask"] = np.ones((64, 64, 64))
    system = systems.load_released("mat", {"G_ema": None, "G": {**authors.weights(), **unread}})
    judging = authors.weights("disc.keys", later=1, gains=authors.gains("mat.disc"))
    system.load_released({"D": judging}, "discriminator")
    network, discriminator = (module.double().eval() for module in (system.network, system.discriminator))
    image, mask, latent = authors.inputs(torch.float64, "image", "hole", "z")
    tokens_stay = torch.from_numpy(authors.expected["keep1"].T.reshape(1, 180, 16, 16).astype(float))
    (stay,) = authors.inputs(torch.float64, "keep2")

    def keep(features):
        return tokens_stay if features.shape[1] == 180 else stay

    with torch.no_grad():
        style = network.mapping(latent)
        styles = style[:, None].expand(-1, network.rows, -1)
        first = network.synthesis.first_stage
        (x, valid), _ = first.encoded(image, mask)
        tokens, _ = first.narrowed(x, valid)
        after, valid_after = first.tran[0](x, valid)
        _, valid_32 = first.tran[1].downsample["conv"](after, valid_after)
        made = network.synthesis(image, mask, styles, keep)
        by_halves = network.synthesis(image, mask, styles, half).raw
        mixed = network.mapping(authors.inputs(torch.float64, "z_mixed")[0][0])[None]
        by_rows = network.synthesis(image, mask, mixed, keep).raw
        known = (0.5 - mask).expand(2, -1, -1, -1)
        shown = [2 * torch.cat([composite(each, image, mask), image]) - 1 for each in (made.raw, made.first)]
        pair = discriminator(known, *shown).numpy()
        single = [discriminator(known[:1], *(each[i : i + 1] for each in shown))[0].numpy() for i in (0, 1)]
    found = {"w": style, "tokens": tokens.flatten(2).transpose(1, 2), "mixed0": by_rows, "half0": by_halves}
    found |= {"raw0": made.raw, "stage1": made.first}
    found |= {"mask64_in": valid[:, 0], "mask64_out": valid_after[:, 0], "mask32_in": valid_32[:, 0]}
    for name, tensor in found.items():
        assert authors.difference(tensor, name) <= 1e-6, name
    np.testing.assert_allclose(pair, authors.expected["disc_pair"], atol=1e-5)
    np.testing.assert_allclose(single, authors.expected["disc_single"], atol=1e-5)


def test_recorded_output_stays():
    network = small().network.double().eval()
    with torch.no_grad():
        named = {**dict(network.named_parameters()), **dict(network.named_buffers())}
        for index, (key, values) in enumerate(sorted(named.items())):
            if not key.endswith(".kernel"):
                values.copy_((1.2 * sines(values, index, 0.7)).view_as(values))
        raw = network(*smooth_picture(64, 32, slice(5, 40), slice(17))).raw
    assert_as_recorded("mat", raw[0])


# ---------------------------------------------------------------------- blocks


def test_windows_are_cut_and_joined():
    maps = drawn(2, 6, 9, 4)
    cut = windows(maps, 3)
    assert torch.equal(cut[4].view(3, 3, 4), maps[0, 3:6, 3:6])
    assert torch.equal(joined(cut, 3, maps), maps)


def test_tokens_that_were_no_neighbours_are_told_apart():
    """Of 4×6 tokens in windows of 2 shifted by 1, the last row and column came from the other rim."""
    found = apart(torch.zeros(1, 4, 6, 1), 2, 1)
    inner, right, below, corner = found[0], found[2], found[3], found[5]
    assert not inner.any()
    assert right.tolist() == [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    assert below.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
    assert torch.equal(corner, 1 - torch.eye(4))


def test_attention_by_hand():
    torch.manual_seed(1)
    attention = WindowAttention(4, 2).double()
    x, unheard = drawn(1, 3, 4), torch.tensor([[[0.0, 0.0, 1.0]]]).double()
    unit = x / x.norm(dim=-1, keepdim=True)
    query, key, value = (
        F.linear(each, layer.weight / 2) for each, layer in ((unit, attention.q), (unit, attention.k), (x, attention.v))
    )
    heard = []
    for part in (slice(0, 2), slice(2, 4)):
        logits = query[0, :, part] @ key[0, :2, part].T / 2**0.5
        heard.append(logits.softmax(-1) @ value[0, :2, part])
    expected = F.linear(torch.cat(heard, -1), attention.proj.weight / 2)
    torch.testing.assert_close(attention(x, unheard)[0], expected)


@pytest.mark.parametrize("shift", [0, 1])
def test_invalid_tokens_are_not_heard_and_validity_spreads_within_windows(shift):
    torch.manual_seed(2)
    block = TransformerBlock(4, 1, 2, shift).double()
    x, valid = drawn(1, 4, 6, 4), torch.zeros(1, 4, 6, 1, dtype=torch.float64)
    valid[0, 0, 1] = 1
    if shift:
        valid[0, 3, 2] = 1  # in the same window, from the other rim
    out, after = block(x, valid)
    reached = torch.zeros(4, 6, dtype=torch.float64)
    rows, columns = ((0, 1), (0, 1)) if not shift else ((0, 3), (1, 2))
    for row in rows:
        for column in columns:
            reached[row, column] = 1
    assert torch.equal(after[0, :, :, 0], reached)
    changed, invalid = x.clone(), (0, 2) if shift else (1, 0)
    changed[(0, *invalid)] += 1  # nobody else hears it
    other, _ = block(changed, valid)
    moved = (other - out).abs().sum(-1)[0] > 1e-9
    assert moved.nonzero().tolist() == [list(invalid)]
    changed = x.clone()
    changed[0, 0, 1] += 1  # valid: all of its window do that were its neighbours
    moved = (block(changed, valid)[0] - out).abs().sum(-1)[0] > 1e-9
    assert moved.nonzero().tolist() == ([[0, 0], [0, 1], [1, 0], [1, 1]] if not shift else [[0, 1], [0, 2]])


@pytest.mark.parametrize("resized", ["", "half"])
def test_masked_convolution_scales_what_it_made(resized):
    torch.manual_seed(0)
    layer = MaskedConv2d(3, 5, resized).double()
    x, valid = drawn(1, 3, 6, 8), torch.ones(1, 1, 6, 8, dtype=torch.float64)
    valid[..., :4, :5] = 0
    out, after = layer(x, valid)
    stride = 2 if resized else 1
    number = 9 * F.avg_pool2d(valid, 3, stride, 1)
    assert torch.equal(after, (number > 0.5).double())
    expected = layer.conv(x) * torch.where(number > 0.5, 9 / number, torch.zeros_like(number))
    torch.testing.assert_close(out, expected, atol=1e-6, rtol=1e-6)
    assert layer(x, None)[1] is None and torch.equal(layer(x, None)[0], layer.conv(x))


def test_noise_takes_the_place_of_features():
    x, noise = drawn(2, 3, 2, 5), drawn(2, 1, 2, 5, seed=1)
    stays = (drawn(2, 3, 2, 5, seed=2) > 0).double()
    assert torch.equal(in_part(x, noise, lambda _: stays), torch.where(stays > 0, x, noise.expand_as(x)))


# ---------------------------------------------------------------------- what a picture is drawn from


def test_every_seed_has_a_completion_of_its_own_unless_it_is_switched_off():
    image, mask = (each.float() for each in smooth_picture(64, 32, slice(5, 40), slice(17)))
    for settings, differs in (({"noise_in_prediction": True}, True), ({}, False)):
        network = small(**settings).network.eval()
        with torch.no_grad():
            torch.manual_seed(1)
            one, two = network(image, mask).raw, network(image, mask).raw
            torch.manual_seed(1)
            assert torch.equal(network(image, mask).raw, one)
        assert torch.equal(one, two) != differs


def test_styles_of_training_lie_halfway_to_their_mean_and_may_change_on_the_way():
    network = small(resolution=64, channel_base=512, grid=16, windows=(4, 4, 4, 4, 4)).network.double()
    assert network.rows == 6
    image, changes = torch.zeros(5, 3, 64, 64, dtype=torch.float64), []
    for seed in range(12):
        torch.manual_seed(seed)
        before = network.mapping.w_avg.clone()
        styles = network.drawn(image).detach()
        torch.manual_seed(seed)
        latent = torch.empty(5, 8, dtype=torch.float64).normal_()
        style = network.mapping(latent).detach()
        mean = before + 0.005 * (style.mean(0) - before)
        torch.testing.assert_close(network.mapping.w_avg, mean)
        torch.testing.assert_close(styles[:, 0], (mean + style) / 2)
        same = [bool(torch.equal(styles[:, row], styles[:, 0])) for row in range(6)]
        assert same == sorted(same, reverse=True)  # from a row on, it is another one
        changes.append(sum(same))
    assert 6 in changes and len(set(changes)) > 2
    network.eval()
    kept = network.mapping.w_avg.clone()
    styles = network.drawn(image)
    assert torch.equal(styles[:, 0], styles[:, 5]) and torch.equal(network.mapping.w_avg, kept)


# ---------------------------------------------------------------------- losses and settings


def test_the_perceptual_loss_weighs_two_layers(random_backbones):
    system = small()
    system.load_backbones(random_backbones, torch.device("cpu"))
    one, two = (each.float() for each in (drawn(1, 3, 32, 32), drawn(1, 3, 32, 32, seed=1)))
    made, true = system.features(one), system.features(two)
    assert list(made) == ["conv4_4", "conv5_4"]
    expected = F.l1_loss(made["conv4_4"], true["conv4_4"]) / 4 + F.l1_loss(made["conv5_4"], true["conv5_4"]) / 2
    assert float(system.perceptual_loss(one, two)) == pytest.approx(float(expected))


def test_the_backbone_needed_is_the_feature_network():
    backbones = systems.system_class("mat").backbones
    assert backbones(Recipe()) == ("vgg19",)
    assert backbones(Recipe(feature_network="vgg16")) == ("vgg16",)
    assert backbones(Recipe(perceptual_weight=0.0)) == ()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"feature_network": "resnet"}, "one of vgg19, vgg16"),
        ({"heads": 3}, "'dim' 8 among 3 heads"),
        ({"grid": 32}, "'grid' .* below its resolution, 32"),
        ({"windows": (4, 2, 2)}, "five numbers"),
        ({"windows": (4, 2, 3, 2, 4)}, r"into windows of \[4, 2, 3, 2, 4\]"),
    ],
)
def test_impossible_settings_are_refused(settings, complaint):
    with pytest.raises(LacunaError, match=complaint):
        small(**settings)
