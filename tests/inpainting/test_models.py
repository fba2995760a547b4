import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import lacuna
from lacuna import systems
from lacuna.digests import modules_used
from lacuna.errors import LacunaError
from lacuna.inpainting.models import Model
from lacuna.training.results import note_of, write_weights
from lacuna.training.settings import Settings
from tests.inpainting.conftest import TINY, bytes_graph
from tests.inpainting.made_up import box, inverted, noise, save, strokes


def test_three_lines_of_python(aotgan):
    system, weights = aotgan
    image, mask = noise(44, 72), box(44, 72)
    model = lacuna.load("aotgan", weights=weights, device="cpu", threads=1)
    result = model.inpaint(image, mask)
    assert model.device == "cpu"
    assert (result[~mask] == image[~mask]).all()
    assert (result[mask] == system.predict_arrays([image], [mask])[0][mask]).all()


def test_weights_know_their_system_and_its_settings(aotgan):
    _, weights = aotgan
    assert lacuna.load(weights=weights, device="cpu", threads=1).name == "aotgan"
    with pytest.raises(LacunaError, match="are of system 'aotgan', not 'partialconv'"):
        lacuna.load("partialconv", weights=weights, device="cpu", threads=1)
    with pytest.raises(LacunaError, match="do not fit"):
        lacuna.load(weights=weights, settings={"blocks": 2}, device="cpu", threads=1)


def test_weights_under_the_authors_names_need_the_system_s(tmp_path, aotgan):
    system, _ = aotgan
    names = {ours: key for key, ours in system.released_keys().items()}
    path = tmp_path / "G0000000.pt"
    torch.save({names[key]: value for key, value in system.network.state_dict().items()}, path)
    image, mask = noise(44, 72), box(44, 72)
    result = lacuna.load("aotgan", weights=path, settings=TINY, device="cpu", threads=1).inpaint(image, mask)
    assert (result[mask] == system.predict_arrays([image], [mask])[0][mask]).all()
    with pytest.raises(LacunaError, match="name one of aotgan"):
        lacuna.load(weights=path)
    save_file(dict(system.network.state_dict()), tmp_path / "bare.safetensors")
    with pytest.raises(LacunaError, match="name one of aotgan"):
        lacuna.load(weights=tmp_path / "bare.safetensors")


def test_what_cannot_be_loaded_is_one_sentence(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"no tensors")
    graph = bytes_graph(tmp_path / "g.onnx")
    for arguments, sentence in (
        ({}, "no system is named"),
        ({"system": "aotgan"}, "predicts only with weights"),
        ({"system": "telae"}, "there is no system 'telae'"),
        ({"system": "telea", "weights": tmp_path / "w.safetensors"}, "has no weights; leave them out"),
        ({"system": "aotgan", "weights": tmp_path / "w.safetensors"}, "cannot be read"),
        ({"system": "aotgan", "weights": tmp_path / "none.pth"}, "do not exist"),
        ({"system": "telea", "settings": {"radus": 3}}, "no setting 'radus'"),
        ({"system": "aotgan", "weights": graph}, "is of system 'inverter', not 'aotgan'"),
        ({"system": "telea", "gpus": 2}, "gpus is 0 or 1"),
        ({"system": "telea", "threads": 0}, "threads 1 or more"),
        ({"system": "telea", "device": "gpu"}, "device is one of cpu, cuda, mps"),
        ({"weights": graph, "settings": {"width": 3}}, "leave the settings out"),
    ):
        with pytest.raises(LacunaError, match=sentence) as error:
            lacuna.load(**{"device": "cpu", "threads": 1, **arguments})
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", [n for n in systems.names() if systems.system_class(n).facts.kind != "deep"])
def test_systems_without_training_need_no_weights(name):
    settings = systems.system_class(name).small
    image, mask = noise(66, 81), box(66, 81)
    result = lacuna.load(name, settings=settings, device="cpu", threads=1).inpaint(image, mask)
    assert (result[~mask] == image[~mask]).all() and (result[mask] != image[mask]).any()


def test_what_goes_in_comes_out(tmp_path):
    model = Model(inverted, "inverter", "cpu", None)
    mask = box()
    for image in (noise(channels=1), noise(channels=1)[..., None], noise(), noise(channels=4), noise(dtype=np.uint16)):
        result = model.inpaint(image, mask)
        assert result.shape == image.shape and result.dtype == image.dtype
    path = save(tmp_path / "x.jpg", noise(), icc_profile=b"some profile")
    result = model.inpaint(path, save(tmp_path / "m.png", mask))
    assert result.size == (53, 37)
    result.save(tmp_path / "y.png", **result.info)
    assert Image.open(tmp_path / "y.png").info["icc_profile"] == b"some profile"
    assert (np.asarray(model.inpaint(Image.fromarray(noise()), mask)) == model.inpaint(noise(), mask)).all()


def test_what_cannot_be_kept_is_a_warning(tmp_path):
    Image.fromarray(noise()).convert("CMYK").save(tmp_path / "x.jpg")
    with pytest.warns(UserWarning, match="CMYK"):
        Model(inverted, "inverter", "cpu", None).inpaint(tmp_path / "x.jpg", box())


