"""The structure network against its authors' network; its forms, inputs, outputs and sizes."""

import numpy as np
import pytest
import torch

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.nn.edges import canny, sobel
from lacuna.systems._catalogue import describe
from lacuna.systems.structure import Recipe
from lacuna.training.results import parameter_counts
from tests.systems.references import assert_as_recorded, authors_shapes, smooth_picture, with_simple_weights
from tests.systems.structures import SMALL, scene, tiny


def on_meta(**settings):
    """Full-sized systems without numbers."""
    with torch.device("meta"):
        return systems.create("structure", **settings)


# ---------------------------------------------------------------------- is it the authors' network?


@pytest.mark.slow
def test_size_is_the_published_one():
    described = describe("structure")
    assert described["parameters"] == described["parts"]["generator"] == 15_089_000
    assert round(described["macs_256"] / 1e9, 3) == 78.072


@pytest.mark.slow
def test_other_forms_are_counted_in_the_catalogue():
    forms = describe("structure")["forms"]
    assert forms["thesis"]["parts"] == {"network": 15_085_088, "discriminator": 2_764_737}
    assert forms["thesis_small"]["parameters"] == 1_885_807
    assert round(forms["thesis"]["macs_256"] / 1e9, 3) == 78.018


@pytest.mark.parametrize(
    ("form", "generator", "discriminator"),
    [
        ("released", 15_089_000, 2_764_737),
        ("thesis", 15_085_088, 2_764_737),
        ("thesis_small", 1_885_807, 136_385),
    ],
)
def test_forms_have_their_published_sizes(form, generator, discriminator):
    system = on_meta(form=form)
    counts = [sum(each.numel() for each in module.parameters()) for module in system.modules().values()]
    assert counts == [generator, discriminator]


