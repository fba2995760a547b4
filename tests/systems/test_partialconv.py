"""Partial convolutions against the reference network, and their losses and stages against arithmetic done by hand."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.nn.imagenet import normalised
from lacuna.systems._catalogue import describe
from lacuna.systems.partialconv import Recipe, grown, total_variation_within
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, smooth_picture, with_simple_weights

SMALL = {"width": 4, "levels": 3}
PIXELS_ONLY = {**SMALL, "perceptual_weight": 0, "style_weight": 0}


def pictures(size=(24, 40), n=2, dtype=torch.float32, seed=0):
    draw = torch.Generator().manual_seed(seed)
    image = torch.rand(n, 3, *size, generator=draw).to(dtype)
    mask = torch.zeros(n, 1, *size, dtype=dtype)
    mask[:, :, 4:15, :17] = 1
    return image, mask


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_and_work_are_the_published_ones():
    described = describe("partialconv")
    assert described["parameters"] == 25_779_796
    assert round(described["macs_256"] / 1e9, 2) == 9.47


def test_eight_levels_are_the_papers_network():
    with torch.device("meta"):
        network = systems.create("partialconv", levels=8).network
    assert sum(parameter.numel() for parameter in network.parameters()) == 32_859_732


def test_keys_and_shapes_are_the_released_ones():
    with torch.device("meta"):
        network = systems.create("partialconv").network
    assert shapes(network) == authors_shapes("partialconv.network.txt")


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-6)])
def test_network_equals_the_reference(golden, dtype, tolerance):
    reference = golden("partialconv")
    network = systems.load_released("partialconv", reference.weights()).network.eval().to(dtype)
    with torch.no_grad():
        prediction = network(*reference.inputs(dtype))
    assert reference.difference(prediction.raw) <= tolerance
    assert (prediction.mask[0].numpy() == reference.expected["out_mask"]).all()


def test_recorded_output_stays():
    """The hole leaves dead windows."""
    network = with_simple_weights(systems.create("partialconv", **SMALL).network, 2.0)
    with torch.no_grad():
        prediction = network(*smooth_picture(40, 64, slice(None), slice(44)))
    assert 0 < prediction.mask.mean() < 1
    assert_as_recorded("partialconv", prediction.raw[0])


# ---------------------------------------------------------------------- masks and sizes


def test_where_nothing_was_seen_the_prediction_is_the_mean_colour_and_the_mask_says_so():
    network = systems.create("partialconv", **SMALL).network.eval()
    image, _ = pictures((16, 24))
    prediction = network(image, torch.ones(2, 1, 16, 24))
    assert not prediction.mask.any()
    for channel, mean in enumerate((0.485, 0.456, 0.406)):
        assert torch.allclose(prediction.raw[:, channel], torch.tensor(mean))
    prediction = network(image, torch.zeros(2, 1, 16, 24))
    assert prediction.mask.shape == (2, 1, 16, 24) and (prediction.mask == 1).all()


@pytest.mark.parametrize(("levels", "multiple"), [(2, 4), (5, 32)])
def test_sizes_follow_the_levels(levels, multiple):
    system = systems.create("partialconv", width=2, levels=levels)
    assert system.size_multiple == system.minimal_size == multiple
    image, mask = pictures((multiple, 3 * multiple))
    assert system.network(image, mask).raw.shape == image.shape
    with pytest.raises(LacunaError, match=f"multiples of {multiple}"):
        system.network(image[..., :-1], mask[..., :-1])


def test_one_picture_that_shrinks_to_one_value_cannot_be_trained_on():
    network = systems.create("partialconv", **SMALL).network
    image, mask = pictures((8, 8), n=1)
    with pytest.raises(LacunaError, match="fewer levels or a larger batch"):
        network.train()(image, mask)
    assert network.eval()(image, mask).raw.isfinite().all()
    assert network.train()(image.repeat(2, 1, 1, 1), mask.repeat(2, 1, 1, 1)).raw.isfinite().all()


@pytest.mark.parametrize("settings", [{"levels": 0}, {"width": 0}, {"total_variation_over": "rim"}])
@pytest.mark.parametrize("name", ["partialconv", "partialconv_residual"])
def test_impossible_settings_are_refused(name, settings):
    with pytest.raises(LacunaError, match="partial convolutions"):
        systems.create(name, **settings)


def test_a_share_of_the_budget_is_a_share():
    with pytest.raises(LacunaError, match="must be between 0 and 1, not 1.5"):
        systems.create("partialconv", fine_tune_after=1.5)


# ---------------------------------------------------------------------- released weights


def small_weights():
    torch.manual_seed(5)
    return systems.create("partialconv", **SMALL).network.eval()


def as_naoto0804(state):
    """The same network in the re-implementation's form: it scales by 1/S, and keeps its kernels of ones."""
    other = dict(state)
    for key, value in state.items():
        if key.endswith("input_conv.weight"):
            other[key] = value * value[0].numel()
            other[key.replace("input_conv", "mask_conv")] = torch.ones_like(value)
    return other


