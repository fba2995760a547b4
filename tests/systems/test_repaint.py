"""RePaint: what it is asked of its network, what it keeps of a picture, and what its noise depends on."""

import math

import pytest
import torch
from torch.nn import functional as F

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.export.network import export_network
from lacuna.systems._counting import count, parameters_of
from lacuna.systems._denoiser import Denoiser, embedding
from lacuna.systems.repaint import RePaint
from tests.systems.test_contract import fitting, pictures, small


def test_a_prediction_evaluates_the_network_as_often_as_the_recipe_says():
    system = small("repaint")
    image, mask = pictures(fitting(system))
    asked = []
    system.network.denoiser.register_forward_pre_hook(lambda module, given: asked.append(given[1].tolist()))
    system.predict(image, mask)
    # three of twenty levels, 1, 10 or 11, and 20; each of the lower two is come to twice
    middle = system.network.sampled.trained[2]
    assert system.network.sampled.trained == (0, 1, middle, 20) and middle in (10, 11)
    assert asked == [[level] * 2 for level in (20, 20, middle, middle, 1)]
    assert system.recipe.evaluations == len(asked) == 5


def test_the_authors_prediction_is_two_thousand_evaluations_and_the_counts_say_so():
    assert RePaint.Recipe().evaluations == 2410
    with torch.device("meta"):
        system = systems.create("repaint", **RePaint.small)
        once = count(system.network, 16, 24)
    real = count(systems.create("repaint", **RePaint.small).network, 16, 24)
    assert once.macs == real.macs > 0 and once.macs % 5 == 0 and once.parts["denoiser"].macs == once.macs
    assert once.parameters == parameters_of(system.network)


@pytest.mark.parametrize("coverage", ["hole", "none", "all"])
def test_known_pixels_are_the_images_own(coverage):
    system = small("repaint")
    image, mask = pictures(fitting(system))
    mask = {"hole": mask, "none": torch.zeros_like(mask), "all": torch.ones_like(mask)}[coverage]
    raw = system.predict(image, mask)
    assert torch.equal(raw * (1 - mask), image * (1 - mask))
    hole = raw[mask.expand_as(raw) == 1]
    assert ((hole >= -1e-6) & (hole <= 1 + 1e-6)).all()
    if coverage != "none":
        assert hole.std() > 0.01


def test_on_the_way_known_pixels_are_the_picture_with_the_noise_of_their_level():
    """And so they are after every way back up; in the hole there is what the network made."""
    system = systems.create("repaint", **{**RePaint.small, "sampling_levels": 6, "jump_length": 2})
    image, mask = pictures((48, 64))
    levels, seen = system.network.trained, []
    system.network.denoiser.register_forward_pre_hook(lambda module, given: seen.append((given[0], int(given[1][0]))))
    system.predict(image, mask)
    assert len(seen) == system.recipe.evaluations > 6
    for x, level in seen:
        kept = levels.kept[level]
        noise = ((x - math.sqrt(kept) * (2 * image - 1)) / math.sqrt(1 - kept))[(mask == 0).expand_as(x)]
        assert abs(float(noise.mean())) < 0.05 and abs(float(noise.std()) - 1) < 0.05


def test_noise_depends_on_the_seed_and_the_picture_alone():
    system = small("repaint")
    image, mask = pictures(fitting(system), n=3)
    system.draw_from(4)
    together = system.predict(image, mask)
    torch.manual_seed(99)
    alone = torch.cat([system.predict(*pair) for pair in zip(image.split(1), mask.split(1), strict=True)])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)
    system.draw_from(5)
    assert not torch.allclose(system.predict(image, mask), together, atol=1e-2)
    # nor does predicting touch the random state that training draws from
    state = torch.get_rng_state()
    system.predict(image, mask)
    assert torch.equal(torch.get_rng_state(), state)


def test_training_compares_noise_with_noise_and_ignores_masks():
    """By the formula, with the network's own draws taken down."""
    system = small("repaint")
    image, mask = pictures((16, 24))
    seen = []
    system.network.denoiser.register_forward_hook(lambda module, given, found: seen.append((*given, found)))
    losses = []
    for holes in (mask, 1 - mask):
        torch.manual_seed(3)
        losses.append(float(system.training_step(image, holes, system.optimizers(), lambda loss: None)["noise"]))
    noised, levels, found = seen[0]
    torch.manual_seed(3)
    assert torch.equal(torch.randint(1, 21, (2,)), levels)
    noise = torch.randn_like(image)
    kept = torch.tensor([system.network.trained.kept[level] for level in levels])[:, None, None, None]
    torch.testing.assert_close(noised, kept.sqrt() * (2 * image - 1) + (1 - kept).sqrt() * noise)
    assert losses[0] == losses[1] == pytest.approx(float(F.mse_loss(found, noise).detach()))


def test_the_raw_prediction_of_training_is_the_picture_without_the_noise_that_was_found():
    system = small("repaint")
    image, mask = pictures((16, 24))
    system.network.learning = True
    system.network.denoiser.forward = lambda noised, levels: torch.zeros_like(noised)
    made = system.network(image, mask)
    assert torch.equal(made.found, torch.zeros_like(image)) and made.noise.std() == pytest.approx(1, abs=0.1)
    known = torch.ones_like(mask)
    known[..., :5] = 0
    kept = made.known_only(torch.full_like(image, 0.5), known)
    assert (kept.raw[..., :5] == 0.5).all() and torch.equal(kept.found[..., :5], made.noise[..., :5])
    assert torch.equal(kept.raw[..., 5:], made.raw[..., 5:])


def test_a_level_changes_what_the_network_finds():
    torch.manual_seed(0)
    network = Denoiser(8, (1, 2, 1), 1)
    x = torch.randn(2, 3, 16, 24)
    one, other = network(x, torch.tensor([1, 1])), network(x, torch.tensor([1, 900]))
    assert one.shape == x.shape and torch.equal(one[0], other[0]) and not torch.allclose(one[1], other[1])


def test_levels_are_told_by_sines_and_cosines():
    found = embedding(torch.tensor([0, 3]), 5, torch.zeros(1))
    rates = (1.0, 10_000**-0.5)
    expected = [[0, 0, 1, 1, 0], [math.sin(3), math.sin(3 * rates[1]), math.cos(3), math.cos(3 * rates[1]), 0]]
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float32))


def test_it_has_no_graph_and_says_why(tmp_path):
    with pytest.raises(LacunaError, match="'repaint' has no graph: a prediction is a walk of many evaluations"):
        export_network(small("repaint"), tmp_path / "model.onnx", 16, 16)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"width": 1}, "a width of at least 2"),
        ({"multipliers": [1, 0]}, "at least 1"),
        ({"first_variance": 0.03}, "rise from 'first_variance' to 'last_variance'"),
        ({"last_variance": 1.0}, "between 0 and 1"),
        ({"levels": 100}, "with 1 to 100 'sampling_levels'"),
        ({"sampling_levels": 0}, "with 1 to 1000 'sampling_levels'"),
        ({"resamplings": 0}, "'jump_length' and 'resamplings'"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, sentence):
    with pytest.raises(LacunaError, match=sentence):
        systems.create("repaint", **settings)