@pytest.mark.parametrize(
    ("freeze", "trainable", "blocks", "layers"),
    [
        ("none", 17_849_825, 0, 0),
        ("encoder_and_blocks", 7_574_817, 8, 2),
        ("encoder_and_half_of_blocks", 11_775_009, 4, 3),
    ],
)
def test_freezing_leaves_what_the_thesis_trains(freeze, trainable, blocks, layers):
    system = on_meta(form="thesis", freeze=freeze)
    optimised = [
        parameter
        for optimizer in system.optimizers().values()
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    assert sum(parameter.numel() for parameter in optimised) == trainable
    counts = parameter_counts(system).values()
    assert sum(each["trainable"] for each in counts) == trainable
    assert sum(each["before_freezing"] for each in counts) == 17_849_825
    frozen = {
        ".".join(name.split(".")[:2])
        for module in system.modules().values()
        for name, parameter in module.named_parameters()
        if not parameter.requires_grad
    }
    expected = [f"middle.{index}" for index in range(blocks)] + [f"layers.{index}" for index in range(layers)]
    assert frozen == {*expected, *(f"encoder.{index}" for index in range(3) if blocks)}


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_keys_and_shapes_are_the_authors(part):
    system = on_meta()
    theirs, names = authors_shapes(f"structure.{part}.txt"), system.released_keys(part)
    assert set(names) == set(theirs)
    state = system.modules()[part].state_dict()
    left = {key for key in state if not key.endswith("weight_v")}
    assert set(names.values()) == left and len(names) == len(left)
    for key, shape in theirs.items():
        ours = list(state[names[key]].shape)
        assert ours == {4: shape[:1:-1] + shape[:2], 2: shape[1:], 1: shape}[len(shape)], key


@pytest.mark.slow
def test_generator_equals_the_authors(golden):
    """To 2e-3: theirs was computed in single precision, and standardising and unscaled attention amplify rounding."""
    authors = golden("structure")
    network = systems.load_released("structure", authors.weights()).network
    with torch.no_grad():
        prediction = network.forward_with(*authors.inputs(torch.float32, "image", "hole", "edge", "sobel"))
    found = {
        "raw0": prediction.raw,
        "img64": 2 * prediction.images[0] - 1,
        "img128": 2 * prediction.images[1] - 1,
        **dict(zip(("grad64", "grad128", "grad256"), prediction.gradients, strict=True)),
    }
    for name, ours in found.items():
        assert authors.difference(ours, name) <= 2e-3, name


@pytest.mark.slow
def test_sobel_equals_the_authors(golden):
    authors = golden("structure")
    (image,) = authors.inputs(torch.float32, "image")
    assert authors.difference(sobel(2 * image - 1), "sobel") <= 1e-6


@pytest.mark.slow
def test_discriminator_equals_the_authors(golden):
    """In training mode: their passes take one power iteration always."""
    authors = golden("structure")
    system = systems.create("structure", form="released")
    system.load_released(authors.weights("disc.keys"), "discriminator")
    with torch.no_grad():
        scores = system.discriminator(*authors.inputs(torch.float32, "image"))
    assert authors.difference(scores, "disc_image") <= 1e-5


def test_recorded_output_stays():
    network = with_simple_weights(systems.create("structure", **SMALL).network, 2.0)
    image, mask = smooth_picture(40, 56, slice(5, 30), slice(17))
    image[:, 1] = torch.linspace(0, 1, 40)[:, None] > 0.6  # an edge
    assert canny(image, 1.5, 1 - mask).any()
    with torch.no_grad():
        raw = network(image, mask).raw
    assert_as_recorded("structure", raw[0])


# ---------------------------------------------------------------------- the authors' weights


def in_tensorflow_layout(system, part):
    state = system.modules()[part].state_dict()
    layouts = {4: lambda x: x.permute(2, 3, 1, 0), 1: lambda x: x}
    arrays = {key: layouts[state[own].dim()](state[own]).numpy() for key, own in system.released_keys(part).items()}
    return {key: array[None] if key.endswith("/u:0") else array for key, array in arrays.items()}


@pytest.mark.parametrize("part", ["network", "discriminator"])
def test_tensorflows_layout_is_turned_and_pytorchs_kept(part):
    first, second, third = tiny(1), tiny(2), tiny(3)
    second.load_released(in_tensorflow_layout(first, part), part)
    state = first.modules()[part].state_dict()
    third.load_released({key: state[own] for key, own in first.released_keys(part).items()}, part)
    for other in (second, third):
        loaded = other.modules()[part].state_dict()
        for key, value in state.items():
            assert key.endswith("weight_v") or torch.equal(loaded[key], value), key


def test_a_checkpoint_of_both_parts_loads_and_other_extras_are_refused():
    system = tiny(1)
    both = in_tensorflow_layout(system, "network") | in_tensorflow_layout(system, "discriminator")
    for part in ("network", "discriminator"):
        tiny(2).load_released(both, part)
    with pytest.raises(LacunaError, match="extra: global_step:0"):
        tiny(2).load_released({**both, "global_step:0": np.ones(1)})
    del both["inpaint_net/conv2d/kernel:0"]
    with pytest.raises(LacunaError, match="missing: inpaint_net/conv2d/kernel:0"):
        tiny(2).load_released(both)


def test_weights_of_the_thesis_forms_have_our_names():
    system, other = tiny(1, form="thesis_small"), tiny(2, form="thesis_small")
    other.load_released(system.network.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(system.network.parameters(), other.network.parameters(), strict=True))


# ---------------------------------------------------------------------- what goes in and comes out


def seen_by(network, image, mask):
    """The eleven channels that the encoder is given."""
    seen = []
    hook = network.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(image, mask)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("leaky", [False, True])
def test_inputs_are_picture_edges_mask_and_derivatives(leaky):
    image, mask = scene()
    seen = seen_by(tiny(leaky_structure=leaky).network, image, mask)
    valid, authors = 1 - mask, 2 * image - 1
    edge = canny(image, 1.5) if leaky else canny(image, 1.5, valid)
    derivatives = sobel(authors) if leaky else sobel(authors * valid)
    assert seen.shape[1] == 11
    assert torch.equal(seen[:, :3], authors * valid)
    known = mask == 0
    assert torch.equal(seen[:, 3:4][known], 1 - edge[known]) and (seen[:, 3:4][~known] == 1).all()
    assert (seen[:, 3:4][known] == 0).any()
    assert torch.equal(seen[:, 4:5], mask)
    assert torch.equal(seen[:, 5:], derivatives * valid)


def test_only_the_leaky_form_sees_what_lies_under_the_hole():
    image, mask = scene()
    changed = torch.where(mask == 1, 1 - image, image)
    for leaky in (False, True):
        network = tiny(leaky_structure=leaky).network
        difference = seen_by(network, image, mask) - seen_by(network, changed, mask)
        assert bool(difference.any()) == leaky


def test_given_structure_stands_for_the_computed_one():
    image, mask = scene()
    network = tiny().network
    valid = 1 - mask
    edge, derivatives = canny(image, 1.5, valid), sobel((2 * image - 1) * valid)
    with torch.no_grad():
        expected = network(image, mask).raw
        assert torch.equal(network.forward_with(image, mask, edge, derivatives).raw, expected)
        # in the hole it is not looked at, outside it is
        for inside, same in ((mask, True), (valid, False)):
            other = network.forward_with(image, mask, edge + inside, derivatives + inside).raw
            assert torch.equal(other, expected) == same


@pytest.mark.parametrize("form", ["released", "thesis", "thesis_small"])
def test_every_picture_is_given_the_same_mean_and_contrast(form):
    """The head that makes the picture is normalised, too: before its tanh, each channel has a mean and a deviation
    that are weights, whatever the picture (docs/experiments/ttt_pretraining.md)."""
    network = tiny(form=form).network.double()
    norm = network.stages[-1].image.norm
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.1, 0.2, 0.3]))
        norm.bias.copy_(torch.tensor([-0.4, 0.0, 0.5]))
    image, mask = scene((32, 48), dtype=torch.float64)
    image[1] = 0.02 * image[1]
    with torch.no_grad():
        made = torch.atanh(2 * network(image, mask).raw - 1)
    assert torch.allclose(made.mean((2, 3)), norm.bias.expand(2, 3), atol=1e-9)
    assert torch.allclose(made.std((2, 3), correction=0), norm.weight.expand(2, 3), rtol=1e-3)
    assert (made[0] - made[1]).abs().max() > 0.05