@pytest.mark.parametrize("form", [dict, as_naoto0804])
@pytest.mark.parametrize("wrapped", [False, True])
def test_both_forms_of_released_weights_are_the_same_network(form, wrapped, tmp_path):
    network = small_weights()
    released = form(network.state_dict())
    path = tmp_path / ("w.pth" if wrapped else "w.safetensors")
    if wrapped:
        torch.save({"model": {f"module.{key}": value for key, value in released.items()}, "n_iter": 3}, path)
    else:
        save_file(released, path)
    loaded = systems.load_released("partialconv", path, **SMALL).network.eval()
    image, mask = pictures()
    torch.testing.assert_close(loaded(image, mask).raw, network(image, mask).raw, atol=1e-5, rtol=1e-5)


def test_a_naoto0804_file_predicts_through_the_front_door(tmp_path):
    save_file(as_naoto0804(small_weights().state_dict()), tmp_path / "w.safetensors")
    system = systems.create("partialconv", **SMALL)
    system.prepare(tmp_path / "w.safetensors")
    for key, value in small_weights().state_dict().items():
        torch.testing.assert_close(system.network.state_dict()[key], value)


@pytest.mark.parametrize("spoil", ["ones", "shape", "stranger"])
def test_a_mask_kernel_that_is_none_is_named(spoil):
    released = as_naoto0804(small_weights().state_dict())
    key = "enc_2.conv.mask_conv.weight"
    if spoil == "stranger":
        key = "enc_9.conv.mask_conv.weight"
        released[key] = torch.ones(2)
    else:
        released[key] = released[key] * 2 if spoil == "ones" else released[key][:, :1]
    with pytest.raises(LacunaError, match=f"extra: {key}\\)"):
        systems.load_released("partialconv", released, **SMALL)


# ---------------------------------------------------------------------- losses


