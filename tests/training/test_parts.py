"""Steps whose batch is computed in parts: those of the whole batch, whatever updates first and looks through what."""

from fnmatch import fnmatch
from functools import partial

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.utils import clip_grad_norm_, spectral_norm

from lacuna import systems
from lacuna.errors import LacunaError
from lacuna.files import read_json, read_rows
from lacuna.nn import lpips_loss, vgg
from lacuna.systems.base import System
from lacuna.training.parts import InParts
from tests.systems.doubles import RandomFeatures, RandomSimilarity
from tests.training.doubles import AOTGAN, at_step, contents, interrupt

SIZE = (6, 10)


@pytest.fixture(autouse=True)
def one_thread():
    """What is this small waits for a second one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Order(System):
    """Updates the discriminator, looks through it, updates the network with clipped gradients, and looks through that.

    The discriminator's weights are divided by their norm, which every pass in training mode approaches. The network has
    statistics that are not what it normalises by, and a number that never changes.
    """

    def __init__(self, drawn: bool = False):
        torch.manual_seed(2)
        self.drawn = drawn
        first, last = nn.Conv2d(4, 5, 3, padding=1), nn.Conv2d(5, 3, 3, padding=1)
        self.network = nn.Sequential(first, nn.Tanh(), _Watching(5), last)
        self.discriminator = nn.Sequential(spectral_norm(nn.Conv2d(3, 4, 3)), nn.Tanh(), nn.Conv2d(4, 1, 3))

    def optimizers(self):
        rates = {"network": 0.05, "discriminator": 0.02}
        return {name: torch.optim.SGD(self.modules()[name].parameters(), rate, 0.9) for name, rate in rates.items()}

    def learn(self, image, mask, optimizers, backward):
        made = self.network(torch.cat([image, mask], 1))
        if self.drawn:
            made = made + 0.1 * torch.randn(len(image), 1, 1, 1)
        optimizers["discriminator"].zero_grad()
        judged = self.discriminator(made.detach()).square().mean() + self.discriminator(image).sub(1).square().mean()
        backward(judged)
        optimizers["discriminator"].step()

        self.discriminator.requires_grad_(False)
        fooling = self.discriminator(made).sub(1).square().mean()
        optimizers["network"].zero_grad()
        backward((made - image).abs().mean() + fooling)
        clip_grad_norm_(self.network.parameters(), 0.05)
        optimizers["network"].step()
        self.discriminator.requires_grad_(True)

        with torch.no_grad():
            again = self.network(torch.cat([image, mask], 1))
        optimizers["discriminator"].zero_grad()
        late = self.discriminator(again).square().mean()
        backward(late)
        optimizers["discriminator"].step()
        return {name: loss.detach() for name, loss in {"judged": judged, "fooling": fooling, "late": late}.items()}


class _Watching(nn.Module):
    """Statistics of what goes through, as those of a batch normalisation."""

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("third", torch.tensor(1 / 3))
        self.register_buffer("number", torch.tensor(0))

    def forward(self, x):
        if self.training:
            self.mean.mul_(0.9).add_(0.1 * x.detach().mean((0, 2, 3)))
            self.number += 1
        return x


def batch(step, images):
    draw = torch.Generator().manual_seed(step)
    return torch.rand(images, 3, *SIZE, generator=draw), (torch.rand(images, 1, *SIZE, generator=draw) < 0.3).float()


def trained(system, sizes, steps=4, batch_of=batch):
    """Losses of every step. sizes: of the parts, one for a step without parts."""
    optimizers, images = system.optimizers(), sum(sizes)
    in_parts = InParts(system, optimizers, torch.Tensor.backward) if len(sizes) > 1 else None
    found = []
    for step in range(steps):
        image, mask = batch_of(step, images)
        torch.manual_seed(step)
        if in_parts is None:
            losses = system.training_step(image, mask, optimizers, torch.Tensor.backward)
        else:
            losses = in_parts.step(list(zip(image.split(sizes), mask.split(sizes), strict=True)), images)
        found.append({name: float(loss) for name, loss in losses.items()})
    return found


def test_an_only_part_is_run_once_and_is_the_whole_batch(monkeypatch):
    """As on each of several devices."""
    whole, part = Order(), Order()
    expected = trained(whole, [5])
    calls, original = [], Order.learn
    monkeypatch.setattr(Order, "learn", lambda self, *args: calls.append(None) or original(self, *args))
    optimizers = part.optimizers()
    in_parts = InParts(part, optimizers, torch.Tensor.backward)
    for step in range(4):
        torch.manual_seed(step)
        losses = in_parts.step([batch(step, 5)], 5)
        assert {name: float(loss) for name, loss in losses.items()} == pytest.approx(expected[step], rel=1e-5)
    assert len(calls) == 4
    for name, module in whole.modules().items():
        other = part.modules()[name].state_dict()
        assert all(torch.allclose(other[key], value, atol=2e-6) for key, value in module.state_dict().items())


@pytest.mark.parametrize("sizes", [[2, 3], [1, 1, 3], [5, 1]])
def test_parts_are_the_whole_batch(sizes):
    whole, parts = Order(), Order()
    expected, found = trained(whole, [sum(sizes)]), trained(parts, sizes)
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, rel=1e-5)
    for name, module in whole.modules().items():
        other = parts.modules()[name].state_dict()
        for key, value in module.state_dict().items():
            assert torch.allclose(other[key], value, rtol=1e-5, atol=2e-6), (name, key)
    assert parts.network[2].third == 1 / 3 * torch.ones(())
    assert all(each.requires_grad for module in parts.modules().values() for each in module.parameters())


def test_a_repeated_part_draws_the_same_numbers():
    one, other = Order(drawn=True), Order(drawn=True)
    assert trained(one, [2, 2]) == trained(other, [2, 2])
    assert trained(one, [2, 2])[0] != trained(Order(), [2, 2])[0]


# How far gradients may be apart, in shares of their size, where a discriminator compares the pictures of a batch: a
# part of one picture has nothing to compare.
COMPARING = {"mat": 0.5, "migan": 0.2, "tfill": 0.1}


def pictures(step, images, size=(48, 56)):
    draw = torch.Generator().manual_seed(10 + step)
    known = nn.functional.interpolate(torch.rand(images, 3, 9, 7, generator=draw), size, mode="bicubic")
    mask = torch.zeros(images, 1, *size)
    mask[:, :, 7:31, 10 : 20 + step] = 1
    return known.clamp(0, 1).contiguous(), mask


def parameters(system):
    return {
        (part, key): each.detach().clone()
        for part, module in system.modules().items()
        for key, each in module.named_parameters()
    }


@pytest.mark.parametrize(
    ("name", "settings"),
    [("deepfillv2", {}), ("pennet", {}), ("aotgan", {"style_weight": 0.0, "perceptual_weight": 0.0})],
)
def test_three_steps_of_systems_without_statistics_of_the_batch(name, settings):
    ends = []
    for sizes in ([4], [2, 2]):
        torch.manual_seed(0)
        system = systems.create(name, **{**systems.system_class(name).small, **settings})
        begun = parameters(system)
        trained(system, sizes, 3, pictures)
        ends.append(parameters(system))
    difference, way = (torch.cat([(one[key] - ends[0][key]).flatten() for key in begun]) for one in (ends[1], begun))
    assert difference.abs().max() <= 1e-5 and difference.norm() <= 2e-4 * way.norm()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name in systems.names()
        if systems.system_class(name).facts.kind == "deep"
        # what learns from noise alone draws other noise for other parts
        if systems.system_class(name).drawing != {}
        for form in ("", *systems.system_class(name).forms)
    ],
)
def test_the_gradients_of_every_system_are_those_of_the_whole_batch(monkeypatch, name, form):
    """With normalisations as in prediction, and holes of one area. Some discriminators compare pictures."""
    monkeypatch.setattr(vgg, "VGGFeatures", RandomFeatures)
    monkeypatch.setattr(lpips_loss, "PerceptualSimilarity", RandomSimilarity)
    kind, ends = systems.system_class(name), []
    for sizes in ([4], [3, 1]):
        torch.manual_seed(0)
        system = systems.create(name, **{**kind.small, **kind.forms.get(form, {})})
        system.load_backbones(".", torch.device("cpu"))
        begun = parameters(system)
        optimizers = {part: torch.optim.SGD(each.parameters(), 1e-3) for part, each in system.modules().items()}
        system.optimizers = lambda made=optimizers: made
        for module in system.modules().values():
            module.eval()
        trained(system, sizes, 1, partial(pictures, size=(32, 64)) if name == "mat" else pictures)
        ends.append(parameters(system))
    for part in system.modules():
        keys = [key for key in begun if key[0] == part]
        difference, way = (torch.cat([(one[key] - ends[0][key]).flatten() for key in keys]) for one in (ends[1], begun))
        assert way.norm() > 0
        assert difference.norm() <= COMPARING.get(name, 1e-4) * way.norm(), part


def test_a_training_in_parts(job):
    """Seven images in batches of three: parts of two and one."""
    folders = [job(f"in_{parts}", iterations=3, accumulate=parts, log_every=1) for parts in (1, 2)]
    whole, parts = (load_file(folder / "weights.safetensors") for folder in folders)
    differ = [key for key in whole if (whole[key] - parts[key]).abs().max() > 1e-5]
    # Adam makes whole steps of gradients that are rounding alone
    assert all(any(fnmatch(f"network.{key}", each) for each in AOTGAN.facts.zero_gradient) for key in differ), differ
    assert any(not torch.equal(whole[key], parts[key]) for key in whole)
    for one, other in zip(*(read_rows(folder / "losses.csv") for folder in folders), strict=True):
        assert {key: float(value) for key, value in other.items()} == pytest.approx(
            {key: float(value) for key, value in one.items()}, rel=1e-4
        )
    assert read_json(folders[1] / "record.json")["accumulate"] == 2


@pytest.mark.slow
def test_resuming_in_parts_gives_the_same_bytes(job, monkeypatch):
    asked = {"iterations": 5, "accumulate": 3, "system": "deepfillv2"}
    small = {key: value for key, value in systems.system_class("deepfillv2").small.items() if key != "image_size"}
    straight = contents(job("straight", small, **asked))
    with monkeypatch.context() as patch:
        patch.setattr(InParts, "step", interrupting(InParts.step, 2))
        with pytest.raises(LacunaError, match="interrupted at step 2"):
            job("resumed", small, **asked)
    assert contents(job("resumed", small, **asked)) == straight


def interrupting(step, number):
    """`step`, interrupted in its call of this number."""
    calls = []

    def stepped(*args):
        calls.append(None)
        return interrupt(step(*args)) if len(calls) == number else step(*args)

    return stepped


def test_more_parts_than_images_are_refused(job):
    with pytest.raises(LacunaError, match="has images for 3 of 4 parts of a step; lower 'accumulate' or raise"):
        job("a", iterations=1, accumulate=4)


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        (
            {},
            "for 3 images at once \\(DefaultCPUAllocator: not enough memory\\); under 'training', raise 'accumulate' "
            "\\(now 1\\) or lower 'batch_size' \\(now 3\\)",
        ),
        ({"accumulate": 3}, "for 1 image at once .*; lower 'image_size', or widths among"),
    ],
)
def test_too_little_memory_names_the_setting_to_change(job, monkeypatch, budget, sentence):
    def greedy(losses):
        raise RuntimeError("DefaultCPUAllocator: not enough memory")

    at_step(monkeypatch, 2, greedy)
    with pytest.raises(LacunaError, match=f"training 'aotgan' needs more memory than there is {sentence}"):
        job("a", iterations=3, **budget)