def test_side_outputs_are_at_three_scales_in_the_released_form_only():
    image, mask = scene()
    with torch.no_grad():
        prediction = tiny().network(image, mask)
        assert [tuple(each.shape) for each in prediction.images] == [(2, 3, 8, 12), (2, 3, 16, 24)]
        assert [tuple(each.shape) for each in prediction.gradients] == [(2, 6, 8, 12), (2, 6, 16, 24), (2, 6, 32, 48)]
        assert all(0 <= each.min() < each.max() <= 1 for each in (*prediction.images, prediction.raw))
        for form in ("thesis", "thesis_small"):
            prediction = tiny(form=form).network(image, mask)
            assert prediction.raw.shape == image.shape and not prediction.images and not prediction.gradients


def test_sizes_follow_the_form():
    assert (tiny().size_multiple, tiny().minimal_size) == (8, 16)
    small = tiny(form="thesis_small")
    assert (small.size_multiple, small.minimal_size) == (4, 8)
    for system, size in ((tiny(), (16, 24)), (small, (8, 12))):
        image, mask = torch.rand(1, 3, *size), torch.zeros(1, 1, *size)
        assert system.network(image, mask).raw.isfinite().all()
        with pytest.raises(LacunaError, match=f"at least {size[0]} pixels that are multiples of {size[0] // 2}"):
            system.network(image[..., 2:, :], mask[..., 2:, :])


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"form": "large"}, "'form' of system 'structure' is one of released, thesis, thesis_small"),
        ({"freeze": "all"}, "'freeze'"),
        ({"feature_network": "vgg13"}, "'feature_network'"),
        ({"width": 0}, "at least 1"),
        ({"form": "thesis_small", "freeze": "encoder_and_blocks"}, "nothing to freeze in form 'thesis_small'"),
    ],
)
def test_impossible_settings_are_refused(settings, complaint):
    with pytest.raises(LacunaError, match=complaint):
        systems.create("structure", **settings)


def test_recipe_is_the_authors():
    recipe = Recipe()
    assert (recipe.learning_rate, recipe.betas, recipe.batch_size, recipe.image_size) == (1e-5, (0.0, 0.9), 4, 256)
    cls = systems.system_class("structure")
    assert cls.backbones(recipe) == ("vgg19",) and cls.backbones(Recipe(feature_network="vgg16")) == ("vgg16",)
