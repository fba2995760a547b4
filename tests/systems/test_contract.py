"""What every system must do, whatever its name. A new file in `systems/` is tested here without another word."""

from fnmatch import fnmatch

import numpy as np
import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.systems._catalogue import describe
from tests.systems.doubles import RandomFeatures

ALL = systems.names()
WITH_NETWORK = [name for name in ALL if systems.system_class(name).facts.kind != "classical"]
# a fitted system makes a network for each picture: it is not trained, and there are no weights to load
TRAINED = [name for name in ALL if systems.system_class(name).facts.kind == "deep"]
SIZE = (48, 64)  # not square, and not a training size


def with_forms(names):
    """`name`, and `name:form` for each other form that a system can take."""
    return [":".join(each) for name in names for each in [(name,), *((name, form) for form in forms_of(name))]]


def tried(names):
    """`with_forms` as parameters; the other forms, a third of the time, are left out of the inner loop."""
    return [pytest.param(case, marks=pytest.mark.slow if ":" in case else ()) for case in with_forms(names)]


def forms_of(name):
    return systems.system_class(name).forms


def small(case, seed=0):
    """A tiny system, `name` or `name:form`, whose prediction depends visibly on its input."""
    torch.manual_seed(seed)
    name, _, form = case.partition(":")
    settings = {**systems.system_class(name).small, **(forms_of(name)[form] if form else {})}
    system = systems.create(name, **settings)
    if system.network is not None:
        system.network.eval()
        with torch.no_grad():
            varies = system.network(*pictures(fitting(system))).raw.std() > 0.05
            for parameter in system.network.parameters():
                if parameter.dim() > 1 and not varies:  # larger weights than needed saturate, which hides differences
                    parameter.mul_(4)
    return system


def fitting(system, size=SIZE):
    """The nearest sizes upwards that the system's network takes."""
    return tuple(system.padded_size(side) for side in size)


