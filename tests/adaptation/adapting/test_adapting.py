"""Adapting one picture: what the result depends on, and what is left as it was."""

import pytest
import torch
from PIL import Image

from lacuna import systems
from lacuna.adaptation.adapting import adapt
from lacuna.adaptation.experiments import chosen, read_experiments, shipped
from lacuna.adaptation.fillers import Pool
from lacuna.adaptation.similarity import STRUCTURE, TEXTURE, Descriptions
from lacuna.data.tensors import pictures_of
from lacuna.errors import LacunaError
from tests.adaptation.adapting.examples import experiment, photograph
from tests.systems.doubles import RandomFeatures
from tests.systems.structures import tiny
from tests.systems.test_contract import TRAINED, small, with_forms

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
LEARNING = {"learning_rate": 1e-3}
SHIPPED = read_experiments(shipped())


def ready(case, folder):
    """A tiny system with random features, as after training."""
    system = small(case)
    system.load_backbones(folder, CPU)
    return system


def structure(folder, **settings):
    system = tiny(form="thesis_small", **settings)
    system.load_backbones(folder, CPU)
    return system


def states(system):
    return {
        f"{part}.{key}": value.clone()
        for part, module in system.modules().items()
        for key, value in module.state_dict().items()
    }


def flat(weights):
    return {f"{part}.{key}": value for part, state in weights.items() for key, value in state.items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("case", with_forms(TRAINED))
def test_what_lies_under_the_users_mask_does_not_matter_to_the_last_bit(case, random_backbones):
    """For every system, by its own losses; the structure network has the thesis' tested below."""
    system, found = ready(case, random_backbones), []
    for content in (0, 1):
        image, mask = photograph(content=content)
        found.append(adapt(system, image, mask, experiment(**LEARNING), losses="own"))
    assert same(*(flat(each.weights) for each in found))
    assert all(torch.equal(found[0].predictions[step], found[1].predictions[step]) for step in (0, 1, 2))
    assert not same(flat(found[0].weights), states(system))  # it did learn


@pytest.mark.parametrize("fill", ["random_pixels", "black", "current_prediction"])
@pytest.mark.parametrize("background", [False, True])
def test_nor_by_the_thesis_losses(fill, background, random_backbones):
    system, found = structure(random_backbones), []
    how = experiment(**LEARNING, fill=fill, losses={"background": background})
    for content in (0, 1):
        found.append(adapt(system, *photograph(content=content), how))
    assert same(*(flat(each.weights) for each in found))
    changed = [key for key, value in flat(found[0].weights).items() if not torch.equal(value, states(system)[key])]
    assert any(key.startswith("network.") for key in changed)
    assert any(key.startswith("discriminator.") for key in changed)


@pytest.fixture
def others(tmp_path, random_backbones):
    """Pictures of other photographs that may fill the hole, and what they look like to a random network."""
    paths = []
    for number in range(5):
        image, _ = photograph((40, 56), seed=20 + number)
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(pictures_of(image)).save(paths[-1])
    features = RandomFeatures("vgg16", random_backbones, (TEXTURE, STRUCTURE))
    return Pool(paths, Descriptions.of(paths, features)).without("")


@pytest.mark.parametrize("name", [name for name, each in SHIPPED.items() if each.method == "adapt"])
def test_nor_by_any_experiment(name, others, random_backbones):
    """Every fill, kind of mask, augmentation, and every way to learn, by the thesis' losses."""
    system, found = tiny(form="thesis", initial_gain=0.5), []
    system.load_backbones(random_backbones, CPU)
    how = chosen([name], common={"steps": 2, "batch_size": 2, "evaluate_every": 2, "learning_rate": 1e-3})[name]
    for content in (0, 1):
        found.append(adapt(system, *photograph(content=content), how, others))
    assert same(*(flat(each.weights) for each in found))
    assert torch.equal(found[0].predictions[2], found[1].predictions[2])
    assert not torch.equal(found[0].predictions[2], found[0].predictions[0])  # it did learn


@pytest.mark.parametrize("case", with_forms(TRAINED))
def test_the_system_stays_as_it_was(case, random_backbones):
    system = ready(case, random_backbones)
    before, mode = states(system), [module.training for module in system.modules().values()]
    torch.manual_seed(5)
    random = torch.get_rng_state()
    adapt(system, *photograph(), experiment(**LEARNING))
    assert same(states(system), before)
    assert [module.training for module in system.modules().values()] == mode
    assert all(each.requires_grad for each in system.network.parameters())
    assert torch.equal(torch.get_rng_state(), random)


@pytest.mark.parametrize("case", ["structure:thesis_small", "tfill", "partialconv"])
def test_a_picture_is_adapted_alike_alone_and_after_others(case, random_backbones):
    system = ready(case, random_backbones)
    alone = adapt(system, *photograph(seed=3), experiment(**LEARNING))
    adapt(system, *photograph(seed=1), experiment(**LEARNING))
    torch.rand(17)
    again = adapt(system, *photograph(seed=3), experiment(**LEARNING))
    assert same(flat(alone.weights), flat(again.weights))
    assert alone.losses == again.losses


def test_the_first_prediction_is_that_of_the_system_and_the_last_that_of_the_adapted_weights(random_backbones):
    system = structure(random_backbones)
    image, mask = photograph((45, 61))  # sizes that the network must be padded for
    done = adapt(system, image, mask, experiment(**LEARNING, steps=5, evaluate_every=2))
    assert list(done.predictions) == [0, 2, 4, 5]
    assert [row["step"] for row in done.losses] == [1, 2, 3, 4, 5]
    known = (image * (1 - mask) + 0.5 * mask)[None]
    assert torch.equal(done.predictions[0], system.predict(known, mask[None])[0])
    assert done.predictions[5].shape == image.shape and done.predictions[5].dtype == torch.float32
    for part, module in system.modules().items():
        module.load_state_dict(done.weights[part])
    assert torch.equal(done.predictions[5], system.predict(known, mask[None])[0])
    assert not torch.equal(done.predictions[5], done.predictions[0])
    assert done.seconds > 0


def test_evaluations_are_told_as_they_come(random_backbones):
    seen = []
    done = adapt(
        structure(random_backbones), *photograph(), experiment(), on_evaluation=lambda *each: seen.append(each)
    )
    assert [step for step, _ in seen] == [0, 1, 2]
    assert all(torch.equal(done.predictions[step], raw) for step, raw in seen)


def test_in_training_the_mask_that_the_network_sees_is_the_finetuning_mask_alone(random_backbones, monkeypatch):
    from lacuna.systems.structure import Generator

    seen, forward = [], Generator.forward
    monkeypatch.setattr(
        Generator, "forward", lambda self, image, mask: seen.append((image, mask)) or forward(self, image, mask)
    )
    image, mask = photograph()
    adapt(structure(random_backbones), image, mask, experiment(steps=1))
    (_, first), (picture, finetuning), (_, last) = seen
    assert torch.equal(first[0], mask) and torch.equal(last[0], mask)
    assert finetuning.shape[0] == 2 and (finetuning * mask).sum() == 0 and finetuning.any()
    assert not torch.equal(finetuning[0], finetuning[1])
    assert ((picture * mask) != 0).any()  # the filler is shown, unmarked


def test_adaptation_learns_what_it_is_shown(random_backbones):
    """A random network, taught by L1 alone at a fast rate, reconstructs what was hidden better than before."""
    system = structure(random_backbones)
    only = {"structural": 0.0, "perceptual": 0.0, "adversarial": 0.0}
    done = adapt(system, *photograph(), experiment(steps=30, learning_rate=3e-3, losses=only))
    rows = [row["foreground_l1"] for row in done.losses]
    assert sum(rows[-5:]) < 0.8 * sum(rows[:5])


# ---------------------------------------------------------------------- held out


def test_training_is_not_shown_what_is_held_out(random_backbones):
    system = structure(random_backbones)
    image, mask = photograph()
    kept = torch.zeros_like(mask)
    kept[:, 30:40, 10:25] = 1
    other = torch.where(kept > 0, 1 - image, image)
    done, again = (adapt(system, each, mask, experiment(**LEARNING), held_out=kept) for each in (image, other))
    assert same(flat(done.weights), flat(again.weights)) and done.held_out != again.held_out
    shown = (image * (1 - mask) + 0.5 * mask)[None]
    both = (mask + kept)[None]
    for part, module in system.modules().items():
        module.load_state_dict(done.weights[part])
    made = system.predict(shown, both).clamp(0, 1)
    expected = ((made - shown).abs() * kept).sum() / (3 * kept.sum())
    assert done.held_out[2] == pytest.approx(float(expected))
    assert list(done.held_out) == [0, 1, 2]


def test_the_best_weights_are_those_of_the_smallest_held_out_error(random_backbones):
    system = structure(random_backbones)
    image, mask = photograph()
    kept = torch.zeros_like(mask)
    kept[:, 30:40, 10:25] = 1
    done = adapt(system, image, mask, experiment(learning_rate=3e-3, steps=4), held_out=kept)
    best = min(done.held_out, key=done.held_out.get)
    for part, module in system.modules().items():
        module.load_state_dict(done.best[part])
    shown = (image * (1 - mask) + 0.5 * mask)[None]
    assert torch.equal(system.predict(shown, mask[None])[0], done.predictions[best])


# ---------------------------------------------------------------------- other ways


def test_zero_shot_begins_at_random_weights_and_a_small_network(random_backbones):
    system = tiny(form="thesis")
    system.load_backbones(random_backbones, CPU)
    done = adapt(system, *photograph(), experiment(init="random", network="thesis_small"))
    assert not any(key.startswith("middle.2") for key in done.weights["network"])
    again = adapt(
        tiny(form="thesis", seed=4), *photograph(), experiment(init="random", network="thesis_small", steps=0)
    )
    assert torch.equal(done.predictions[0], again.predictions[0])  # no weight of either system came in
    other = adapt(system, *photograph(), experiment(init="random", network="thesis_small", seed=1, steps=0))
    assert not torch.equal(done.predictions[0], other.predictions[0])


def test_the_deep_image_prior_is_a_rival_by_the_same_function(random_backbones):
    how = experiment(method="deep_image_prior", steps=3, evaluate_every=2, learning_rate=0.01)
    image, mask = photograph()
    system = systems.create("deep_image_prior", width=4, levels=2, input_channels=3)
    done = adapt(system, image, mask, how)
    assert list(done.predictions) == [0, 2, 3] and done.predictions[3].shape == image.shape
    expected = systems.create("deep_image_prior", width=4, levels=2, input_channels=3, iterations=3)
    known = (image * (1 - mask) + 0.5 * mask)[None]
    halved = [how.rate(step, 0.01) for step in range(3)]
    assert halved == [0.01] * 3
    assert torch.equal(done.predictions[3], expected.predict(known, mask[None])[0])
    changed, _ = photograph(content=1)
    assert torch.equal(adapt(system, changed, mask, how).predictions[3], done.predictions[3])


# ---------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "says"),
    [("telea", "algorithm without weights"), ("deep_image_prior", "fitted to each picture from nothing")],
)
def test_what_cannot_be_adapted_says_why(name, says):
    with pytest.raises(LacunaError, match=says):
        adapt(systems.create(name), *photograph(), experiment())


