"""Every trained system's network is the same in ONNX Runtime."""

import copy
import json

import onnx
import pytest
import torch

from lacuna import systems
from lacuna.export.network import export_network, reproducible
from lacuna.export.runtime import InRuntime
from tests.export.running import SYSTEMS, loaded, responsive, torch_raw
from tests.systems.test_contract import fitting, pictures


@pytest.fixture(scope="module", params=SYSTEMS)
def exported(request, tmp_path_factory):
    """(system, the file, the record)."""
    system = responsive(request.param)
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    return system, path, export_network(system, path, 48, 64)


def test_onnx_runtime_predicts_what_pytorch_does(exported):
    """One picture and three, at the training size, which for TFill is its own, and at another one."""
    system, path, _ = exported
    run, side = loaded(path), system.recipe.image_size
    for size, n in (((side, side), 1), ((100, 70), 3)):
        image, mask = pictures(fitting(system, size), n=n)
        made = run(image=image.numpy(), mask=mask.numpy())
        assert made.shape == image.shape
        assert abs(made - torch_raw(system, image, mask)).max() <= 2e-5


@pytest.mark.slow
def test_deepfillv2_as_tensorflow_computes_it(tmp_path):
    """Its pixels from corner to corner depend on the size, which is not known when the file is written."""
    small = systems.system_class("deepfillv2").small
    system = responsive("deepfillv2", **small | {"form": "tensorflow"})
    export_network(system, tmp_path / "model.onnx", 48, 64)
    for size in ((48, 64), (72, 40), (8, 8)):
        image, mask = pictures(size, n=2)
        made = loaded(tmp_path / "model.onnx")(image=image.numpy(), mask=mask.numpy())
        assert abs(made - torch_raw(system, image, mask)).max() <= 2e-5


def test_the_file_says_what_it_is(exported):
    system, path, record = exported
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert json.loads(model.metadata_props[0].value) == record
    assert record["system"] == system.facts.name and record["trained_at"] == [48, 64]
    assert record["size"]["multiple"] == system.size_multiple and record["size"]["minimum"] == system.minimal_size
    assert [entry.version for entry in model.opset_import if not entry.domain] == [record["opset"]]
    assert not [name for name in record["operators"] if "::" in name]  # standard operators only


def test_the_graph_may_stand_in_the_networks_place(exported):
    """As parity has it: the system pads an odd size and crops, whoever computes."""
    system, path, _ = exported
    by_network, by_graph = reproducible(system), copy.copy(reproducible(system))
    by_graph.network = InRuntime(path, torch.device("cpu"))
    image, mask = pictures((97, 71), n=1)
    difference = by_graph.predict(image, mask) - by_network.predict(image, mask)
    assert difference.shape == image.shape and difference.abs().max() <= 2e-5


def test_the_system_stays_as_it_is(exported):
    system, _, _ = exported
    assert all(parameter.requires_grad for parameter in system.network.parameters())
    if system.facts.name == "tfill":
        assert system.recipe.noise_in_prediction and system.network.netG.up[0].noise[0].in_prediction
