"""A canary: the exporter that will replace today's writes the smallest network, and ONNX Runtime draws the same."""

import numpy as np
import onnxruntime
import pytest
import torch

from lacuna import systems
from lacuna.export.network import RawPrediction

SMALLEST = {"width": 4, "blocks": 1, "rates": [1, 2], "feature_network": "vgg16"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_coming_exporter_holds_the_smallest_network(tmp_path):
    torch.manual_seed(0)
    network = RawPrediction(systems.create("aotgan", **SMALLEST).network).eval()
    image, mask = torch.rand(1, 3, 40, 48), torch.zeros(1, 1, 40, 48)
    mask[..., 8:20, 4:31] = 1
    path = tmp_path / "network.onnx"
    torch.onnx.export(network, (image, mask), str(path), dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    (drawn,) = session.run(None, dict(zip(names, (image.numpy(), mask.numpy()), strict=True)))
    with torch.no_grad():
        expected = network(image, mask)
    assert drawn.shape == expected.shape and drawn.std() > 0
    np.testing.assert_allclose(drawn, expected.numpy(), atol=1e-4)
