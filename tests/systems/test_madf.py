"""MADF against its authors' network, its dynamic convolution against loops, its losses against arithmetic by hand."""

import weakref
from fnmatch import fnmatch

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.nn import vgg
from lacuna.nn.imagenet import normalised
from lacuna.systems import madf
from lacuna.systems._catalogue import describe
from lacuna.systems.madf import dynamic_convolution, total_variation
from tests.systems.references import assert_as_recorded, authors_shapes, shapes, sines, smooth_picture

SMALL = {"width": 4, "levels": 3}


def pictures(dtype=torch.float64, size=(24, 40)):
    draw = torch.Generator().manual_seed(4)
    image = torch.rand(2, 3, *size, generator=draw, dtype=dtype)
    mask = torch.zeros(2, 1, *size, dtype=dtype)
    mask[:, :, 3:14, :15] = 1
    return image, mask


# ---------------------------------------------------------------------- is it the authors' network?


def test_size_is_the_published_one():
    described = describe("madf")
    assert described["parameters"] == 85_141_214 == sum(described["parts"].values())
    # 28.26 G as counted for the authors' network: by the convolutions' multiplications, transposed ones at their input
    assert described["macs_256"] == pytest.approx(28.26e9, rel=1e-3)


def test_keys_and_shapes_are_the_authors():
    with torch.device("meta"):
        network = systems.create("madf").network
    assert shapes(network) == authors_shapes("madf.txt")


def test_the_unused_parameters_are_1248():
    with torch.device("meta"):
        system = systems.create("madf")
    unused = {
        name: parameter.numel()
        for name, parameter in system.network.named_parameters()
        if any(fnmatch(f"network.{name}", pattern) for pattern in system.facts.without_gradient)
    }
    assert sum(unused.values()) == 1248 == system.facts.parts["unused batch norms"]
    assert len(unused) == 14


def authors_checkpoint(state):
    """A checkpoint as their training writes it: a parallel wrapper that holds the losses' VGG too."""
    wrapped = {f"module.model.{key}": value for key, value in state.items()}
    wrapped |= {"module.extractor.enc_1.0.weight": torch.ones(64, 3, 3, 3), "module.extractor.mean": torch.ones(3)}
    return {"n_iter": 7, "model": wrapped, "gen_optimizer": {"state": {}, "param_groups": []}}


def test_the_authors_checkpoints_load_strictly(tmp_path):
    system = systems.create("madf", **SMALL)
    state = system.network.state_dict()
    torch.save(authors_checkpoint(state), tmp_path / "places2.pth")
    loaded = systems.load_released("madf", tmp_path / "places2.pth", **SMALL).network.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)
    incomplete = authors_checkpoint(state)
    del incomplete["model"]["module.model.enc_conv_2.bn.running_var"]
    with pytest.raises(LacunaError, match="missing: enc_conv_2.bn.running_var"):
        systems.load_released("madf", incomplete, **SMALL)


@pytest.mark.slow
def test_network_equals_the_authors(golden):
    authors = golden("madf")
    network = systems.load_released("madf", authors.weights()).network.eval()
    for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-6)):
        with torch.no_grad():
            made = network.to(dtype)(*authors.inputs(dtype))
        assert made.raw is made.raw2
        for name in ("raw0", "raw1", "raw2"):
            assert authors.difference(getattr(made, name), name) <= tolerance, (name, dtype)


def test_recorded_output_stays():
    network = systems.create("madf", **SMALL).network
    with torch.no_grad():
        for index, parameter in enumerate(network.parameters()):
            spread = 1.5 / parameter[0].numel() ** 0.5 if parameter.dim() > 1 else 0.1
            parameter.copy_((spread * sines(parameter, index, 0.7)).view_as(parameter))
        made = network.double().eval()(*smooth_picture(24, 40, slice(3, 14), slice(15)))
    assert all(each.std() > 0.01 for each in (made.raw0, made.raw1, made.raw2))
    assert_as_recorded("madf", torch.cat([made.raw0, made.raw1, made.raw2]))


# ---------------------------------------------------------------------- what it can be told