def test_a_result_does_not_depend_on_the_pictures_before_it(tmp_path):
    settings = {**systems.system_class("tfill").small, "noise_in_prediction": True}
    system = systems.create("tfill", **settings)
    with torch.no_grad():
        for name, parameter in system.network.named_parameters():
            parameter.add_(0.3 if "noise" in name else 0)
    told = Settings("tfill", {}, "place2", 16, seed=1)
    write_weights(tmp_path / "w.safetensors", system, note_of(told, system, 1, None))
    image, mask = noise(44, 72), box(44, 72)
    first, second = (lacuna.load(weights=tmp_path / "w.safetensors", device="cpu", threads=1, seed=s) for s in (1, 2))
    result = first.inpaint(image, mask)
    assert (first.inpaint(image, mask) == result).all()
    assert (second.inpaint(image, mask) != result).any()


def test_options_of_masks_reach_the_mask():
    model, image, mask = Model(inverted, "inverter", "cpu", None), noise(), box()
    changed = lambda **options: (model.inpaint(image, **options) != image).all(2)  # noqa: E731
    assert (changed(mask=~mask, invert_mask=True) == mask).all()
    assert changed(mask=mask, dilate=2).sum() > mask.sum()
    assert changed(mask=mask[::2, ::2], resize_mask=True).any()


def test_tiles():
    sizes = []

    def noted(image, hole):
        sizes.append(hole.shape)
        return inverted(image, hole)

    image, mask = noise(203, 317), strokes(203, 317, 5)
    model = Model(noted, "inverter", "cpu", (100, 90))
    for options, expected in (({}, (100, 90)), ({"tile": 64}, (64, 64)), ({"tile": 0}, (203, 317))):
        sizes.clear()
        model.inpaint(image, mask, **options)
        assert set(sizes) == {expected}
    for options, sentence in (
        ({"tile": 8}, "too small"),
        ({"tile": -1}, "too small"),
        ({"tile": 64, "overlap": 40}, "choose 2 to 32"),
        ({"tile": 64, "overlap": 0}, "choose 2 to 32"),
    ):
        with pytest.raises(LacunaError, match=sentence):
            model.inpaint(image, mask, **options)


def test_a_graph_of_one_size_sets_the_tile(tmp_path):
    model = lacuna.load(weights=bytes_graph(tmp_path / "g.onnx", 48, 56), device="cpu", threads=1)
    image, mask = noise(203, 317), strokes(203, 317, 5)
    assert (model.inpaint(image, mask) == np.where(mask[..., None], 255 - image, image)).all()
    with pytest.raises(LacunaError, match="exactly 56×48"):
        model.inpaint(image, mask, tile=64)


def raised(make) -> Exception:
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        make()
    return caught.value


def failing(error):
    def predict(image, hole):
        raise error

    return Model(predict, "hungry", "cpu", (64, 64))


@pytest.mark.parametrize(
    "error",
    [
        # more than a process can address, so that this is what numpy and PyTorch really say
        raised(lambda: np.empty(1 << 50, np.uint8)),
        raised(lambda: torch.empty(1 << 50, dtype=torch.uint8)),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_too_little_memory_is_one_sentence(error):
    with pytest.raises(LacunaError, match="not enough memory .* choose a tile size smaller than 64"):
        failing(error).inpaint(noise(), box())


@pytest.mark.parametrize("bug", ["a bug", "CUDA error: an illegal memory access was encountered", "no memory format"])
def test_other_errors_are_not_hidden(bug):
    with pytest.raises(RuntimeError, match=bug):
        failing(RuntimeError(bug)).inpaint(noise(), box())


def test_the_package_itself_stays_light():
    code = "import sys, lacuna; print(*[n for n in ('torch', 'numpy', 'PIL', 'lacuna.inpainting') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = lacuna.laod


def test_no_job_s_digest_depends_on_this_room():
    for step in ("train", "predict", "score"):
        assert not [name for name in modules_used((f"lacuna.steps.{step}",)) if "inpainting" in name]
    assert "lacuna.inpainting.models" in modules_used(("lacuna.commands.inpaint",))


@pytest.mark.parametrize(
    "call",
    [
        lambda: lacuna.load("telea", settings="{}x"),
        lambda: lacuna.load("telea", settings=[1]),
        lambda: lacuna.load(3),
        lambda: lacuna.load(weights=b"x"),
        lambda: lacuna.load("telea").inpaint(None, box()),
        lambda: lacuna.load("telea").inpaint(noise(), None),
        lambda: lacuna.load("telea").inpaint([[1, 2]], box()),
    ],
)
def test_arguments_of_another_kind_are_a_lacuna_error(call):
    with pytest.raises(LacunaError) as error:
        call()
    assert "\n" not in str(error.value)


def test_a_file_is_not_its_own_mask(tmp_path):
    save(tmp_path / "x.png", noise())
    (tmp_path / "link.png").symlink_to("x.png")
    with pytest.raises(LacunaError, match="are one and the same"):
        lacuna.load("telea").inpaint(tmp_path / "x.png", str(tmp_path / "link.png"))


def test_a_network_goes_to_the_device_that_was_named(aotgan, monkeypatch):
    """Apple's GPU, without one: where the network is sent to, and what the user is told."""
    _, weights = aotgan
    sent = []
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", lambda network, device: sent.append(str(device)))
    assert lacuna.load(weights=weights, device="mps", threads=1).device == "Apple GPU"
    assert sent == ["mps"]


@pytest.mark.parametrize("device", ["mps", "cuda"])
def test_a_graph_is_not_computed_elsewhere_than_asked(tmp_path, device):
    with pytest.raises(LacunaError, match=f"ONNX Runtime does not compute on '{device}' here"):
        lacuna.load(weights=bytes_graph(tmp_path / "g.onnx"), device=device, threads=1)