def pictures(size, n=2, seed=1, dtype=torch.float32):
    """Images and masks with one hole that touches the left edge and is smaller than the valid part."""
    draw = torch.Generator().manual_seed(seed)
    image = torch.rand(n, 3, *size, generator=draw).to(dtype)
    mask = torch.zeros(n, 1, *size, dtype=dtype)
    mask[:, :, 3 : size[0] // 2, : size[1] // 3] = 1
    return image, mask


def arrays(size=SIZE, seed=1):
    image, mask = pictures(size, n=1, seed=seed)
    return (image[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8), mask[0, 0].numpy() == 1


def predicted(system, image, mask):
    return system.predict_arrays([image], [mask])[0]


@pytest.mark.parametrize("name", ALL)
def test_facts_are_complete_and_named_after_the_file(name):
    facts = systems.system_class(name).facts
    assert facts.name == name
    assert facts.title and facts.paper and facts.licence and 1990 < facts.year < 2100
    defaults = systems.system_class(name).Recipe()
    for deviation in facts.deviations:
        assert (getattr(defaults, deviation.switch) if deviation.switch else None) == deviation.default
    assert bool(facts.data) == (facts.kind == "deep")


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_counted_parameters_are_the_stated_ones(name):
    described = describe(name)
    assert described["parameters"] == systems.system_class(name).facts.parameters
    assert (described["macs_256"] is None) == (described["kind"] == "classical")


@pytest.mark.parametrize("name", ALL)
def test_unknown_setting_is_refused_with_the_known_ones(name):
    with pytest.raises(LacunaError, match="no setting 'wdith'"):
        systems.create(name, wdith=3)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize(
    "wrong", [{"image_size": 0}, {"batch_size": 0}, {"iterations": -1}, {"learning_rate": -1.0}, {"learning_rate": 0.0}]
)
def test_what_no_training_can_do_is_refused(name, wrong):
    with pytest.raises(LacunaError, match=f"setting '{next(iter(wrong))}' of a trained system"):
        systems.create(name, **wrong)


@pytest.mark.parametrize("name", WITH_NETWORK)
def test_the_stated_sizes_are_those_of_the_system(name):
    with torch.device("meta"):
        system = systems.create(name)
    assert (system.size_multiple, system.minimal_size) == (system.facts.size_multiple, system.facts.minimal_size)


@pytest.mark.parametrize("name", tried(ALL))
@pytest.mark.parametrize("size", [SIZE, (37, 53), (21, 90)])
def test_pictures_of_any_size_are_predicted(name, size):
    system = small(name)
    image, mask = arrays(size)
    prediction = predicted(system, image, mask)
    assert prediction.shape == (*size, 3) and prediction.dtype == np.uint8


@pytest.mark.parametrize("name", tried(ALL))
@pytest.mark.parametrize("coverage", [0, 1])
def test_all_hole_and_no_hole_are_predicted(name, coverage):
    system = small(name)
    image, mask = arrays()
    mask = np.full_like(mask, bool(coverage))
    assert predicted(system, image, mask).shape == image.shape


@pytest.mark.parametrize("name", tried(ALL))
def test_what_lies_under_the_hole_does_not_matter(name):
    system = small(name)
    image, mask = arrays()
    other, _ = arrays(seed=2)
    changed = np.where(mask[..., None], other, image)
    assert (predicted(system, image, mask) == predicted(system, changed, mask)).all()


@pytest.mark.parametrize("name", tried(ALL))
def test_nothing_leaks_when_everything_is_hole(name):
    system = small(name)
    image, mask = arrays()
    other, _ = arrays(seed=2)
    mask = np.ones_like(mask)
    assert (predicted(system, image, mask) == predicted(system, other, mask)).all()


@pytest.mark.parametrize("name", tried(WITH_NETWORK))
@pytest.mark.parametrize("everywhere", [False, True])
def test_nothing_leaks_into_the_last_bit_of_the_raw_prediction(name, everywhere):
    system = small(name)
    image, mask = pictures(fitting(system))
    other, _ = pictures(fitting(system), seed=2)
    mask = torch.ones_like(mask) if everywhere else mask
    found = []
    for content in (image, torch.where(mask == 1, other, image)):
        torch.manual_seed(7)
        with torch.no_grad():
            found.append(system.network(content, mask).raw)
    assert torch.equal(*found)


@pytest.mark.parametrize("name", tried(ALL))
def test_one_is_the_hole(name):
    """The valid part decides the prediction, and the mask's polarity decides which part is valid."""
    system = small(name)
    image, mask = arrays()
    other, _ = arrays(seed=2)
    changed = np.where(mask[..., None], image, other)
    assert (predicted(system, image, mask) != predicted(system, changed, mask)).any()
    assert (predicted(system, image, mask) != predicted(system, image, ~mask)).any()


@pytest.mark.parametrize("name", tried(ALL))
def test_a_batch_is_predicted_like_its_pictures_alone(name):
    system = small(name)
    pairs = [arrays(seed=seed) for seed in (1, 2, 3)]
    together = system.predict_arrays(*zip(*pairs, strict=True))
    for (image, mask), one in zip(pairs, together, strict=True):
        assert np.abs(predicted(system, image, mask).astype(int) - one).max() <= 1


@pytest.mark.parametrize("name", tried(WITH_NETWORK))
def test_raw_prediction_is_finite_of_the_right_shape_and_the_seed_decides_it(name):
    results = []
    for seed in (0, 0, 1):
        system = small(name, seed)
        image, mask = pictures(fitting(system))
        torch.manual_seed(7)
        with torch.no_grad():
            raw = system.network(image, mask).raw
        assert raw.shape == image.shape and raw.isfinite().all()
        results.append(raw)
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def of_seeds(system, *seeds):
    """Predictions of one picture, each drawn from a seed."""
    image, mask = arrays()
    found = []
    for seed in seeds:
        system.draw_from(seed)
        found.append(predicted(system, image, mask))
    return found


@pytest.mark.parametrize("name", tried(ALL))
def test_without_the_settings_at_which_it_draws_no_seed_changes_a_prediction(name):
    system = small(name)
    if not system.draws:
        first, other = of_seeds(system, 0, 1)
        assert (first == other).all()


@pytest.mark.parametrize("name", [name for name in ALL if systems.system_class(name).drawing is not None])
def test_a_system_that_draws_has_a_prediction_for_every_seed_and_always_the_same(name):
    system = systems.create(name, **{**systems.system_class(name).small, **systems.system_class(name).drawing})
    assert system.draws
    with torch.no_grad():
        for key, parameter in system.network.named_parameters() if system.network is not None else ():
            if "noise" in key:  # its strength, which begins at 0
                parameter.fill_(1)
    first, again, other = of_seeds(system, 0, 0, 1)
    assert (first == again).all() and (first != other).any()


@pytest.mark.parametrize("name", tried(WITH_NETWORK))
def test_sizes_the_network_cannot_take_are_refused_in_one_sentence(name):
    system = small(name)
    if system.size_multiple > 1:
        image, mask = pictures(tuple(side + 1 for side in fitting(system)))
        with pytest.raises(LacunaError, match="choose another image size"):
            system.network(image, mask)
    image, mask = pictures(fitting(system))
    with pytest.raises(LacunaError, match="N×1×H×W"):
        system.network(image, mask[..., :-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", tried(WITH_NETWORK))
def test_double_precision_agrees_with_single(name):
    system = small(name)
    image, mask = pictures(fitting(system), dtype=torch.float64)
    with torch.no_grad():
        single = system.network(image.float(), mask.float()).raw
        double = system.network.double()(image, mask).raw
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, atol=1e-3 * float(double.std()), rtol=0)


@pytest.mark.parametrize("name", tried(TRAINED))
def test_weights_survive_saving_and_loading_by_their_authors_names(name, tmp_path):
    system, other = small(name, seed=0), small(name, seed=1)
    image, mask = pictures(fitting(system))
    ours = system.network.state_dict()
    torch.save(
        {"state_dict": {f"module.{key}": ours[own] for key, own in system.released_keys().items()}}, tmp_path / "g.pth"
    )
    other.load_released(tmp_path / "g.pth")
    with torch.no_grad():
        assert torch.equal(system.network(image, mask).raw, other.network(image, mask).raw)


def listed(key, patterns):
    return any(fnmatch(key, pattern) for pattern in patterns)


@pytest.mark.parametrize("name", tried(TRAINED))
def test_a_training_step_reaches_every_parameter_but_those_listed(name, random_backbones):
    """In double precision, where a gradient that is 0 by its nature is told from a small one."""
    system = small(name)
    system.load_backbones(random_backbones, torch.device("cpu"))
    optimizers = system.optimizers()
    image, mask = pictures(fitting(system), dtype=torch.float64)
    for module in system.modules().values():
        module.double().train()
    with torch.no_grad():
        # a hinge pulls equally at real and fake logits that are both near 0, as the first ones are
        for parameter in system.discriminator.parameters() if system.discriminator else ():
            if parameter.dim() == 1:
                parameter.add_(1)
    system.before_step(0, 0.0, optimizers)
    losses = system.training_step(image, mask, optimizers, lambda loss: loss.backward())
    assert all(loss.dim() == 0 and loss.isfinite() and not loss.requires_grad for loss in losses.values())
    for part, module in system.modules().items():
        gradients = {f"{part}.{key}": each.grad for key, each in module.named_parameters() if each.requires_grad}
        largest = max(float(gradient.abs().max()) for gradient in gradients.values() if gradient is not None)
        for key, gradient in gradients.items():
            if listed(key, system.without_gradient):
                assert gradient is None, key
                continue
            assert gradient is not None and gradient.isfinite().all(), key
            assert (float(gradient.abs().max()) < 1e-12 * largest) == listed(key, system.zero_gradient), key


@pytest.mark.parametrize("name", TRAINED)
def test_the_lists_of_what_does_not_learn_name_parameters(name):
    with torch.device("meta"):
        system = systems.create(name)
    keys = [f"{part}.{key}" for part, module in system.modules().items() for key, _ in module.named_parameters()]
    assert system.zero_gradient == system.facts.zero_gradient
    assert system.without_gradient == system.facts.without_gradient
    for pattern in (*system.facts.without_gradient, *system.facts.zero_gradient):
        assert any(fnmatch(key, pattern) for key in keys), pattern


@pytest.mark.parametrize("name", tried(TRAINED))
def test_a_loss_of_weight_0_is_not_computed(name, random_backbones, monkeypatch):
    """One pixel loss is left, and no pretrained network is asked."""
    recipe = small(name).recipe
    weights = [key for key in vars(recipe) if key.endswith("_weight") and getattr(recipe, key)]
    of_pixels = (key for key in weights if any(word in key for word in ("l1", "hole", "reconstruction", "fine")))
    kept = next(of_pixels) if weights else None  # a system of one loss has no weight
    system = systems.create(name.partition(":")[0], **{**vars(recipe), **{key: 0.0 for key in weights if key != kept}})
    monkeypatch.setattr(RandomFeatures, "forward", None)
    system.load_backbones(random_backbones, torch.device("cpu"))
    image, mask = pictures(fitting(system))
    losses = system.training_step(image, mask, system.optimizers(), lambda loss: loss.backward())
    if "thesis" not in name:  # whose losses are those of adaptation
        assert len({key.removeprefix("refined_") for key in losses} - {"discriminator"}) == 1


@pytest.mark.parametrize("name", tried(TRAINED))
@pytest.mark.parametrize("coverage", [0.0, 1.0])
def test_a_training_step_survives_extreme_masks(name, coverage, random_backbones):
    system = small(name)
    system.load_backbones(random_backbones, torch.device("cpu"))
    image, mask = pictures(fitting(system))
    losses = system.training_step(
        image, torch.full_like(mask, coverage), system.optimizers(), lambda loss: loss.backward()
    )
    assert all(loss.isfinite() for loss in losses.values())
    assert all(parameter.isfinite().all() for parameter in system.network.parameters())
