"""What makes a step quick leaves the mathematics alone: every system's losses are those of the plain loop."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lacuna import systems
from lacuna.nn import lpips_loss, vgg
from lacuna.training import benchmark
from lacuna.training.engine import quicken
from lacuna.training.plain import Plain

TRAINED = [name for name in systems.names() if systems.system_class(name).facts.kind == "deep"]
CASES = [(name, form) for name in TRAINED for form in ("", *systems.system_class(name).forms)]
STEPS = 20
# Of others: (32, 40).
SIZES = {"pennet": (48, 56), "pennet_lab": (48, 56), "deepfillv2": (48, 56), "mat": (32, 64)}
# Of the authors' rates: at these themselves the control, PyTorch's other memory order alone, drifts as far, 2e-5 in 20
# steps of AOT-GAN, 2e-3 in 12 of TFill, 2e-2 of LaMa. Adam makes whole steps of gradients that are rounding alone.
SHARE_OF_RATES = {"lama": 0.001, "migan": 0.001, "tfill:refinement": 0.001}  # of others: 0.1


@pytest.fixture
def drawn_backbones(monkeypatch):
    """Pretrained networks at their full width with random weights that keep the size of what goes through."""

    def drawn(name, folder):
        rng, found = np.random.default_rng(0), {}
        with torch.device("meta"):
            network, _ = vgg._network(vgg._CONVOLUTIONS["vgg19" if name == "vgg19" else "vgg16"])
        for key, value in network.state_dict().items():
            scale = (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1
            values = scale * rng.standard_normal(tuple(value.shape), dtype=np.float32)
            found[f"features.{key}"] = values.astype(np.float32)
        if name == "lpips_vgg":
            for stage, width in enumerate((64, 128, 256, 512, 512)):
                found[f"lin.{stage}.weight"] = rng.random((1, width, 1, 1), dtype=np.float32)
        return found

    monkeypatch.setattr(vgg, "load", drawn)
    monkeypatch.setattr(lpips_loss, "load", drawn)


def made(name, form):
    """A small system as it is in training. The same at every call."""
    cls = systems.system_class(name)
    settings = {**cls.small, **cls.forms.get(form, {})}
    authors, share = (
        vars(systems.create(name, **settings).recipe),
        SHARE_OF_RATES.get(f"{name}:{form}" if form else name, 0.1),
    )
    settings |= {key: share * rate for key, rate in authors.items() if key.endswith("learning_rate")}
    torch.manual_seed(4)
    system = systems.create(name, **settings)
    system.load_backbones(".", torch.device("cpu"))
    for module in system.modules().values():
        module.train()
    return system


def pictures(step, size):
    """The batch of a step: two of five pictures, so that later ones are found among what is kept."""
    draw = torch.Generator().manual_seed(1)
    known = torch.nn.functional.interpolate(torch.rand(5, 3, 9, 7, generator=draw), size, mode="bicubic")
    mask = torch.zeros(2, 1, *size)
    mask[0, :, 5:21, : 11 + step] = 1
    mask[1, :, 8 + step : 30, 22:39] = 1
    return known.clamp(0, 1)[[step % 5, (step + 1) % 5]].contiguous(), mask


@pytest.mark.slow
@pytest.mark.parametrize(("name", "form"), CASES)
def test_twenty_steps_have_the_losses_of_the_plain_loop(drawn_backbones, name, form):
    plain, engine = Plain(made(name, form)), made(name, form)
    optimizers = engine.optimizers()
    quicken(engine, optimizers)
    for step in range(STEPS):
        image, mask = pictures(step, SIZES.get(name, (32, 40)))
        torch.manual_seed(step)
        expected = plain.step(image, mask)
        engine.before_step(0, 0.0, optimizers)
        torch.manual_seed(step)
        channels_last = (each.contiguous(memory_format=torch.channels_last) for each in (image, mask))
        found = engine.training_step(*channels_last, optimizers, Tensor.backward)
        assert list(found) == list(expected)
        whole = sum(map(abs, expected.values()))
        for key, value in expected.items():
            assert abs(float(found[key]) - value) <= 1e-5 * whole, (step, key)
    if systems.system_class(name).backbones(engine.recipe) and not form.startswith("thesis"):
        assert engine.kept.found >= 2 * STEPS - 5


@pytest.mark.slow
def test_the_benchmark_measures_both_ways(drawn_backbones, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "_peak_memory", lambda way, measured, listed: 7)  # in processes of their own
    settings = {**systems.system_class("aotgan").small, "image_size": 32}
    measured = benchmark.Measured(".", "aotgan", settings, 48, 2, 2, 1)
    found = benchmark.compare(tmp_path, measured, steps=1, repeats=1)
    for way in benchmark.WAYS:
        assert found["images_per_second"][way] == pytest.approx(2 / found["seconds"][way])
        assert found["macs_per_second"][way] == pytest.approx(found["macs"][way] / found["seconds"][way])
    assert found["ratio"] == pytest.approx(found["seconds"]["plain"] / found["seconds"]["engine"])
    # the plain loop asks two networks for both pictures; the engine one, and for the truth only at first
    assert found["macs"]["plain"] > 1.3 * found["macs"]["engine_first_pass"] > 1.5 * found["macs"]["engine"]
    assert found["peak_memory"] == {"plain": 7, "engine": 7}
