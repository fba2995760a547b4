"""What learns in an adaptation, how fast, and what stays."""

import pytest
import torch
from torch import nn

from lacuna import systems
from lacuna.adaptation.adapting import adapt
from lacuna.adaptation.learning import Resting, learner_of, load_parts, needs_discriminator
from lacuna.errors import LacunaError
from tests.adaptation.adapting.examples import experiment, photograph
from tests.adaptation.adapting.test_adapting import LEARNING, flat, ready, states, structure
from tests.systems.structures import tiny
from tests.systems.test_contract import TRAINED, with_forms

pytestmark = pytest.mark.slow

WITH_DISCRIMINATOR = [
    case
    for case in with_forms(TRAINED)
    if case.partition(":")[0] in ("aotgan", "deepfillv2", "lama", "mat", "migan", "pennet", "structure", "tfill")
]
# by its own losses, and by those by region, which the structure network alone has
JUDGED = [
    (case, losses)
    for case in WITH_DISCRIMINATOR
    for losses in ("own", "thesis")
    if losses == "own" or case.startswith("structure")
]


def changed(system, **differences):
    """The names of what an adaptation changes, and the adaptation."""
    done, before = adapt(system, *photograph(), experiment(**{**LEARNING, **differences})), states(system)
    return {key for key, value in flat(done.weights).items() if not torch.equal(value, before[key])}, done


def optimised(system, **differences):
    learner = learner_of(system, experiment(**differences))
    return sum(
        parameter.numel()
        for optimizer in learner.optimizers.values()
        for group in optimizer.param_groups
        for parameter in group["params"]
    )


# ---------------------------------------------------------------------- what learns


@pytest.mark.parametrize(
    ("freeze", "count"),
    [("none", 17_849_825), ("encoder_and_blocks", 7_574_817), ("encoder_and_half_of_blocks", 11_775_009)],
)
def test_the_thesis_freezes_leave_the_published_counts(freeze, count):
    assert optimised(systems.create("structure", form="thesis"), freeze=freeze) == count


def test_a_freeze_of_training_is_not_one_of_the_adaptation():
    system = tiny(form="thesis", freeze="encoder_and_blocks")
    assert optimised(system) == optimised(tiny(form="thesis"))


@pytest.mark.parametrize(("case", "losses"), JUDGED)
def test_a_resting_discriminator_judges_but_stays(case, losses, random_backbones):
    system = ready(case, random_backbones)
    how = {**LEARNING, "learns": "generator_only"}
    before = states(system)
    done = adapt(system, *photograph(), experiment(**how), losses=losses)
    assert {key for key, value in flat(done.weights).items() if not torch.equal(value, before[key])}
    for key, value in flat(done.weights).items():
        assert key.startswith("network.") or torch.equal(value, before[key]), key
    # its judgement counts: with another discriminator other weights are learned
    with torch.no_grad():
        for parameter in system.discriminator.parameters():
            parameter.mul_(-1.5)
    other = adapt(system, *photograph(), experiment(**how), losses=losses)
    assert any(not torch.equal(value, other.weights["network"][key]) for key, value in done.weights["network"].items())


@pytest.mark.parametrize(("case", "losses"), JUDGED)
def test_without_a_discriminator_its_weights_do_not_matter(case, losses, random_backbones):
    system, found = ready(case, random_backbones), []
    for _ in range(2):
        how = experiment(**LEARNING, learns="generator_without_discriminator")
        found.append(adapt(system, *photograph(), how, losses=losses).weights["network"])
        with torch.no_grad():
            for parameter in system.discriminator.parameters():
                parameter.mul_(-1.5)
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])
    before = system.network.state_dict()
    assert any(not torch.equal(found[0][key], before[key]) for key in before)


def test_parameters_are_frozen_by_patterns(random_backbones):
    names, _ = changed(structure(random_backbones), freeze="network.encoder.*, network.stages.1.*, discriminator.*")
    assert names and all(name.startswith(("network.middle.", "network.stages.0.")) for name in names)
    names, _ = changed(ready("madf", random_backbones), freeze="network.[!d]*")
    assert names and all(name.startswith("network.de") for name in names)
    with pytest.raises(LacunaError, match="has no parameter like 'network.encodr"):
        changed(structure(random_backbones), freeze="network.encodr.*")
    with pytest.raises(LacunaError, match="nothing of system 'structure' would learn"):
        changed(structure(random_backbones), freeze="network.*")


@pytest.mark.parametrize("case", with_forms(TRAINED))
def test_adapters_learn_for_every_system_and_end_as_plain_weights(case, random_backbones):
    system = ready(case, random_backbones)
    before = states(system)
    done = adapt(system, *photograph(), experiment(**LEARNING, learns="adapters", adapter_rank=2))
    after = flat(done.weights)
    assert after.keys() == before.keys()
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    convolutions = {
        f"network.{name}.weight"
        for name, module in system.network.named_modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    }
    assert moved and moved <= convolutions
    for key in moved:
        assert torch.linalg.matrix_rank((after[key] - before[key]).flatten(1).double(), rtol=1e-3) <= 2, key
    # the merged weights predict what the network with adapters predicted
    image, mask = photograph()
    system.network.load_state_dict(done.weights["network"])
    torch.manual_seed(0)
    if case.partition(":")[0] != "tfill":  # it draws noise
        made = system.predict((image * (1 - mask) + 0.5 * mask)[None], mask[None])[0]
        assert torch.equal(made, done.predictions[2])