def test_too_little_that_is_known_is_refused(random_backbones):
    image, mask = photograph()
    mask = torch.ones_like(mask)
    mask[:, :2] = 0
    with pytest.raises(LacunaError, match=r"only 4.2% of the picture is known"):
        adapt(structure(random_backbones), image, mask, experiment())


def test_losses_that_a_system_has_not_are_refused(random_backbones):
    with pytest.raises(LacunaError, match="'madf' has no losses by region; set the losses to 'own'"):
        adapt(ready("madf", random_backbones), *photograph(), experiment(), losses="thesis")
    with pytest.raises(LacunaError, match="one of thesis, own, not 'mine'"):
        adapt(structure(random_backbones), *photograph(), experiment(), losses="mine")


def test_a_rate_that_is_too_high_is_said(random_backbones):
    with pytest.raises(LacunaError, match="not finite|became"):
        adapt(structure(random_backbones), *photograph(), experiment(learning_rate=1e30, steps=6))


@pytest.mark.parametrize("losses", ["own", "thesis"])
def test_the_losses_are_told_what_is_known(losses, random_backbones, monkeypatch):
    from lacuna.systems.structure import Structure

    name, seen = {"own": "training_step", "thesis": "region_step"}[losses], []
    step = getattr(Structure, name)

    def spied(self, image, mask, *others, **named):
        known = named["known"] if "known" in named else next(each for each in others if torch.is_tensor(each))
        seen.append((image, mask, known))
        return step(self, image, mask, *others, **named)

    monkeypatch.setattr(Structure, name, spied)
    image, user = photograph()
    adapt(structure(random_backbones), image, user, experiment(steps=1), losses=losses)
    ((picture, hole, known),) = seen
    assert torch.equal(known, (1 - user).expand_as(known))
    assert not (hole * (1 - known)).any()
    assert torch.equal(picture * known, (image * (1 - user)).expand_as(picture))
