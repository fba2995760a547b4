"""MI-GAN against its authors' network, and its losses and blocks against arithmetic done by hand."""

import math
import re

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from lacuna import systems
from lacuna.canonical import canonical_json
from lacuna.data.compositing import composite
from lacuna.errors import LacunaError
from lacuna.export.network import export_network
from lacuna.files import sha256_of
from lacuna.systems._catalogue import describe
from lacuna.systems.migan import Recipe, UnitConv2d, active, distillation_loss
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, smooth_picture, with_simple_weights

SMALL = systems.system_class("migan").small


def small(**settings):
    torch.manual_seed(0)
    return systems.create("migan", **{**SMALL, **settings})


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_is_the_published_one():
    described = describe("migan")
    assert described["parameters"] == 5_865_505
    # the authors blur after enlarging with zeros: four times as often
    enlarged = [(size // 2, min(32768 // size, 512)) for size in (8, 16, 32, 64, 128, 256)]
    pictures = [(size // 2, 3) for size in (8, 16, 32, 64, 128, 256)]
    blurs = sum(16 * side**2 * channels for side, channels in enlarged + pictures)
    assert round((described["macs_256"] + 3 * blurs) / 1e9, 1) == 10.9
    with torch.device("meta"):
        system = systems.create("migan", resolution=512)
    assert sum(each.numel() for each in system.network.parameters()) == 5_893_158


def as_trained(shapes):
    """The same with nine tensors for a weight that is the sum of nine."""
    found = {}
    for key, shape in shapes.items():
        name = re.sub(r"(\.conv[12])\.noise_", r"\1.conv2.noise_", key)
        if key.endswith(".weight") and "encoder.b256.fromrgb" not in key:
            found |= {f"{name.removesuffix('.weight')}.w{number}": shape for number in range(9)}
        else:
            found[name] = shape
    return found


def test_keys_and_shapes_are_the_authors():
    with torch.device("meta"):
        system = systems.create("migan")
    assert shapes(system.network) == authors_shapes("migan.network.txt")
    found = shapes(system.discriminator)
    linear = {key: found.pop(key) for key in ("b4.fc.weight", "b4.out.weight")}
    assert as_trained(found) | linear == authors_shapes("migan.discriminator.txt")
    counts = {"network": 52_686_881, "discriminator": 39_002_835}
    for part, count in counts.items():
        module = system.modules()[part]
        summed = [each for each in module.modules() if isinstance(each, UnitConv2d) and each.tensors > 1]
        own = sum(each.numel() for each in module.parameters())
        assert own + 8 * sum(each.weight.numel() for each in summed) == count


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_released_network_equals_the_authors(golden, dtype, tolerance):
    """Made-up weights have no rows of norm 1, so they are taken as they are."""
    authors = golden("migan")
    constants = {"encoder.b256.conv2.filter.weight": np.ones((128, 1, 4, 4)), "synthesis.b8.filter_const": np.ones(4)}
    network = systems.load_released("migan", {**authors.weights(), **constants}, unit_rows=False).network
    with torch.no_grad():
        raw = network.eval().to(dtype)(*authors.inputs(dtype)).raw
    assert authors.difference(raw) <= tolerance


@pytest.mark.slow
def test_networks_of_the_authors_training_equal_theirs(golden):
    authors = golden("migan")
    system = systems.load_released("migan", {"G": authors.weights("train.keys")})
    judging = authors.weights("disc.keys", later=1, gains=authors.gains("migan.disc"))
    system.load_released({"D": judging}, "discriminator")
    network, discriminator = (module.double().eval() for module in (system.network, system.discriminator))
    image, mask = authors.inputs(torch.float64)
    with torch.no_grad():
        made = network(image, mask)
        assert authors.difference(made.raw, "train") <= 1e-5
        for size, share in zip((4, 8, 16, 32, 64), made.shares, strict=False):
            if size not in (8, 16):
                assert authors.difference(share, f"rgb{size}") <= 1e-5
        pictures = 2 * torch.cat([composite(made.raw, image, mask), image]) - 1
        known = 0.5 - mask.expand(2, -1, -1, -1)
        pair = discriminator(known, pictures)[:, 0].numpy()
        single = [float(discriminator(known[:1], each[None])) for each in pictures]
        for key, strength in network.named_parameters():
            if key.endswith("noise_strength"):
                strength.zero_()
        assert authors.difference(network(image, mask).raw, "train_nonoise") <= 1e-5
    np.testing.assert_allclose(pair, authors.expected["disc_pair"], atol=1e-6)
    np.testing.assert_allclose(single, authors.expected["disc_single"], atol=1e-6)


def test_recorded_output_stays():
    network = with_simple_weights(systems.create("migan", **SMALL).network, 1.0)
    with torch.no_grad():
        for index, module in enumerate(each for each in network.modules() if hasattr(each, "noise_const")):
            ramp = torch.arange(module.noise_const.numel(), dtype=torch.float64)
            module.noise_const.copy_(torch.sin(ramp + index).view_as(module.noise_const))
        raw = network(*smooth_picture(40, 56, slice(5, 20), slice(17))).raw
    assert_as_recorded("migan", raw[0])


# ---------------------------------------------------------------------- weights


def nine_tensors(state, draw):
    """A state as the authors' training has it: what adds up to each weight, times 3."""
    found = {}
    for key, value in as_trained(state).items():
        stem, _, last = key.rpartition(".")
        if re.fullmatch(r"w\d", last):
            found[key] = torch.randn(value.shape, generator=draw)
        else:
            found[key] = value
    return found


def test_tensors_of_the_authors_training_are_added_up():
    system = small(resolution=16)
    state = system.network.state_dict()
    apart = nine_tensors(state, torch.Generator().manual_seed(1))
    apart = {key: value for key, value in apart.items() if "encoder.b16.fromrgb.w" not in key}
    apart["encoder.b16.fromrgb.weight"] = state["encoder.b16.fromrgb.weight"]
    apart["encoder.b8.conv2.conv2.resample_filter"] = torch.ones(4, 4)
    loaded = systems.load_released("migan", apart, **SMALL).network.state_dict()
    stem = "synthesis.b8.conv1.conv2"
    expected = sum(apart[f"{stem}.w{number}"] for number in range(9)) / 3
    torch.testing.assert_close(loaded[f"{stem}.weight"], expected)
    assert torch.equal(loaded["synthesis.b8.conv2.noise_const"], apart["synthesis.b8.conv2.conv2.noise_const"])
    del apart[f"{stem}.w4"]
    with pytest.raises(LacunaError, match=rf"missing: {stem}.weight; extra: {stem}.w0"):
        systems.load_released("migan", apart, **SMALL)
    apart[f"{stem}.w4"] = torch.ones(2)
    with pytest.raises(LacunaError, match=rf"missing: {stem}.weight; extra: {stem}.w0"):
        systems.load_released("migan", apart, **SMALL)


def test_rows_have_norm_one_when_they_are_used():
    torch.manual_seed(0)
    recipe = Recipe(**SMALL)
    layer = UnitConv2d(3, 5, 3, recipe).double()
    x = torch.randn(2, 3, 6, 7, dtype=torch.float64)
    norms = layer.weight.flatten(1).norm(dim=1).view(5, 1, 1, 1)
    torch.testing.assert_close(layer(x), F.conv2d(x, layer.weight / norms, padding=1), atol=1e-7, rtol=0)
    plain = UnitConv2d(3, 5, 3, Recipe(**{**SMALL, "unit_rows": False})).double()
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(plain(x), F.conv2d(x, layer.weight, padding=1))


def test_an_exported_graph_holds_weights_of_norm_one(tmp_path):
    record = export_network(small(), tmp_path / "model.onnx", 48, 64)
    assert not {"ReduceL2", "ReduceSum", "Sqrt"} & record["operators"].keys()


def test_activations_are_bounded():
    x = torch.tensor([-1.0, 2.0, 1e6, -1e6], dtype=torch.float64)
    expected = torch.tensor([-0.2 * math.sqrt(2), 2 * math.sqrt(2), 256, -256], dtype=torch.float64)
    torch.testing.assert_close(active(x), expected)
    torch.testing.assert_close(active(x, 0.5), expected / 2)


def test_one_tensor_at_thrice_the_rate_is_the_authors_nine():
    """Adam over nine tensors of which the weight is the sum over 3, and over the sum alone, in double precision."""
    draw = torch.Generator().manual_seed(3)
    nine = [torch.randn(4, 6, generator=draw, dtype=torch.float64).requires_grad_() for _ in range(9)]
    system = small()
    (_, summed) = system.optimizers()["network"].param_groups
    one = (sum(each.detach() for each in nine) / 3).requires_grad_()
    authors = torch.optim.Adam(nine, 8e-4, (0.0, 0.99**0.8), eps=1e-8)
    ours = torch.optim.Adam([one], summed["lr"], summed["betas"], eps=summed["eps"])
    x = torch.randn(6, 3, generator=draw, dtype=torch.float64)

    def loss(weight):
        rows = weight / (weight.square().sum(1, keepdim=True) + 1e-8).sqrt()
        return (rows @ x).sin().square().sum()

    for _ in range(12):
        for optimizer, weight in ((authors, lambda: sum(nine) / 3), (ours, lambda: one)):
            optimizer.zero_grad()
            loss(weight()).backward()
            optimizer.step()
    assert (one - sum(nine).detach() / 3).abs().max() < 1e-12


def test_the_first_layer_and_biases_are_no_sums():
    system = small()
    whole, summed = system.optimizers()["network"].param_groups
    first = system.network.encoder["b16"].fromrgb.weight
    assert any(each is first for each in whole["params"])
    assert summed["lr"] == pytest.approx(3 * whole["lr"]) and summed["eps"] == pytest.approx(3e-8)
    assert all(each.dim() == 4 for each in summed["params"])
    judged = small().optimizers()["discriminator"].param_groups
    assert sorted(tuple(each.shape)[:2] for each in judged[0]["params"] if each.dim() == 2) == [(1, 8), (8, 128)]


# ---------------------------------------------------------------------- noise


def noisy(**settings):
    system = small(**settings)
    with torch.no_grad():
        for key, parameter in system.network.named_parameters():
            if key.endswith("noise_strength"):
                parameter.fill_(0.7)
    system.network.double().eval()
    return system


def test_stored_noise_is_laid_side_by_side():
    layer = noisy().network.synthesis["b16"].conv2
    x = torch.zeros(2, 8, 24, 40, dtype=torch.float64)
    added = layer.with_noise(x)
    expected = layer.noise_strength * layer.noise_const.repeat(2, 3)[:24, :40]
    assert torch.equal(added, expected.expand_as(x))
    assert torch.equal(layer.with_noise(x[..., :16, :16])[0, 0], layer.noise_strength * layer.noise_const)


def test_noise_is_drawn_in_training_and_when_asked_for():
    image, mask = smooth_picture(32, 48, slice(3, 20), slice(17))
    for system, differs in ((noisy(), False), (noisy(noise_in_prediction=True), True)):
        torch.manual_seed(1)
        with torch.no_grad():
            one, two = system.network(image, mask).raw, system.network(image, mask).raw
            torch.manual_seed(1)
            assert torch.equal(system.network(image, mask).raw, one)
        assert torch.equal(one, two) != differs
    system = noisy()
    system.network.train()
    assert not torch.equal(system.network(image, mask).raw, system.network(image, mask).raw)


# ---------------------------------------------------------------------- distillation


def test_distillation_counts_the_hole_and_averages_over_everything():
    made = (torch.zeros(1, 3, 1, 2), torch.zeros(1, 3, 2, 4))
    taught = (torch.tensor([0.5, -2.0]).expand(1, 3, 1, 2), torch.full((1, 3, 2, 4), 0.25))
    mask = torch.tensor([[[[1.0, 0, 0, 0], [0, 0, 0, 0]]]])
    assert float(distillation_loss(made, taught, mask)) == pytest.approx(0.5 / 2 + 0.25 / 8)


def teacher_file(folder, **settings):
    """A teacher, wider than its pupil, as a training of Lacuna's leaves it."""
    wider = {**SMALL, **settings, "channel_max": 12, "channel_base": 800}
    system = small(**wider)
    path = folder / "teacher.safetensors"
    note = {"system": "migan", "settings": wider}
    state = {key: value.contiguous() for key, value in system.network.state_dict().items()}
    save_file(state, path, {"lacuna": canonical_json(note)})
    return system, {"teacher": str(path), "teacher_sha256": sha256_of(path)}


def test_a_pupil_learns_from_its_teachers_shares(tmp_path):
    resolution = {"resolution": 64, "channel_base": 512}
    teacher, settings = teacher_file(tmp_path, **resolution)
    system = small(**resolution, **settings, adversarial_weight=0.0, l1_weight=0.0)
    system.load_backbones(tmp_path, torch.device("cpu"))
    assert not any(parameter.requires_grad for parameter in system.teacher.parameters())
    assert "teacher" not in system.modules()
    optimizers = system.optimizers()
    image, mask = (each.float() for each in smooth_picture(64, 80, slice(3, 40), slice(17)))
    for module in system.modules().values():
        module.eval()  # so that no noise is drawn
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    made = small(**resolution, adversarial_weight=1.0).network.eval()(image, mask).shares
    taught = teacher.network.eval()(image, mask).shares
    expected = sum(
        ((one - two).abs() * F.interpolate(mask, one.shape[-2:])).mean()
        for one, two in zip(made[3:], taught[3:], strict=True)
    )
    assert [share.shape[-2] for share in made[3:]] == [32, 64]
    assert list(losses) == ["distillation", "discriminator", "gradient_penalty"]
    assert float(losses["distillation"]) == pytest.approx(2 * float(expected.detach()), rel=1e-5)


def test_what_is_no_teacher_is_one_sentence(tmp_path):
    _, settings = teacher_file(tmp_path)

    def complaint(**changed):
        with pytest.raises(LacunaError) as error:
            small(**{**settings, **changed}).load_backbones(tmp_path, torch.device("cpu"))
        return str(error.value)

    assert "has a 'teacher' and no 'teacher_sha256'" in complaint(teacher_sha256="")
    assert "teacher.safetensors has SHA-256" in complaint(teacher_sha256="0" * 64)
    assert "is made for 16 pixels, and its pupil for 32" in complaint(resolution=32)
    torch.save({"weight": torch.ones(2)}, tmp_path / "other.pth")
    assert "holds no weights of system 'migan'" in complaint(teacher=str(tmp_path / "other.pth"))
    assert "do not exist" in complaint(teacher=str(tmp_path / "none.pth"))
    small(**{**settings, "distillation_weight": 0.0, "teacher_sha256": "0"}).load_backbones(tmp_path, "cpu")