@pytest.mark.parametrize("settings", [{"width": 0}, {"width": 6}, {"levels": 1}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(LacunaError, match=f"'{next(iter(settings))}' of system 'madf' must be"):
        systems.create("madf", **settings)


def test_fewer_levels_take_smaller_pictures():
    system = systems.create("madf", width=4, levels=4)
    assert (system.size_multiple, system.minimal_size) == (16, 16)
    image, mask = torch.rand(2, 3, 16, 48), torch.ones(2, 1, 16, 48)
    made = system.network.eval()(image, mask)
    assert made.raw0.shape == made.raw1.shape == made.raw.shape == image.shape
    with pytest.raises(LacunaError, match="multiples of 16, not 24×48"):
        system.network(torch.rand(2, 3, 24, 48), torch.ones(2, 1, 24, 48))


# ---------------------------------------------------------------------- the dynamic convolution


def in_loops(x, mask_features, weight, bias, shape):
    """Place by place: make the kernel, cut the patch out, multiply."""
    channels, size, _, out_channels = shape
    x = np.pad(x.numpy(), [(0, 0), (0, 0)] + [(size // 2, size // 2)] * 2)
    n, _, height, width = mask_features.shape
    out = np.zeros((n, out_channels, height, width))
    for each, row, column in np.ndindex(n, height, width):
        kernel = weight.numpy() @ mask_features[each, :, row, column].numpy() + bias.numpy()
        patch = x[each, :, 2 * row : 2 * row + size, 2 * column : 2 * column + size]
        for index, value in enumerate(patch.reshape(-1)):
            out[each, :, row, column] += value * kernel[index * out_channels : (index + 1) * out_channels]
    return out


def materialised(x, mask_features, weight, bias, shape):
    """The straightforward form: the generator is applied as a 1×1 convolution, and every place keeps its kernel."""
    n, _, height, width = mask_features.shape
    places = n * height * width
    kernels = F.conv2d(mask_features, weight[:, :, None, None], bias)
    kernels = kernels.permute(0, 2, 3, 1).reshape(places, -1, shape[3])
    patches = F.unfold(x, shape[1], padding=shape[1] // 2, stride=2).transpose(1, 2)
    out = torch.bmm(patches.reshape(places, 1, -1), kernels)
    return out.view(n, height, width, -1).permute(0, 3, 1, 2)


def dynamic_case(size, dtype=torch.float64):
    draw = torch.Generator().manual_seed(size)
    shape = (3, size, size, 5)
    x = torch.randn(2, 3, 10, 14, generator=draw, dtype=dtype)
    mask_features = torch.randn(2, 4, 5, 7, generator=draw, dtype=dtype)
    weight = torch.randn(3 * size * size * 5, 4, generator=draw, dtype=dtype)
    bias = torch.randn(len(weight), generator=draw, dtype=dtype)
    return x, mask_features, weight, bias, shape


@pytest.mark.parametrize("size", [3, 5, 7])
def test_dynamic_convolution_equals_loops(size):
    case = dynamic_case(size)
    np.testing.assert_allclose(dynamic_convolution(*case).numpy(), in_loops(*case), atol=1e-10, rtol=0)


def test_dynamic_convolution_has_the_straightforward_forms_gradients():
    *tensors, shape = dynamic_case(5)
    gradients = []
    for function in (dynamic_convolution, materialised):
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        function(*leaves, shape).sin().sum().backward()
        gradients.append([leaf.grad for leaf in leaves])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)


class PeakMemory(TorchDispatchMode):
    """The most bytes that tensors' storages held at one time; what an operation needs inside itself is not seen."""

    def __init__(self):
        super().__init__()
        self.held = {}
        self.now = self.peak = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor) and tensor.untyped_storage()._cdata not in self.held:
                self._hold(tensor.untyped_storage())
        return result

    def _hold(self, storage):
        key, size = storage._cdata, storage.nbytes()

        def gone(_):
            self.now -= size
            del self.held[key]

        self.held[key] = weakref.ref(storage, gone)
        self.now += size
        self.peak = max(self.peak, self.now)


def peak_of_a_step(monkeypatch, straightforward, with_losses):
    """Peak bytes of training at the authors' settings (6 pictures of 512×512), on the device that holds no numbers.

    The straightforward form keeps a kernel for every place, and all features of the losses' VGG16 until the gradient.
    """
    meta = torch.device("meta")
    with monkeypatch.context() as patch, PeakMemory() as memory:
        if straightforward:
            patch.setattr(madf, "dynamic_convolution", materialised)
            patch.setattr(madf, "recomputed", lambda function, *args: function(*args))
        patch.setattr(vgg, "load", no_weights)
        with meta:
            system = systems.create("madf")
        size = (system.recipe.image_size, system.recipe.image_size)
        image, mask = (torch.zeros(system.recipe.batch_size, channels, *size, device=meta) for channels in (3, 1))
        if with_losses:
            system.load_backbones("", meta)
            system.training_step(image, mask, system.optimizers(), lambda loss: loss.backward())
        else:
            made = system.network(image, mask)
            torch.stack([made.raw0, made.raw1, made.raw2]).sum().backward()
    return memory.peak


def no_weights(name, folder):
    features, _ = vgg._network(vgg._CONVOLUTIONS[name])
    return {f"features.{key}": np.zeros(value.shape, np.float32) for key, value in features.state_dict().items()}


@pytest.mark.slow
@pytest.mark.parametrize("with_losses", [False, True])
def test_a_training_step_needs_a_third_of_the_straightforward_forms_memory(monkeypatch, with_losses):
    """Measured: network 4.4 of 15.3 GB; with losses and Adam 6.9 of 23.9 GB."""
    ours, theirs = (peak_of_a_step(monkeypatch, form, with_losses) for form in (False, True))
    assert theirs > 10e9
    assert ours <= theirs / 3


def test_recomputing_changes_no_gradient(monkeypatch, random_backbones):
    calls, gradients = [], []
    real = madf.recomputed
    monkeypatch.setattr(madf, "recomputed", lambda function, *args: (calls.append(function), real(function, *args))[1])
    for recompute in (True, False):
        calls.clear()
        torch.manual_seed(0)
        system = systems.create("madf", **SMALL, recompute_features=recompute)
        system.load_backbones(random_backbones, torch.device("cpu"))
        system.network.double()
        system.training_step(*pictures(), system.optimizers(), lambda loss: loss.backward())
        gradients.append({name: each.grad for name, each in system.network.named_parameters()})
        # one per level of the encoder, and one for each of two outputs and their composites
        assert len(calls) == (7 if recompute else 3)
    for name, gradient in gradients[0].items():
        assert (gradient is None) == (gradients[1][name] is None), name
        if gradient is not None:
            torch.testing.assert_close(gradient, gradients[1][name], atol=1e-12, rtol=1e-9, msg=name)


# ---------------------------------------------------------------------- losses


def test_normalised_space_is_imagenets():
    image = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    assert not normalised(image).any()
    torch.testing.assert_close(normalised(image + 1).flatten() ** -1, torch.tensor([0.229, 0.224, 0.225]))


def test_total_variation_by_hand():
    picture = torch.tensor([[[[0.0, 1.0, 3.0], [0.0, -1.0, 3.0]]]])
    assert float(total_variation(picture)) == pytest.approx((1 + 2 + 1 + 4) / 4 + (0 + 2 + 0) / 3)


def losses_of(random_backbones, **settings):
    """(the losses of three made-up outputs, the outputs, the image, the mask, the system)."""
    system = systems.create("madf", **SMALL, **settings)
    system.load_backbones(random_backbones, torch.device("cpu"))
    image, mask = pictures()
    draw = torch.Generator().manual_seed(9)
    outputs = [torch.randn(*image.shape, generator=draw, dtype=torch.float64).requires_grad_() for _ in range(3)]
    return system.losses(outputs, image, mask), outputs, image, mask, system


def feature_terms(system, output, image, mask, gram):
    """Sum over layers, and over the output and its composite, of mean absolute differences from the image."""
    total = 0.0
    with torch.no_grad():
        for picture in (output, torch.where(mask == 1, output, image)):
            for ours, true in zip(system.features(picture).values(), system.features(image).values(), strict=True):
                a, b = ours.numpy(), true.numpy()
                if gram:
                    size = a[0].size
                    a, b = (np.einsum("nchw,ndhw->ncd", each, each) / size for each in (a, b))
                total += np.abs(a - b).mean()
    return total


@pytest.mark.parametrize("incremental", [True, False])
def test_pixel_losses_by_hand(random_backbones, incremental):
    losses, outputs, image, mask, _ = losses_of(random_backbones, incremental_supervision=incremental)
    hole, valid = mask[:, 0].bool().numpy(), ~mask[:, 0].bool().numpy()
    differences = [np.abs((output - image).detach().numpy()) for output in outputs[0 if incremental else 2 :]]
    count = image.numel()
    expected = {
        "valid": sum(np.moveaxis(each, 1, -1)[valid].sum() / count for each in differences),
        "hole": 6 * sum(np.moveaxis(each, 1, -1)[hole].sum() / count for each in differences),
    }
    for name, value in expected.items():
        assert float(losses[name].detach()) == pytest.approx(value, rel=1e-9), name
    last = torch.where(mask == 1, outputs[2], image).detach().numpy()
    variation = sum(np.abs(np.diff(last, axis=axis)).mean() for axis in (2, 3))
    assert float(losses["total_variation"].detach()) == pytest.approx(0.1 * variation, rel=1e-9)
    assert list(losses) == ["valid", "hole", "perceptual", "style", "total_variation"]


@pytest.mark.parametrize(("incremental", "supervised"), [(True, (1, 2)), (False, (2,))])
def test_perceptual_loss_is_of_the_refinements(random_backbones, incremental, supervised):
    losses, outputs, image, mask, system = losses_of(random_backbones, incremental_supervision=incremental)
    expected = sum(feature_terms(system, outputs[index], image, mask, gram=False) for index in supervised)
    assert float(losses["perceptual"].detach()) == pytest.approx(0.05 * expected, rel=1e-9)


@pytest.mark.parametrize(
    ("as_released", "incremental", "styled"), [(False, True, 2), (True, True, 1), (False, False, 2), (True, False, 2)]
)
def test_style_loss_is_of_the_last_output_and_as_released_of_the_one_before(
    random_backbones, as_released, incremental, styled
):
    settings = {"as_released": as_released, "incremental_supervision": incremental}
    losses, outputs, image, mask, system = losses_of(random_backbones, **settings)
    expected = feature_terms(system, outputs[styled], image, mask, gram=True)
    assert float(losses["style"].detach()) == pytest.approx(120 * expected, rel=1e-9)
    losses["style"].backward()
    assert [output.grad is not None and bool(output.grad.any()) for output in outputs] == [
        index == styled for index in range(3)
    ]


def test_vgg_gets_normalised_pictures_after_its_poolings(random_backbones, monkeypatch):
    given = {}
    features = vgg.VGGFeatures

    def remember(name, folder, layers, normalise=True):
        given.update(name=name, layers=tuple(layers), normalise=normalise)
        return features(name, folder, layers, normalise)

    monkeypatch.setattr(vgg, "VGGFeatures", remember)
    system = systems.create("madf", **SMALL)
    system.load_backbones(random_backbones, torch.device("cpu"))
    assert given == {"name": "vgg16", "layers": ("pool1", "pool2", "pool3"), "normalise": False}
    assert system.backbones(system.recipe) == ("vgg16",)


def test_a_step_logs_the_losses_of_its_outputs_in_the_normalised_space(random_backbones):
    torch.manual_seed(0)
    system = systems.create("madf", **SMALL)
    system.load_backbones(random_backbones, torch.device("cpu"))
    system.network.double()
    image, mask = pictures()
    optimizers = {"network": torch.optim.SGD(system.network.parameters(), lr=0.0)}
    summed = []
    logged = system.training_step(image, mask, optimizers, lambda loss: (summed.append(loss.detach()), loss.backward()))
    with torch.no_grad():
        made = system.network(image, mask)
        deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(1, 3, 1, 1)
        holes = sum(((raw - image).abs() / deviation * mask).mean() for raw in (made.raw0, made.raw1, made.raw2))
    assert float(logged["hole"]) == pytest.approx(6 * float(holes), rel=1e-9)
    assert float(sum(logged.values())) == pytest.approx(float(summed[0]), rel=1e-9)


def test_the_optimiser_is_the_authors():
    (group,) = systems.create("madf", **SMALL).optimizers()["network"].param_groups
    assert (group["lr"], group["betas"]) == (2e-4, (0.9, 0.999))
