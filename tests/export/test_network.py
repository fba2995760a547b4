"""Every trained system's network is the same in ONNX Runtime."""

import json

import onnx
import pytest

from lacuna.export.network import export_network
from tests.export.running import run, torch_raw
from tests.systems.test_contract import fitting, pictures, small

EXPORTED = ("aotgan", "madf", "partialconv", "partialconv_residual")


@pytest.fixture(scope="module", params=EXPORTED)
def exported(request, tmp_path_factory):
    """(system, the file, the record), traced at 48×64 or the next size that the network takes."""
    system = small(request.param)
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    return system, path, export_network(system, path, 48, 64)


@pytest.mark.parametrize(("size", "n"), [((48, 64), 1), ((100, 70), 3)])
def test_onnx_runtime_predicts_what_pytorch_does(exported, size, n):
    system, path, _ = exported
    image, mask = pictures(fitting(system, size), n=n)
    made = run(path, image=image.numpy(), mask=mask.numpy())
    assert made.shape == image.shape
    assert abs(made - torch_raw(system, image, mask)).max() <= 1e-5


def test_the_file_says_what_it_is(exported):
    system, path, record = exported
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert json.loads(model.metadata_props[0].value) == record
    assert record["system"] == system.facts.name
    assert record["size"]["multiple"] == system.size_multiple and record["size"]["minimum"] == system.minimal_size
    assert [entry.version for entry in model.opset_import if not entry.domain] == [record["opset"]]
    assert not [name for name in record["operators"] if "::" in name]  # standard operators only


def test_the_system_stays_as_it_is(tmp_path):
    system = small("aotgan")
    system.network.train()
    export_network(system, tmp_path / "model.onnx", 48, 64)
    assert system.network.training and all(each.requires_grad for each in system.network.parameters())