# ---------------------------------------------------------------------- how fast


def rates(system, steps, **differences):
    how = experiment(steps=steps, **differences)
    learner = learner_of(system, how)
    found = []
    for step in range(steps):
        learner.set_rates(lambda trained_with, step=step: how.rate(step, trained_with))
        found.append([optimizer.param_groups[0]["lr"] for optimizer in learner.optimizers.values()])
    return found


def test_rates_are_multiples_of_those_of_training_and_halved_as_asked():
    lama = systems.create("lama", width=4, blocks=1, discriminator_width=4)
    assert rates(lama, 1, learning_rate_factor=0.5)[0] == [pytest.approx(5e-4), pytest.approx(5e-5)]
    assert rates(lama, 1, learning_rate=3e-6)[0] == [3e-6, 3e-6]
    system = tiny(form="thesis_small")
    every = [rate for rate, _ in rates(system, 101, learning_rate_factor=2.0, halve_every=50)]
    assert (every[0], every[49], every[50], every[100]) == pytest.approx((2e-6, 2e-6, 1e-6, 5e-7))
    once = [rate for rate, _ in rates(system, 161, halve_at=[150])]
    assert (once[149], once[150], once[160]) == pytest.approx((1e-6, 5e-7, 5e-7))
    assert {rate for rate, _ in rates(system, 120, halve_at=[])} == {1e-6}


def test_the_optimiser_is_adam_0_09_and_fresh():
    system = tiny(form="thesis_small")
    one, other = (learner_of(system, experiment()).optimizers["network"] for _ in range(2))
    assert isinstance(one, torch.optim.Adam) and one.param_groups[0]["betas"] == (0.0, 0.9)
    assert one is not other and not one.state


def test_the_first_step_of_adam_moves_a_weight_by_the_rate(random_backbones):
    """A factor twice as large moves twice as far, so the factor reaches the optimiser."""
    system, moved = structure(random_backbones), []
    for factor in (1.0, 2.0):
        done = adapt(system, *photograph(), experiment(steps=1, learning_rate_factor=factor))
        key = "stages.1.image.norm.weight"
        moved.append((done.weights["network"][key] - system.network.state_dict()[key]).abs().max())
    assert float(moved[0]) == pytest.approx(1e-6, rel=0.1) and float(moved[1]) == pytest.approx(2e-6, rel=0.1)


# ---------------------------------------------------------------------- modes


@pytest.mark.parametrize("case", ["madf", "partialconv", "lama"])
def test_pretrained_statistics_of_batch_norm_stay_and_random_ones_do_not(case, random_backbones):
    system = ready(case, random_backbones)
    names, _ = changed(system)
    statistics = [key for key in states(system) if key.endswith(("running_mean", "running_var"))]
    assert statistics and not names & set(statistics)
    assert any("bn" in key and key.endswith(("weight", "bias")) for key in names) or case != "partialconv"
    names, _ = changed(system, init="random")
    assert names & set(statistics)


def test_a_resting_part_is_in_evaluation_mode_and_the_others_learn():
    learner = learner_of(tiny(form="thesis_small"), experiment(learns="generator_only"))
    learner.train()
    assert learner.system.network.training and not learner.system.discriminator.training
    assert isinstance(learner.optimizers["discriminator"], Resting)


# ---------------------------------------------------------------------- refusals, and discriminators


def test_another_network_needs_random_weights():
    with pytest.raises(LacunaError, match="another network than 'thesis_small'; set 'init' to random"):
        learner_of(tiny(form="thesis"), experiment(network="thesis_small"))
    with pytest.raises(LacunaError, match="'madf' has one network only; leave 'network' out"):
        learner_of(systems.create("madf", width=8, levels=3), experiment(network="thesis_small", init="random"))


def test_the_state_of_a_trained_optimiser_is_refused():
    with pytest.raises(LacunaError, match="begins with a fresh optimiser"):
        learner_of(tiny(form="thesis_small"), experiment(optimizer_state="trained"))


def test_who_needs_a_trained_discriminator():
    system = tiny(form="thesis_small")
    assert needs_discriminator(system, experiment())
    assert needs_discriminator(system, experiment(learns="generator_only"))
    assert needs_discriminator(system, experiment(learns="adapters"))
    assert not needs_discriminator(system, experiment(learns="generator_without_discriminator"))
    assert not needs_discriminator(system, experiment(init="random"))
    assert not needs_discriminator(systems.create("madf", width=8, levels=3), experiment())


def test_parts_are_loaded_and_the_network_is_left():
    system, other = tiny(form="thesis_small"), tiny(form="thesis_small", seed=1)
    parts = {part: module.state_dict() for part, module in other.modules().items()}
    before = states(system)
    load_parts(system, {**parts, "something": {}})
    after = states(system)
    for key in before:
        expected = states(other)[key] if key.startswith("discriminator.") else before[key]
        assert torch.equal(after[key], expected)