def test_pixel_losses_are_means_over_everything_on_the_networks_range():
    system = systems.create("partialconv", **PIXELS_ONLY)
    image, mask = pictures(dtype=torch.float64)
    raw = image + 0.1 * torch.randn_like(image)
    losses = system.reconstruction_losses(raw, image, mask)
    assert list(losses) == ["valid", "hole", "total_variation"]
    std = np.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
    error = np.abs((raw - image).numpy()) / std
    hole = np.broadcast_to(mask.numpy() == 1, error.shape)
    assert float(losses["valid"]) == pytest.approx(error[~hole].sum() / error.size)
    assert float(losses["hole"]) == pytest.approx(6 * error[hole].sum() / error.size)
    mean = np.array([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(normalised(image).numpy(), (image.numpy() - mean) / std, atol=1e-6)


def test_feature_losses_are_of_the_prediction_and_of_the_composite(random_backbones):
    system = systems.create("partialconv", **SMALL)
    system.load_backbones(random_backbones, torch.device("cpu"))
    image, mask = pictures(dtype=torch.float64)
    raw = torch.rand_like(image)
    losses = system.reconstruction_losses(raw, image, mask)
    made = torch.where(mask == 1, raw, image)
    perceptual = style = 0.0
    true = system.features(image)
    assert list(true) == ["pool1", "pool2", "pool3"]
    for picture in (raw, made):
        for layer, features in system.features(picture).items():
            perceptual += (features - true[layer]).abs().mean()
            of, to = (np.einsum("nchw,ndhw->ncd", x, x) / x[0].numel() for x in (features, true[layer]))
            style += np.abs(of - to).mean()
    assert float(losses["perceptual"]) == pytest.approx(0.05 * float(perceptual))
    assert float(losses["style"]) == pytest.approx(120 * float(style))


def test_vgg16_is_needed_for_its_losses_only(tmp_path):
    cls = systems.system_class("partialconv")
    assert cls.backbones(Recipe()) == cls.backbones(Recipe(style_weight=0.0)) == ("vgg16",)
    assert cls.backbones(Recipe(perceptual_weight=0.0, style_weight=0.0)) == ()
    systems.create("partialconv", **PIXELS_ONLY).load_backbones(tmp_path / "nowhere", torch.device("cpu"))


def test_total_variation_counts_neighbours_inside_the_region():
    image = torch.tensor([[1.0, 4.0, 9.0], [2.0, 2.0, 0.0]]).expand(1, 3, 2, 3)
    everywhere = torch.ones(1, 1, 2, 3)
    rows, columns = (1 + 2 + 9) / 3, (3 + 5 + 0 + 2) / 4
    assert float(total_variation_within(image, everywhere)) == pytest.approx(rows + columns)
    region = torch.tensor([[[[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]]]])
    assert float(total_variation_within(image, region)) == pytest.approx(1 / 3 + 3 / 4)


def test_the_hole_grows_by_one_pixel():
    mask = torch.zeros(1, 1, 5, 7)
    mask[..., 2, 0] = 1
    expected = torch.zeros(5, 7)
    expected[1:4, :2] = 1
    assert torch.equal(grown(mask)[0, 0], expected)


def test_total_variation_of_the_whole_image_has_the_same_gradient_and_another_value():
    image, mask = pictures(dtype=torch.float64)
    values, gradients = [], []
    for region in ("hole", "image"):
        raw = torch.rand(image.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        raw.requires_grad_()
        system = systems.create("partialconv", **PIXELS_ONLY, total_variation_over=region)
        loss = system.reconstruction_losses(raw, image, mask)["total_variation"]
        loss.backward()
        values.append(float(loss.detach()))
        gradients.append(raw.grad)
    torch.testing.assert_close(*gradients)
    assert gradients[0].any() and values[0] < 0.9 * values[1]


# ---------------------------------------------------------------------- two stages


def step(system, optimizers, progress):
    system.network.train()  # as the loop leaves it after a validation
    system.before_step(0, progress, optimizers)
    image, mask = pictures()
    system.training_step(image, mask, optimizers, lambda loss: loss.backward())


def changed(network, before):
    return {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}


def test_fine_tuning_freezes_the_encoders_batch_norm_and_lowers_the_rate():
    system = systems.create("partialconv", **PIXELS_ONLY)
    optimizers = system.optimizers()
    norms = {f"enc_{level}.bn.{part}" for level in (2, 3) for part in ("weight", "bias", "running_mean", "running_var")}
    norms |= {f"enc_{level}.bn.num_batches_tracked" for level in (2, 3)}
    everything = set(system.network.state_dict())
    for progress, rate, moved in ((0.49, 2e-4, everything), (0.5, 5e-5, everything - norms), (0.1, 2e-4, everything)):
        before = {key: value.clone() for key, value in system.network.state_dict().items()}
        step(system, optimizers, progress)
        assert optimizers["network"].param_groups[0]["lr"] == rate
        assert changed(system.network, before) == moved


def test_fine_tuning_can_freeze_the_statistics_alone():
    system = systems.create("partialconv", **PIXELS_ONLY, freeze_affine=False)
    before = {key: value.clone() for key, value in system.network.state_dict().items()}
    step(system, system.optimizers(), 0.5)
    kept = {key for key in before if ".bn." in key and key.startswith("enc") and not key.endswith(("weight", "bias"))}
    assert changed(system.network, before) == set(before) - kept


def test_fine_tuning_can_be_left_out():
    system = systems.create("partialconv", **PIXELS_ONLY, fine_tune_after=1)
    optimizers = system.optimizers()
    system.before_step(9, 0.999, optimizers)
    assert optimizers["network"].param_groups[0]["lr"] == 2e-4


@pytest.mark.parametrize("name", ["partialconv", "partialconv_residual"])
def test_every_parameter_of_a_deeper_network_learns(name):
    torch.manual_seed(0)
    system = systems.create(name, **PIXELS_ONLY)
    image, mask = pictures()
    system.training_step(image, mask, system.optimizers(), lambda loss: loss.backward())
    for key, parameter in system.network.named_parameters():
        assert parameter.grad is not None and parameter.grad.any() and parameter.grad.isfinite().all(), key


@pytest.mark.parametrize("name", ["partialconv", "partialconv_residual"])
@pytest.mark.slow
def test_four_pictures_are_learnt_by_heart(name):
    torch.manual_seed(0)
    system = systems.create(
        name, width=8, levels=3, perceptual_weight=0, style_weight=0, learning_rate=1e-2, fine_tune_learning_rate=2.5e-3
    )
    optimizers = system.optimizers()
    small = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(2))
    image = F.interpolate(small, (64, 64), mode="bilinear")
    mask = torch.zeros(4, 1, 64, 64)
    mask[:, :, 20:40, 10:30] = 1
    errors = []
    for done in range(80):
        system.network.train()
        system.before_step(done, done / 80, optimizers)
        losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
        errors.append(float(losses["hole"]))
    assert np.mean(errors[-5:]) < 0.2 * np.mean(errors[:5])
