"""The deep image prior: what it is fitted to, what decides its result, and that it learns a picture."""

import numpy as np
import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from lacuna.systems.deep_image_prior import HourGlass, Recipe, valid_loss

SMALL = {"iterations": 2, "width": 4, "levels": 2, "input_channels": 3}


def ramp(height=26, width=38):
    """A picture that grows brighter to the right and redder downwards, and a hole off its middle."""
    x, y = np.meshgrid(np.linspace(40, 200, width), np.linspace(0, 160, height))
    image = np.stack([y, x, x / 2 + 60], -1).astype(np.uint8)
    mask = np.zeros((height, width), bool)
    mask[6:14, 20:30] = True
    return image, mask


def test_size_follows_from_the_papers_description():
    """Five scales of two 3×3 convolutions down, one 3×3 and one 1×1 up, 128 channels; 32 come in and 3 go out."""
    norm, three, one = 2 * 128, 128 * 128 * 9 + 128, 128 * 128 + 128
    first = 32 * 128 * 9 + 128
    scale = (three + norm) * 2 + norm + (three + norm) + (one + norm)
    expected = 5 * scale - three + first + 3 * 128 + 3
    assert describe("deep_image_prior")["parameters"] == expected == 2_192_515


def test_it_is_fitted_not_trained():
    facts = systems.system_class("deep_image_prior").facts
    assert facts.kind == "fitted" and systems.system_class("deep_image_prior").backbones(Recipe()) == ()


def test_loss_counts_the_valid_pixels_only():
    raw = torch.tensor([[[[0.5, 9.0, 0.2]], [[1.0, 7.0, 0.0]], [[0.0, 5.0, 0.0]]]])
    mask = torch.tensor([[[[0.0, 1.0, 0.0]]]])
    assert float(valid_loss(raw, torch.zeros_like(raw), mask)) == pytest.approx((0.25 + 1.0 + 0.04) / 9)


def test_every_parameter_is_fitted():
    torch.manual_seed(0)
    network = HourGlass(Recipe(width=4, levels=2, skip_channels=2))
    image, mask = torch.rand(1, 3, 16, 24), torch.zeros(1, 1, 16, 24)
    mask[..., :9] = 1
    valid_loss(network(image, mask).raw, image, mask).backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any(), key


def test_a_smooth_picture_is_learnt_and_continued_into_the_hole():
    """Further steps bring the valid part nearer, and the hole beats the mean colour of the valid part."""
    image, mask = ramp()
    errors = {}
    for iterations in (5, 150):
        system = systems.create("deep_image_prior", iterations=iterations, width=16, levels=2, input_channels=8)
        error = np.abs(system.predict_arrays([image], [mask])[0].astype(int) - image)
        errors[iterations] = error[~mask].mean(), error[mask].mean()
    flat = np.abs(image[~mask].mean(0) - image)[mask].mean()
    assert errors[150][0] < 12 < errors[5][0]
    assert errors[150][1] < flat / 2


def predicted(seed=0, change=None, **settings):
    """A prediction after `prepare`; the picture has odd sides."""
    image, mask = ramp(21, 35)
    if change is not None:
        image[change] ^= 64
    system = systems.create("deep_image_prior", **{**SMALL, **settings})
    assert system.prepare(seed=seed, threads=1) == "cpu"
    return system.predict_arrays([image], [mask])[0]


def test_seed_and_picture_decide_the_result_and_nothing_else_does():
    once = predicted(seed=5)
    torch.manual_seed(99)
    before = torch.get_rng_state()
    image, mask = ramp(21, 35)
    system = systems.create("deep_image_prior", **SMALL)
    system.prepare(seed=5, threads=1)
    after_creating = torch.manual_seed(99).get_state()
    assert torch.equal(before, after_creating)
    others = [image[::-1].copy(), image]
    assert (system.predict_arrays(others, [mask, mask])[1] == once).all()
    assert torch.equal(torch.get_rng_state(), after_creating)  # the fits leave everybody else's random numbers alone
    assert (predicted(seed=6) != once).any()
    assert (predicted(seed=5, change=(0, 0)) != once).any()


@pytest.mark.parametrize(
    "settings", [{"input": "meshgrid"}, {"input_noise": 0.0}, {"skip_channels": 2}, {"learning_rate": 0.1}]
)
def test_every_setting_changes_the_result(settings):
    assert (predicted(**settings) != predicted()).any()


def test_noise_is_fixed_and_between_0_and_a_tenth():
    like = torch.zeros(1, 3, 8, 12, dtype=torch.float64)
    first, again, other = (HourGlass(Recipe(), seed).fixed_input(like) for seed in (1, 1, 2))
    assert first.shape == (1, 32, 8, 12) and first.dtype == torch.float64
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.min() >= 0 and first.max() <= 0.1 and first.max() > 0.099


def test_meshgrid_is_x_and_y():
    grid = HourGlass(Recipe(input="meshgrid", width=4)).fixed_input(torch.zeros(1, 3, 3, 5))
    assert grid.shape == (1, 2, 3, 5)
    assert grid[0, 0, 2].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert grid[0, 1, :, 4].tolist() == [0, 0.5, 1]


def test_without_any_valid_pixel_the_result_is_grey():
    image, mask = ramp()
    system = systems.create("deep_image_prior", **SMALL)
    assert (system.predict_arrays([image], [np.ones_like(mask)])[0] == 128).all()


def test_weights_are_refused():
    with pytest.raises(LacunaError, match="has no weights"):
        systems.load_released("deep_image_prior", {}, **SMALL)
    with pytest.raises(LacunaError, match="has no weights"):
        systems.create("deep_image_prior", **SMALL).prepare("weights.safetensors")


def test_a_fit_that_diverges_is_one_sentence(monkeypatch):
    """No learning rate that is accepted makes so small a network diverge."""
    draw = HourGlass.draw
    monkeypatch.setattr(HourGlass, "draw", lambda self, fixed: draw(self, fixed) * torch.inf)
    with pytest.raises(LacunaError, match="lower its setting 'learning_rate'"):
        predicted()


@pytest.mark.parametrize("settings", [{"input": "zeros"}, {"iterations": 0}, {"skip_channels": -1}, {"levels": 0}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(LacunaError, match="deep_image_prior"):
        systems.create("deep_image_prior", **settings)
